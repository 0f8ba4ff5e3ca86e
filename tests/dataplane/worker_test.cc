// A worker's turn over a real (net_ring) port: frames in, frames out, and counters that add up.
#include "dataplane/worker.h"

#include <gtest/gtest.h>

#include "rig.h"
#include "zones/text/zonefile.h"

namespace axfrd::dataplane {
namespace {

using namespace test;

const testing::Environment* const eal = testing::AddGlobalTestEnvironment(new EalEnvironment);

uint64_t count_of(const std::vector<NamedCount>& counts, std::string_view name) {
  const auto it = std::find_if(counts.begin(), counts.end(), [&](const NamedCount& c) { return c.name == name; });
  return it != counts.end() ? it->value : ~uint64_t{0};
}
uint64_t sum_of(const std::vector<NamedCount>& counts) {
  uint64_t sum = 0;
  for (const NamedCount& c : counts) sum += c.value;
  return sum;
}

class WorkerTest : public testing::Test {
 protected:
  explicit WorkerTest(RateLimitOptions rate_limit = {}) : rate_limit_(rate_limit) {
    std::string text = "$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.80\n";
    for (int i = 0; i < 12; ++i) text += "big TXT \"" + std::to_string(i) + std::string(200, 'x') + "\"\n";
    auto parsed = zones::parse_zone(text, *zones::Name::from_text("example"), "test");
    retired_ = zones_.publish(zones::ZoneVersion::build(std::get<zones::ZoneText>(parsed).records));
  }
  // Whatever a test did, every packet was accounted for and every buffer came back.
  void TearDown() override {
    const WorkerStats s = stats();
    EXPECT_EQ(s.received, s.answered + s.neighbours + sum_of(s.punted) + sum_of(s.dropped));
    EXPECT_EQ(s.answered + s.neighbours + s.from_kernel, s.transmitted + s.untransmitted);
    EXPECT_EQ(sum_of(s.responses), s.answered);
    wire_.sent();
    drain(rings_.urgent);
    drain(rings_.bulk);
    EXPECT_EQ(wire_.port().buffers_in_use(), 0U);
  }

  static zones::ResponderOptions large_answers() {
    zones::ResponderOptions options;
    options.udp_payload = 4096;
    return options;
  }

  Octets frame(Udp udp) const {
    udp.destination_mac = wire_.mac();
    return udp.frame();
  }
  Octets tcp(unsigned flags) const {
    Octets f = frame(Udp{});
    f.replace(23, 1, "\6");
    f.replace(34 + 13, 1, 1, static_cast<char>(flags));
    return f;
  }
  Octets arp() const { return Octets(6, '\xFF') + kPeerMac + octets16(0x0806) + Octets(46, '\1'); }

  // Turns until nothing is left to do.
  void work() {
    while (worker_.turn()) {
    }
  }
  WorkerStats stats() const { return read_stats(worker_.counters()); }
  unsigned drain(MbufRing& ring) {
    unsigned n = 0;
    for (rte_mbuf* packet; ring.receive({&packet, 1}) == 1; ++n) rte_pktmbuf_free(packet);
    return n;
  }

  Wire wire_{"worker" + std::to_string(++serial_)};
  MbufRing from_kernel_{"worker_kernel", 64, -1};
  PuntRings rings_{0};
  PollRing polls_{0};
  zones::ZoneTable zones_;
  zones::ZoneTable::Retired retired_;
  zones::CookieJar cookies_;
  zones::Responder responder_{zones_, cookies_, large_answers()};
  Rcu rcu_{1};
  std::atomic<bool> stop_{false};
  const RateLimitOptions rate_limit_;
  Worker worker_{{0, {{&wire_.port(), &from_kernel_}}, &rings_, &polls_, false, rate_limit_}, responder_, rcu_, stop_};

