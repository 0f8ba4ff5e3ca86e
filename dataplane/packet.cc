#include "dataplane/packet.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/checksum.h"

namespace axfrd::dataplane {
namespace {

using zones::load16;
using zones::store16;
using zones::store32;

constexpr uint16_t kEtherIpv4 = 0x0800, kEtherArp = 0x0806, kEtherTag = 0x8100, kEtherIpv6 = 0x86DD;
constexpr uint8_t kIcmp = 1, kTcp = 6, kUdp = 17, kIcmpv6 = 58;
constexpr uint16_t kDnsPort = 53;
constexpr uint8_t kHopLimit = 64;  // the default that RFC 1700 recommends

// A frame during classify().
struct Frame {
  const uint8_t* data;
  bool to_group;  // destination MAC is broadcast or multicast
  Verified verified;
  const Interface& interface;
};

// An IP packet with a valid header. `payload` is bounded by the IP header, which is bounded by the frame.
struct Packet {
  const uint8_t* header;
  unsigned header_size;
  Bytes payload;
  bool v6;

  const uint8_t* source() const { return header + (v6 ? 8 : 12); }
  unsigned address_size() const { return v6 ? 16 : 4; }
  const uint8_t* destination() const { return source() + address_size(); }
};

bool same_mac(const uint8_t* p, const MacAddress& mac) { return std::memcmp(p, mac.data(), mac.size()) == 0; }

// Adds UDP's pseudo-header to the sum of the addresses (RFC 768, RFC 8200 §8.1).
uint64_t pseudo_header_sum(uint64_t addresses, unsigned udp_size) {
  return add_number(add_number(addresses, udp_size), kUdp);
}

bool served(const Packet& packet, const AddressSet& addresses) {
  return packet.v6 ? addresses.contains_v6(packet.destination()) : addresses.contains_v4(packet.destination());
}

bool answerable_v4(const uint8_t* source, const AddressSet& ours) {
  // No host has an address of "this network", loopback, multicast, reserved or broadcast (RFC 1122 §3.2.1.3). A packet
  // from an address of ours is forged.
  return source[0] != 0 && source[0] != 127 && source[0] < 224 && !ours.contains_v4(source);
}

bool answerable_v6(const uint8_t* source, const AddressSet& ours) {
  constexpr std::array<uint8_t, 15> zeros{};
  const bool unspecified_or_loopback = std::memcmp(source, zeros.data(), zeros.size()) == 0 && source[15] <= 1;
  return source[0] != 0xFF && !unspecified_or_loopback && !ours.contains_v6(source);
}

bool answerable(const Packet& packet, const AddressSet& ours) {
  if (load16(packet.payload.data()) == 0) return false;  // there is no port to answer to (RFC 768)
  return packet.v6 ? answerable_v6(packet.source(), ours) : answerable_v4(packet.source(), ours);
}

bool udp_checksum_good(const Packet& packet, unsigned udp_size, bool verified) {
  const uint8_t* udp = packet.payload.data();
  if (load16(udp + 6) == 0) return !packet.v6;  // 0: no checksum, which IPv6 forbids (RFC 8200 §8.1)
  if (verified) return true;
  const uint64_t addresses = add_octets(0, packet.source(), 2 * packet.address_size());
  return fold_sum(add_octets(pseudo_header_sum(addresses, udp_size), udp, udp_size)) == 0xFFFF;
}

bool ip_checksum_good(const Packet& packet, bool verified) {
  return packet.v6 || verified || fold_sum(add_octets(0, packet.header, packet.header_size)) == 0xFFFF;
}

Verdict classify_udp(const Frame& frame, const Packet& packet, Datagram& datagram) {
  const uint8_t* udp = packet.payload.data();
  if (packet.payload.size() < kUdpSize) return Verdict::bad_udp_length;
  const unsigned udp_size = load16(udp + 4);
  if (udp_size < kUdpSize || udp_size > packet.payload.size()) return Verdict::bad_udp_length;

  const AddressSet& ours = *frame.interface.addresses;
  if (load16(udp + 2) != kDnsPort || !served(packet, ours)) return Verdict::udp;
  if (frame.to_group) return Verdict::not_unicast;
  if (!answerable(packet, ours)) return Verdict::bad_source;
  if (packet.header_size + packet.payload.size() > frame.interface.mtu) return Verdict::oversize;
  if (!ip_checksum_good(packet, frame.verified.ip)) return Verdict::bad_ip_checksum;
  if (!udp_checksum_good(packet, udp_size, frame.verified.udp)) return Verdict::bad_udp_checksum;

  datagram.l2_size = static_cast<uint8_t>(packet.header - frame.data);
  datagram.l3_size = static_cast<uint8_t>(packet.header_size);
  datagram.dns_size = static_cast<uint16_t>(udp_size - kUdpSize);
  return Verdict::answered;
}

Verdict classify_tcp(Bytes segment) {
  constexpr uint8_t kSyn = 0x02, kAck = 0x10;
  constexpr unsigned kFlagsAt = 13;
  return segment.size() > kFlagsAt && (segment[kFlagsAt] & (kSyn | kAck)) == kSyn ? Verdict::tcp_open : Verdict::tcp;
}

Verdict classify_ipv4(const Frame& frame, Bytes bytes, Datagram& datagram) {
  if (bytes.size() < kIpv4Size) return Verdict::truncated;
  const uint8_t* ip = bytes.data();
  const unsigned header_size = (ip[0] & 0x0FU) * 4, size = load16(ip + 2);
  if (ip[0] >> 4 != 4 || header_size < kIpv4Size || size < header_size) return Verdict::bad_ip_header;
  if (size > bytes.size()) return Verdict::truncated;
  if (header_size != kIpv4Size) return Verdict::ip_options;
  if ((load16(ip + 6) & 0x3FFF) != 0) return Verdict::fragment;  // more fragments, or an offset

  const Packet packet{ip, kIpv4Size, bytes.subspan(kIpv4Size, size - kIpv4Size), false};
  switch (ip[9]) {
    case kUdp:
      return classify_udp(frame, packet, datagram);
    case kTcp:
      return classify_tcp(packet.payload);
    case kIcmp:
      return Verdict::icmp;
    default:
      return Verdict::other_ip;
  }
}

Verdict classify_icmpv6(const Packet& packet) {
  if (packet.payload.empty()) return Verdict::truncated;
  const uint8_t type = packet.payload[0];
  if (type < 133 || type > 137) return Verdict::icmp;  // router and neighbour solicitation … redirect (RFC 4861 §4)
  return packet.header[7] == 255 ? Verdict::neighbour_discovery : Verdict::bad_neighbour;
}

Verdict classify_next_header(uint8_t next) {
  switch (next) {
    case 44:
      return Verdict::fragment;
    case 0:    // hop-by-hop options
    case 43:   // routing
    case 51:   // authentication
    case 60:   // destination options
    case 135:  // mobility
    case 139:  // HIP
    case 140:  // shim6
      return Verdict::extension_header;
    default:
      return Verdict::other_ip;
  }
}

Verdict classify_ipv6(const Frame& frame, Bytes bytes, Datagram& datagram) {
  if (bytes.size() < kIpv6Size) return Verdict::truncated;
  const uint8_t* ip = bytes.data();
  if (ip[0] >> 4 != 6) return Verdict::bad_ip_header;
  const unsigned payload_size = load16(ip + 4);
  if (payload_size > bytes.size() - kIpv6Size) return Verdict::truncated;

  const Packet packet{ip, kIpv6Size, bytes.subspan(kIpv6Size, payload_size), true};
  switch (ip[6]) {
    case kUdp:
      return classify_udp(frame, packet, datagram);
    case kTcp:
      return classify_tcp(packet.payload);
    case kIcmpv6:
      return classify_icmpv6(packet);
    default:
      return classify_next_header(ip[6]);
  }
}

void turn_ethernet(uint8_t* frame, const Interface& interface) {
  std::memcpy(frame, frame + 6, 6);
  std::memcpy(frame + 6, interface.mac.data(), 6);
}

// All fields except the addresses are written anew, because the client's TTL, DSCP, ECN, flow label and ID are not for
// the response. An atomic datagram (DF set) may carry any ID (RFC 6864 §4.1).
void turn_ipv4(uint8_t* ip, unsigned size, uint64_t addresses, bool offload) {
  constexpr uint16_t kVersionIhlTos = 0x4500, kDontFragment = 0x4000, kTtlProtocol = kHopLimit << 8 | kUdp;
  uint64_t sum = addresses;
  for (const unsigned number : {unsigned{kVersionIhlTos}, size, unsigned{kDontFragment}, unsigned{kTtlProtocol}}) {
    sum = add_number(sum, number);
  }
  const auto checksum = offload ? uint16_t{0} : static_cast<uint16_t>(~fold_sum(sum));
  uint32_t peer;
  std::memcpy(&peer, ip + 12, 4);
  store16(ip, kVersionIhlTos);
  store16(ip + 2, size);
  store16(ip + 4, 0);
  store16(ip + 6, kDontFragment);
  store16(ip + 8, kTtlProtocol);
  std::memcpy(ip + 10, &checksum, 2);
  std::memcpy(ip + 12, ip + 16, 4);
  std::memcpy(ip + 16, &peer, 4);
}

void turn_ipv6(uint8_t* ip, unsigned payload_size) {
  std::array<uint8_t, 16> peer;
  std::memcpy(peer.data(), ip + 8, 16);
  store32(ip, 0x6000'0000);
  store16(ip + 4, payload_size);
  ip[6] = kUdp;
  ip[7] = kHopLimit;
  std::memcpy(ip + 8, ip + 24, 16);
  std::memcpy(ip + 24, peer.data(), 16);
}

void turn_udp(uint8_t* udp, unsigned size, uint64_t pseudo_sum, bool offload) {
  uint16_t source, destination;
  std::memcpy(&source, udp, 2);
  std::memcpy(&destination, udp + 2, 2);
  uint16_t checksum = fold_sum(pseudo_sum);
  if (!offload) {
    const uint64_t sum = add_number(pseudo_sum + source + destination, size);
    checksum = static_cast<uint16_t>(~fold_sum(add_octets(sum, udp + kUdpSize, size - kUdpSize)));
    if (checksum == 0) checksum = 0xFFFF;  // 0 would mean that there is none (RFC 768)
  }
  std::memcpy(udp, &destination, 2);
  std::memcpy(udp + 2, &source, 2);
  store16(udp + 4, size);
  std::memcpy(udp + 6, &checksum, 2);
}

}  // namespace

Verdict classify(Bytes frame, Verified verified, const Interface& interface, Datagram& datagram) {
  if (frame.size() < kEthernetSize) return Verdict::truncated;
  const uint8_t* data = frame.data();
  const bool to_group = (data[0] & 1) != 0;
  if (same_mac(data + 6, interface.mac)) return Verdict::looped;
  if (!to_group && !same_mac(data, interface.mac)) return Verdict::foreign;

  unsigned l2_size = kEthernetSize;
  uint16_t type = load16(data + 12);
  if (type == kEtherTag) {
    l2_size += kTagSize;
    if (frame.size() < l2_size) return Verdict::truncated;
    type = load16(data + 16);
  }
  const Frame context{data, to_group, verified, interface};
  switch (type) {
    case kEtherIpv4:
      return classify_ipv4(context, frame.subspan(l2_size), datagram);
    case kEtherIpv6:
      return classify_ipv6(context, frame.subspan(l2_size), datagram);
    case kEtherArp:
      return Verdict::arp;
    default:
      return Verdict::other_ethernet;
  }
}

Bytes ip_packet_in(Bytes frame) {
  if (frame.size() < kEthernetSize + kTagSize) return {};
  const bool tagged = load16(frame.data() + 12) == kEtherTag;
  const unsigned l2_size = tagged ? kEthernetSize + kTagSize : kEthernetSize;
  const unsigned type = load16(frame.data() + l2_size - 2);
  const Bytes ip = frame.subspan(l2_size);
  unsigned size = 0;
  if (type == kEtherIpv4 && ip.size() >= kIpv4Size && ip[0] >> 4 == 4) size = load16(ip.data() + 2);
  if (type == kEtherIpv6 && ip.size() >= kIpv6Size && ip[0] >> 4 == 6) size = kIpv6Size + load16(ip.data() + 4);
  const bool sound = size >= kIpv4Size && size <= ip.size();
  return sound ? ip.first(size) : Bytes{};
}

Bytes sender_octets(const uint8_t* frame, const Datagram& datagram) {
  const uint8_t* ip = frame + datagram.l2_size;
  return datagram.v6() ? Bytes(ip + 8, 16) : Bytes(ip + 12, 4);
}

std::array<uint8_t, 16> sender_of(const uint8_t* frame, const Datagram& datagram) {
  const Bytes octets = sender_octets(frame, datagram);
  std::array<uint8_t, 16> sender{};
  if (!datagram.v6()) sender[10] = sender[11] = 0xFF;
  std::ranges::copy(octets, sender.end() - octets.size());
  return sender;
}

unsigned dns_capacity(const Datagram& datagram, unsigned room, const Interface& interface) {
  return std::min(room - datagram.dns_at(), interface.mtu - datagram.l3_size - kUdpSize);
}

// Sums are taken before anything is written, and header fields are added as numbers. A load that spans several recent
// stores would stall the processor for longer than the rest takes. Turning round changes neither the sum of the
// addresses nor that of the ports.
unsigned turn_round(uint8_t* frame, const Datagram& datagram, unsigned dns_size, const Interface& interface) {
  uint8_t* ip = frame + datagram.l2_size;
  const bool offload = interface.checksum_offload;
  const unsigned udp_size = kUdpSize + dns_size;
  const uint64_t addresses = datagram.v6() ? add_octets(0, ip + 8, 32) : add_octets(0, ip + 12, 8);
  turn_udp(frame + datagram.udp_at(), udp_size, pseudo_header_sum(addresses, udp_size), offload);
  if (datagram.v6()) {
    turn_ipv6(ip, udp_size);
  } else {
    turn_ipv4(ip, kIpv4Size + udp_size, addresses, offload);
  }
  turn_ethernet(frame, interface);

  const unsigned size = datagram.dns_at() + dns_size;
  if (size >= kMinFrame) return size;
  std::memset(frame + size, 0, kMinFrame - size);
  return kMinFrame;
}

}  // namespace axfrd::dataplane
