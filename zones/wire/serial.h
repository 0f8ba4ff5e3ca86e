// Serial number arithmetic (RFC 1982), and the choice of a zone's next serial: the only place where SOA serials are
// compared or made.
#pragma once

#include <cstdint>

namespace axfrd::zones {

// True when `a` is newer than `b`. For the pair exactly 2^31 apart, which RFC 1982 §3.2 leaves undefined, neither is
// newer.
constexpr bool serial_newer(uint32_t a, uint32_t b) {
  const uint32_t ahead = a - b;
  return ahead != 0 && ahead < 0x80000000U;
}

// How a zone gets the serial of its next version when nobody stated a newer one.
enum class SerialPolicy : uint8_t {
  unixtime,   // the time in seconds, or one more than before: two changes in a second never share a serial
  increment,  // one more than before
  keep        // none: whoever changes the zone states its serial
};

constexpr const char* to_text(SerialPolicy policy) {
  switch (policy) {
    case SerialPolicy::unixtime:
      return "unixtime";
    case SerialPolicy::increment:
      return "increment";
    case SerialPolicy::keep:
      break;
  }
  return "keep";
}

// What follows 2^32 - 1 is 1: a serial of 0 has a meaning of its own to some secondaries, and RFC 1982 §3.1 lets us add
// two as well as one.
// @pre policy != keep
constexpr uint32_t next_serial(SerialPolicy policy, uint32_t previous, uint32_t now) {
  if (policy == SerialPolicy::unixtime && serial_newer(now, previous)) return now;
  return previous == UINT32_MAX ? 1 : previous + 1;
}

}  // namespace axfrd::zones
