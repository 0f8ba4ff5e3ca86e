#include "control/base/start_guard.h"

#include <unistd.h>

#include <atomic>

namespace axfrd::control {

namespace {

constexpr std::chrono::milliseconds kLook(20);  // how late it may notice a signal, or that it is over

std::atomic<int> noted_signal{0};  // written by the handler, in whatever thread
static_assert(std::atomic<int>::is_always_lock_free);

void note_signal(int number) { noted_signal = number; }

}  // namespace

StartGuard::StartGuard(const Log& log, StartPatience patience) : log_(log), patience_(patience) {
  noted_signal = 0;
  struct sigaction note {};
  note.sa_handler = note_signal;
  note.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &note, &term_before_);
  sigaction(SIGINT, &note, &int_before_);
  thread_ = std::thread([this] { watch(); });
}

StartGuard::~StartGuard() { end_thread(); }

void StartGuard::step(std::string_view what, std::function<void()> undo) {
  const dataplane::Lock lock(mutex_);
  if (told_) throw Stopped();
  what_ = what;
  undo_ = std::move(undo);
  since_ = Clock::now();
}

void StartGuard::done() {
  end_thread();
  const dataplane::Lock lock(mutex_);
  undo_ = nullptr;
  if (told_) throw Stopped();
}

void StartGuard::end_thread() {
  if (!thread_.joinable()) return;
  {
    const dataplane::Lock lock(mutex_);
    over_ = true;
  }
  thread_.join();
  sigaction(SIGTERM, &term_before_, nullptr);
  sigaction(SIGINT, &int_before_, nullptr);
  const dataplane::Lock lock(mutex_);
  told_ = told_ || noted_signal != 0;
}

void StartGuard::watch() {
  Clock::time_point told_at, step, said;
  while (true) {
    std::this_thread::sleep_for(kLook);
    const int number = noted_signal;
    const dataplane::Lock lock(mutex_);
    if (number != 0 && !told_) {
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
      end_process(0);
    }
    if (what_.empty()) continue;
    if (age >= patience_.most) {
      log_.error("gave up waiting for ", what_, " after ",
                 std::chrono::duration_cast<std::chrono::seconds>(age).count(), " s");
      end_process(kGaveUp);
    }
    if (now - said < patience_.between) continue;
    said = now;
    log_.info("waiting for ", what_, " since ", std::chrono::duration_cast<std::chrono::seconds>(age).count(), " s");
  }
}

// Without destructors: the other thread still uses everything. The lock keeps it from beginning something else.
void StartGuard::end_process(int code) const {
  log_.flush();  // the reason comes before what undo() says
  if (undo_) undo_();
  log_.info("stopped");
  log_.flush();  // its thread ends with us
  _exit(code);
}

}  // namespace axfrd::control
