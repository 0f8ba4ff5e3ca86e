// What may change in a zone that comes signed, tried with the steps that BIND and Knot took through rollovers.
#include "zones/data/signed.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "tests/zones/support.h"
#include "zones/data/draft.h"

namespace axfrd::zones::test {
namespace {

// ---- rollovers, as signers made them (tests/data/rollover) ----

// The zone in each of its states.
std::vector<VersionRef> states_of(const std::string& file) {
  std::ifstream in(AXFRD_TEST_DATA "/rollover/" + file);
  std::multiset<std::string> lines;
  std::vector<VersionRef> states;
  const auto enter = [&] {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    states.push_back(zone_of("rollover.test.", text));
  };
  for (std::string line; std::getline(in, line);) {
    if (line == "; step") {
      enter();
    } else if (line.starts_with('-')) {
      if (lines.erase(line.substr(1)) != 1) throw std::invalid_argument("not there: " + line);
    } else if (line.starts_with('+')) {
      lines.insert(line.substr(1));
    } else if (!line.empty() && !line.starts_with(';') && !line.starts_with('$')) {
      lines.insert(line);
    }
  }
  enter();
  return states;
}

VersionRef changed(const VersionRef& base, const ZoneVersion& content, Delta* delta) {
  RecordSet records(Name(base->apex().name));
  content.for_each_record([&](const Record& r) { (void)records.add(r); });
  EXPECT_FALSE(records.finish().has_value());
  *delta = difference(*base, records);
  return base->apply(*delta, content.soa_record(), {});
}

class Rollover : public testing::TestWithParam<const char*> {};

TEST_P(Rollover, EveryStepOfTheSignerIsTaken) {
  const auto states = states_of(GetParam());
  ASSERT_GE(states.size(), 5U);
  for (size_t i = 1; i < states.size(); ++i) {
    ASSERT_TRUE(is_signed(*states[i]));
    Delta delta;
    const VersionRef next = changed(states[i - 1], *states[i], &delta);
    const auto reason = find_bogus(states[i - 1].get(), *next, delta, {});
    EXPECT_FALSE(reason.has_value()) << "to serial " << next->serial() << ": " << *reason;
  }
}

TEST_P(Rollover, AnImportUnderASerialOfOursIsRefused) {
  const auto states = states_of(GetParam());
  for (size_t i = 1; i < states.size(); ++i) {
    Delta delta;
    const VersionRef next = changed(states[i - 1], *states[i], &delta);
    const auto reason = find_bogus(states[i - 1].get(), *next, delta, {.serial = true});
    ASSERT_TRUE(reason.has_value()) << i;
    EXPECT_NE(reason->find("rollover.test. SOA would be bogus"), std::string::npos) << *reason;
  }
}

// An edit, and what must be named; the signatures of the SOA are new, so that only the edit counts.
TEST_P(Rollover, AnEditWithoutItsSignaturesIsRefusedInEveryState) {
  const struct {
    const char *added, *removed, *bogus;
  } cases[] = {
      {"www 3600 A 192.0.2.99", "", "www.rollover.test. A would be bogus"},
      {"new 3600 A 192.0.2.99", "", "new.rollover.test. A would be bogus"},
      {"", "h3", "h3.rollover.test. NSEC"},
      {"", "h3 A", "h3.rollover.test."},
      {"www 3600 TXT x", "", "www.rollover.test. TXT would be bogus"},
      {"@ 3600 NS ns9", "", "rollover.test. NS would be bogus"},
      {"new 3600 NS ns.new", "", "new.rollover.test."},
      {"signed 3600 DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdee", "",
       "signed.rollover.test. DS would be bogus"},
      {"ns.signed 3600 A 192.0.2.66", "", ""},  // glue is not signed
      {"signed 3600 NS ns2.signed", "", ""},
  };
  const auto states = states_of(GetParam());
  const Name apex = name("rollover.test.");
  for (const VersionRef& base : states) {
    for (const auto& c : cases) {
      Draft draft(base);
      const auto make = [&](const Result<Edit>& edit) { ASSERT_FALSE(draft.apply(std::get<Edit>(edit)).has_value()); };
      if (*c.removed != '\0') make(parse_removal(c.removed, apex));
      if (*c.added != '\0') make(parse_addition(c.added, apex, [](auto, auto) { return 3600U; }));
      // Whoever signs replaces the signatures of the SOA.
      uint16_t algorithm = 13;
      for (const OwnedRecord& r : draft.records_at(apex)) {
        if (r.type != rrtype::RRSIG || grouping_type(r.type, r.view().rdata) != rrtype::SOA) continue;
        OwnedRecord fresh = r;
        fresh.rdata.back() = static_cast<char>(fresh.rdata.back() ^ 1);
        algorithm = static_cast<uint8_t>(fresh.rdata[2]);
        draft.apply(Edit(Edit::Kind::remove_record, r));
        draft.apply(Edit(Edit::Kind::add, fresh));
      }
      ASSERT_TRUE(algorithm == 13 || algorithm == 15);
      auto result = std::get<Draft::Changes>(draft.finish());
      set_soa_serial(result.soa, base->serial() + 1);
      const VersionRef next = base->apply(result.delta, result.soa, {});
      const auto reason = find_bogus(base.get(), *next, result.delta, {});
      const std::string said = reason.value_or("");
      const bool opt_out = std::string(c.bogus) == "new.rollover.test." && said.empty();  // an insecure delegation
      if (*c.bogus == '\0') {
        EXPECT_EQ(said, "") << base->serial() << " " << c.added;
      } else if (!opt_out || std::string(GetParam()) == "bind.steps") {
        EXPECT_NE(said.find(c.bogus), std::string::npos)
            << base->serial() << " " << c.added << c.removed << ": " << said;
      }
    }
  }
}

// The records of a chain that prove something are those of one chain, and complete: one record of it covers each hash.
TEST_P(Rollover, EveryStateHasOneCompleteChain) {
  std::set<ChainId> chains;
  for (const VersionRef& state : states_of(GetParam())) {
    ASSERT_NE(state->chain(), 0U) << state->serial();
    chains.insert(state->chain());
    Server server;
    (void)server.zones.publish(state);
    for (const char* asked : {"nothing", "x.www", "x.b.ent", "zzz", "00", "a", "h9"}) {
      QueryBytes query(std::string(asked) + ".rollover.test.", rrtype::A, Transport::tcp);
      const Decoded d = server.ask(query.edns(4096, true));
      ASSERT_EQ(d.rcode, 3U);
      std::set<std::string> parameters;  // of the chains in the answer
      for (const std::string& line : d.authority) {
        if (line.find("\tNSEC\t") != std::string::npos) parameters.insert("NSEC");
        const size_t nsec3 = line.find("\tNSEC3\t");
        if (nsec3 == std::string::npos) continue;
        std::istringstream fields(line.substr(nsec3));
        std::string type, algorithm, flags, iterations, salt;
        fields >> type >> algorithm >> flags >> iterations >> salt;
        parameters.insert(algorithm + " " + iterations + " " + salt);
      }
      EXPECT_EQ(parameters.size(), 1U) << asked << " at " << state->serial();
    }
  }
  EXPECT_GE(chains.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Signers, Rollover, testing::Values("bind.steps", "knot.steps"));

// ---- small zones ----

// A signature of 64 octets that begin with those of `letter`.
std::string rrsig(const std::string& owner, const std::string& type, char letter) {
  return owner + " 60 RRSIG " + type + " 13 2 60 20400101000000 20260101000000 1 example. " + std::string(85, letter) +
         "A==\n";
}

VersionRef small_signed_zone(uint32_t serial = 1, const std::string& more = "") {
  const std::string soa = "@ 60 SOA ns admin " + std::to_string(serial) + " 2 3 4 5\n";
  return zone_of("example.", soa + rrsig("@", "SOA", serial == 1 ? 'A' : 'B') + more);
}

TEST(FindBogus, AnUnsignedZoneIsFree) {
  const VersionRef version = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns.test.\n");
  EXPECT_FALSE(is_signed(*version));
  EXPECT_FALSE(find_bogus(nullptr, *version, {}, {true, true}).has_value());
}

TEST(FindBogus, AZoneMayBecomeSignedAndUnsignedAgain) {
  const VersionRef plain = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n");
  Delta delta;
  const VersionRef after = changed(plain, *small_signed_zone(2), &delta);
  EXPECT_FALSE(find_bogus(plain.get(), *after, delta, {}).has_value());
  EXPECT_TRUE(find_bogus(plain.get(), *after, delta, {.serial = true}).has_value());
  const VersionRef signed_zone = small_signed_zone();
  const VersionRef unsigned_again = changed(signed_zone, *zone_of("example.", "@ 60 SOA ns admin 2 2 3 4 5\n"), &delta);
  EXPECT_FALSE(find_bogus(signed_zone.get(), *unsigned_again, delta, {.serial = true}).has_value());
}

TEST(FindBogus, TheSoaNeedsItsNewSignature) {
  const VersionRef base = small_signed_zone();
  OwnedRecord soa = base->soa_record();
  set_soa_serial(soa, 2);
  const VersionRef next = base->apply({}, soa, {});
  const auto reason = find_bogus(base.get(), *next, {}, {});
  ASSERT_TRUE(reason.has_value());
  EXPECT_NE(reason->find("example. SOA would be bogus"), std::string::npos) << *reason;
}

TEST(FindBogus, TheNamesOfSecondariesAndTheAddressesOfAnAliasAreNotSigned) {
  const VersionRef base = small_signed_zone();
  Delta delta;
  const VersionRef next = changed(base, *small_signed_zone(2), &delta);
  EXPECT_FALSE(find_bogus(base.get(), *next, delta, {}).has_value());
  EXPECT_NE(find_bogus(base.get(), *next, delta, {.servers = true})->find("example. NS would be bogus"),
            std::string::npos);
  Attributes attributes;
  attributes.pseudo = std::make_shared<const std::vector<PseudoRecord>>(
      std::vector<PseudoRecord>{{PseudoRecord::Kind::alias, name("www.example."), 60, "x.test.", {}}});
  const VersionRef with_alias = base->apply(delta, next->soa_record(), attributes);
  EXPECT_NE(find_bogus(base.get(), *with_alias, delta, {})->find("www.example. A would be bogus"), std::string::npos);
}

TEST(FindBogus, OneOldSignatureOfSeveralIsEnough) {
  const std::string two = rrsig("@", "NS", 'A') + rrsig("@", "NS", 'B');
  const std::string one_new = rrsig("@", "NS", 'A') + rrsig("@", "NS", 'C');
  const VersionRef base = small_signed_zone(1, "@ 60 NS a.test.\n" + two);
  Delta delta;
  const VersionRef next = changed(base, *small_signed_zone(2, "@ 60 NS b.test.\n" + one_new), &delta);
  EXPECT_NE(find_bogus(base.get(), *next, delta, {})->find("example. NS would be bogus"), std::string::npos);
}

}  // namespace
}  // namespace axfrd::zones::test
