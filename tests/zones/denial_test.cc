#include "zones/denial.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

std::string text_of(const Nsec3Label& label) { return {reinterpret_cast<const char*>(label.data()) + 1, kNsec3Label}; }

TEST(Nsec3, HashesAsInRfc5155AppendixA) {
  const std::array<uint8_t, 4> salt{0xAA, 0xBB, 0xCC, 0xDD};
  const Nsec3Parameters parameters{12, salt};
  EXPECT_EQ(text_of(nsec3_label(name("example."), parameters)), "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom");
  EXPECT_EQ(text_of(nsec3_label(name("A.Example."), parameters)), "35mthgpgcu1qg68fab165klnsnk3dpvl");
  EXPECT_EQ(text_of(nsec3_label(name("*.w.example."), parameters)), "r53bq7cc2uvmubfu5ocmm6pers9tk9en");
}

TEST(Nsec3, Sha1TakesAnyNumberOfOctets) {
  const std::string a(1000, 'a');
  for (unsigned size = 0; size < a.size(); ++size) {
    const Bytes all{reinterpret_cast<const uint8_t*>(a.data()), size};
    std::array<uint8_t, kSha1Size> expected;
    ldns_sha1(const_cast<unsigned char*>(all.data()), size, expected.data());
    EXPECT_EQ(sha1(all.first(size / 3), all.subspan(size / 3)), expected) << size;
  }
}

// Denials as a whole are the business of tests/system (test_peers.py, test_dnssec.py); here stand searches over pages.
TEST(Denial, PredecessorsAreFoundInAZoneOfManyPagesWithGlueBetween) {
  const auto host_of = [](int i) { return "a" + std::to_string(1000 + i); };  // in canonical order
  std::string text = "@ 60 SOA ns.x. a.x. 1 2 3 4 5\n@ 60 NSEC " + host_of(0) + " SOA\n";
  for (int i = 0; i < 500; ++i) {
    const std::string host = host_of(i), next = host_of((i + 1) % 500);
    text.append(host).append(" 60 NSEC ").append(next).append(" NS\n");
    text.append(host).append(" 60 NS ns.").append(host).append("\n");
    for (int glue = 0; glue < (i % 50 == 7 ? 100 : 1); ++glue)
      text += "ns" + std::to_string(glue) + "." + host + " 60 A 192.0.2.1\n";
  }
  const VersionRef version = zone_of("example.", text);
  ASSERT_GT(version->page_count(), 5U);
  const auto before = [&](const std::string& asked) {
    const auto found = version->predecessor(Page::Chain::nsec, name(asked));
    std::array<uint8_t, kMaxName> buffer;
    return found.page->name(static_cast<unsigned>(found.node - &found.page->node(0)), version->apex(), buffer)
        .to_text();
  };
  EXPECT_EQ(before("example."), "example.");
  EXPECT_EQ(before("0.example."), "example.");
  EXPECT_EQ(before("zz.example."), host_of(499) + ".example.");
  for (int i = 0; i < 500; ++i) {
    const std::string host = host_of(i) + ".example.";
    ASSERT_EQ(before(host), host);
    ASSERT_EQ(before("zz." + host), host);  // behind all the glue
  }
}

TEST(Denial, BeforeTheFirstHashComesTheLast) {
  const std::string low(32, '1'), high(32, 'u');
  const VersionRef version =
      zone_of("example.", "@ 60 SOA ns.x. a.x. 1 2 3 4 5\n" + low + " 60 NSEC3 1 0 0 - " + high + " A\n" + high +
                              " 60 NSEC3 1 0 0 - " + low + " A\nv A 192.0.2.1\n");
  const auto before = [&](const std::string& asked) {
    const auto found = version->predecessor(Page::Chain::nsec3, name(asked));
    std::array<uint8_t, kMaxName> buffer;
    return found.page->name(static_cast<unsigned>(found.node - &found.page->node(0)), version->apex(), buffer)
        .to_text();
  };
  EXPECT_EQ(before("00.example."), high + ".example.");
  EXPECT_EQ(before("g.example."), low + ".example.");
  EXPECT_EQ(before("vv.example."), high + ".example.");
}

TEST(Denial, TheOwnerOfAnNsec3IsNoNameOfTheZone) {
  Server server;
  const std::string hash(32, '1');
  server.load("example.", "@ 60 SOA ns.x. a.x. 1 2 3 4 5\n" + hash + " 60 NSEC3 1 0 0 - " + hash + " A\n");
  EXPECT_EQ(server.ask(hash + ".example.", rrtype::NSEC3).rcode, 3U);  // RFC 5155 section 7.2.8
  EXPECT_EQ(server.ask("x." + hash + ".example.", rrtype::A).rcode, 3U);
}

}  // namespace
}  // namespace axfrd::zones::test
