// Names in RDATA, compared without case where RFC 4034 §6.2 (as corrected by RFC 6840 §5.1) says so.
#include "zones/wire/canonical.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/zones/support.h"
#include "zones/answer/ixfr.h"
#include "zones/data/draft.h"

namespace axfrd::zones::test {
namespace {

// RDATA in pieces, as a type's RFC has them: octets, and names.
struct Piece {
  bool is_name;
  std::string text;
};
using Pieces = std::vector<Piece>;

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<uint8_t>(c)));
  return text;
}
std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<uint8_t>(c)));
  return text;
}

std::string wire(const std::string& text) { return std::string(zones::text_of(name(text).view().bytes())); }

std::string rdata_of_pieces(const Pieces& pieces) {
  std::string rdata;
  for (const Piece& p : pieces) rdata += p.is_name ? wire(p.text) : p.text;
  return rdata;
}

struct Form {
  const char* type;
  uint16_t number;
  Pieces pieces;
  bool folds;  // whether the names count without case
};

const Piece kHost{true, "host.Example."}, kMailbox{true, "Admin.example."};

std::vector<Form> forms() {
  const auto octets = [](std::string text) { return Piece{false, std::move(text)}; };
  const std::string fixed = std::string("\0\1", 2) + "\15\2" + "TTLTEXPRINCPKT";  // of a signature
  return {
      {"NS", 2, {kHost}, true},
      {"MD", 3, {kHost}, true},
      {"MF", 4, {kHost}, true},
      {"CNAME", 5, {kHost}, true},
      {"SOA", 6, {kHost, kMailbox, octets("SERLREFRRETREXPIMINI")}, true},
      {"MB", 7, {kHost}, true},
      {"MG", 8, {kHost}, true},
      {"MR", 9, {kHost}, true},
      {"PTR", 12, {kHost}, true},
      {"MINFO", 14, {kHost, kMailbox}, true},
      {"MX", 15, {octets("AA"), kHost}, true},
      {"RP", 17, {kMailbox, kHost}, true},
      {"AFSDB", 18, {octets("AA"), kHost}, true},
      {"RT", 21, {octets("AA"), kHost}, true},
      {"SIG", 24, {octets(fixed), kHost, octets("SIGNATURE")}, true},
      {"PX", 26, {octets("AA"), kHost, kMailbox}, true},
      {"NXT", 30, {kHost, octets("BITS")}, true},
      {"SRV", 33, {octets("PRWTPO"), kHost}, true},
      {"NAPTR", 35, {octets(std::string("OOPP\1U\3SIP\7!A!B!CD")), kHost}, true},
      {"KX", 36, {octets("AA"), kHost}, true},
      {"A6", 38, {octets(std::string("\100") + "AAAAAAAA"), kHost}, true},
      {"DNAME", 39, {kHost}, true},
      {"RRSIG", 46, {octets(fixed), kHost, octets("SIGNATURE")}, true},
      {"HINFO", 13, {octets("\3CPU\2OS")}, false},
      {"TXT", 16, {octets("\4Text")}, false},
      {"NSEC", 47, {kHost, octets(std::string("\0\1B", 3))}, false},
      {"IPSECKEY", 45, {octets("A\3B"), kHost, octets("KEY")}, false},
      {"HIP", 55, {octets(std::string("\2\1\0\2HIPK", 8)), kHost}, false},
      {"LP", 107, {octets("AA"), kHost}, false},
      {"SVCB", 64, {octets(std::string("\0\1", 2)), kHost}, false},
      {"HTTPS", 65, {octets(std::string("\0\1", 2)), kHost}, false},
      {"AMTRELAY", 260, {octets("\1\3"), kHost}, false},
      {"TYPE65280", 65280, {kHost}, false},
  };
}

