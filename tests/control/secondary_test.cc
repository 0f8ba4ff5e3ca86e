#include "control/access/provider.h"
#include "control/access/transfer_permission.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::name;

TEST(SecondaryText, IsReadAndWrittenAlike) {
  for (const char* text : {"192.0.2.1", "2001:db8::1", "192.0.2.0/24", "2001:db8::/32", "192.0.2.1@5353",
                           "192.0.2.1=k.", "2001:db8::1@99=old.+new."}) {
    EXPECT_EQ(to_text(parse_secondary(text)), text);
  }
  EXPECT_EQ(to_text(parse_secondary("::ffff:192.0.2.1")), "192.0.2.1");
  EXPECT_FALSE(parse_secondary("192.0.2.0/24").notified);
}

TEST(SecondaryText, SlipsAreExplained) {
  for (const char* text : {"", "example.com", "192.0.2.1/33", "192.0.2.1/24", "192.0.2.1@", "192.0.2.1@65536",
                           "192.0.2.1=a..b", "192.0.2.1=a+b+c", "192.0.2.1=", "192.0.2.1=a+"}) {
    EXPECT_THROW(parse_secondary(text), std::invalid_argument) << text;
  }
}

TEST(SecondaryCovers, OnlyItsOwnFamily) {
  const auto covers_text = [](const char* rule, const char* peer) {
    return covers(parse_secondary(rule), parse_address(peer));
  };
  EXPECT_TRUE(covers_text("192.0.2.0/25", "192.0.2.127"));
  EXPECT_FALSE(covers_text("192.0.2.0/25", "192.0.2.128"));
  EXPECT_TRUE(covers_text("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(covers_text("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_FALSE(covers_text("::/0", "192.0.2.1"));
  EXPECT_FALSE(covers_text("0.0.0.0/0", "2001:db8::1"));
}

TEST(Providers, WhatAZoneStatesItselfStaysBesideWhatItsProvidersState) {
  Providers known{{"a", {"ns.a.test.", "192.0.2.1", "", "", true}},
                  {"b", {"ns.b.test.,ns.a.test.", "192.0.2.2,192.0.2.1@53", "", "", true}}};
  const SecondaryWish own{"ns.own.test.", "192.0.2.9", "", "", true};
  const zones::SecondaryDns both = refer(own, {"a", "b"}, {}, known, {}, {});
  EXPECT_EQ(both.servers.size(), 3U);
  EXPECT_EQ(both.secondaries.size(), 3U) << "192.0.2.1 is stated twice";
  known["a"].allow = "192.0.2.11";
  known["a"].ns = "ns1.a.test.";
  const zones::SecondaryDns moved = follow_providers(both, known);
  EXPECT_EQ(moved.own_servers, both.own_servers);
  EXPECT_EQ(to_text(moved.secondaries[1]), "192.0.2.11");
  EXPECT_EQ(moved.servers[1], name("ns1.a.test."));
  known.erase("a");
  EXPECT_EQ(follow_providers(both, known).secondaries.size(), 3U) << "own, and both of b";
  const zones::SecondaryDns alone = refer({}, {}, both, known, {}, {});
  EXPECT_EQ(alone.servers, std::vector<zones::Name>{name("ns.own.test.")});
  EXPECT_TRUE(alone.own_servers.empty() && alone.providers.empty());
  EXPECT_THROW(refer({}, {"nobody"}, both, known, {}, {}), std::invalid_argument);
  EXPECT_THROW(refer({}, {"b", "b"}, both, known, {}, {}), std::invalid_argument);
  EXPECT_EQ(follow_providers(alone, known), alone);
}

class TransferRules : public testing::Test {
 protected:
  TransferDecision decide(const char* peer, const char* key = nullptr, const char* rule = nullptr, bool enabled = true,
                          const char* key_of_rule = nullptr) {
    zones::SecondaryDns settings{enabled, {}, {}, {parse_secondary("192.0.2.1"), parse_secondary("192.0.2.2=k")}};
    const auto bare = zones::test::zone_of("example.com", test::kSmallZone);
    zones::Attributes attributes;
    attributes.secondary_dns = std::make_shared<const zones::SecondaryDns>(std::move(settings));
    const auto zone = bare->apply({}, bare->soa_record(), attributes);
    const std::optional<zones::Name> key_name = key != nullptr ? std::optional(name(key)) : std::nullopt;
    AccessList list;
    if (rule != nullptr)
      list.allow(Prefix::parse(rule),
                 key_of_rule != nullptr ? std::vector{name(key_of_rule)} : std::vector<zones::Name>());
    const zones::Name* signer = key_name ? &*key_name : nullptr;
    const Requester who{parse_address(peer), signer, list.match(parse_address(peer), signer)};
    const TransferDecision decision = decide_transfer(*zone, who);
    EXPECT_EQ(may_transfer(*zone, who), decision.allowed);
    return decision;
  }
};

TEST_F(TransferRules, NobodyMayUnlessListed) {
  EXPECT_FALSE(decide("192.0.2.9").allowed);
  EXPECT_TRUE(decide("192.0.2.1").allowed);
  EXPECT_FALSE(decide("192.0.2.1", nullptr, nullptr, false).allowed);
  EXPECT_TRUE(decide("192.0.2.9", nullptr, "192.0.2.0/24").allowed);
}

TEST_F(TransferRules, WhereAKeyIsSetOnlyThatKeyHelps) {
  EXPECT_FALSE(decide("192.0.2.2").allowed);
  EXPECT_FALSE(decide("192.0.2.2", "other").allowed);
  EXPECT_TRUE(decide("192.0.2.2", "K").allowed);
  EXPECT_TRUE(decide("192.0.2.1", "other").allowed) << "no key is asked for";
  EXPECT_FALSE(decide("192.0.2.9", "k").allowed) << "a key is not an address";
  EXPECT_NE(decide("192.0.2.2").why.find("signed with none"), std::string::npos);
}

TEST_F(TransferRules, ARuleForAllZonesMayWantAKeyToo) {
  const auto with_rule = [&](const char* peer, const char* key, bool enabled = true) {
    return decide(peer, key, "192.0.2.0/24", enabled, "all");
  };
  EXPECT_TRUE(with_rule("192.0.2.9", "ALL").allowed);
  EXPECT_TRUE(with_rule("192.0.2.1", nullptr).allowed) << "it is the zone's own secondary";
  EXPECT_FALSE(with_rule("192.0.2.1", nullptr, false).allowed);
  EXPECT_TRUE(with_rule("192.0.2.2", "all").allowed);
  EXPECT_EQ(with_rule("192.0.2.9", "k").why,
            "no secondary of the zone has the address 192.0.2.9, and --allow-transfer 192.0.2.0/24 wants another key "
            "than k.");
  EXPECT_EQ(with_rule("192.0.2.9", nullptr, false).why,
            "secondary DNS is not enabled for the zone, and --allow-transfer 192.0.2.0/24 wants a signature");
}

}  // namespace
}  // namespace axfrd::control
