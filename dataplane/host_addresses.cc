#include "dataplane/host_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace axfrd::dataplane {
namespace {

Address address_of(const ifaddrs& entry) {
  Address address;
  address.v6 = entry.ifa_addr->sa_family == AF_INET6;
  std::array<uint8_t, 16> mask{};
  if (address.v6) {
    std::memcpy(address.octets.data(), &reinterpret_cast<const sockaddr_in6*>(entry.ifa_addr)->sin6_addr, 16);
    std::memcpy(mask.data(), &reinterpret_cast<const sockaddr_in6*>(entry.ifa_netmask)->sin6_addr, 16);
  } else {
    std::memcpy(address.octets.data(), &reinterpret_cast<const sockaddr_in*>(entry.ifa_addr)->sin_addr, 4);
    std::memcpy(mask.data(), &reinterpret_cast<const sockaddr_in*>(entry.ifa_netmask)->sin_addr, 4);
  }
  for (const uint8_t octet : mask) address.prefix = static_cast<uint8_t>(address.prefix + std::popcount(octet));
  return address;
}

}  // namespace

std::vector<Address> host_addresses(const std::optional<std::string>& interface) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0)
    throw std::runtime_error(std::string("cannot read the host's addresses: ") + std::strerror(errno));
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  std::vector<Address> addresses;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_netmask == nullptr) continue;
    const auto family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    if (interface && *interface != entry->ifa_name) continue;
    addresses.push_back(address_of(*entry));
  }
  return addresses;
}

bool is_link_local(const Address& a) {
  return a.v6 ? a.octets[0] == 0xFE && (a.octets[1] & 0xC0) == 0x80 : a.octets[0] == 169 && a.octets[1] == 254;
}

bool is_loopback(const Address& a) {
  if (!a.v6) return a.octets[0] == 127;
  return std::all_of(a.octets.begin(), a.octets.end() - 1, [](uint8_t octet) { return octet == 0; }) &&
         a.octets.back() == 1;
}

}  // namespace axfrd::dataplane