TEST(Canonical, TheCaseOfNamesCountsInNoneOfTheTypesOfRfc4034) {
  for (const Form& form : forms()) {
    Pieces recased = form.pieces;
    bool has_name = false;
    for (Piece& p : recased) {
      if (p.is_name) p.text = upper(p.text);
      has_name = has_name || p.is_name;
    }
    const std::string a = rdata_of_pieces(form.pieces), b = rdata_of_pieces(recased);
    EXPECT_EQ(same_rdata(form.number, bytes_of(a), bytes_of(b)), form.folds || !has_name) << form.type;
    std::string canonical_a, canonical_b;
    append_canonical_rdata(canonical_a, form.number, bytes_of(a));
    append_canonical_rdata(canonical_b, form.number, bytes_of(b));
    EXPECT_EQ(canonical_a == canonical_b, form.folds || !has_name) << form.type;
  }
}

TEST(Canonical, TheCaseOfAllOtherOctetsCounts) {
  for (const Form& form : forms()) {
    for (size_t i = 0; i < form.pieces.size(); ++i) {
      Pieces recased = form.pieces;
      if (recased[i].is_name) continue;
      const std::string other = lower(recased[i].text);
      if (other == recased[i].text) continue;
      recased[i].text = other;
      const std::string a = rdata_of_pieces(form.pieces), b = rdata_of_pieces(recased);
      EXPECT_FALSE(same_rdata(form.number, bytes_of(a), bytes_of(b))) << form.type << " piece " << i;
    }
  }
}

TEST(Canonical, TheOrderIsThatOfTheOctetsInLowerCase) {
  for (const Form& form : forms()) {
    for (const char* other : {"Zone.example.", "a.", "HOST.example.", "hosu.example.", "h.Example."}) {
      Pieces pieces = form.pieces;
      for (Piece& p : pieces) {
        if (p.is_name) p.text = other;
      }
      const auto canonical = [&](Pieces of) {
        for (Piece& p : of) {
          if (p.is_name && form.folds) p.text = lower(p.text);
        }
        return rdata_of_pieces(of);
      };
      const std::string a = rdata_of_pieces(form.pieces), b = rdata_of_pieces(pieces);
      const int expected = canonical(form.pieces).compare(canonical(pieces));
      const auto order = rdata_order(form.number, bytes_of(a), bytes_of(b));
      EXPECT_EQ(order < 0, expected < 0) << form.type << " " << other;
      EXPECT_EQ(order == 0, expected == 0) << form.type << " " << other;
    }
  }
}

TEST(Canonical, WhatIsCutShortIsComparedAndNotReadBeyond) {
  for (const Form& form : forms()) {
    const std::string whole = rdata_of_pieces(form.pieces);
    for (size_t size = 0; size < whole.size(); ++size) {
      const std::vector<uint8_t> part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      EXPECT_TRUE(same_rdata(form.number, part, part));
      EXPECT_EQ(rdata_order(form.number, part, bytes_of(whole)), std::strong_ordering::less) << form.type << size;
      std::string canonical;
      append_canonical_rdata(canonical, form.number, part);
      EXPECT_EQ(canonical.size(), size);
    }
  }
}

TEST(Canonical, AZoneFileHoldsOneRecordOfTwoThatDifferInCase) {
  EXPECT_EQ(parse("mx MX 10 mail.test.\nmx MX 10 Mail.Test.\n"),
            parse("mx MX 10 mail.test.\n"));  // case as first written
  EXPECT_EQ(parse("c CNAME host.test.\nC CNAME HOST.test.\n"), parse("c CNAME host.test.\n"));
  EXPECT_EQ(parse("d DNAME host.test.\nD DNAME HOST.test.\n"), parse("d DNAME host.test.\n"));
  EXPECT_EQ(parse("s SRV 1 2 3 host.test.\ns SRV 1 2 3 HOST.test.\n").size(), 2U);  // and the NS of the apex
  EXPECT_EQ(parse("h HTTPS 1 host.test.\nh HTTPS 1 HOST.test.\n").size(), 3U);
  EXPECT_EQ(parse("u TYPE65280 \\# 3 016100\nu TYPE65280 \\# 3 014100\n").size(), 3U);
}

// ---- what an earlier release stored ----