 private:
  static inline unsigned serial_ = 0;  // a net_ring device's name is never free again
};

TEST_F(WorkerTest, AnswersAQuery) {
  wire_.arrive(frame(Udp{}));
  EXPECT_TRUE(worker_.turn());
  EXPECT_FALSE(worker_.turn());
  const std::vector<Octets> sent = wire_.sent();
  ASSERT_EQ(sent.size(), 1U);
  const Octets& reply = sent[0];
  EXPECT_EQ(reply.substr(0, 12), kPeerMac + wire_.mac());
  EXPECT_EQ(internet_checksum(reply.substr(14, 20)), 0U);
  const Octets dns = reply.substr(42);
  EXPECT_EQ(read16(dns, 0), 0xABCDU);
  EXPECT_EQ(read16(dns, 2), 0x8500U) << "QR, AA, RD as asked, NOERROR";
  EXPECT_EQ(read16(dns, 6), 1U);
  EXPECT_EQ(dns.substr(dns.size() - 4), ip_octets("192.0.2.80"));
  EXPECT_EQ(count_of(stats().responses, "NOERROR"), 1U);
}

TEST_F(WorkerTest, AnswersWhoLooksForOurMacAddressHoweverManyDo) {
  const Octets ask = Octets(6, '\xFF') + kPeerMac + octets16(0x0806) + octets16(1) + octets16(0x0800) +
                     Octets("\6\4", 2) + octets16(1) + kPeerMac + ip_octets(kPeer4) + Octets(6, '\0') +
                     ip_octets(kOurs4) + Octets(18, '\0');
  constexpr unsigned kMany = 3000;  // more than the budget of what the kernel gets
  unsigned answered = 0;
  for (unsigned i = 0; i < kMany; ++i) {
    wire_.arrive(ask);
    work();
    answered += static_cast<unsigned>(wire_.sent().size());
  }
  EXPECT_EQ(answered, kMany);
  EXPECT_EQ(stats().neighbours, kMany);
  EXPECT_EQ(stats().answered, 0U) << "which are queries";
}

TEST_F(WorkerTest, GivesEachPacketOfABurstItsVerdict) {
  const Octets tag = octets16(0x8100) + octets16(100);
  const Octets dns = dns_query();
  const std::vector<std::pair<Octets, std::string>> burst = {
      {frame(Udp{}), "answered"},
      {frame(Udp{.v6 = true}), "answered"},
      {frame(Udp{.tags = tag}), "answered"},
      {frame(Udp{.payload = dns_query(Octets("\3www\7nowhere\0", 13))}), "answered"},             // REFUSED
      {frame(Udp{.payload = dns_query(Octets("\4none\7example\0", 14))}), "answered"},            // NXDOMAIN
      {frame(Udp{.payload = dns_query(Octets("\7example\0", 9), 252)}), "answered"},              // AXFR: NOTIMP
      {frame(Udp{.payload = dns_query(Octets("\7example\0", 9), 6, 0x1000)}), "answered"},        // opcode 2: NOTIMP
      {frame(Udp{.payload = dns.substr(0, 20)}), "answered"},                                     // cut short: FORMERR
      {frame(Udp{.payload = dns_query(Octets("\7example\0", 9), 6, 0x2000)}), "dns_privileged"},  // NOTIFY
      {frame(Udp{.payload = dns_query(Octets("\7example\0", 9), 6, 0x2800)}), "dns_privileged"},  // UPDATE
      {frame(Udp{.payload = dns_query(Octets("\7example\0", 9), 6, 0x8000)}), "not_a_query"},     // a response
      {frame(Udp{.payload = dns.substr(0, 11)}), "not_a_query"},
      {frame(Udp{.payload = ""}), "not_a_query"},
      {frame(Udp{.udp_checksum = 1}), "bad_udp_checksum"},
      {frame(Udp{.destination_port = 5353}), "udp"},
      {Udp{.destination_mac = kOurMac}.frame(), "foreign"},
      {arp(), "arp"},
      {tcp(0x02), "tcp_open"},
      {tcp(0x10), "tcp"},
      {"short", "truncated"},
  };
  std::map<std::string, uint64_t> expected;
  for (const auto& [octets, verdict] : burst) {
    wire_.arrive(octets);
    ++expected[verdict];
  }
  EXPECT_TRUE(worker_.turn());

  const WorkerStats s = stats();
  std::map<std::string, uint64_t> counted = {{"answered", s.answered}};
  for (const auto& counts : {s.punted, s.dropped}) {
    for (const NamedCount& c : counts) {
      if (c.value != 0) counted[std::string(c.name)] = c.value;
    }
  }
  EXPECT_EQ(counted, expected);
  EXPECT_EQ(wire_.sent().size(), 8U);
  EXPECT_EQ(count_of(s.responses, "REFUSED"), 1U);
  EXPECT_EQ(count_of(s.responses, "NXDOMAIN"), 1U);
  EXPECT_EQ(count_of(s.responses, "NOTIMP"), 2U);
  EXPECT_EQ(count_of(s.responses, "FORMERR"), 1U);
  EXPECT_EQ(drain(rings_.urgent), 1U) << "ARP";
  EXPECT_EQ(drain(rings_.bulk), 5U);
}

// A SOA or IXFR question of a zone's apex, the latter with a SOA of that serial in its authority section.
Octets poll_of(const Octets& apex, std::optional<unsigned> serial = {}) {
  if (!serial) return dns_query(apex, 6);
  Octets message = dns_query(apex, 251);
  message.replace(8, 2, octets16(1));
  const Octets numbers = octets16(*serial >> 16) + octets16(*serial & 0xFFFF) + Octets(16, '\0');
  return message + octets16(0xC00C) + octets16(6) + octets16(1) + Octets(4, '\0') + octets16(22) + Octets(2, '\0') +
         numbers;
}

TEST_F(WorkerTest, NotesWhoPollsAZoneThatHasSecondaries) {
  zones::Attributes attributes;
  attributes.secondary_dns = std::make_shared<const zones::SecondaryDns>(zones::SecondaryDns{true, {}, {}, {}});
  const auto parsed =
      zones::parse_zone("@ 60 SOA ns h 7 1 1 1 1\nw 60 A 192.0.2.1\n", *zones::Name::from_text("other"), "test");
  const auto retired = zones_.publish(zones::ZoneVersion::build(std::get<zones::ZoneText>(parsed).records, attributes));
  const Octets other("\5other\0", 7);
  wire_.arrive(frame(Udp{.source = "192.0.2.7", .payload = poll_of(other)}));
  wire_.arrive(frame(Udp{.v6 = true, .payload = poll_of(other, 0x12345678)}));
  wire_.arrive(frame(Udp{.payload = poll_of(Octets("\1w\5other\0", 9))}));
  wire_.arrive(frame(Udp{.payload = dns_query(other, 1)}));
  wire_.arrive(frame(Udp{.payload = poll_of(Octets("\7example\0", 9))}));  // has none
  work();
  std::array<Poll, 8> polls;
  ASSERT_EQ(polls_.take(polls), 2U);
  EXPECT_EQ(polls[0].zone, zones::NameHash::process().of(*zones::Name::from_text("other")));
  EXPECT_EQ(polls[0].address, (std::array<uint8_t, 16>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 7}));
  EXPECT_EQ(polls[0].states_serial, 0U);
  EXPECT_EQ(polls[1].states_serial, 1U);
  EXPECT_EQ(polls[1].serial, 0x12345678U);
}

TEST_F(WorkerTest, TellsTheKernelWhichPortAPacketCameFrom) {
  wire_.arrive(arp());
  work();
  rte_mbuf* packet = nullptr;
  ASSERT_EQ(rings_.urgent.receive({&packet, 1}), 1U);
  EXPECT_EQ(packet->port, wire_.port().id());
  EXPECT_EQ(take_octets(packet), arp()) << "as it came";
}

TEST_F(WorkerTest, PuntsPacketsInSeveralPieces) {
  rte_mbuf* head = packet_of(wire_.port().pool(), frame(Udp{}).substr(0, 50));
  ASSERT_EQ(rte_pktmbuf_chain(head, packet_of(wire_.port().pool(), frame(Udp{}).substr(50))), 0);
  wire_.arrive(head);
  work();
  EXPECT_EQ(count_of(stats().punted, "segmented"), 1U);
}

TEST_F(WorkerTest, TruncatesWhatTheMtuDoesNotCarry) {
  Octets query = dns_query(Octets("\3big\7example\0", 13), 16);
  query.replace(10, 2, octets16(1));
  query += Octets(1, '\0') + octets16(41) + octets16(4096) + Octets(6, '\0');  // OPT
  wire_.arrive(frame(Udp{.payload = query}));
  work();
  const std::vector<Octets> sent = wire_.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_LE(sent[0].size(), 1514U);
  EXPECT_EQ(read16(sent[0], 44) & 0x0200, 0x0200U) << "TC";
}

TEST_F(WorkerTest, SendsWhatTheKernelSays) {
  std::vector<Octets> said;
  for (int i = 0; i < 40; ++i) {
    said.push_back(arp() + std::to_string(i));
    rte_mbuf* packet = packet_of(wire_.port().pool(), said.back());
    ASSERT_EQ(from_kernel_.send({&packet, 1}), 1U);
  }
  work();
  EXPECT_EQ(wire_.sent(), said);
  EXPECT_EQ(stats().from_kernel, 40U);
}

TEST_F(WorkerTest, CountsAndFreesWhatThePortDoesNotTake) {
  for (int i = 0; i < 200; ++i) wire_.arrive(frame(Udp{}));  // the wire takes 63
  work();
  EXPECT_EQ(stats().answered, 200U);
  EXPECT_EQ(stats().transmitted, 63U);
  EXPECT_EQ(stats().untransmitted, 137U);
}

TEST_F(WorkerTest, FullRingsDropAndDoNotHoldUpOthers) {
  constexpr unsigned kFlood = 6000;
  for (unsigned i = 0; i < kFlood; ++i) wire_.arrive(frame(Udp{.destination_port = 5353}));
  work();
  wire_.arrive(arp());
  wire_.arrive(frame(Udp{}));
  work();
  const WorkerStats s = stats();
  EXPECT_EQ(count_of(s.punted, "udp"), PuntRings::kBulk - 1);
  EXPECT_EQ(count_of(s.dropped, "kernel_path_full"), kFlood - (PuntRings::kBulk - 1));
  EXPECT_EQ(count_of(s.punted, "arp"), 1U) << "neighbours have a ring of their own";
  EXPECT_EQ(s.answered, 1U);
}

TEST_F(WorkerTest, ASynFloodSpendsItsOwnBudgetOnly) {
  constexpr unsigned kFlood = 7000;
  for (unsigned i = 0; i < kFlood; ++i) {
    wire_.arrive(tcp(0x02));
    worker_.turn();
    if (i % 1000 == 0) drain(rings_.bulk);
  }
  wire_.arrive(tcp(0x10));
  wire_.arrive(arp());
  work();
  const WorkerStats s = stats();
  EXPECT_EQ(count_of(s.punted, "tcp_open") + count_of(s.dropped, "tcp_open_over_budget"), kFlood);
  EXPECT_GE(count_of(s.punted, "tcp_open"), 5000U);
  EXPECT_EQ(count_of(s.punted, "tcp"), 1U);
  EXPECT_EQ(count_of(s.punted, "arp"), 1U);
}

class RateLimitedWorkerTest : public WorkerTest {
 protected:
  RateLimitedWorkerTest() : WorkerTest({.rate = 10, .slip = 2}) {}

