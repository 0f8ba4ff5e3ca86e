#include "zones/answer/dns_update.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

constexpr const char* kUpdated =
    "$TTL 60\n@ SOA ns admin 10 2 3 4 5\n@ NS ns\n@ MX 10 mail\nns A 192.0.2.1\nns A 192.0.2.2\n"
    "www CNAME ns\n";

// An UPDATE of example. put together piece by piece (RFC 2136 §2).
struct UpdateBytes : QueryBytes {
  UpdateBytes() : QueryBytes("example.", rrtype::SOA) { bytes[2] = 5 << 3; }

  UpdateBytes& require(const std::string& owner, uint16_t type, uint16_t rr_class, const std::string& rdata = "") {
    return put(7, owner, type, rr_class, 0, rdata);
  }
  UpdateBytes& update(const std::string& owner, uint16_t type, uint16_t rr_class, uint32_t ttl = 0,
                      const std::string& rdata = "") {
    return put(9, owner, type, rr_class, ttl, rdata);
  }
  // Sections are to be filled in their order. `count_at`: the low octet of the section's count.
  UpdateBytes& put(size_t count_at, const std::string& owner, uint16_t type, uint16_t rr_class, uint32_t ttl,
                   const std::string& rdata) {
    bytes[count_at] = static_cast<char>(bytes[count_at] + 1);
    const Name wire = name(owner);
    bytes.append(text_of(wire.view().bytes()));
    put16(type);
    put16(rr_class);
    put16(ttl >> 16);
    put16(ttl & 0xFFFF);
    put16(static_cast<unsigned>(rdata.size()));
    bytes += rdata;
    return *this;
  }
  Result<UpdateRequest, Rcode> read() {
    EXPECT_EQ(parse(), Disposition::privileged);
    return read_update(query);
  }
};

std::string lower_case(std::string octets) {
  std::ranges::transform(octets, octets.begin(),
                         [](char c) { return static_cast<char>(fold(static_cast<uint8_t>(c))); });
  return octets;
}

const std::string kAddress("\xC0\0\2\1", 4), kOther("\xC0\0\2\2", 4), kThird("\xC0\0\2\3", 4);

std::string soa_rdata(uint32_t serial) {
  std::string rdata("\2ns\7example\0\5admin\7example\0", 27);
  for (const uint32_t number : {serial, 2U, 3U, 4U, 5U}) {
    for (const unsigned shift : {24U, 16U, 8U, 0U}) rdata += static_cast<char>(number >> shift);
  }
  return rdata;
}

class UpdateTest : public testing::Test {
 protected:
  static Rcode rcode_of(UpdateBytes& update) {
    const auto read = update.read();
    const auto* rcode = std::get_if<Rcode>(&read);
    return rcode != nullptr ? *rcode : Rcode::noerror;
  }
  Rcode prerequisite(UpdateBytes update) {
    const auto read = update.read();
    if (const auto* rcode = std::get_if<Rcode>(&read)) return *rcode;
    return check_prerequisites(std::get<UpdateRequest>(read), draft_);
  }
  Rcode require(const std::string& owner, uint16_t type, uint16_t rr_class, const std::string& rdata = "") {
    UpdateBytes update;
    return prerequisite(update.require(owner, type, rr_class, rdata));
  }
  // What the update comes to: "-…" and "+…", in order.
  std::vector<std::string> change(UpdateBytes& update) {
    const auto read = update.read();
    if (const auto* rcode = std::get_if<Rcode>(&read)) return {"rcode " + std::to_string(static_cast<int>(*rcode))};
    if (const auto reason = make_update(std::get<UpdateRequest>(read), draft_)) return {*reason};
    const auto finished = draft_.finish();
    const auto& result = std::get<Draft::Changes>(finished);
    std::vector<std::string> lines;
    for (const OwnedRecord& r : result.delta.removed) lines.push_back("-" + show(r.view()));
    for (const OwnedRecord& r : result.delta.added) lines.push_back("+" + show(r.view()));
    if (result.soa_edited) lines.push_back("SOA " + std::to_string(soa_serial(result.soa)));
    return lines;
  }

  const VersionRef version_ = zone_of("example.", kUpdated);
  Draft draft_{version_};
};

using Lines = std::vector<std::string>;

TEST_F(UpdateTest, PrerequisitesOfNames) {
  EXPECT_EQ(require("ns.example.", rrtype::ANY, rrclass::ANY), Rcode::noerror);
  EXPECT_EQ(require("none.example.", rrtype::ANY, rrclass::ANY), Rcode::nxdomain);
  EXPECT_EQ(require("none.example.", rrtype::ANY, rrclass::NONE), Rcode::noerror);
  EXPECT_EQ(require("ns.example.", rrtype::ANY, rrclass::NONE), Rcode::yxdomain);
}

