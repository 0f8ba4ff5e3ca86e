#include "zones/answer/transfer.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

const std::string kSoaAndNs =
    "$TTL 3600\n@ IN SOA ns.elsewhere.test. host.elsewhere.test. 42 3600 900 604800 300\n@ NS ns\n";

struct Received {
  std::vector<Decoded> messages;
  std::vector<std::string> records;  // in order, SOAs included
};

Received receive(const VersionRef& version, bool edns = false) {
  QueryBytes q(version->apex().name.to_text(), rrtype::AXFR, Transport::tcp);
  if (edns) q.edns(1232, false, 0, edns_option(option::EXPIRE) + edns_option(option::ZONEVERSION));
  EXPECT_EQ(q.parse(), Disposition::transfer);
  Transfer transfer(version, q.query, Server().responder.opt(q.query, *version));
  Received r;
  for (const std::string& m : drain(transfer)) {
    r.messages.push_back(Decoded::read(bytes_of(m)));
    for (const auto& line : r.messages.back().answer) r.records.push_back(line);
  }
  return r;
}

void expect_zone(const Received& r, const ZoneVersion& version) {
  const std::string soa = show(version.soa_record().view());
  ASSERT_GE(r.records.size(), 2U);
  EXPECT_EQ(r.records.front(), soa);
  EXPECT_EQ(r.records.back(), soa);
  EXPECT_EQ(std::multiset<std::string>(r.records.begin() + 1, r.records.end() - 1), records_of(version));
}

TEST(Transfer, ASmallZoneIsOneMessage) {
  const auto version = zone_of("example.", kSoaAndNs + "ns A 192.0.2.1\nmail MX 10 mail.elsewhere.test.\n");
  const Received r = receive(version);
  ASSERT_EQ(r.messages.size(), 1U);
  EXPECT_TRUE(r.messages[0].qr && r.messages[0].aa);
  EXPECT_EQ(r.messages[0].id, 0x1234U);
  EXPECT_EQ(r.messages[0].questions, 1U);
  expect_zone(r, *version);
}

TEST(Transfer, AZoneOfItsSoaAloneIsTheSoaTwice) {
  const auto version = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n");
  const Received r = receive(version);
  ASSERT_EQ(r.messages.size(), 1U);
  EXPECT_EQ(r.records.size(), 2U);
}

// Of the kinds of names that a provider's SOA has: each shares other labels with the apex.
TEST(Transfer, TheNamesOfTheSoaMayShareAnyOfTheApexsLabels) {
  const struct {
    const char *apex, *mname, *rname;
  } cases[] = {
      {"customer.com.", "ns1.provider.com.", "hostmaster.provider.com."},
      {"customer.co.uk.", "ns1.provider.co.uk.", "hostmaster.provider.uk."},
      {"a.b.customer.com.", "ns1.customer.com.", "hostmaster.b.customer.com."},
      {"customer.com.", "customer.com.", "com."},
      {"customer.com.", "com.", "customer.com."},
      {"customer.com.", ".", "."},
      {"customer.com.", "ns1.CUSTOMER.com.", "hostmaster.provider.COM."},
      {"customer.com.", "a.very.long.name.of.a.primary.server.in.customer.com.", "a.customer.com."},
      {"2.0.192.in-addr.arpa.", "ns1.in-addr.arpa.", "hostmaster.arpa."},
      {"xn--bcher-kva.example.", "ns1.xn--bcher-kva.example.", "x.example."},
  };
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "host" + std::to_string(i) + " A 192.0.2.1\n";
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.apex) + " " + c.mname);
    const std::string head =
        std::string("$TTL 60\n@ SOA ") + c.mname + " " + c.rname + " 1 2 3 4 5\n@ NS " + c.mname + "\n";
    for (const std::string& rest : {std::string(), std::string("www A 192.0.2.1\n"), many}) {
      const auto version = zone_of(c.apex, head + rest);
      expect_zone(receive(version), *version);
      expect_zone(receive(version, true), *version);
    }
  }
}

