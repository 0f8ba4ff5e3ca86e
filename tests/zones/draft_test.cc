#include "zones/data/draft.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

constexpr const char* kZone =
    "$TTL 60\n@ SOA ns admin 1 2 3 4 5\n@ NS ns\n@ MX 10 mail.example.\nns A 192.0.2.1\nNs A 192.0.2.2\n"
    "ns AAAA 2001:db8::1\nwww CNAME ns\n";

class DraftTest : public testing::Test {
 protected:
  const VersionRef version_ = zone_of("example.", kZone);
  const Name apex_ = name("example.");
  Draft draft_{version_};

  std::string set(const std::string& text) {
    return make(parse_addition(text, apex_, [](auto, auto) { return 60U; }));
  }
  std::string unset(const std::string& text) { return make(parse_removal(text, apex_)); }
  bool set_would_change(const std::string& text) {
    return draft_.would_change(std::get<Edit>(parse_addition(text, apex_, [](auto, auto) { return 60U; })));
  }
  bool unset_would_change(const std::string& text) {
    return draft_.would_change(std::get<Edit>(parse_removal(text, apex_)));
  }
  Draft::Changes result() const { return std::get<Draft::Changes>(draft_.finish()); }
  std::string problem() const { return std::get<std::string>(draft_.finish()); }

 private:
  std::string make(const Result<Edit>& edit) {
    if (const auto* reason = std::get_if<std::string>(&edit)) return *reason;
    return draft_.apply(std::get<Edit>(edit)).value_or("");
  }
};

TEST_F(DraftTest, KnowsTheRecordsOfAName) {
  std::vector<std::string> texts;
  for (const OwnedRecord& r : draft_.records_at(name("NS.example."))) texts.push_back(show(r.view()));
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts[0], "ns.example.\t60\tIN\tA\t192.0.2.1");
  EXPECT_EQ(draft_.records_at(name("example.")).size(), 3U);  // SOA included
  EXPECT_TRUE(draft_.records_at(name("nothing.example.")).empty());
}

TEST_F(DraftTest, NothingDoneIsNoChange) {
  EXPECT_TRUE(result().empty());
  EXPECT_EQ(set("ns 60 A 192.0.2.1"), "");
  EXPECT_EQ(unset("nothing A"), "");
  EXPECT_EQ(unset("ns A 192.0.2.77"), "");
  EXPECT_TRUE(result().empty());
}

// Found by fuzzing: of another case was a change, which IXFR did not tell anybody.
TEST_F(DraftTest, TheSameRecordWithItsOwnerInAnotherCaseIsNoChange) {
  EXPECT_EQ(set("NS 60 AAAA 2001:db8::1"), "");
  EXPECT_TRUE(result().empty());
}

TEST_F(DraftTest, TheCaseOfNamesInDataDoesNotCount) {
  EXPECT_EQ(set("@ 60 MX 10 MAIL.example."), "");
  EXPECT_EQ(set("www 60 CNAME NS"), "");
  EXPECT_EQ(set("@ 60 SOA NS ADMIN 1 2 3 4 5"), "");
  EXPECT_EQ(unset("@ MX 10 mAIL.example."), "");
  EXPECT_EQ(set("@ 60 MX 10 Mail.example."), "");
  EXPECT_TRUE(result().empty());
  EXPECT_EQ(unset("@ MX 10 mAIL.example."), "");
  EXPECT_EQ(result().delta.removed.size(), 1U);
}

// RDATA that names the apex does not take its spelling from the owner.
TEST_F(DraftTest, ARecordWhoseOwnerIsInAnotherCaseIsRemovedAsItStands) {
  const VersionRef version = zone_of("example.", kApexRecords + "Www.EXAMPLE. MX 10 mail.example.\n");
  const Name owner = name("www.example.");
  Draft draft(version);
  const auto records = draft.records_at(owner);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].rdata, std::string("\0\12\4mail\7example\0", 16));
  EXPECT_EQ(draft.apply({Edit::Kind::remove_record, records[0]}), std::nullopt);
  const auto result = std::get<Draft::Changes>(draft.finish());
  EXPECT_EQ(result.delta.removed.size(), 1U);
  EXPECT_TRUE(version->apply(result.delta, result.soa, {})->records_at(owner).empty());
}

TEST_F(DraftTest, WhatIsAddedAndRemovedAgainIsNoChange) {
  set("new 60 A 192.0.2.1");
  EXPECT_FALSE(result().empty());
  unset("new");
  EXPECT_TRUE(result().empty());
}

TEST_F(DraftTest, ARecordAnRRsetOrANameIsRemoved) {
  unset("ns A 192.0.2.1");
  EXPECT_EQ(result().delta.removed.size(), 1U);
  unset("ns A");
  EXPECT_EQ(result().delta.removed.size(), 2U);
  unset("NS");
  EXPECT_EQ(result().delta.removed.size(), 3U);
}

