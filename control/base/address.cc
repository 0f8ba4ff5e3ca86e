#include "control/base/address.h"

#include <stdexcept>

#include "dataplane/address.h"
#include "zones/wire/number.h"

namespace axfrd::control {

namespace {

using boost::asio::ip::address_v6;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

unsigned parse_length(std::string_view digits, unsigned most, std::string_view whole) {
  if (const auto length = zones::number_in<unsigned>(digits, 0, most)) return *length;
  throw std::invalid_argument(quoted(whole) + ": the prefix length must be a number from 0 to " + std::to_string(most));
}

struct Parts {
  IpAddress address;
  std::optional<unsigned> length;
};

Parts split(std::string_view text) {
  const size_t slash = text.find('/');
  boost::system::error_code error;
  const IpAddress written = boost::asio::ip::make_address(std::string(text.substr(0, slash)), error);
  if (error) throw std::invalid_argument(quoted(text) + " is neither an IPv4 nor an IPv6 address");
  const IpAddress address = normalised(written);
  if (slash == std::string_view::npos) return {address, std::nullopt};
  unsigned length = parse_length(text.substr(slash + 1), address_bits(written), text);
  if (written.is_v6() && address.is_v4()) {  // ::ffff:192.0.2.0/120 means 192.0.2.0/24
    if (length < 96) throw std::invalid_argument(quoted(text) + ": an IPv4-mapped prefix is at least 96 bits long");
    length -= 96;
  }
  return {address, length};
}

}  // namespace

IpAddress normalised(const IpAddress& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

IpAddress to_ip(const dataplane::Address& address) {
  if (address.v6) return address_v6(address.octets);
  boost::asio::ip::address_v4::bytes_type octets;
  std::copy_n(address.octets.begin(), octets.size(), octets.begin());
  return boost::asio::ip::address_v4(octets);
}

IpAddress parse_address(std::string_view text) {
  const Parts parts = split(text);
  if (parts.length) throw std::invalid_argument(quoted(text) + ": an address is wanted here, not a prefix");
  return parts.address;
}

uint16_t parse_port(std::string_view text) {
  const auto port = zones::number_in<uint16_t>(text, 1);
  if (!port) throw std::invalid_argument(quoted(text) + " is not a port");
  return *port;
}

WithPort WithPort::split(std::string_view text) {
  const auto parts = [](std::string_view before, std::string_view digits) {
    return WithPort{std::string(before), parse_port(digits)};
  };
  if (const size_t end = text.find(']'); text.starts_with('[') && end != std::string_view::npos) {
    const std::string_view address = text.substr(1, end - 1), behind = text.substr(end + 1);
    if (behind.empty()) return {std::string(address), std::nullopt};
    if (behind.front() == ':' || behind.front() == '@') return parts(address, behind.substr(1));
  }
  if (const size_t at = text.find('@'); at != std::string_view::npos)
    return parts(text.substr(0, at), text.substr(at + 1));
  // An IPv6 address without brackets has at least two colons.
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos)
    return {std::string(text), std::nullopt};
  return parts(text.substr(0, colon), text.substr(colon + 1));
}

HostPort HostPort::parse(std::string_view text) {
  const WithPort parts = WithPort::split(text);
  return {parse_address(parts.address), parts.port};
}

std::string HostPort::to_text() const { return address.to_string() + (port ? "@" + std::to_string(*port) : ""); }

Endpoint Endpoint::parse(std::string_view text) {
  const HostPort place = [text] {
    try {
      return HostPort::parse(text);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(std::string(error.what()) + "; wanted is ADDRESS@PORT, as in 127.0.0.1@9353");
    }
  }();
  if (!place.port) throw std::invalid_argument(quoted(text) + " names no port: " + place.to_text() + "@PORT");
  return {place.address, *place.port};
}

Prefix Prefix::parse(std::string_view text) {
  const Parts parts = split(text);
  Prefix prefix{parts.address, parts.length.value_or(address_bits(parts.address))};
  const Prefix clean{masked(prefix.address, prefix.length), prefix.length};
  if (clean.address != prefix.address) {
    throw std::invalid_argument(quoted(text) + " has bits set behind its prefix: write " + clean.to_text() + " or " +
                                prefix.address.to_string());
  }
  return prefix;
}

Prefix Prefix::parse_interface(std::string_view text) {
  const Parts parts = split(text);
  if (!parts.length) throw std::invalid_argument(quoted(text) + ": the prefix length is missing, as in 192.0.2.53/24");
  return {parts.address, *parts.length};
}

IpAddress Prefix::masked(const IpAddress& address, unsigned length) {
  if (address.is_v4()) {
    const uint32_t mask = length == 0 ? 0 : ~uint32_t{0} << (32 - std::min(length, 32U));
    return boost::asio::ip::address_v4(address.to_v4().to_uint() & mask);
  }
  auto octets = address.to_v6().to_bytes();
  for (unsigned i = 0; i < octets.size(); ++i) {
    const unsigned kept = length <= 8 * i ? 0 : std::min(8U, length - 8 * i);
    octets[i] = static_cast<uint8_t>(octets[i] & (0xFF00U >> kept));
  }
  return address_v6(octets);
}

std::string Prefix::to_text() const {
  return length == address_bits(address) ? address.to_string() : address.to_string() + "/" + std::to_string(length);
}

}  // namespace axfrd::control
