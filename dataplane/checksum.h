// The Internet checksum (RFC 1071).
//
// One's complement sums do not depend on byte order as long as all loads and stores agree. So everything here is in
// memory order, without byte swaps.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace axfrd::dataplane {

// Adds `size` octets to a running sum. An odd last octet is padded with a zero. The two halves of each 8-octet word go
// into separate sums, which cannot overflow: each grows by less than 2^32 a word.
inline uint64_t add_octets(uint64_t sum, const uint8_t* p, size_t size) {
  uint64_t high = 0;
  for (; size >= 8; p += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    sum += word & 0xFFFF'FFFF;
    high += word >> 32;
  }
  sum += high;
  if ((size & 4) != 0) {
    uint32_t word;
    std::memcpy(&word, p, 4);
    sum += word;
    p += 4;
  }
  if ((size & 2) != 0) {
    uint16_t word;
    std::memcpy(&word, p, 2);
    sum += word;
    p += 2;
  }
  if ((size & 1) != 0) sum += std::endian::native == std::endian::little ? *p : static_cast<unsigned>(*p << 8);
  return sum;
}

// Adds a 16-bit number in host order.
inline uint64_t add_number(uint64_t sum, unsigned number) {
  const auto n = static_cast<uint16_t>(number);
  return sum + (std::endian::native == std::endian::little ? __builtin_bswap16(n) : n);
}

// Folds a sum to 16 bits, in memory order. The checksum is the complement of the result.
inline uint16_t fold_sum(uint64_t sum) {
  sum = (sum & 0xFFFF'FFFF) + (sum >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<uint16_t>((sum & 0xFFFF) + (sum >> 16));
}

}  // namespace axfrd::dataplane