TEST_F(DraftTest, TheRRsetTakesTheNewestTtl) {
  set("ns 300 A 192.0.2.3");
  const Draft::Changes r = result();
  EXPECT_EQ(r.delta.removed.size(), 2U);
  EXPECT_EQ(r.delta.added.size(), 3U);
  for (const OwnedRecord& record : r.delta.added) EXPECT_EQ(record.ttl, 300U);
  EXPECT_NO_THROW((void)version_->apply(r.delta, r.soa, {}));
}

TEST_F(DraftTest, ACnameBesideOtherDataIsRefusedAtTheEnd) {
  EXPECT_EQ(set("www A 192.0.2.1"), "");
  EXPECT_NE(problem().find("www.example. has a CNAME and other data"), std::string::npos) << problem();
  unset("www CNAME");
  EXPECT_EQ(result().delta.removed.size(), 1U);
}

TEST_F(DraftTest, BadEditsSayWhatIsWrong) {
  EXPECT_NE(set("a.other. A 192.0.2.1").find("is not in the zone example."), std::string::npos);
  EXPECT_NE(set("a A 300.0.0.1").find("A 300.0.0.1"), std::string::npos);
  EXPECT_NE(set("a NONSENSE x").find("NONSENSE"), std::string::npos);
  EXPECT_NE(unset("a NONSENSE").find("no record type 'NONSENSE'"), std::string::npos);
  EXPECT_NE(set("sub SOA ns admin 1 2 3 4 5").find("SOA"), std::string::npos);
  EXPECT_NE(set("").find("no record"), std::string::npos);
  EXPECT_TRUE(result().empty());
}

TEST_F(DraftTest, TheSoaIsReplaced) {
  set("@ SOA ns2 admin 9 8 7 6 5");
  EXPECT_TRUE(result().soa_edited);
  EXPECT_EQ(soa_serial(result().soa), 9U);
  EXPECT_TRUE(result().delta.empty());
}

TEST_F(DraftTest, AliasAndUrlAreSetAndUnset) {
  set("@ 300 ALIAS target.other.");
  set("old URL https://example.com/");
  ASSERT_TRUE(result().pseudo_edited);
  EXPECT_EQ(result().pseudo->size(), 2U);
  unset("@ ALIAS");
  unset("old URL https://example.com/");
  EXPECT_EQ(result().pseudo, nullptr);
}

TEST_F(DraftTest, TheAddressesOfAnAliasFollowIt) {
  ASSERT_EQ(set("a 300 ALIAS Target.other."), "");
  ASSERT_EQ(set("b 300 ALIAS other.other."), "");
  draft_.set_alias_addresses({{"target.other.", {{true, 60, {10, 0, 0, 1}}, {}, 0}}});
  ASSERT_EQ(draft_.rrset(name("a.example."), rrtype::A).size(), 1U);
  EXPECT_EQ(show(draft_.rrset(name("a.example."), rrtype::A)[0].view()), "a.example.\t60\tIN\tA\t10.0.0.1");
  EXPECT_TRUE(draft_.rrset(name("b.example."), rrtype::A).empty());
  ASSERT_EQ(set("A 30 ALIAS target.other."), "");
  EXPECT_EQ(draft_.rrset(name("a.example."), rrtype::A)[0].ttl, 30U) << "the new TTL, the same addresses";
  EXPECT_EQ(unset("a A"), "");
  EXPECT_EQ(unset("a A 10.0.0.1"), "");
  EXPECT_EQ(draft_.rrset(name("a.example."), rrtype::A).size(), 1U) << "they are not the user's to remove";
  EXPECT_EQ(unset("a ALIAS target.Other."), "");
  EXPECT_TRUE(draft_.rrset(name("a.example."), rrtype::A).empty());
  EXPECT_EQ(unset("b"), "");
  EXPECT_TRUE(result().pseudo == nullptr) << "a name is removed with its ALIAS";
}

TEST_F(DraftTest, AddressesAndAliasesExcludeEachOther) {
  EXPECT_NE(set("ns ALIAS target.other.").find("ns.example. has an ALIAS or URL"), std::string::npos);
  EXPECT_NE(set("www ALIAS target.other.").find("a CNAME"), std::string::npos);
  EXPECT_TRUE(result().empty());
  EXPECT_EQ(unset("ns A"), "");
  EXPECT_EQ(unset("ns AAAA"), "");
  EXPECT_EQ(set("ns ALIAS target.other."), "");
  EXPECT_NE(set("ns A 192.0.2.1").find("the addresses there are those of the target"), std::string::npos);
  EXPECT_NE(set("ns CNAME www").find("a CNAME"), std::string::npos);
  EXPECT_EQ(set("ns TXT x"), "");
  EXPECT_EQ(unset("ns ALIAS"), "");
  EXPECT_EQ(set("ns A 192.0.2.1"), "");
}

