#include "dataplane/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "zones/wire/number.h"

namespace axfrd::dataplane {
namespace {

bool is_unicast(const Address& a) {
  if (a.v6)
    return a.octets[0] != 0xFF && std::any_of(a.octets.begin(), a.octets.end(), [](uint8_t o) { return o != 0; });
  return a.octets[0] != 0 && a.octets[0] < 224;
}

}  // namespace

Address Address::parse(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string host = text.substr(0, slash);
  Address address;
  address.v6 = host.find(':') != std::string::npos;
  if (inet_pton(address.v6 ? AF_INET6 : AF_INET, host.c_str(), address.octets.data()) != 1) {
    throw std::runtime_error("\"" + text +
                             "\" is no IP address; write ADDR/LEN, e.g. 192.0.2.53/24 or 2001:db8::53/64");
  }
  const auto longest = static_cast<uint8_t>(address.size() * 8);
  const auto prefix = slash == std::string::npos
                          ? longest
                          : zones::number_in<uint8_t>(std::string_view(text).substr(slash + 1), 0, longest);
  if (!prefix) {
    throw std::runtime_error("\"" + text + "\" has no prefix length between 0 and " + std::to_string(longest));
  }
  address.prefix = *prefix;
  if (!is_unicast(address)) throw std::runtime_error("\"" + text + "\" is no unicast address, so nobody could ask it");
  return address;
}

AddressSet::AddressSet(std::span<const Address> addresses) {
  for (const Address& a : addresses) {
    if (a.v6) {
      std::memcpy(v6_.emplace_back().data(), a.octets.data(), 16);
    } else {
      std::memcpy(&v4_.emplace_back(), a.octets.data(), 4);
    }
  }
}

bool AddressSet::contains_v4(const uint8_t* address) const {
  uint32_t value;
  std::memcpy(&value, address, sizeof value);
  return std::find(v4_.begin(), v4_.end(), value) != v4_.end();
}

bool AddressSet::contains_v6(const uint8_t* address) const {
  std::array<uint64_t, 2> value;
  std::memcpy(value.data(), address, sizeof value);
  return std::find(v6_.begin(), v6_.end(), value) != v6_.end();
}

}  // namespace axfrd::dataplane
