#include "control/alias/rotation.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace axfrd::control {

namespace {

template <class Visitor>
void for_each_address(const std::string& addresses, size_t size, Visitor&& visit) {
  for (size_t at = 0; at + size <= addresses.size(); at += size) visit(addresses.substr(at, size));
}

std::string joined_addresses(const std::set<std::string>& addresses) {
  std::string all;
  for (const std::string& each : addresses) all += each;
  return all;
}

struct Network {
  std::array<uint8_t, 4> octets;
  unsigned bits;
};
// https://www.iana.org/assignments/iana-ipv4-special-registry, and multicast.
constexpr std::array kSpecialV4{
    Network{{0, 0, 0, 0}, 8},     Network{{10, 0, 0, 0}, 8},      Network{{100, 64, 0, 0}, 10},
    Network{{127, 0, 0, 0}, 8},   Network{{169, 254, 0, 0}, 16},  Network{{172, 16, 0, 0}, 12},
    Network{{192, 0, 0, 0}, 24},  Network{{192, 0, 2, 0}, 24},    Network{{192, 168, 0, 0}, 16},
    Network{{198, 18, 0, 0}, 15}, Network{{198, 51, 100, 0}, 24}, Network{{203, 0, 113, 0}, 24},
    Network{{224, 0, 0, 0}, 3}};
// Inside 2000::/3, outside which nothing is global unicast: documentation, ORCHID and the like, 6to4.
constexpr std::array kSpecialV6{Network{{0x20, 0x01, 0x0D, 0xB8}, 32}, Network{{0x20, 0x01, 0, 0}, 23},
                                Network{{0x20, 0x02, 0, 0}, 16}, Network{{0x3F, 0xFF, 0, 0}, 20}};

uint32_t first32(const std::string& address) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(address[i]);
  return value;
}

bool is_in(const std::string& address, const Network& network) {
  uint32_t prefix = 0;
  for (const uint8_t octet : network.octets) prefix = prefix << 8 | octet;
  return (first32(address) ^ prefix) >> (32 - network.bits) == 0;
}

}  // namespace

std::string Rotation::after(const std::string& answer, size_t size, Time now, std::chrono::seconds hold) {
  if (hold.count() == 0) return answer;
  std::erase_if(seen_, [&](const auto& each) { return now - each.second > hold; });
  std::set<std::string> present;
  for_each_address(answer, size, [&](std::string address) { present.insert(std::move(address)); });
  const bool all_new = std::ranges::none_of(present, [&](const std::string& a) { return seen_.contains(a); });
  if (all_new && returned_at_) {  // a failover
    seen_.clear();
    returned_at_.reset();
  }
  for (const std::string& address : present) {
    if (seen_.contains(address) && !last_.contains(address)) returned_at_ = now;
    seen_[address] = now;
  }
  last_ = std::move(present);
  if (returned_at_ && now - *returned_at_ > hold) returned_at_.reset();
  if (!returned_at_) return answer;
  std::string all;
  for (const auto& [address, time] : seen_) all += address;
  return all;
}

std::string at_most(const std::string& addresses, size_t size, size_t most, const std::string& kept) {
  if (addresses.size() <= most * size) return addresses;
  std::set<std::string> before, taken;
  for_each_address(kept, size, [&](std::string address) { before.insert(std::move(address)); });
  for (const bool known : {true, false}) {
    for_each_address(addresses, size, [&](std::string address) {
      if (taken.size() < most && before.contains(address) == known) taken.insert(std::move(address));
    });
  }
  return joined_addresses(taken);
}

bool is_special(const std::string& address) {
  const auto in = [&](const Network& network) { return is_in(address, network); };
  if (address.size() == 4) return std::ranges::any_of(kSpecialV4, in);
  return first32(address) >> 29 != 1 || std::ranges::any_of(kSpecialV6, in);
}

std::string without_special(const std::string& addresses, size_t size) {
  std::string rest;
  for_each_address(addresses, size, [&](const std::string& address) {
    if (!is_special(address)) rest += address;
  });
  return rest;
}

}  // namespace axfrd::control
