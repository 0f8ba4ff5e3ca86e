// A library to preload into axfrd: before a signal for a bug ends it, its call stack is written to standard error, as
// addresses. backtraces.py makes functions and lines of them.
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

namespace {

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

void write_text(const char* text) {
  if (write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

void tell(int number) {
  write_text("backtrace of signal ");
  write_text(sigabbrev_np(number));
  write_text(":\n");
  std::array<void*, 64> frames{};
  backtrace_symbols_fd(frames.data(), backtrace(frames.data(), frames.size()), STDERR_FILENO);
  write_text("end of backtrace\n");
  raise(number);  // once we return; nobody handles it any more
}

class Handlers {
 public:
  Handlers() {
    // The first call of backtrace() loads a library, which cannot be done amid a crash.
    std::array<void*, 1> frame{};
    backtrace(frame.data(), frame.size());
    struct sigaction action {};
    action.sa_handler = tell;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int number : kSignals) sigaction(number, &action, nullptr);
  }
};
const Handlers handlers;

}  // namespace

// Threads that block all signals would end without a word: the kernel calls no handler of a fault that is blocked.
extern "C" int pthread_sigmask(int how, const sigset_t* wanted, sigset_t* before) {
  using Function = int (*)(int, const sigset_t*, sigset_t*);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "pthread_sigmask"));
  if (wanted == nullptr || how == SIG_UNBLOCK) return real(how, wanted, before);
  sigset_t set = *wanted;
  for (const int number : kSignals) sigdelset(&set, number);
  return real(how, &set, before);
}
