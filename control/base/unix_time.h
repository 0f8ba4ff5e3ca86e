// The time of the day, as DNS and its serials know it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <string>

namespace axfrd::control {

// Seconds since 1970.
inline int64_t unix_time() {
  using std::chrono::duration_cast, std::chrono::seconds, std::chrono::system_clock;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

// "2026-11-30T06:27:52.123Z", of milliseconds since 1970 (RFC 3339).
inline std::string utc_text(int64_t since_1970) {
  const auto whole = static_cast<std::time_t>(since_1970 / 1000);
  std::tm utc{};
  gmtime_r(&whole, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%FT%T.", &utc);
  return text.data() + std::to_string(1000 + since_1970 % 1000).substr(1) + "Z";
}

}  // namespace axfrd::control
