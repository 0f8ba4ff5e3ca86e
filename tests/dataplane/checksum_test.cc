#include "dataplane/checksum.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <vector>

#include "zones/wire/wire.h"

namespace axfrd::dataplane {
namespace {

// RFC 1071 §4.1, octet by octet, in host order.
uint16_t sum_of(const std::vector<uint8_t>& octets) {
  uint64_t sum = 0;
  for (size_t i = 0; i < octets.size(); ++i) sum += i % 2 == 0 ? octets[i] << 8 : octets[i];
  while (sum >> 16 != 0) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

uint16_t our_sum_of(const std::vector<uint8_t>& octets) {
  const uint16_t in_memory_order = fold_sum(add_octets(0, octets.data(), octets.size()));
  std::array<uint8_t, 2> stored;
  std::memcpy(stored.data(), &in_memory_order, stored.size());
  return zones::load16(stored.data());
}

TEST(Checksum, IsThatOfRfc1071ForEveryLength) {
  std::mt19937 random(1);
  for (size_t size = 0; size <= 200; ++size) {
    std::vector<uint8_t> octets(size);
    for (uint8_t& octet : octets) octet = static_cast<uint8_t>(random());
    EXPECT_EQ(our_sum_of(octets), sum_of(octets)) << size;
  }
}

// Every sum overflows.
TEST(Checksum, LosesNoCarry) {
  for (size_t size = 0; size <= 1500; ++size) {
    const std::vector<uint8_t> octets(size, 0xFF);
    EXPECT_EQ(our_sum_of(octets), sum_of(octets)) << size;
  }
}

TEST(Checksum, OfPartsAddsUp) {
  const std::vector<uint8_t> octets(64, 0xFF);
  uint64_t sum = 0;
  for (unsigned i = 0; i < 1000; ++i) sum = add_octets(sum, octets.data(), octets.size());
  EXPECT_EQ(fold_sum(sum), 0xFFFF);
}

}  // namespace
}  // namespace axfrd::dataplane
