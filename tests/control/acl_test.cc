#include "control/access/acl.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace axfrd::control {
namespace {

AccessList list_of(std::initializer_list<const char*> prefixes) {
  AccessList list;
  for (const char* prefix : prefixes) list.allow(Prefix::parse(prefix));
  return list;
}

bool allows(const AccessList& list, const char* address) {
  const auto rule = list.match(parse_address(address), nullptr);
  return rule && rule->allows;
}

std::string refusal(const char* text) {
  try {
    Prefix::parse(text);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(AccessList, DeniesEverybodyUnlessTold) {
  const AccessList nobody;
  EXPECT_TRUE(nobody.empty());
  EXPECT_FALSE(allows(nobody, "127.0.0.1"));
  EXPECT_FALSE(allows(nobody, "::1"));
}

TEST(AccessList, AllowsWhatAPrefixCovers) {
  const AccessList list = list_of({"192.0.2.0/24", "198.51.100.7", "2001:db8::/33", "203.0.113.128/25"});
  EXPECT_TRUE(allows(list, "192.0.2.0"));
  EXPECT_TRUE(allows(list, "192.0.2.255"));
  EXPECT_FALSE(allows(list, "192.0.3.0"));
  EXPECT_TRUE(allows(list, "198.51.100.7"));
  EXPECT_FALSE(allows(list, "198.51.100.6"));
  EXPECT_TRUE(allows(list, "2001:db8:7fff::1"));
  EXPECT_FALSE(allows(list, "2001:db8:8000::1"));
  EXPECT_TRUE(allows(list, "203.0.113.128"));
  EXPECT_FALSE(allows(list, "203.0.113.127"));
}

TEST(AccessList, NamesTheMostSpecificRule) {
  const AccessList list = list_of({"0.0.0.0/0", "192.0.2.0/24", "192.0.2.1"});
  EXPECT_EQ(list.match(parse_address("192.0.2.1"), nullptr)->prefix.to_text(), "192.0.2.1");
  EXPECT_EQ(list.match(parse_address("192.0.2.2"), nullptr)->prefix.to_text(), "192.0.2.0/24");
  EXPECT_EQ(list.match(parse_address("8.8.8.8"), nullptr)->prefix.to_text(), "0.0.0.0/0");
}

TEST(AccessList, AllOfOneFamilyIsNoneOfTheOther) {
  EXPECT_FALSE(allows(list_of({"0.0.0.0/0"}), "2001:db8::1"));
  EXPECT_FALSE(allows(list_of({"::/0"}), "192.0.2.1"));
}

TEST(AccessList, MappedAddressesAreTheirIpv4Addresses) {
  EXPECT_TRUE(allows(list_of({"192.0.2.0/24"}), "::ffff:192.0.2.1"));
  EXPECT_TRUE(allows(list_of({"::ffff:192.0.2.0/120"}), "192.0.2.1"));
  EXPECT_FALSE(allows(list_of({"::ffff:192.0.2.0/120"}), "192.0.3.1"));
}

TEST(Prefix, SaysWhatIsWrong) {
  EXPECT_NE(refusal("nonsense").find("'nonsense' is neither an IPv4 nor an IPv6 address"), std::string::npos);
  EXPECT_NE(refusal("").find("neither"), std::string::npos);
  EXPECT_NE(refusal("192.0.2.1/33").find("0 to 32"), std::string::npos);
  EXPECT_NE(refusal("2001:db8::/129").find("0 to 128"), std::string::npos);
  EXPECT_NE(refusal("192.0.2.0/").find("number"), std::string::npos);
  EXPECT_NE(refusal("192.0.2.0/-1").find("number"), std::string::npos);
  EXPECT_NE(refusal("192.0.2.0/2 4").find("number"), std::string::npos);
  EXPECT_NE(refusal("::ffff:0.0.0.0/64").find("at least 96"), std::string::npos);
}

TEST(Prefix, BitsBehindAPrefixAreASlipAndTheRightSpellingIsTold) {
  const std::string told = refusal("192.0.2.5/24");
  EXPECT_NE(told.find("write 192.0.2.0/24 or 192.0.2.5"), std::string::npos) << told;
  EXPECT_EQ(Prefix::parse_interface("192.0.2.5/24").address, parse_address("192.0.2.5"));
}

TEST(Prefix, AnInterfaceAddressNeedsItsLength) {
  EXPECT_THROW(Prefix::parse_interface("192.0.2.5"), std::invalid_argument);
  EXPECT_THROW(parse_address("192.0.2.5/24"), std::invalid_argument);
}

TEST(AccessList, ARuleWithKeysAllowsWhoSignsWithOne) {
  const auto name = [](const char* text) { return *zones::Name::from_text(text); };
  const zones::Name ours = name("ours."), old = name("old."), other = name("other.");
  AccessList list;
  list.allow(Prefix::parse("192.0.2.0/24"), {ours, old});
  list.allow(Prefix::parse("192.0.2.7"), {other});
  list.allow(Prefix::parse("192.0.2.9"));
  const auto rule = [&](const char* address, const zones::Name* key) {
    const auto found = list.match(parse_address(address), key);
    return found ? (found->allows ? "" : "not ") + found->prefix.to_text() : "none";
  };
  EXPECT_EQ(rule("192.0.2.1", nullptr), "not 192.0.2.0/24");
  EXPECT_EQ(rule("192.0.2.1", &other), "not 192.0.2.0/24");
  EXPECT_EQ(rule("192.0.2.1", &ours), "192.0.2.0/24");
  EXPECT_EQ(rule("::ffff:192.0.2.1", &old), "192.0.2.0/24");
  EXPECT_EQ(rule("192.0.2.7", &other), "192.0.2.7");
  EXPECT_EQ(rule("192.0.2.7", &old), "192.0.2.0/24") << "the wider one allows it";
  EXPECT_EQ(rule("192.0.2.7", nullptr), "not 192.0.2.7");
  EXPECT_EQ(rule("192.0.2.9", nullptr), "192.0.2.9");
  EXPECT_EQ(rule("192.0.3.1", &ours), "none");
  EXPECT_TRUE(list.names_key(old));
  EXPECT_FALSE(list.names_key(name("none.")));
  EXPECT_TRUE(list.names_host(parse_address("192.0.2.7")));
  list.allow(Prefix::parse("192.0.2.0/24"));
  EXPECT_EQ(rule("192.0.2.1", nullptr), "192.0.2.0/24") << "said without a key, too";
}

}  // namespace
}  // namespace axfrd::control
