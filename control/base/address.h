// Addresses and prefixes as operators write them.
//
// IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2) are normalised to IPv4 everywhere, so that a rule written in one way
// matches a peer that shows up in the other.
#pragma once

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace axfrd::dataplane {
struct Address;
}

namespace axfrd::control {

using IpAddress = boost::asio::ip::address;

// The IPv4 address inside a v4-mapped one; any other address as it is.
IpAddress normalised(const IpAddress& address);

IpAddress to_ip(const dataplane::Address& address);

// Throws std::invalid_argument with a sentence for the operator.
IpAddress parse_address(std::string_view text);

// 1 to 65535. Throws std::invalid_argument.
uint16_t parse_port(std::string_view text);

// What stands before a port, and the port if one is stated: of ADDR@PORT, and, as other programs write it, of ADDR:PORT
// and [ADDR]:PORT; of ADDR and [ADDR]. ADDR may be anything, a prefix for one. Throws std::invalid_argument.
struct WithPort {
  std::string address;
  std::optional<uint16_t> port;
  static WithPort split(std::string_view text);
};

// An address, and a port if one is stated, in any of these forms.
struct HostPort {
  IpAddress address;
  std::optional<uint16_t> port;

  // Throws std::invalid_argument.
  static HostPort parse(std::string_view text);
  std::string to_text() const;  // ADDR or ADDR@PORT
};

// The same with a port always.
struct Endpoint {
  IpAddress address;
  uint16_t port = 0;

  // Throws std::invalid_argument.
  static Endpoint parse(std::string_view text);
};

struct Prefix {
  IpAddress address;
  unsigned length = 0;

  // ADDR or ADDR/LEN. Throws std::invalid_argument, also when bits behind the prefix are set: that is more often a slip
  // than a wish to have them ignored.
  static Prefix parse(std::string_view text);
  // ADDR/LEN of an interface: bits behind the prefix are the host's. Throws std::invalid_argument.
  static Prefix parse_interface(std::string_view text);

  // `address` with everything behind the first `length` bits cleared. @pre length fits the family
  static IpAddress masked(const IpAddress& address, unsigned length);
  std::string to_text() const;
};

// Who counts as one client: an IPv4 address, or an IPv6 /64, which is what one subscriber has.
inline IpAddress client_network(const IpAddress& address) {
  return address.is_v6() ? Prefix::masked(address, 64) : address;
}

inline unsigned address_bits(const IpAddress& address) { return address.is_v4() ? 32 : 128; }

// The octets of an address, in network order: 4 or 16 of them.
class AddressOctets {
 public:
  explicit AddressOctets(const IpAddress& address) : size_(address.is_v4() ? 4 : 16) {
    if (address.is_v4()) {
      std::ranges::copy(address.to_v4().to_bytes(), octets_.begin());
    } else {
      octets_ = address.to_v6().to_bytes();
    }
  }
  std::span<const uint8_t> bytes() const { return {octets_.data(), size_}; }

 private:
  std::array<uint8_t, 16> octets_{};
  size_t size_;
};

}  // namespace axfrd::control
