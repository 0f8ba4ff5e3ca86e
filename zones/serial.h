// Serial number arithmetic (RFC 1982): the only place where SOA serials are compared.
#pragma once

#include <cstdint>

namespace axfrd::zones {

// True when `a` is newer than `b`. For the pair exactly 2^31 apart, which RFC 1982 §3.2 leaves undefined, neither is
// newer.
constexpr bool serial_newer(uint32_t a, uint32_t b) {
  const uint32_t ahead = a - b;
  return ahead != 0 && ahead < 0x80000000U;
}

}  // namespace axfrd::zones
