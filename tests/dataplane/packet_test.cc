// The packet path's understanding of frames, case by case: a sentence, a frame in, a verdict, a frame out.
#include "dataplane/packet.h"

#include <gtest/gtest.h>

#include "frames.h"

namespace axfrd::dataplane {
namespace {

using namespace test;

const AddressSet& served() {
  static const std::array addresses = {Address::parse(kOurs4), Address::parse(kOurs6)};
  static const AddressSet set(addresses);
  return set;
}

Interface port(unsigned mtu = 1500) {
  Interface interface;
  std::copy(kOurMac.begin(), kOurMac.end(), interface.mac.begin());
  interface.mtu = mtu;
  interface.addresses = &served();
  return interface;
}

std::string read(Verdict v) { return std::string(name_of(v)); }

struct Case {
  const char* sentence;
  Octets frame;
  Verdict verdict;
};

// Every verdict comes from an exact copy of the frame on the heap, so that a sanitizer sees any look behind its end.
Verdict verdict_on(const Octets& frame, Datagram& datagram, const Interface& interface = port(),
                   Verified verified = {}) {
  const std::vector<uint8_t> exact(frame.begin(), frame.end());
  return classify(exact, verified, interface, datagram);
}

void check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    Datagram datagram;
    EXPECT_EQ(read(verdict_on(c.frame, datagram)), read(c.verdict)) << c.sentence;
  }
}

Octets set_octet(Octets frame, size_t at, unsigned value) {
  frame.replace(at, 1, 1, static_cast<char>(value));
  return frame;
}

// ---- what is answered ----

TEST(Classify, FindsTheRequest) {
  struct Found {
    const char* sentence;
    Octets frame;
    unsigned dns_at, dns_size;
  };
  const Octets root_query = dns_query(Octets(1, '\0'));
  const Octets tag = octets16(0x8100) + octets16(0x2064);
  const std::vector<Found> cases = {
      {"IPv4", Udp{}.frame(), 42, 29},
      {"IPv6", Udp{.v6 = true}.frame(), 62, 29},
      {"IPv4 with a VLAN tag", Udp{.tags = tag}.frame(), 46, 29},
      {"IPv6 with a VLAN tag", Udp{.v6 = true, .tags = tag}.frame(), 66, 29},
      {"padding up to 60 octets is not DNS", Udp{.payload = root_query, .trailer = Octets(1, '\xEE')}.frame(), 42, 17},
      {"octets between UDP's and IP's end are not DNS",
       Udp{.payload = root_query + "xx", .udp_size = 25, .udp_checksum = 0}.frame(), 42, 17},
      {"UDP without checksum on IPv4 is fine", Udp{.udp_checksum = 0}.frame(), 42, 29},
      {"don't-fragment is no fragment", changed(Udp{}.frame(), [](Octets& f) { write16(f, 20, 0x4000); }), 42, 29},
      {"a header without message is for the DNS parser to judge", Udp{.payload = ""}.frame(), 42, 0},
      {"source port 53 is a port like others", Udp{.source_port = 53}.frame(), 42, 29},
      {"odd-sized message", Udp{.payload = dns_query(Octets("\2ab\0", 4))}.frame(), 42, 20},
  };
  for (const Found& c : cases) {
    Datagram datagram;
    EXPECT_EQ(read(verdict_on(c.frame, datagram)), "answered") << c.sentence;
    EXPECT_EQ(datagram.dns_at(), c.dns_at) << c.sentence;
    EXPECT_EQ(datagram.dns_size, c.dns_size) << c.sentence;
  }
}

// ---- what is the kernel's ----

