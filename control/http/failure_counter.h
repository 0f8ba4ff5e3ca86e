// FailureCounter: how often somebody failed to say who they are, within the last minute, by a text that stands for
// them.
//
// Threads. One.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace axfrd::control {

class FailureCounter {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kMostKeys = 4096;  // whose failures are remembered

  // Counts one more, and returns how many there were.
  unsigned add(const std::string& key, Clock::time_point now);
  unsigned count(const std::string& key, Clock::time_point now) const;

 private:
  static constexpr auto kWindow = std::chrono::minutes(1);
  struct Failures {
    Clock::time_point begun;
    unsigned count = 0;
  };
  std::map<std::string, Failures> failures_;
};

}  // namespace axfrd::control
