#include "control/base/start_guard.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

namespace axfrd::control {

namespace {

constexpr timespec kLook{0, 20'000'000};  // how late it may notice that it is over

sigset_t signals_to_stop() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

}  // namespace

StartGuard::StartGuard(const Log& log, StartPatience patience) : log_(log), patience_(patience) {
  const sigset_t signals = signals_to_stop();
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
  thread_ = std::thread([this] { watch(); });
}

StartGuard::~StartGuard() { end_thread(); }

void StartGuard::step(std::string_view what, std::function<void()> undo) {
  const std::lock_guard lock(mutex_);
  if (told_) throw Stopped();
  what_ = what;
  undo_ = std::move(undo);
  since_ = Clock::now();
}

void StartGuard::done() {
  end_thread();
  undo_ = nullptr;
  if (told_) throw Stopped();
}

void StartGuard::end_thread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StartGuard::watch() {
  const sigset_t signals = signals_to_stop();
  Clock::time_point told_at, step, said;
  while (true) {
    const int number = sigtimedwait(&signals, nullptr, &kLook);
    const std::unique_lock lock(mutex_);
    if (number > 0 && !told_) {
      told_ = true;
      told_at = Clock::now();
      log_.info("stopping: ", number == SIGTERM ? "SIGTERM" : "SIGINT", " during the start, at ", what_);
    }
    if (over_) return;
    const auto now = Clock::now();
    const auto age = now - since_;
    if (step != since_) said = (step = since_) + patience_.silent - patience_.between;
    if (told_ && now - told_at >= patience_.stop) {
      log_.warning("the start does not come back from ", what_, "; ending all the same");
      end_process(lock, 0);
    }
    if (what_.empty()) continue;
    if (age >= patience_.most) {
      log_.error("gave up waiting for ", what_, " after ",
                 std::chrono::duration_cast<std::chrono::seconds>(age).count(), " s");
      end_process(lock, kGaveUp);
    }
    if (now - said < patience_.between) continue;
    said = now;
    log_.info("waiting for ", what_, " since ", std::chrono::duration_cast<std::chrono::seconds>(age).count(), " s");
  }
}

// Without destructors: the other thread still uses everything. The lock keeps it from beginning something else.
void StartGuard::end_process(const std::unique_lock<std::mutex>& /*lock*/, int code) const {
  if (undo_) undo_();
  log_.info("stopped");
  _exit(code);
}

}  // namespace axfrd::control