TEST(Transfer, ALargeZoneFillsMessagesAndOpensWithData) {
  std::string text = kSoaAndNs;
  for (int i = 0; i < 30000; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
  const auto version = zone_of("example.", text);
  const Received r = receive(version);
  expect_zone(r, *version);
  EXPECT_EQ(r.messages.size(), version->page_count());
  EXPECT_GT(r.messages[0].answer.size(), 100U);
  for (const Decoded& m : r.messages) EXPECT_LE(m.size, 16384U);
}

TEST(Transfer, HugeRecordsGetMessagesOfTheirOwn) {
  std::string big = "big TXT";
  for (int i = 0; i < 250; ++i) big += " \"" + std::string(255, 'x') + "\"";
  for (const char* owner : {"a", "zz", "@"}) {
    std::string line = big;
    line.replace(0, 3, owner);
    const auto version = zone_of("example.", kSoaAndNs + "before A 192.0.2.1\n" + line + "\nz.after A 192.0.2.2\n");
    expect_zone(receive(version), *version);
  }
}

// The opening SOA must not take the room that a TSIG needs.
TEST(Transfer, EveryMessageLeavesRoomForASignature) {
  const std::string label(60, 'x');
  const std::string far = label + "." + label + "." + label + ".";
  const std::string head = "$TTL 60\n@ SOA m." + far + " r." + far + " 1 2 3 4 5\n";
  for (const size_t octets : {64000, 64300, 64400, 64500, 64600, 64800, 64900, 64960}) {
    std::string hex;
    for (size_t i = 0; i < octets; ++i) hex += "41";
    const auto version = zone_of("example.", head + "@ TYPE65281 \\# " + std::to_string(octets) + " " + hex + "\n");
    QueryBytes q("example.", rrtype::AXFR, Transport::tcp);
    EXPECT_EQ(q.parse(), Disposition::transfer);
    Transfer transfer(version, q.query, "");
    for (const std::string& m : drain(transfer)) EXPECT_LE(m.size() + kRoomForSignature, kMaxMessage) << octets;
  }
}

TEST(Transfer, ANameOfManyRecordsSpansMessages) {
  std::string text = kSoaAndNs;
  for (int i = 0; i < 2000; ++i) text += "@ A 10.1." + std::to_string(i / 256) + "." + std::to_string(i % 256) + "\n";
  const auto version = zone_of("example.", text);
  const Received r = receive(version);
  expect_zone(r, *version);
  EXPECT_GT(r.messages.size(), 1U);
}

TEST(Transfer, CarriesOccludedNamesAndGlue) {
  const auto version = zone_of(
      "example.",
      kSoaAndNs + "sub NS ns.sub\nns.sub A 192.0.2.1\nhidden.sub TXT x\nd DNAME other.test.\nbelow.d A 192.0.2.9\n");
  expect_zone(receive(version), *version);
}

TEST(Transfer, AnnouncesEdnsOnceWhenAsked) {
  std::string text = kSoaAndNs;
  for (int i = 0; i < 3000; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
  const Received r = receive(zone_of("example.", text), true);
  EXPECT_TRUE(r.messages[0].edns);
  EXPECT_EQ(r.messages[0].options.at(option::EXPIRE), std::string("\0\x09\x3A\x80", 4));
  EXPECT_EQ(r.messages[0].options.at(option::ZONEVERSION), std::string("\1\0\0\0\0\x2A", 6));
  EXPECT_FALSE(r.messages[1].edns);
}

TEST(Transfer, SessionsShareTheRecordsByReference) {
  const auto version = zone_of("example.", kSoaAndNs + "a A 192.0.2.1\n");
  QueryBytes q("example.", rrtype::AXFR, Transport::tcp);
  q.parse();
  Transfer one(version, q.query, ""), two(version, q.query, "");
  EXPECT_EQ(one.next().records.data(), two.next().records.data());
}

TEST(Transfer, TheRootZoneTransfers) {
  const auto version = zone_of(
      ".", "$TTL 60\n. SOA a.root. b.root. 1 2 3 4 5\n. NS a.root.\ncom. NS a.gtld.com.\na.gtld.com. A 192.0.2.1\n");
  expect_zone(receive(version), *version);
}

TEST(Transfer, HoldsItsVersionAfterAChange) {
  auto version = zone_of("example.", kSoaAndNs + "a A 192.0.2.1\n");
  QueryBytes q("example.", rrtype::AXFR, Transport::tcp);
  q.parse();
  Transfer transfer(version, q.query, "");
  version = nullptr;
  EXPECT_EQ(drain(transfer).size(), 1U);
}

}  // namespace
}  // namespace axfrd::zones::test
