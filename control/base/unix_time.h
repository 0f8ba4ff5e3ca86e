// The time of the day, as DNS and its serials know it.
#pragma once

#include <chrono>
#include <cstdint>

namespace axfrd::control {

// Seconds since 1970.
inline int64_t unix_time() {
  using std::chrono::duration_cast, std::chrono::seconds, std::chrono::system_clock;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace axfrd::control