// A zone whose page has `mx MX 10 Mail.test.` and `mx MX 10 mail.test.`: two records, as releases made it that compared
// octets.
VersionRef stored_twice() {
  const VersionRef version =
      zone_of("example.", kApexRecords + "a A 192.0.2.1\nmx MX 10 Nail.test.\nmx MX 10 mail.test.\n");
  PageImage image = version->page(0).image();
  std::string& bytes = image.front().bytes;
  const size_t at = bytes.find("\4Nail");
  bytes.at(at + 1) = 'M';
  const OwnedRecord soa = version->soa_record();
  const std::vector<ZoneVersion::NumberedPage> pages{{0, image}};
  return ZoneVersion::restore(name("example."), soa.view(), pages, {});
}

std::vector<OwnedRecord> mx_of(const ZoneVersion& version) { return version.records_at(name("mx.example.")); }

Draft edited_by(const VersionRef& version, const std::string& addition, const std::string& removal) {
  Draft draft(version);
  const auto make = [&](const Result<Edit>& edit) { EXPECT_FALSE(draft.apply(std::get<Edit>(edit)).has_value()); };
  if (!removal.empty()) make(parse_removal(removal, name("example.")));
  if (!addition.empty()) make(parse_addition(addition, name("example."), [](auto, auto) { return 3600U; }));
  return draft;
}
Draft::Changes result_of(const Draft& draft) { return std::get<Draft::Changes>(draft.finish()); }

VersionRef with_step(const ZoneVersion& version, const Delta& delta, uint32_t serial) {
  OwnedRecord soa = version.soa_record();
  set_soa_serial(soa, serial);
  const StepRef step(new Step(version.soa_record(), serial, 0, delta));
  return version.apply(delta, soa, {nullptr, History::extend(version.history(), step, 1 << 20)});
}

TEST(StoredTwice, AnEditElsewhereLeavesOneCopyAndTellsSecondariesNothing) {
  const VersionRef version = stored_twice();
  ASSERT_EQ(mx_of(*version).size(), 2U);
  const Draft::Changes result = result_of(edited_by(version, "b A 192.0.2.2", ""));
  EXPECT_TRUE(result.delta.removed.empty());
  EXPECT_EQ(result.delta.added.size(), 1U);
  const VersionRef next = with_step(*version, result.delta, 2);
  EXPECT_EQ(mx_of(*next).size(), 1U);
  EXPECT_NE(make_difference(*next, 1), nullptr);
}

TEST(StoredTwice, TheRemovalOfOneIsTheRemovalOfBoth) {
  const VersionRef version = stored_twice();
  const Draft::Changes result = result_of(edited_by(version, "", "mx MX 10 MAIL.test."));
  EXPECT_EQ(result.delta.removed.size(), 1U);
  EXPECT_TRUE(mx_of(*with_step(*version, result.delta, 2)).empty());
}

TEST(StoredTwice, AFileWithOneOfThemChangesNothing) {
  const VersionRef version = stored_twice();
  auto parsed = parse_zone(kApexRecords + "a A 192.0.2.1\nMX MX 10 maiL.test.\n", name("example."), "f");
  size_t recased = 0;
  EXPECT_TRUE(difference(*version, std::get<ZoneText>(parsed).records, &recased).empty());
  EXPECT_EQ(recased, 1U);
}

// The step deletes `Mail`, and the zone has `mail`: a secondary would lose the one copy that it has.
TEST(StoredTwice, AStepThatDeletedOneOfThemIsNotServedAsIxfr) {
  std::string hosts;  // a zone that is larger than its difference
  for (int i = 0; i < 300; ++i) hosts += "h" + std::to_string(i) + " A 192.0.2.1\n";
  const VersionRef now = zone_of("example.", kApexRecords + hosts + "mx MX 10 mail.test.\n");
  OwnedRecord soa = now->soa_record();
  const OwnedRecord before = soa;
  set_soa_serial(soa, 2);
  const Delta wrong{
      {OwnedRecord(Record{name("mx.example."), rrtype::MX, 3600, bytes_of(std::string("\0\12\4Mail\4test\0", 13))})},
      {}};
  const Delta right{
      {OwnedRecord(Record{name("mx.example."), rrtype::MX, 3600, bytes_of(std::string("\0\12\4Nail\4test\0", 13))})},
      {}};
  const auto with = [&](const Delta& delta) {
    const StepRef step(new Step(before, 2, 0, delta));
    return now->apply({}, soa, {nullptr, History::extend(nullptr, step, 1 << 20)});
  };
  EXPECT_EQ(make_difference(*with(wrong), 1), nullptr);
  EXPECT_NE(make_difference(*with(right), 1), nullptr);
}

