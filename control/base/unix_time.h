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

// Milliseconds since 1970.
inline int64_t unix_time_ms() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

enum class TimeZone : uint8_t { utc, local };

// The one form in which people are told a time (RFC 3339), of seconds since 1970: "2026-11-30T06:27:52Z", or where the
// local time is asked for, "2026-11-30T07:27:52+01:00". `fraction` stands behind the seconds.
inline std::string time_text(int64_t since_1970, TimeZone zone = TimeZone::utc, const std::string& fraction = "") {
  const auto whole = static_cast<std::time_t>(since_1970);
  std::tm parts{};
  const bool local = zone == TimeZone::local;
  if ((local ? localtime_r(&whole, &parts) : gmtime_r(&whole, &parts)) == nullptr) return std::to_string(since_1970);
  std::array<char, 64> text{}, offset{};
  std::strftime(text.data(), text.size(), "%FT%T", &parts);
  if (!local) return text.data() + fraction + "Z";
  std::strftime(offset.data(), offset.size(), "%z", &parts);  // "+0100"
  return text.data() + fraction + std::string(offset.data()).insert(3, ":");
}

// "2026-11-30T06:27:52.123Z", of milliseconds since 1970.
inline std::string utc_text(int64_t since_1970) {
  return time_text(since_1970 / 1000, TimeZone::utc, "." + std::to_string(1000 + since_1970 % 1000).substr(1));
}

}  // namespace axfrd::control