TEST_F(DraftTest, ARecordIsNeverWhatOnlyAZoneFileHas) {
  const std::pair<std::string, const char*> refused[] = {
      {"a TXT one\nevil A 192.0.2.66", "newline"},
      {"a TXT one\revil A 192.0.2.66", "newline"},
      {"a TXT \"one\nevil\"", "newline"},
      {"a TXT one\\\nevil", "a backslash"},
      {"a A 192.0.2.1 ; a comment", "';' outside quotation marks"},
      {"a TXT v=DMARC1; p=reject", "';' outside quotation marks"},
      {"a TXT ( one two )", "'(' outside quotation marks"},
      {"a TXT one )", "')' outside quotation marks"},
      {"$TTL 60", "'$TTL' is a directive"},
      {"$ORIGIN other.", "'$ORIGIN' is a directive"},
      {"$INCLUDE /etc/passwd", "'$INCLUDE' is a directive"},
      {"$GENERATE 1-3 a$ A 192.0.2.1", "'$GENERATE' is a directive"},
      {" A 192.0.2.1", "begins with its owner"},
      {"\nA 192.0.2.1", "begins with its owner"},
      {"a TXT \"one", "never closed"},
      {std::string("a TXT one\0two", 13), "an octet 0"},
      {"a TXT one\\", "a backslash"},
      {"  ", "no record"},
  };
  for (const auto& [text, why] : refused) {
    EXPECT_NE(set(text).find(why), std::string::npos) << text << ": " << set(text);
    EXPECT_NE(unset(text).find(why), std::string::npos) << text << ": " << unset(text);
  }
  EXPECT_TRUE(result().empty());
  EXPECT_EQ(set("\\$TTL TXT \"a ; b ( c\" d\\;e"), "");
  EXPECT_EQ(show(result().delta.added.at(0).view()), "\\$TTL.example.\t60\tIN\tTXT\t\"a ; b ( c\" \"d;e\"");
}

TEST_F(DraftTest, ItIsKnownWhatAnEditWouldChange) {
  for (const char* there : {"ns 60 A 192.0.2.1", "NS 60 A 192.0.2.1", "@ 60 SOA ns admin 1 2 3 4 5"})
    EXPECT_FALSE(set_would_change(there)) << there;
  for (const char* other :
       {"ns 61 A 192.0.2.1", "ns 60 A 192.0.2.9", "@ 60 SOA ns admin 2 2 3 4 5", "a ALIAS b.other."})
    EXPECT_TRUE(set_would_change(other)) << other;
  for (const char* there : {"ns", "ns A", "ns A 192.0.2.1", "ns 7 A 192.0.2.1", "@ MX"})
    EXPECT_TRUE(unset_would_change(there)) << there;
  for (const char* nothing : {"nothing", "ns MX", "ns A 192.0.2.9", "@ SOA", "ns ALIAS", "ns URL", "other. A"})
    EXPECT_FALSE(unset_would_change(nothing)) << nothing;
  ASSERT_EQ(set("a 300 ALIAS b.other."), "");
  EXPECT_FALSE(set_would_change("a 300 ALIAS B.other."));
  EXPECT_TRUE(set_would_change("a 30 ALIAS b.other."));
  EXPECT_TRUE(unset_would_change("a ALIAS"));
  EXPECT_TRUE(unset_would_change("a"));
  EXPECT_FALSE(unset_would_change("a A")) << "they are the ALIAS's";
}

// Each edit went through all that were there, so that these would take minutes.
TEST_F(DraftTest, ManyEditsOfAliasesCostWhatEachOfThemDoes) {
  constexpr int many = 20'000;
  for (int i = 0; i < many; ++i) {
    const std::string owner = "a" + std::to_string(i);
    ASSERT_EQ(set(owner + " 60 ALIAS target.other."), "");
    ASSERT_TRUE(unset_would_change(owner + " ALIAS"));
    ASSERT_EQ(set(owner + " 60 TXT text"), "");
  }
  ASSERT_EQ(result().pseudo->size(), size_t{many});
  EXPECT_EQ(result().pseudo->front().owner.to_text(), "a0.example.") << "they keep their order";
  for (int i = 0; i < many; i += 2) ASSERT_EQ(unset("a" + std::to_string(i) + " ALIAS"), "");
  ASSERT_EQ(set("a1 30 ALIAS target.other."), "");
  ASSERT_EQ(result().pseudo->size(), size_t{many / 2});
  EXPECT_EQ(result().pseudo->front().owner.to_text(), "a3.example.");
  EXPECT_EQ(result().pseudo->back().owner.to_text(), "a1.example.") << "one that is written anew goes to the end";
}

TEST_F(DraftTest, SoManyEditsAndNoMore) {
  draft_ = Draft(version_, 2);
  EXPECT_EQ(set("a A 192.0.2.1"), "");
  EXPECT_EQ(unset("ns"), "");
  EXPECT_NE(set("b A 192.0.2.1").find("100000 changes at most"), std::string::npos);
  EXPECT_EQ(result().delta.added.size(), 1U);
}

}  // namespace
}  // namespace axfrd::zones::test
