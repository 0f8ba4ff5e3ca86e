// Verdict: the outcome of a received packet. Each packet gets exactly one verdict; each verdict is a named counter.
//
//   answered   a response, or a reply to a request for our MAC address, went to the transmit queue
//   punted     the packet is in a ring to the kernel path
//   dropped    hostile, broken, not for us, or beyond the budget of the kernel path
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace axfrd::dataplane {

enum class Verdict : uint8_t {
  answered,
  neighbour_answered,  // ARP, or a neighbour solicitation

  // ---- punted ----
  arp,
  neighbour_discovery,
  icmp,
  tcp_open,  // SYN without ACK
  tcp,
  dns_privileged,  // DNS requests for control: NOTIFY, UPDATE, or signed with TSIG
  udp,             // not to port 53, or to an address that we do not serve
  fragment,
  ip_options,
  extension_header,
  other_ip,        // another protocol
  other_ethernet,  // another EtherType, or a second VLAN tag
  segmented,       // in more than one buffer

  // ---- dropped ----
  truncated,  // shorter than its headers state
  foreign,    // to a MAC address of another host
  looped,     // from our own MAC address
  bad_ip_header,
  bad_ip_checksum,
  bad_udp_length,
  bad_udp_checksum,  // or none at all on IPv6
  bad_neighbour,     // neighbour discovery from off the link (RFC 4861 §6.1)
  not_unicast,       // a query in a broadcast or multicast frame
  bad_source,        // from an address or port that cannot be answered
  oversize,          // a query larger than the port's MTU
  not_a_query,       // not DNS, or a response
  rate_limited,      // the response is above the rate limit of the client's network
  neighbour_over_budget,
  icmp_over_budget,
  tcp_open_over_budget,
  tcp_over_budget,
  dns_over_budget,
  udp_over_budget,
  other_over_budget,
  kernel_path_full,  // the ring to the kernel path had no room

  count
};
constexpr unsigned kVerdicts = static_cast<unsigned>(Verdict::count);
constexpr unsigned index(Verdict v) { return static_cast<unsigned>(v); }

constexpr bool is_punt(Verdict v) { return v >= Verdict::arp && v <= Verdict::segmented; }
constexpr bool is_drop(Verdict v) { return v >= Verdict::truncated; }

std::string_view name_of(Verdict v);

// Punted packets share the kernel path by class. Each class has its own budget, so that a flood of one cannot starve
// another.
enum class PuntClass : uint8_t { neighbour, icmp, tcp_open, tcp, dns, udp, other, count };
constexpr unsigned kPuntClasses = static_cast<unsigned>(PuntClass::count);
constexpr unsigned index(PuntClass c) { return static_cast<unsigned>(c); }

// @pre is_punt(v)
constexpr PuntClass class_of(Verdict v) {
  switch (v) {
    case Verdict::arp:
    case Verdict::neighbour_discovery:
      return PuntClass::neighbour;
    case Verdict::icmp:
      return PuntClass::icmp;
    case Verdict::tcp_open:
      return PuntClass::tcp_open;
    case Verdict::tcp:
      return PuntClass::tcp;
    case Verdict::dns_privileged:
      return PuntClass::dns;
    case Verdict::udp:
      return PuntClass::udp;
    default:
      return PuntClass::other;
  }
}
// The verdict on a packet whose class has spent its budget.
constexpr Verdict over_budget(PuntClass c) {
  return static_cast<Verdict>(index(Verdict::neighbour_over_budget) + index(c));
}

}  // namespace axfrd::dataplane
