// The server's own IP addresses. They are parsed from options, assigned to a tap, and looked up for every query.
//
// Threads. Immutable once built.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace axfrd::dataplane {

// An address with the length of its network's prefix.
struct Address {
  bool v6 = false;
  std::array<uint8_t, 16> octets{};  // network order; IPv4 uses the first four
  uint8_t prefix = 0;

  // Parses ADDR or ADDR/LEN. Throws std::runtime_error with a sentence for the operator if `text` is neither, or if the
  // address is not unicast.
  static Address parse(const std::string& text);
  unsigned size() const { return v6 ? 16 : 4; }
};

// The addresses that the packet path answers for. There are few, so a scan is faster than a table.
class AddressSet {
 public:
  explicit AddressSet(std::span<const Address> addresses);

  // @pre 4 (16) octets in network order at `address`
  bool contains_v4(const uint8_t* address) const;
  bool contains_v6(const uint8_t* address) const;

 private:
  std::vector<uint32_t> v4_;  // network order, loaded as native words
  std::vector<std::array<uint64_t, 2>> v6_;
};

}  // namespace axfrd::dataplane
