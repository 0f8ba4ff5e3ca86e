#include "control/access/key_book.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using zones::test::name;

KeyRef key(const std::string& text, std::vector<UpdateGrant> grants = {}) {
  auto tsig = std::make_shared<const TsigKey>(name(text), TsigAlgorithm::hmac_sha512, random_secret());
  return std::make_shared<const Key>(Key{std::move(tsig), std::move(grants)});
}

TEST(KeyBookTest, FindsKeysByNameInAnyCase) {
  const KeyBook book({key("b"), key("a.example"), key("a")});
  EXPECT_EQ(book.find(name("A.Example")), book.keys()[2]);
  EXPECT_EQ(book.find(name("c")), nullptr);
  EXPECT_EQ(book.ring().find(name("B")), book.find(name("b"))->tsig);
}

TEST(KeyBookTest, AKeyReplacesTheOneOfItsNameAndLeavesTheOldBookAsItWas) {
  const KeyBook book({key("a"), key("b")});
  const KeyRef other = key("B");
  EXPECT_EQ(book.with(other).find(name("b")), other);
  EXPECT_EQ(book.with(other).keys().size(), 2U);
  EXPECT_NE(book.find(name("b")), other);
  EXPECT_EQ(book.without(name("A")).keys().size(), 1U);
}

TEST(KeyBookTest, WhatIsStoredOfAKeyMakesTheSameKeyAgain) {
  const UpdateGrant one = parse_grant("example.com", "*.a.example.com", "A,TYPE65280");
  const KeyRef before = key("k", {one, parse_grant("*", "*", "")});
  const Key after = key_from_stored(name("k"), key_to_stored(*before));
  EXPECT_EQ(encode_secret(after.tsig->secret()), encode_secret(before->tsig->secret()));
  EXPECT_EQ(to_json(after), to_json(*before));
}

TEST(KeyBookTest, NothingButTheStoreLearnsTheSecret) {
  const KeyRef secretive = key("k");
  EXPECT_EQ(to_json(*secretive).dump().find(encode_secret(secretive->tsig->secret())), std::string::npos);
}

TEST(KeyBookTest, DamagedTextIsRefused) {
  for (const char* text : {"", "{", "[]", "{}", R"({"algorithm":"hmac-sha256","secret":1,"grants":[]})",
                           R"({"algorithm":"hmac-sha3","secret":"Zm8=","grants":[]})",
                           R"({"algorithm":"hmac-sha256","secret":"Zm8=","grants":[{"zone":"*"}]})"}) {
    EXPECT_THROW(key_from_stored(name("k"), text), std::invalid_argument) << text;
  }
}

TEST(KeyBookTest, GrantsThatMakeNoSenseAreRefused) {
  EXPECT_THROW(parse_grant("..", "*", ""), std::invalid_argument);
  EXPECT_THROW(parse_grant("example.com", "www.example.org", ""), std::invalid_argument);
  EXPECT_THROW(parse_grant("example.com", "*", "A,NOSUCHTYPE"), std::invalid_argument);
  EXPECT_THROW(parse_grant("example.com", "*", "ANY"), std::invalid_argument);
}

}  // namespace
}  // namespace axfrd::control
