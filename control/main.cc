// axfrd, the server.
#include <malloc.h>
#include <sys/resource.h>

#include <csignal>
#include <iostream>

#include "control/base/start_guard.h"
#include "control/daemon.h"
#include "control/options.h"

namespace {

using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

constexpr int kFailed = 1, kBadUsage = 2;
constexpr rlim_t kOtherDescriptors = 128;  // besides the TCP sessions

// Each TCP session, and each client of HTTP, takes a descriptor; the usual soft limit of 1024 is for programs that use
// select().
void raise_descriptor_limit(const Options& options, const Log& log) {
  const TcpLimits& tcp = options.tcp;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const size_t http = options.http.is_on() ? options.http.max_connections : 0;
  if (tcp.max_sessions + http + kOtherDescriptors > limit.rlim_cur) {
    log.warning("the limit of ", limit.rlim_cur, " open files is too low for --tcp-max-sessions ", tcp.max_sessions);
  }
}

// One heap for all threads. glibc would give each its own, and grows those a few kilobytes at a time, by a system call
// each: a fifth of the time that a start with many zones takes. Packet workers allocate nothing. What is large is no
// part of the heap, so that it goes back to the system when it is freed, and leaves no hole among zones that stay for
// weeks.
void set_up_heap() {
  constexpr int kLarge = 1 << 20;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kLarge);
}

int serve(const Options& options) {
  set_up_heap();
  Log log(options.log_level);
  std::signal(SIGPIPE, SIG_IGN);  // a peer that went away is told by the error of the write
  std::signal(SIGHUP, SIG_IGN);   // until the daemon is there, which then opens its logs anew
  raise_descriptor_limit(options, log);
  log.info(summary(options));
  try {
    Daemon(options, log).run();
  } catch (const Stopped&) {
    // It was told to.
  } catch (const std::exception& error) {
    log.error(error.what());
    return kFailed;
  }
  log.info("stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = parse_options({argv + 1, argv + argc});
    if (const auto* print = std::get_if<PrintAndExit>(&parsed)) {
      std::cout << print->text << std::flush;
      if (std::cout) return 0;
      std::cerr << "axfrd: standard output could not be written\n";
      return kFailed;
    }
    return serve(std::get<Options>(parsed));
  } catch (const OptionsError& error) {
    std::cerr << "axfrd: " << error.what() << "\nTry `axfrd --help`.\n";
    return kBadUsage;
  }
}