TEST(Classify, PuntsWhatTheKernelKnowsBest) {
  const Octets udp4 = Udp{}.frame(), udp6 = Udp{.v6 = true}.frame();
  const auto protocol4 = [&](unsigned p) { return changed(udp4, [&](Octets& f) { f[23] = static_cast<char>(p); }); };
  const auto next_header = [&](unsigned p) { return set_octet(udp6, 20, p); };
  const auto tcp4 = [&](unsigned flags) { return set_octet(protocol4(6), 34 + 13, flags); };
  const auto icmp6 = [&](unsigned type, unsigned hop_limit) {
    return set_octet(set_octet(next_header(58), 54, type), 21, hop_limit);
  };
  const Octets broadcast(6, '\xFF'), solicited_node("\x33\x33\xFF\x00\x00\x53", 6);
  const Octets arp = broadcast + kPeerMac + octets16(0x0806) + Octets(46, '\1');
  const Octets tag = octets16(0x8100) + octets16(100);
  check({
      {"ARP, broadcast", arp, Verdict::arp},
      {"ARP in a VLAN", Octets(arp).insert(12, tag), Verdict::arp},
      {"neighbour solicitation to the solicited-node group", icmp6(135, 255).replace(0, 6, solicited_node),
       Verdict::neighbour_discovery},
      {"router advertisement", icmp6(134, 255), Verdict::neighbour_discovery},
      {"echo request", protocol4(1), Verdict::icmp},
      {"ICMPv6 echo request", icmp6(128, 64), Verdict::icmp},
      {"TCP SYN", tcp4(0x02), Verdict::tcp_open},
      {"TCP SYN+ACK belongs to a connection of ours", tcp4(0x12), Verdict::tcp},
      {"TCP data", tcp4(0x18), Verdict::tcp},
      {"TCP over IPv6, SYN", set_octet(next_header(6), 54 + 13, 0x02), Verdict::tcp_open},
      {"TCP header cut short is still TCP's business", Udp{.payload = "", .ip_size = 22}.frame().replace(23, 1, "\6"),
       Verdict::tcp},
      {"UDP to another port", Udp{.destination_port = 54}.frame(), Verdict::udp},
      {"a resolver's answer: from port 53 to a port of ours", Udp{.source_port = 53, .destination_port = 40000}.frame(),
       Verdict::udp},
      {"port 53 of an address that is not served", Udp{.destination = "192.0.2.54"}.frame(), Verdict::udp},
      {"port 53 of an IPv6 address that is not served", Udp{.v6 = true, .destination = "2001:db8::54"}.frame(),
       Verdict::udp},
      {"first fragment", changed(udp4, [](Octets& f) { write16(f, 20, 0x2000); }), Verdict::fragment},
      {"last fragment", changed(udp4, [](Octets& f) { write16(f, 20, 0x00B9); }), Verdict::fragment},
      {"IPv6 fragment", next_header(44), Verdict::fragment},
      {"IPv4 options (IHL 6)", changed(udp4, [](Octets& f) { f[14] = 0x46; }), Verdict::ip_options},
      {"IPv6 hop-by-hop options", next_header(0), Verdict::extension_header},
      {"IPv6 routing header", next_header(43), Verdict::extension_header},
      {"IPv6 destination options", next_header(60), Verdict::extension_header},
      {"GRE", protocol4(47), Verdict::other_ip},
      {"no next header", next_header(59), Verdict::other_ip},
      {"LLDP", Octets("\x01\x80\xC2\x00\x00\x0E", 6) + kPeerMac + octets16(0x88CC) + Octets(46, '\0'),
       Verdict::other_ethernet},
      {"spanning tree (802.3 length, no EtherType)",
       Octets("\x01\x80\xC2\x00\x00\x00", 6) + kPeerMac + octets16(38) + Octets(46, '\0'), Verdict::other_ethernet},
      {"two VLAN tags", Udp{.tags = tag + tag}.frame(), Verdict::other_ethernet},
      {"a service tag (802.1ad)", Udp{.tags = octets16(0x88A8) + octets16(7) + tag}.frame(), Verdict::other_ethernet},
  });
}

// ---- what is dropped ----

