#include "zones/answer/denial.h"

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
    const auto found = version->predecessor(name(asked));
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

std::string owner_before(const ZoneVersion& version, const std::string& asked) {
  const auto found = version.predecessor(name(asked));
  std::array<uint8_t, kMaxName> buffer;
  return found.page->name(static_cast<unsigned>(found.node - &found.page->node(0)), version.apex(), buffer).to_text();
}

const std::string kSoaOnly = "$TTL 60\n@ SOA ns.x. a.x. 1 2 3 4 5\n";

TEST(Denial, BeforeTheFirstHashComesTheLast) {
  const std::string low(32, '1'), high(32, 'u'), apex = text_of(nsec3_label(name("example."), {}));
  const VersionRef version = zone_of("example.", kSoaOnly + "@ NSEC3PARAM 1 0 0 -\n" + low + " NSEC3 1 0 0 - " + apex +
                                                     " A\n" + apex + " NSEC3 1 0 0 - " + high + " SOA\n" + high +
                                                     " NSEC3 1 0 0 - " + low + " A\nv A 192.0.2.1\n");
  EXPECT_EQ(owner_before(*version, "00.example."), high + ".example.");
  EXPECT_EQ(owner_before(*version, "1z.example."), low + ".example.");
  EXPECT_EQ(owner_before(*version, "vv.example."), high + ".example.");
}

// A zone of many pages with two chains of NSEC3, record beside record.
TEST(Denial, PredecessorsAreOfTheChainThatTheParametersName) {
  const std::array<uint8_t, 2> salt{0xAB, 0xCD};
  const std::array<Nsec3Parameters, 2> parameters{Nsec3Parameters{0, {}}, Nsec3Parameters{5, salt}};
  const std::array<std::string, 2> texts{"1 0 0 - ", "1 0 5 ABCD "};
  std::array<std::set<std::string>, 2> owners;
  std::string text = kSoaOnly;
  for (unsigned chain = 0; chain < 2; ++chain) {
    owners[chain].insert(text_of(nsec3_label(name("example."), parameters[chain])));
    for (int i = 0; i < 1000; ++i)
      owners[chain].insert(text_of(nsec3_label(name("a" + std::to_string(i) + ".example."), parameters[chain])));
    for (auto owner = owners[chain].begin(); owner != owners[chain].end(); ++owner) {
      const auto next = std::next(owner) != owners[chain].end() ? std::next(owner) : owners[chain].begin();
      text += *owner + " NSEC3 " + texts[chain] + *next + " A\n";
    }
  }
  for (unsigned chain = 0; chain < 2; ++chain) {
    const VersionRef version = zone_of("example.", text + "@ NSEC3PARAM " + texts[chain] + "\n");
    ASSERT_GT(version->page_count(), 5U);
    for (int i = 0; i < 3000; ++i) {
      const std::string asked = text_of(nsec3_label(name("b" + std::to_string(i) + ".example."), parameters[chain]));
      auto behind = owners[chain].upper_bound(asked);
      const std::string expected = behind == owners[chain].begin() ? *owners[chain].rbegin() : *std::prev(behind);
      ASSERT_EQ(owner_before(*version, asked + ".example."), expected + ".example.");
    }
  }
}

TEST(Denial, TheChainIsTheOneThatIsComplete) {
  const std::string apex = text_of(nsec3_label(name("example."), {}));
  const std::string none = "@ NSEC3PARAM 1 0 0 -\n", flagged = "@ NSEC3PARAM 1 1 0 -\n",
                    other = "@ NSEC3PARAM 1 0 5 ABCD\n";
  const std::string hashed = apex + " NSEC3 1 0 0 - " + apex + " SOA NSEC3PARAM\n", nsec = "@ NSEC @ SOA NSEC\n";
  const auto chain_of = [](const std::string& text) { return zone_of("example.", kSoaOnly + text)->chain(); };
  const ChainId nsec3 = *nsec3_chain(bytes_of(std::string("\1\0\0\0\0", 5)));
  EXPECT_EQ(chain_of(""), 0U);
  EXPECT_EQ(chain_of(hashed), 0U);  // being built, or taken away
  EXPECT_EQ(chain_of(hashed + nsec), kNsecChain);
  EXPECT_EQ(chain_of(hashed + nsec + flagged), kNsecChain);  // RFC 5155 section 4.1.2
  EXPECT_EQ(chain_of(nsec + none), kNsecChain);
  EXPECT_EQ(chain_of(hashed + none), nsec3);
  EXPECT_EQ(chain_of(hashed + nsec + none), nsec3);
  EXPECT_EQ(chain_of(hashed + none + other), nsec3);
}

// An opt-out flag does not make another chain (RFC 5155 section 7.1).
TEST(Denial, AChainGoesByAlgorithmIterationsAndSalt) {
  const auto chain = [](const std::string& rdata) { return nsec3_chain(bytes_of(rdata)); };
  const std::string plain("\1\0\0\5\1S", 6);
  EXPECT_EQ(chain(plain), chain(std::string("\1\1\0\5\1Snext", 10)));
  EXPECT_NE(chain(plain), chain(std::string("\1\0\0\6\1S", 6)));
  EXPECT_NE(chain(plain), chain(std::string("\1\0\0\5\1T", 6)));
  EXPECT_NE(chain(plain), chain(std::string("\2\0\0\5\1S", 6)));
  EXPECT_EQ(chain(std::string("\1\0\0\5\2S", 6)), std::nullopt);
}

