// A clock that a test moves, for what is told of time and asks to be woken.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>

namespace axfrd::control::test {

class MadeClock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  Time now() const { return now_; }
  void advance(Duration span) { now_ += span; }
  void wake_at(Time time) { wake_ = time; }
  unsigned turns() const { return turns_; }

  // Lets time pass: does turn() whenever it was asked for, and answer() before each look at what is next.
  void run(Duration span, const std::function<void()>& answer, const std::function<void()>& turn) {
    const Time end = now_ + span;
    for (;;) {
      answer();
      if (!wake_ || *wake_ > end) break;
      now_ = std::max(now_, *wake_);
      wake_.reset();
      ++turns_;
      turn();
    }
    now_ = end;
  }

 private:
  Time now_{std::chrono::hours(1000)};
  std::optional<Time> wake_;
  unsigned turns_ = 0;
};

}  // namespace axfrd::control::test
