// Frames for tests: built from a description, and checked by slow and obvious code that shares nothing with the packet
// path.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace axfrd::dataplane::test {

using Octets = std::string;

inline const Octets kOurMac("\x02\x00\x00\x00\x00\x53", 6);
inline const Octets kPeerMac("\x02\x00\x00\x00\x01\x01", 6);
inline const std::string kOurs4 = "192.0.2.53", kPeer4 = "192.0.2.101", kOurs6 = "2001:db8::53",
                         kPeer6 = "2001:db8::101";

inline Octets octets16(unsigned n) { return {static_cast<char>(n >> 8), static_cast<char>(n)}; }
inline unsigned read16(const Octets& o, size_t at) {
  return static_cast<unsigned>(static_cast<uint8_t>(o.at(at)) << 8 | static_cast<uint8_t>(o.at(at + 1)));
}
inline void write16(Octets& o, size_t at, unsigned n) { o.replace(at, 2, octets16(n)); }

inline Octets ip_octets(const std::string& text) {
  std::array<char, 16> buffer;
  const bool v6 = text.find(':') != std::string::npos;
  if (inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), buffer.data()) != 1) throw std::invalid_argument(text);
  return {buffer.data(), v6 ? 16U : 4U};
}

// RFC 1071, one number at a time.
inline unsigned internet_checksum(Octets o) {
  if (o.size() % 2 != 0) o += '\0';
  uint32_t sum = 0;
  for (size_t i = 0; i < o.size(); i += 2) {
    sum += read16(o, i);
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return ~sum & 0xFFFF;
}

inline Octets pseudo_header(const Octets& source, const Octets& destination, unsigned udp_size) {
  return source + destination + octets16(17) + octets16(udp_size);
}

// A query for `qname`, given in wire format, with RD set.
inline Octets dns_query(const Octets& qname = Octets("\3www\7example\0", 13), unsigned qtype = 1,
                        unsigned flags = 0x0100) {
  return octets16(0xABCD) + octets16(flags) + octets16(1) + octets16(0) + octets16(0) + octets16(0) + qname +
         octets16(qtype) + octets16(1);
}

// A UDP datagram in a frame. What is not set is as it should be.
struct Udp {
  bool v6 = false;
  Octets destination_mac = kOurMac, source_mac = kPeerMac;
  Octets tags = {};  // between the MAC addresses and the EtherType
  std::string source = {}, destination = {};
  unsigned source_port = 40000, destination_port = 53;
  Octets payload = dns_query();
  std::optional<unsigned> udp_size = {};
  std::optional<unsigned> udp_checksum = {};
  std::optional<unsigned> ip_size = {};  // total length (v4), payload length (v6)
  Octets trailer = {};                   // behind the IP packet

  Octets frame() const {
    const Octets from = ip_octets(!source.empty() ? source : v6 ? kPeer6 : kPeer4);
    const Octets to = ip_octets(!destination.empty() ? destination : v6 ? kOurs6 : kOurs4);
    const unsigned size = 8 + static_cast<unsigned>(payload.size());
    Octets udp =
        octets16(source_port) + octets16(destination_port) + octets16(udp_size.value_or(size)) + octets16(0) + payload;
    const unsigned sum = internet_checksum(pseudo_header(from, to, size) + udp);
    write16(udp, 6, udp_checksum.value_or(sum == 0 ? 0xFFFF : sum));
    return destination_mac + source_mac + tags + (v6 ? ipv6(from, to, udp) : ipv4(from, to, udp)) + trailer;
  }

 private:
  Octets ipv4(const Octets& from, const Octets& to, const Octets& udp) const {
    Octets ip = Octets("\x45\x28", 2) + octets16(ip_size.value_or(20 + static_cast<unsigned>(udp.size()))) +
                octets16(0x1234) + octets16(0) + Octets("\x07\x11", 2) + octets16(0) + from + to;
    write16(ip, 10, internet_checksum(ip));
    return octets16(0x0800) + ip + udp;
  }
  Octets ipv6(const Octets& from, const Octets& to, const Octets& udp) const {
    return octets16(0x86DD) + Octets("\x61\x23\x45\x67", 4) +
           octets16(ip_size.value_or(static_cast<unsigned>(udp.size()))) + Octets("\x11\x07", 2) + from + to + udp;
  }
};

// `frame` with `change` made to it, and the IPv4 header checksum put right again (untagged frames only).
inline Octets changed(Octets frame, const std::function<void(Octets&)>& change) {
  change(frame);
  if (read16(frame, 12) == 0x0800 && frame.size() >= 34) {
    const size_t header = 4U * (static_cast<uint8_t>(frame[14]) & 15U);
    write16(frame, 24, 0);
    write16(frame, 24, internet_checksum(frame.substr(14, header)));
  }
  return frame;
}

}  // namespace axfrd::dataplane::test
