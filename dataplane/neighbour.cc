#include "dataplane/neighbour.h"

#include <algorithm>
#include <cstring>

#include "dataplane/checksum.h"

namespace axfrd::dataplane {
namespace {

using zones::load16;
using zones::store16;

constexpr uint16_t kTag = 0x8100, kArp = 0x0806;
constexpr unsigned kArpSize = 28;
constexpr uint8_t kIcmpv6 = 58, kSolicitation = 135, kAdvertisement = 136;
// The ICMPv6 header and the target address; with one option that holds a MAC address.
constexpr unsigned kPlainSize = 24, kWithMacSize = 32;

bool same_mac(const uint8_t* a, const uint8_t* b) { return std::equal(a, a + 6, b); }

unsigned padded(uint8_t* frame, unsigned size) {
  if (size < kMinFrame) std::memset(frame + size, 0, kMinFrame - size);
  return std::max(size, kMinFrame);
}

void turn_ethernet(uint8_t* frame, const Interface& interface) {
  std::memcpy(frame, frame + 6, 6);
  std::memcpy(frame + 6, interface.mac.data(), 6);
}

// An ARP packet is: hardware type and protocol type (Ethernet, IPv4), their address sizes (6 and 4), the operation, and
// the MAC and IP addresses of sender and target.
bool is_arp_request(const uint8_t* arp, const uint8_t* sender_mac, const AddressSet& ours) {
  constexpr std::array<uint8_t, 8> kRequest{0, 1, 8, 0, 6, 4, 0, 1};
  const uint8_t* source = arp + 14;
  return std::equal(kRequest.begin(), kRequest.end(), arp) && same_mac(arp + 8, sender_mac) && source[0] != 0 &&
         source[0] < 224 && !ours.contains_v4(source) && ours.contains_v4(arp + 24);
}

unsigned answer_arp(zones::MutableBytes frame, unsigned l2_size, unsigned room, const Interface& interface) {
  uint8_t* arp = frame.data() + l2_size;
  const unsigned size = l2_size + kArpSize;
  if (frame.size() < size || room < kMinFrame) return 0;
  if (!is_arp_request(arp, frame.data() + 6, *interface.addresses)) return 0;
  std::array<uint8_t, 4> target;
  std::memcpy(target.data(), arp + 24, 4);
  arp[7] = 2;                          // operation: reply
  std::memcpy(arp + 18, arp + 8, 10);  // the sender becomes the target
  std::memcpy(arp + 8, interface.mac.data(), 6);
  std::memcpy(arp + 14, target.data(), 4);
  turn_ethernet(frame.data(), interface);
  return padded(frame.data(), size);
}

uint16_t icmpv6_sum(const uint8_t* ip, unsigned size) {
  const uint64_t sum = add_number(add_number(add_octets(0, ip + 8, 32), size), kIcmpv6);
  return fold_sum(add_octets(sum, ip + kIpv6Size, size));
}

// True if the packet was sent to the target, or to its solicited-node group (RFC 4291 §2.7.1).
bool reaches(const uint8_t* destination, const uint8_t* target) {
  constexpr std::array<uint8_t, 13> kGroup{0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF};
  return std::equal(target, target + 16, destination) || (std::equal(kGroup.begin(), kGroup.end(), destination) &&
                                                          std::equal(target + 13, target + 16, destination + 13));
}

bool is_solicitation(const uint8_t* ip, unsigned size, const uint8_t* sender_mac, const AddressSet& ours) {
  const uint8_t *source = ip + 8, *icmp = ip + kIpv6Size, *target = icmp + 8;
  if (size != kPlainSize && size != kWithMacSize) return false;
  if (icmp[0] != kSolicitation || icmp[1] != 0) return false;
  if (!ours.contains_v6(target) || !reaches(ip + 24, target)) return false;
  const bool from_nobody = source[0] == 0 || source[0] == 0xFF;  // ::, ::1 or mapped; multicast
  if (from_nobody || ours.contains_v6(source)) return false;
  if (size == kWithMacSize && (icmp[24] != 1 || icmp[25] != 1 || !same_mac(icmp + 26, sender_mac))) return false;
  return icmpv6_sum(ip, size) == 0xFFFF;
}

// The advertisement has the flags Solicited and Override (RFC 4861 §4.4).
unsigned answer_solicitation(zones::MutableBytes frame, unsigned l2_size, unsigned room, const Interface& interface) {
  uint8_t* ip = frame.data() + l2_size;
  uint8_t* icmp = ip + kIpv6Size;
  const unsigned size = l2_size + kIpv6Size + kWithMacSize;
  if (room < size || frame.size() < l2_size + kIpv6Size + kPlainSize) return 0;
  const unsigned payload = load16(ip + 4);
  if (frame.size() < l2_size + kIpv6Size + payload) return 0;
  if (ip[6] != kIcmpv6 || !is_solicitation(ip, payload, frame.data() + 6, *interface.addresses)) return 0;
  std::memcpy(ip + 24, ip + 8, 16);
  std::memcpy(ip + 8, icmp + 8, 16);
  store16(ip + 4, kWithMacSize);
  icmp[0] = kAdvertisement;
  constexpr std::array<uint8_t, 4> kSolicitedOverride{0x60, 0, 0, 0};
  std::ranges::copy(kSolicitedOverride, icmp + 4);
  icmp[24] = 2;  // option: target link-layer address
  icmp[25] = 1;
  std::memcpy(icmp + 26, interface.mac.data(), 6);
  store16(icmp + 2, 0);
  const auto sum = static_cast<uint16_t>(~icmpv6_sum(ip, kWithMacSize));
  std::memcpy(icmp + 2, &sum, 2);
  turn_ethernet(frame.data(), interface);
  return padded(frame.data(), size);
}

}  // namespace

unsigned answer_neighbour(zones::MutableBytes frame, unsigned room, const Interface& interface) {
  const bool tagged = load16(frame.data() + 12) == kTag;
  const unsigned l2_size = tagged ? kEthernetSize + kTagSize : kEthernetSize;
  const bool arp = load16(frame.data() + l2_size - 2) == kArp;
  return (arp ? answer_arp : answer_solicitation)(frame, l2_size, room, interface);
}

}  // namespace axfrd::dataplane