  // The DNS messages that are sent in answer to `n` such datagrams.
  std::vector<Octets> replies(unsigned n, const Udp& udp) {
    std::vector<Octets> all;
    for (unsigned i = 0; i < n; ++i) {
      wire_.arrive(frame(udp));
      work();
      for (const Octets& reply : wire_.sent()) all.push_back(reply.substr(14 + (udp.v6 ? 40 : 20) + 8));
    }
    return all;
  }
  static unsigned count_of_truncated(const std::vector<Octets>& replies) {
    return static_cast<unsigned>(
        std::count_if(replies.begin(), replies.end(), [](const Octets& reply) { return (reply[2] & 2) != 0; }));
  }
};

Octets with_cookie(Octets query, const Octets& cookie) {
  query.replace(10, 2, octets16(1));
  const auto size = static_cast<unsigned>(cookie.size());
  return query + Octets(1, '\0') + octets16(41) + octets16(1232) + Octets(4, '\0') + octets16(size + 4) + octets16(10) +
         octets16(size) + cookie;
}

TEST_F(RateLimitedWorkerTest, OneNetworkGetsSoManyAnswersAndTheRestIsTruncatedOrDropped) {
  for (const bool v6 : {false, true}) {
    const std::vector<Octets> all = replies(50, {.v6 = v6});
    const unsigned truncated = count_of_truncated(all), whole = static_cast<unsigned>(all.size()) - truncated;
    EXPECT_GE(whole, 10U);
    EXPECT_LE(whole, 12U) << "on a slow machine one or two more";
    EXPECT_NEAR(truncated, 20, 1);
    for (const Octets& reply : all) {
      if ((reply[2] & 2) != 0) {
        EXPECT_EQ(reply.size(), dns_query().size()) << "no larger than what came";
      }
    }
  }
  const WorkerStats s = stats();
  EXPECT_NEAR(static_cast<double>(s.slipped), 40, 2);
  EXPECT_EQ(s.answered + count_of(s.dropped, "rate_limited"), 100U);
  EXPECT_EQ(replies(1, {.source = "198.51.100.1"}).size(), 1U) << "another network";
  EXPECT_EQ(count_of_truncated(replies(1, {.payload = dns_query(Octets("\2ns\7example\0", 12))})), 0U)
      << "another name";
}

TEST_F(RateLimitedWorkerTest, ErrorsAreLimitedAndStayErrors) {
  const std::vector<Octets> all = replies(50, {.payload = dns_query(Octets("\7nowhere\0", 9))});
  EXPECT_NEAR(static_cast<double>(all.size()), 30, 2);
  EXPECT_EQ(count_of_truncated(all), 0U);
  EXPECT_EQ(count_of(stats().responses, "REFUSED"), all.size());
}

TEST_F(RateLimitedWorkerTest, RandomNamesOfAZoneCountAsOne) {
  for (unsigned i = 0; i < 50; ++i) {
    const std::string label = std::to_string(1000 + i);
    replies(1, {.payload = dns_query(Octets("\4") + label + Octets("\7example\0", 9))});
  }
  EXPECT_GE(count_of(stats().dropped, "rate_limited"), 18U);
}

TEST_F(RateLimitedWorkerTest, AClientThatTakesCookiesIsToldTheRightOneAndIsFree) {
  const std::vector<Octets> limited = replies(50, {.payload = with_cookie(dns_query(), "clients.")});
  const uint64_t bad = count_of(stats().responses, "BADCOOKIE");
  EXPECT_NEAR(static_cast<double>(bad), 20, 1);
  EXPECT_EQ(count_of_truncated(limited), 0U);
  const Octets cookie = limited.back().substr(limited.back().size() - 24);
  EXPECT_EQ(cookie.substr(0, 8), "clients.");
  EXPECT_EQ(replies(100, {.payload = with_cookie(dns_query(), cookie)}).size(), 100U);
  EXPECT_EQ(count_of(stats().responses, "BADCOOKIE"), bad);
  EXPECT_LE(replies(100, {.source = "192.0.2.102", .payload = with_cookie(dns_query(), cookie)}).size(), 52U)
      << "somebody else's cookie";
}

TEST_F(WorkerTest, HoldsNobodyUpBetweenTurns) {
  wire_.arrive(frame(Udp{}));
  work();
  EXPECT_TRUE(rcu_.passed(rcu_.start()));
}

TEST_F(WorkerTest, OnItsWayOutSendsWhatIsLeft) {
  for (int i = 0; i < 50; ++i) {
    rte_mbuf* packet = packet_of(wire_.port().pool(), arp());
    ASSERT_EQ(from_kernel_.send({&packet, 1}), 1U);
  }
  stop_ = true;
  worker_.run();
  EXPECT_EQ(wire_.sent().size(), 50U);
}

}  // namespace
}  // namespace axfrd::dataplane