TEST(Classify, DropsWhatIsNotForUs) {
  const Octets broadcast(6, '\xFF'), group("\x01\x00\x5E\x00\x00\x01", 6);
  check({
      {"a frame to somebody else (flooded by a switch)", Udp{.destination_mac = kPeerMac}.frame(), Verdict::foreign},
      {"a frame from ourselves (a loop, or the kernel's own)", Udp{.source_mac = kOurMac}.frame(), Verdict::looped},
      {"a query in a broadcast frame", Udp{.destination_mac = broadcast}.frame(), Verdict::not_unicast},
      {"a query in a multicast frame", Udp{.destination_mac = group}.frame(), Verdict::not_unicast},
  });
}

TEST(Classify, DropsWhatCannotBeAnswered) {
  std::vector<Case> cases;
  for (const char* source : {"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.0.1", "224.0.0.1", "239.255.255.255",
                             "240.0.0.1", "255.255.255.255", "192.0.2.53"}) {
    cases.push_back({source, Udp{.source = source}.frame(), Verdict::bad_source});
  }
  for (const char* source : {"::", "::1", "ff02::1", "ff0e::1234", "2001:db8::53"}) {
    cases.push_back({source, Udp{.v6 = true, .source = source}.frame(), Verdict::bad_source});
  }
  cases.push_back({"source port 0", Udp{.source_port = 0}.frame(), Verdict::bad_source});
  cases.push_back({"source port 0, IPv6", Udp{.v6 = true, .source_port = 0}.frame(), Verdict::bad_source});
  check(cases);
  check({{"::2 is somebody", Udp{.v6 = true, .source = "::2"}.frame(), Verdict::answered},
         {"1.0.0.1 is somebody", Udp{.source = "1.0.0.1"}.frame(), Verdict::answered},
         {"223.255.255.254 is somebody", Udp{.source = "223.255.255.254"}.frame(), Verdict::answered}});
}

TEST(Classify, DropsLyingLengths) {
  const Octets udp4 = Udp{}.frame(), udp6 = Udp{.v6 = true}.frame();
  check({
      {"UDP length 7", Udp{.udp_size = 7}.frame(), Verdict::bad_udp_length},
      {"UDP length 0", Udp{.udp_size = 0}.frame(), Verdict::bad_udp_length},
      {"UDP length beyond IP's", Udp{.udp_size = 38}.frame(), Verdict::bad_udp_length},
      {"UDP length beyond IP's, though the frame's padding would reach",
       Udp{.udp_size = 38, .trailer = Octets(8, '\0')}.frame(), Verdict::bad_udp_length},
      {"UDP length 65535", Udp{.udp_size = 65535}.frame(), Verdict::bad_udp_length},
      {"UDP length 7, IPv6", Udp{.v6 = true, .udp_size = 7}.frame(), Verdict::bad_udp_length},
      {"UDP length beyond IPv6's", Udp{.v6 = true, .udp_size = 38}.frame(), Verdict::bad_udp_length},
      {"IP ends within the UDP header", Udp{.ip_size = 27}.frame(), Verdict::bad_udp_length},
      {"IPv6 payload length 0", Udp{.v6 = true, .ip_size = 0}.frame(), Verdict::bad_udp_length},
      {"IP version 5", changed(udp4, [](Octets& f) { f[14] = 0x55; }), Verdict::bad_ip_header},
      {"IPv6 EtherType, version 4", set_octet(udp6, 14, 0x45), Verdict::bad_ip_header},
      {"IHL 4", changed(udp4, [](Octets& f) { f[14] = 0x44; }), Verdict::bad_ip_header},
      {"IHL 0", set_octet(udp4, 14, 0x40), Verdict::bad_ip_header},
      {"IP total length below its header", Udp{.ip_size = 19}.frame(), Verdict::bad_ip_header},
      {"IP total length beyond the frame (af_packet cut it)", Udp{.ip_size = 58}.frame(), Verdict::truncated},
      {"IPv6 payload length beyond the frame", Udp{.v6 = true, .ip_size = 38}.frame(), Verdict::truncated},
      {"ICMPv6 without a type", set_octet(Udp{.v6 = true, .ip_size = 0}.frame(), 20, 58), Verdict::truncated},
  });
}