TEST_F(UpdateTest, PrerequisitesOfRRsets) {
  EXPECT_EQ(require("NS.example.", rrtype::A, rrclass::ANY), Rcode::noerror);
  EXPECT_EQ(require("ns.example.", rrtype::TXT, rrclass::ANY), Rcode::nxrrset);
  EXPECT_EQ(require("ns.example.", rrtype::TXT, rrclass::NONE), Rcode::noerror);
  EXPECT_EQ(require("ns.example.", rrtype::A, rrclass::NONE), Rcode::yxrrset);
  EXPECT_EQ(require("example.", rrtype::SOA, rrclass::ANY), Rcode::noerror);
}

TEST_F(UpdateTest, AnRRsetThatMustBeJustSoIsComparedAsAWhole) {
  EXPECT_EQ(require("ns.example.", rrtype::A, rrclass::IN, kAddress), Rcode::nxrrset);
  UpdateBytes both;
  both.require("ns.example.", rrtype::A, rrclass::IN, kOther).require("ns.example.", rrtype::A, rrclass::IN, kAddress);
  EXPECT_EQ(prerequisite(both), Rcode::noerror);
  EXPECT_EQ(prerequisite(both.require("ns.example.", rrtype::A, rrclass::IN, kThird)), Rcode::nxrrset);
}

TEST_F(UpdateTest, TheCaseOfNamesInDataDoesNotCount) {
  const std::string mx("\0\12\4MAIL\7ExamplE\0", 16), ns("\2NS\7EXAMPLE\0", 12);
  EXPECT_EQ(require("example.", rrtype::MX, rrclass::IN, mx), Rcode::noerror);
  EXPECT_EQ(require("WWW.example.", rrtype::CNAME, rrclass::IN, ns), Rcode::noerror);
  UpdateBytes twice;
  twice.require("example.", rrtype::MX, rrclass::IN, mx);
  EXPECT_EQ(prerequisite(twice.require("example.", rrtype::MX, rrclass::IN, lower_case(mx))), Rcode::noerror);
  UpdateBytes nothing;
  nothing.update("www.example.", rrtype::CNAME, rrclass::IN, 60, ns)
      .update("example.", rrtype::MX, rrclass::IN, 60, mx);
  nothing.update("example.", rrtype::NS, rrclass::NONE, 0, ns);  // the last one
  EXPECT_EQ(change(nothing), Lines());
  UpdateBytes removal;
  EXPECT_EQ(change(removal.update("example.", rrtype::MX, rrclass::NONE, 0, mx)),
            (Lines{"-example.\t60\tIN\tMX\t10 mail.example."}));
}

TEST_F(UpdateTest, ANewTtlKeepsTheCase) {
  UpdateBytes update;
  update.update("example.", rrtype::MX, rrclass::IN, 90, std::string("\0\12\4MAIL\7ExamplE\0", 16));
  EXPECT_EQ(change(update),
            (Lines{"-example.\t60\tIN\tMX\t10 mail.example.", "+example.\t90\tIN\tMX\t10 mail.example."}));
}

TEST_F(UpdateTest, WhatIsOutsideTheZoneIsNotzone) {
  EXPECT_EQ(require("example.org.", rrtype::ANY, rrclass::ANY), Rcode::notzone);
  UpdateBytes update;
  EXPECT_EQ(rcode_of(update.update("example.org.", rrtype::A, rrclass::IN, 60, kAddress)), Rcode::notzone);
}

TEST_F(UpdateTest, MalformedSectionsAreFormerr) {
  struct Case {
    uint16_t type, rr_class;
    uint32_t ttl;
    std::string rdata;
  };
  for (const Case& c : {Case{rrtype::A, rrclass::ANY, 1, ""},
                        {rrtype::A, rrclass::ANY, 0, "x"},
                        {rrtype::AXFR, rrclass::ANY, 0, ""},
                        {rrtype::A, rrclass::NONE, 1, kAddress},
                        {rrtype::ANY, rrclass::NONE, 0, ""},
                        {rrtype::ANY, rrclass::IN, 60, ""},
                        {rrtype::A, rrclass::CH, 60, kAddress},
                        {rrtype::A, rrclass::IN, 60, "abc"},
                        {rrtype::MX, rrclass::IN, 60, std::string("\0\1", 2)},
                        {rrtype::TXT, rrclass::IN, 60, ""},
                        {rrtype::TXT, rrclass::IN, 60, "\5abc"},
                        {rrtype::SRV, rrclass::IN, 60, "abcdef"},
                        {rrtype::CNAME, rrclass::IN, 60, "\xC0\xFF"}}) {
    UpdateBytes update;
    EXPECT_EQ(rcode_of(update.update("a.example.", c.type, c.rr_class, c.ttl, c.rdata)), Rcode::formerr)
        << c.type << " " << c.rr_class;
  }
  UpdateBytes ttl;
  EXPECT_EQ(rcode_of(ttl.put(7, "a.example.", rrtype::A, rrclass::ANY, 1, "")), Rcode::formerr);
  UpdateBytes not_soa;
  not_soa.bytes[not_soa.bytes.size() - 3] = rrtype::NS;
  EXPECT_EQ(rcode_of(not_soa), Rcode::formerr);
}