// ---- random edits, and a slow model of them ----

// A zone as a set of lines in lower case, which is right for the types used here: one line is one record.
class SlowZone {
 public:
  void add(const std::string& owner, const std::string& data) { lines_.insert(key(owner, data)); }
  void remove(const std::string& owner, const std::string& data) { lines_.erase(key(owner, data)); }
  const std::set<std::string>& lines() const { return lines_; }

  static std::string key(const std::string& owner, const std::string& data) {
    const bool octets = data.starts_with("HTTPS") || data.starts_with("TXT");
    return lower(owner) + " " + (octets ? data : lower(data));
  }

 private:
  std::set<std::string> lines_;
};

std::set<std::string> lines_as_in_model(const ZoneVersion& version) {
  std::set<std::string> lines;
  size_t records = 0;
  version.for_each_record([&](const Record& r) {
    const std::string text = show(r);
    if (r.type == rrtype::SOA || text.starts_with("example.")) return;
    const size_t owner = text.find('\t'), ttl = text.find('\t', owner + 1), in = text.find('\t', ttl + 1);
    std::string data = text.substr(in + 1);
    std::ranges::replace(data, '\t', ' ');
    lines.insert(SlowZone::key(text.substr(0, owner - std::string(".example.").size()), data));
    ++records;
  });
  EXPECT_EQ(lines.size(), records) << "a record is there twice";
  return lines;
}

TEST(Canonical, RandomEditsInAnyCaseComeToWhatASlowModelSays) {
  std::mt19937 random(1);
  const auto pick = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  const auto recase = [&](std::string text) {
    for (char& c : text) c = pick(2) == 0 ? static_cast<char>(std::toupper(static_cast<uint8_t>(c))) : c;
    return text;
  };
  for (unsigned round = 0; round < 4; ++round) {
    VersionRef version = zone_of("example.", kApexRecords);
    std::vector<VersionRef> versions{version};
    SlowZone model;
    for (uint32_t serial = 2; serial < 60; ++serial) {
      Draft draft(version);
      for (unsigned n = pick(5) + 1; n > 0; --n) {
        const std::string owner = recase("host" + std::to_string(pick(6)));
        const std::string target = recase(std::string("mail") + "abcd"[pick(4)] + ".test.");
        const std::array<std::string, 5> data{"MX 10 " + target, "SRV 1 2 3 " + target, "PTR " + target,
                                              "HTTPS 1 " + target, "TXT \"" + target + "\""};
        const std::string& chosen = data.at(pick(data.size()));
        const bool removes = pick(3) == 0;
        const auto edit =
            removes ? parse_removal(owner + " " + chosen, name("example."))
                    : parse_addition(owner + " 3600 " + chosen, name("example."), [](auto, auto) { return 3600U; });
        ASSERT_FALSE(draft.apply(std::get<Edit>(edit)).has_value());
        removes ? model.remove(owner, chosen) : model.add(owner, chosen);
      }
      const Draft::Changes result = result_of(draft);
      version = with_step(*version, result.delta, serial);
      versions.push_back(version);
      ASSERT_EQ(lines_as_in_model(*version), model.lines()) << "round " << round << " serial " << serial;
    }
    for (const VersionRef& old : versions) {  // and IXFR leads there
      const auto since = version->history()->since(old->serial());
      if (!since) continue;
      const VersionRef led = old->apply(since->delta, version->soa_record(), {});
      ASSERT_EQ(lines_as_in_model(*led), model.lines());
      ASSERT_TRUE(leads_to(since->delta, *version));
    }
  }
}

}  // namespace
}  // namespace axfrd::zones::test