TEST(Classify, DropsFramesCutAnywhere) {
  const Octets tag = octets16(0x8100) + octets16(100);
  for (const Octets& whole :
       {Udp{}.frame(), Udp{.v6 = true}.frame(), Udp{.tags = tag}.frame(), Udp{.v6 = true, .tags = tag}.frame()}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      Datagram datagram;
      EXPECT_EQ(read(verdict_on(whole.substr(0, size), datagram)), "truncated")
          << size << " of " << whole.size() << " octets";
    }
  }
}

TEST(Classify, DropsBadChecksums) {
  check({
      {"IPv4 header checksum", set_octet(Udp{}.frame(), 24, 0x5A), Verdict::bad_ip_checksum},
      {"UDP checksum", Udp{.udp_checksum = 0x1234}.frame(), Verdict::bad_udp_checksum},
      {"a flipped bit in the message", set_octet(Udp{}.frame(), 45, 0xFF), Verdict::bad_udp_checksum},
      {"UDP checksum, IPv6", Udp{.v6 = true, .udp_checksum = 0x1234}.frame(), Verdict::bad_udp_checksum},
      {"no UDP checksum on IPv6", Udp{.v6 = true, .udp_checksum = 0}.frame(), Verdict::bad_udp_checksum},
  });
}

TEST(Classify, BelievesTheDeviceThatVerified) {
  Datagram datagram;
  EXPECT_EQ(verdict_on(Udp{.udp_checksum = 0x1234}.frame(), datagram, port(), {.ip = true, .udp = true}),
            Verdict::answered);
  EXPECT_EQ(verdict_on(set_octet(Udp{}.frame(), 24, 0x5A), datagram, port(), {.ip = true, .udp = true}),
            Verdict::answered);
  EXPECT_EQ(verdict_on(Udp{.udp_checksum = 0x1234}.frame(), datagram, port(), {.ip = true}), Verdict::bad_udp_checksum);
  EXPECT_EQ(verdict_on(Udp{.v6 = true, .udp_checksum = 0}.frame(), datagram, port(), {.ip = true, .udp = true}),
            Verdict::bad_udp_checksum)
      << "there was nothing to verify";
}

TEST(Classify, DropsNeighbourDiscoveryFromAfar) {
  for (unsigned type = 133; type <= 137; ++type) {
    const Octets frame = set_octet(set_octet(set_octet(Udp{.v6 = true}.frame(), 20, 58), 54, type), 21, 254);
    check({{"hop limit 254", frame, Verdict::bad_neighbour}});
  }
}

TEST(Classify, DropsQueriesLargerThanTheMtu) {
  Datagram datagram;
  const Octets large = Udp{.payload = dns_query() + Octets(543, 'x')}.frame();  // an IP packet of 600 octets
  EXPECT_EQ(verdict_on(large, datagram, port(600)), Verdict::answered);
  EXPECT_EQ(verdict_on(large, datagram, port(599)), Verdict::oversize);
}

// ---- the response ----

struct Reply {
  Octets frame;
  unsigned size;
};

Reply reply_to(const Octets& request, const Octets& response, const Interface& interface = port()) {
  Datagram datagram;
  std::vector<uint8_t> room(2048, 0xEE);
  std::copy(request.begin(), request.end(), room.begin());
  EXPECT_EQ(classify({room.data(), request.size()}, {}, interface, datagram), Verdict::answered);
  EXPECT_LE(response.size(), dns_capacity(datagram, 2048, interface));
  std::copy(response.begin(), response.end(), room.begin() + datagram.dns_at());
  const unsigned size = turn_round(room.data(), datagram, static_cast<unsigned>(response.size()), interface);
  return {{room.begin(), room.begin() + size}, size};
}