TEST_F(UpdateTest, NamesInDataMayBeCompressed) {
  UpdateBytes update;
  update.update("a.example.", rrtype::MX, rrclass::IN, 60, std::string("\0\5\4mail\xC0\x0C", 9));
  EXPECT_EQ(change(update), Lines{"+a.example.\t60\tIN\tMX\t5 mail.example."});
}

TEST_F(UpdateTest, TheValueOfACaaMayBeEmpty) {
  UpdateBytes update;
  update.update("a.example.", 257, rrclass::IN, 60, std::string("\0\5issue", 7));
  EXPECT_EQ(change(update), Lines{"+a.example.\t60\tIN\tCAA\t0 issue \"\""});
}

TEST_F(UpdateTest, RecordsAreAddedAndRemoved) {
  UpdateBytes update;
  update.update("ns.example.", rrtype::A, rrclass::NONE, 0, kAddress)
      .update("new.example.", rrtype::A, rrclass::IN, 90, kThird)
      .update("www.example.", rrtype::CNAME, rrclass::ANY)
      .update("none.example.", rrtype::ANY, rrclass::ANY);
  auto lines = change(update);
  std::ranges::sort(lines);
  EXPECT_EQ(lines, (Lines{"+new.example.\t90\tIN\tA\t192.0.2.3", "-ns.example.\t60\tIN\tA\t192.0.2.1",
                          "-www.example.\t60\tIN\tCNAME\tns.example."}));
}

TEST_F(UpdateTest, SoaAndNsOfTheApexOutliveTheRemovalOfEverything) {
  UpdateBytes update;
  update.update("example.", rrtype::ANY, rrclass::ANY)
      .update("example.", rrtype::NS, rrclass::ANY)
      .update("example.", rrtype::SOA, rrclass::ANY)
      .update("example.", rrtype::SOA, rrclass::NONE, 0, soa_rdata(10))
      .update("example.", rrtype::NS, rrclass::NONE, 0, std::string("\2ns\7example\0", 12));
  EXPECT_EQ(change(update), Lines{"-example.\t60\tIN\tMX\t10 mail.example."});
}

TEST_F(UpdateTest, CnameAndOtherDataAreNotMixed) {
  UpdateBytes update;
  update.update("www.example.", rrtype::A, rrclass::IN, 60, kAddress)
      .update("ns.example.", rrtype::CNAME, rrclass::IN, 60, std::string("\1x\7example\0", 11));
  EXPECT_EQ(change(update), Lines{});
}

TEST_F(UpdateTest, ACnameTakesThePlaceOfAnother) {
  UpdateBytes update;
  update.update("www.example.", rrtype::CNAME, rrclass::IN, 60, std::string("\1x\7example\0", 11));
  const Lines expected{"-www.example.\t60\tIN\tCNAME\tns.example.", "+www.example.\t60\tIN\tCNAME\tx.example."};
  EXPECT_EQ(change(update), expected);
}

TEST_F(UpdateTest, ASoaCountsOnlyIfItIsNewer) {
  UpdateBytes older;
  EXPECT_EQ(change(older.update("example.", rrtype::SOA, rrclass::IN, 60, soa_rdata(9))), Lines{});
  UpdateBytes newer;
  EXPECT_EQ(change(newer.update("example.", rrtype::SOA, rrclass::IN, 60, soa_rdata(12))), Lines{"SOA 12"});
}

TEST_F(UpdateTest, RandomOctetsAreRefusedOrMakeASoundZone) {
  std::mt19937 random(1);
  UpdateBytes whole;
  whole.require("ns.example.", rrtype::A, rrclass::ANY)
      .update("a.example.", rrtype::MX, rrclass::IN, 60, std::string("\0\5\4mail\xC0\x0C", 9))
      .update("b.example.", rrtype::TXT, rrclass::IN, 60, "\3abc");
  for (int round = 0; round < 20000; ++round) {
    UpdateBytes update = whole;
    for (auto flips = 1 + random() % 3; flips > 0; --flips)
      update.bytes[kHeaderSize + random() % (update.bytes.size() - kHeaderSize)] = static_cast<char>(random());
    if (update.parse() != Disposition::privileged) continue;
    const auto read = read_update(update.query);
    if (std::holds_alternative<Rcode>(read)) continue;
    Draft draft(version_);
    check_prerequisites(std::get<UpdateRequest>(read), draft);
    if (make_update(std::get<UpdateRequest>(read), draft)) continue;
    const auto finished = draft.finish();
    const auto* result = std::get_if<Draft::Changes>(&finished);
    if (result != nullptr) version_->apply(result->delta, result->soa, {});
  }
}

}  // namespace
}  // namespace axfrd::zones::test