// The case h2: while the salt changes there are two chains, and a record of the other one lies nearer to a name.
TEST(Denial, AProofIsOfOneChain) {
  Server server;
  server.load("rollover.test.",
              "$TTL 3600\n@ SOA ns.example. h.example. 1 7200 3600 1209600 300\n@ NS ns.example.\n"
              "@ NSEC3PARAM 1 0 0 -\na A 192.0.2.1\n"
              "gdoqu4822qpfadsj4pub5t1ok421da14 300 NSEC3 1 0 0 - urplga964o4p1an62sto6at9225squ6i NS SOA NSEC3PARAM\n"
              "urplga964o4p1an62sto6at9225squ6i 300 NSEC3 1 0 0 - gdoqu4822qpfadsj4pub5t1ok421da14 A RRSIG\n"
              "hpglcpa3qpu4aqv9eklc0stl1ughj3na 300 NSEC3 1 0 5 abcd ien9dme2emu4vberbs0tlhucl0ufev72 NS SOA\n"
              "ien9dme2emu4vberbs0tlhucl0ufev72 300 NSEC3 1 0 5 abcd hpglcpa3qpu4aqv9eklc0stl1ughj3na A RRSIG\n");
  for (int i = 0; i < 50; ++i) {
    QueryBytes query("n" + std::to_string(i) + ".rollover.test.", rrtype::A);
    const Decoded d = server.ask(query.edns(1232, true));
    ASSERT_EQ(d.rcode, 3U);
    for (const std::string& line : d.authority) {
      const bool of_chain =
          line.starts_with("rollover.test.") || line.starts_with("gdoqu") || line.starts_with("urplg");
      EXPECT_TRUE(of_chain) << line;
    }
    EXPECT_GE(d.authority.size(), 2U);
  }
}

TEST(Denial, TheOwnerOfAnNsec3IsNoNameOfTheZone) {
  Server server;
  const std::string hash(32, '1');
  server.load("example.", "@ 60 SOA ns.x. a.x. 1 2 3 4 5\n" + hash + " 60 NSEC3 1 0 0 - " + hash + " A\n");
  EXPECT_EQ(server.ask(hash + ".example.", rrtype::NSEC3).rcode, 3U);  // RFC 5155 section 7.2.8
  EXPECT_EQ(server.ask("x." + hash + ".example.", rrtype::A).rcode, 3U);
}

// The proofs of wildcards may fill more octets than pointers reach. SOA, NS and what owns the proofs are whole
// nevertheless.
TEST(Denial, ProofsOfAChainOfWildcardsAreWholeBeyondTheReachOfPointers) {
  constexpr int kHops = 14;
  const auto signature = [](const std::string& type, size_t octets) {
    return " RRSIG " + type + " 13 2 60 20400101000000 20200101000000 1 example. " + std::string(octets / 3 * 4, 'A') +
           "\n";
  };
  std::string text =
      "$TTL 60\n@ SOA ns.example. host.ns.example. 1 2 3 4 5\n@ NS ns.elsewhere.\n@ NSEC *.w10 SOA NS\n@" +
      signature("NSEC", 1500);
  for (int i = 0; i < kHops; ++i) {
    const std::string owner = "*.w" + std::to_string(10 + i), next = "w" + std::to_string(11 + i);
    text +=
        owner + " CNAME " + (i + 1 < kHops ? "x." + next : std::string("END")) + "\n" + owner + signature("CNAME", 510);
    text += owner + " NSEC " + (i + 1 < kHops ? "*." + next : std::string("cut")) + " CNAME\n" + owner +
            signature("NSEC", 1500);
  }
  text += "cut NS a.ns.cut\ncut NS b.ns.cut\ncut NSEC @ NS\ncut" + signature("NSEC", 1500);
  text += "a.ns.cut A 192.0.2.1\nb.ns.cut A 192.0.2.2\n";
  for (const char* end : {"nothing", "x.cut"}) {
    std::string zone = text;
    zone.replace(zone.find("END"), 3, end);
    Server server;
    server.load("example.", zone);
    QueryBytes query("x.w10.example.", rrtype::A, Transport::tcp);
    query.edns(4096, true);
    const Decoded answer = server.ask(query);
    ASSERT_GT(answer.size, kPointerReach + 4000) << end;
    EXPECT_FALSE(answer.tc);
    std::multiset<std::string> proven, signatures, others;
    for (const std::string& line : answer.authority) {
      const std::string owner = line.substr(0, line.find('\t'));
      if (line.find("\tNSEC\t") != std::string::npos) {
        proven.insert(owner);
      } else if (line.find("\tRRSIG\tNSEC ") != std::string::npos) {
        signatures.insert(owner);
      } else {
        others.insert(line);
      }
    }
    EXPECT_GE(proven.size(), size_t{kHops}) << end;
    EXPECT_EQ(proven, signatures) << end;
    const bool refers = std::string(end) == "x.cut";
    const std::multiset<std::string> soa{"example.\t5\tIN\tSOA\tns.example. host.ns.example. 1 2 3 4 5"};
    const std::multiset<std::string> ns{"cut.example.\t60\tIN\tNS\ta.ns.cut.example.",
                                        "cut.example.\t60\tIN\tNS\tb.ns.cut.example."};
    EXPECT_EQ(others, refers ? ns : soa);
    EXPECT_EQ(answer.additional.size(), refers ? 2U : 0U);
  }
}

}  // namespace
}  // namespace axfrd::zones::test