TEST(TurnRound, MakesAnIpv4Response) {
  for (const Octets& payload : {Octets(100, 'r'), Octets(101, 'r'), Octets(1232, '\xFF'), Octets(1472, '\0')}) {
    const Octets frame = reply_to(Udp{}.frame(), payload).frame;
    ASSERT_EQ(frame.size(), 42 + payload.size());
    EXPECT_EQ(frame.substr(0, 14), kPeerMac + kOurMac + octets16(0x0800));
    const Octets ip = frame.substr(14, 20), udp = frame.substr(34);
    EXPECT_EQ(ip.substr(0, 2), Octets("\x45\x00", 2)) << "DSCP and ECN are not the client's to choose";
    EXPECT_EQ(read16(ip, 2), 28 + payload.size());
    EXPECT_EQ(read16(ip, 6), 0x4000U);
    EXPECT_EQ(ip.substr(8, 2), "\x40\x11");
    EXPECT_EQ(internet_checksum(ip), 0U);
    EXPECT_EQ(ip.substr(12), ip_octets(kOurs4) + ip_octets(kPeer4));
    EXPECT_EQ(udp.substr(0, 6), octets16(53) + octets16(40000) + octets16(static_cast<unsigned>(8 + payload.size())));
    EXPECT_EQ(
        internet_checksum(pseudo_header(ip_octets(kOurs4), ip_octets(kPeer4), static_cast<unsigned>(udp.size())) + udp),
        0U);
    EXPECT_EQ(udp.substr(8), payload);
  }
}

TEST(TurnRound, MakesAnIpv6Response) {
  for (const Octets& payload : {Octets(100, 'r'), Octets(101, 'r'), Octets(1232, '\xFF'), Octets(1452, '\0')}) {
    const Octets frame = reply_to(Udp{.v6 = true}.frame(), payload).frame;
    ASSERT_EQ(frame.size(), 62 + payload.size());
    EXPECT_EQ(frame.substr(0, 14), kPeerMac + kOurMac + octets16(0x86DD));
    const Octets ip = frame.substr(14, 40), udp = frame.substr(54);
    EXPECT_EQ(ip.substr(0, 4), Octets("\x60\0\0\0", 4));
    EXPECT_EQ(read16(ip, 4), udp.size());
    EXPECT_EQ(ip.substr(6, 2), "\x11\x40");
    EXPECT_EQ(ip.substr(8), ip_octets(kOurs6) + ip_octets(kPeer6));
    EXPECT_EQ(
        internet_checksum(pseudo_header(ip_octets(kOurs6), ip_octets(kPeer6), static_cast<unsigned>(udp.size())) + udp),
        0U);
    EXPECT_EQ(udp.substr(8), payload);
  }
}

TEST(TurnRound, KeepsTheVlanTag) {
  const Octets tag = octets16(0x8100) + octets16(0xA064);
  EXPECT_EQ(reply_to(Udp{.tags = tag}.frame(), Octets(50, 'r')).frame.substr(12, 6), tag + octets16(0x0800));
  EXPECT_EQ(reply_to(Udp{.v6 = true, .tags = tag}.frame(), Octets(50, 'r')).frame.substr(12, 6),
            tag + octets16(0x86DD));
}

TEST(TurnRound, PadsWithZeros) {
  const Reply reply = reply_to(Udp{}.frame(), Octets(12, 'r'));
  EXPECT_EQ(reply.size, 60U);
  EXPECT_EQ(reply.frame.substr(54), Octets(6, '\0')) << "and not with what was in the buffer";
  EXPECT_EQ(read16(reply.frame, 16), 40U) << "padding is not part of the packet";
}

