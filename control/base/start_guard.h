// StartGuard: keeps a start that may be stuck within reach. While it lives, SIGTERM and SIGINT are its thread's
// business, because the main thread may be in a library that does not come back (DPDK's EAL cannot be interrupted). It
// puts a handler in the place of the one that there is, so that it does not matter which thread a signal comes to.
//
//   a step takes longer than 2 s      the log says what is waited for, and again each 10 s
//   SIGTERM or SIGINT                 the next step, or done(), throws Stopped; if none comes within 2 s, what the step
//                                     has made outside of the process is undone, and the process ends
//   a step takes longer than a minute the same, at once, and with an exit code that says so
//
// Threads. Made, told of steps and destroyed by one thread; one guard at a time. `undo` is called in the guard's, while
// the other may be anywhere.
#pragma once

#include <chrono>
#include <csignal>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "control/base/log.h"
#include "dataplane/mutex.h"

namespace axfrd::control {

// The start was told to end. Not an error.
class Stopped : public std::exception {
 public:
  const char* what() const noexcept override { return "stopped before it was ready"; }
};

struct StartPatience {
  std::chrono::milliseconds silent{2'000}, between{10'000}, stop{2'000}, most{60'000};
};

class StartGuard {
 public:
  static constexpr int kGaveUp = 1;  // exit code

  explicit StartGuard(const Log& log, StartPatience patience = {});
  ~StartGuard();
  StartGuard(const StartGuard&) = delete;
  StartGuard& operator=(const StartGuard&) = delete;

  // `what` is begun. Throws Stopped.
  void step(std::string_view what, std::function<void()> undo);
  // Everything is begun, and signals go to the handler from before again. Throws Stopped.
  void done();

 private:
  using Clock = std::chrono::steady_clock;

  void watch();
  void end_thread();
  void end_process(int code) const REQUIRES(mutex_);

  const Log& log_;
  const StartPatience patience_;
  struct sigaction term_before_ {
  }, int_before_{};
  dataplane::Mutex mutex_;
  std::string what_ GUARDED_BY(mutex_);
  std::function<void()> undo_ GUARDED_BY(mutex_);
  Clock::time_point since_ GUARDED_BY(mutex_) = Clock::now();
  bool told_ GUARDED_BY(mutex_) = false, over_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace axfrd::control
