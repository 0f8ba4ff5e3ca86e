// Packets: what a received frame is, and how a request becomes its response in the same bytes.
//
// Pure functions over bytes, without EAL and mbufs. Input may be hostile: no octet is read that a checked length does
// not cover.
//
//   request    Ethernet [802.1Q] | IPv4 (20) or IPv6 (40) | UDP (8) | DNS | padding
//   response   the same headers, turned round             |         | DNS | zeros up to 60 octets
//
// The length of the DNS message comes from the UDP header. It is bounded by the IP header, which is bounded by the
// frame. The frame may be longer, because short frames are padded.
//
// A VLAN tag stays in its place in the frame. Ports leave tags there (port.h), so that no tag has to be carried beside
// a frame to the responder, to the kernel or back.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/address.h"
#include "dataplane/verdict.h"
#include "zones/wire/wire.h"

namespace axfrd::dataplane {

using zones::Bytes;

constexpr unsigned kEthernetSize = 14, kTagSize = 4;
constexpr unsigned kIpv4Size = 20, kIpv6Size = 40, kUdpSize = 8;
constexpr unsigned kMinFrame = 60;  // IEEE 802.3, without the FCS; not every device pads frames that it sends

using MacAddress = std::array<uint8_t, 6>;

// The properties of the port that received a frame. Immutable.
struct Interface {
  MacAddress mac{};
  unsigned mtu = 1500;                    // octets of an IP packet
  bool checksum_offload = false;          // the device fills in IPv4 and UDP checksums
  const AddressSet* addresses = nullptr;  // that we serve
};

// The checksums that the device has checked.
struct Verified {
  bool ip = false, udp = false;
};

// The position of a DNS request in its frame.
struct Datagram {
  uint8_t l2_size = 0;  // Ethernet and tag
  uint8_t l3_size = 0;
  uint16_t dns_size = 0;

  bool v6() const { return l3_size == kIpv6Size; }
  unsigned udp_at() const { return l2_size + l3_size; }
  unsigned dns_at() const { return udp_at() + kUdpSize; }
};

// Classifies `frame`. Verdict::answered: a DNS request for us, in `datagram`; whether it can be answered is decided
// later.
Verdict classify(Bytes frame, Verified verified, const Interface& interface, Datagram& datagram);

// The IP packet in `frame`, without padding behind it. Empty if there is none, or if its length field exceeds the
// frame.
Bytes ip_packet_in(Bytes frame);

// The source address: 4 or 16 octets of the frame. @pre classify() filled `datagram`, and turn_round() was not called
// yet
Bytes sender_octets(const uint8_t* frame, const Datagram& datagram);
// The same address in 16 octets; IPv4 as ::ffff:a.b.c.d.
std::array<uint8_t, 16> sender_of(const uint8_t* frame, const Datagram& datagram);

// The size of the longest DNS response that fits the MTU and `room`, which is the number of octets from the frame's
// begin to its buffer's end. At least the request's own size. @pre classify() filled `datagram`, and the frame fits
// `room`
unsigned dns_capacity(const Datagram& datagram, unsigned room, const Interface& interface);

// Turns the headers round for a response of `dns_size` octets that follows them, and pads the frame. Returns the
// frame's size. With checksum_offload the UDP checksum field gets the sum of the pseudo-header, and the device
// completes it. @pre kMinFrame octets may be written at `frame`, and dns_size <= dns_capacity()
unsigned turn_round(uint8_t* frame, const Datagram& datagram, unsigned dns_size, const Interface& interface);

}  // namespace axfrd::dataplane