TEST(TurnRound, NeverSendsChecksumZero) {
  // Finds the two octets that make the sum come out as zero, by trying.
  for (const bool v6 : {false, true}) {
    const Octets request = Udp{.v6 = v6}.frame();
    const size_t checksum_at = v6 ? 60 : 40;
    Octets payload(30, 'r');
    write16(payload, 0, 0);
    const unsigned sum = read16(reply_to(request, payload).frame, checksum_at);
    write16(payload, 0, sum);
    EXPECT_EQ(read16(reply_to(request, payload).frame, checksum_at), 0xFFFFU);
  }
}

TEST(TurnRound, LeavesToTheDeviceWhatItOffered) {
  Interface interface = port();
  interface.checksum_offload = true;
  for (const bool v6 : {false, true}) {
    const Octets frame = reply_to(Udp{.v6 = v6}.frame(), Octets(100, 'r'), interface).frame;
    const Octets pseudo = v6 ? pseudo_header(ip_octets(kOurs6), ip_octets(kPeer6), 108)
                             : pseudo_header(ip_octets(kOurs4), ip_octets(kPeer4), 108);
    EXPECT_EQ(read16(frame, v6 ? 60 : 40), ~internet_checksum(pseudo) & 0xFFFF) << "the pseudo-header's sum";
    if (!v6) {
      EXPECT_EQ(read16(frame, 24), 0U);
    }
  }
}

TEST(Capacity, IsBoundedByMtuAndBuffer) {
  Datagram v4{14, 20, 29}, v6{18, 40, 29};
  EXPECT_EQ(dns_capacity(v4, 2048, port(1500)), 1472U);
  EXPECT_EQ(dns_capacity(v6, 2048, port(1500)), 1452U);
  EXPECT_EQ(dns_capacity(v4, 2048, port(1281)), 1253U) << "odd MTU";
  EXPECT_EQ(dns_capacity(v4, 500, port(1500)), 458U);
  EXPECT_EQ(dns_capacity(v6, 500, port(9000)), 434U);
}

TEST(IpPacket, IsWhatStandsBetweenEthernetAndPadding) {
  const auto packet_in = [](const Octets& frame) {
    const std::vector<uint8_t> exact(frame.begin(), frame.end());
    const Bytes packet = ip_packet_in(exact);
    return Octets(packet.begin(), packet.end());
  };
  const Octets tag = octets16(0x8100) + octets16(123), padding(20, '\0');
  for (const bool v6 : {false, true}) {
    const Octets packet = Udp{.v6 = v6}.frame().substr(14);
    EXPECT_EQ(packet_in(Udp{.v6 = v6}.frame()), packet);
    EXPECT_EQ(packet_in(Udp{.v6 = v6, .tags = tag}.frame()), packet);
    EXPECT_EQ(packet_in(Udp{.v6 = v6, .trailer = padding}.frame()), packet);
    const Octets frame = Udp{.v6 = v6}.frame();
    EXPECT_EQ(packet_in(frame.substr(0, frame.size() - 1)), "") << "shorter than it says";
    EXPECT_EQ(packet_in(Udp{.v6 = v6, .tags = tag + tag}.frame()), "");
    EXPECT_EQ(packet_in(set_octet(frame, 14, 0x55)), "") << "another version";
  }
  EXPECT_EQ(packet_in(Udp{.ip_size = 19}.frame()), "") << "smaller than its header";
  for (size_t size = 0; size < 34; ++size) EXPECT_EQ(packet_in(Udp{}.frame().substr(0, size)), "");
  EXPECT_EQ(packet_in(set_octet(Udp{}.frame(), 13, 6)), "") << "ARP";
}

TEST(Verdicts, HaveNamesOfTheirOwn) {
  std::vector<std::string_view> names;
  for (unsigned i = 0; i < kVerdicts; ++i) names.push_back(name_of(static_cast<Verdict>(i)));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  for (unsigned i = 0; i < kPuntClasses; ++i)
    EXPECT_TRUE(name_of(over_budget(static_cast<PuntClass>(i))).ends_with("_over_budget"));
}

}  // namespace
}  // namespace axfrd::dataplane
