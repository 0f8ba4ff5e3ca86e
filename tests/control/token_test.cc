#include "control/access/token.h"

#include "control/access/settings.h"
#include "control/operate/principal.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::name;

constexpr int64_t kNow = 1'800'000'000;

struct DrawnToken {
  TokenRef token;
  std::string text;
};

DrawnToken drawn_token(Token token) {
  const std::string text = draw_secret(token);
  return {std::make_shared<const Token>(std::move(token)), text};
}

TokenBook book_of(const std::vector<DrawnToken>& tokens) {
  std::map<std::string, TokenRef> all;
  for (const DrawnToken& each : tokens) all[each.token->name] = each.token;
  return {TokenBook(), all};
}

TEST(Token, IsKnownByItsTextAlone) {
  const DrawnToken one = drawn_token({.name = "one", .id = {}}), two = drawn_token({.name = "two", .id = {}});
  const TokenBook book = book_of({one, two});
  EXPECT_EQ(book.authenticate(one.text, kNow), one.token);
  EXPECT_EQ(book.authenticate(two.text, kNow), two.token);
  EXPECT_EQ(one.text.size(), 6U + 16 + 1 + 64) << "256 random bits";
  EXPECT_EQ(token_to_stored(*one.token).find(one.text.substr(23)), std::string::npos) << "the secret is not kept";
  std::string mixed = one.text.substr(0, 22) + two.text.substr(22);
  EXPECT_EQ(book.authenticate(mixed, kNow), nullptr);
  for (size_t i = 0; i < one.text.size(); ++i) {
    std::string wrong = one.text;
    wrong[i] = wrong[i] == '0' ? '1' : '0';
    EXPECT_EQ(book.authenticate(wrong, kNow), nullptr) << i;
    EXPECT_EQ(book.authenticate(one.text.substr(0, i), kNow), nullptr) << i;
  }
}

TEST(Token, ExpiresAndIsRevoked) {
  Token token{.name = "t", .id = {}};
  token.expires = kNow + 10;
  const DrawnToken drawn = drawn_token(token);
  const TokenBook book = book_of({drawn});
  EXPECT_NE(book.authenticate(drawn.text, kNow + 9), nullptr);
  EXPECT_EQ(book.authenticate(drawn.text, kNow + 10), nullptr);
  EXPECT_EQ(TokenBook(book, {{"t", nullptr}}).authenticate(drawn.text, kNow), nullptr);
}

TEST(Token, IsStoredAndReadAlike) {
  Token token{.name = "t", .id = {}};
  token.role = Role::secondary_manager;
  token.zones = {"example.com", "*.customers.test"};
  token.limits = parse_limits({"_acme-challenge.*", "*.dyn.example.com"}, "TXT,AAAA");
  token.created = kNow;
  token.expires = kNow + 1;
  token.used->store(kNow + 2);
  (void)draw_secret(token);
  const Token back = token_from_stored("t", token_to_stored(token));
  EXPECT_EQ(to_json(back), to_json(token));
  EXPECT_EQ(back.hash, token.hash);
  EXPECT_EQ(token_to_stored(back), token_to_stored(token));
  EXPECT_EQ(to_json(token).dump().find("hash"), std::string::npos);
}

// What it may not do may be what this program does not know.
TEST(Token, ThatALaterAxfrdHasStoredIsNotHonoured) {
  DrawnToken drawn = drawn_token({.name = "t", .id = {}});
  zones::TagWriter more;
  more.put_raw(token_to_stored(*drawn.token));
  more.put8(99, 1);
  drawn.token = std::make_shared<const Token>(token_from_stored("t", std::move(more).finish()));
  EXPECT_EQ(book_of({drawn}).authenticate(drawn.text, kNow), nullptr);
  EXPECT_FALSE(knows_all(drawn.token));
}

TEST(Token, MayChangeWhatItsLimitsSay) {
  Token token{.name = "t", .id = {}};
  token.limits = parse_limits({"_acme-challenge.*", "*.dyn.example.com", "www.example.com"}, "TXT,A");
  const Principal who = token_principal(token, "192.0.2.1");
  constexpr uint16_t kTxt = 16, kMx = 15;
  EXPECT_TRUE(who.may_change(name("_acme-challenge.example.com"), kTxt));
  EXPECT_TRUE(who.may_change(name("_ACME-challenge.a.b.example.org"), kTxt));
  EXPECT_TRUE(who.may_change(name("a.dyn.example.com"), kTxt));
  EXPECT_TRUE(who.may_change(name("www.example.com"), kTxt));
  EXPECT_FALSE(who.may_change(name("dyn.example.com"), kTxt));
  EXPECT_FALSE(who.may_change(name("x._acme-challenge.example.com"), kTxt));
  EXPECT_FALSE(who.may_change(name("_acme-challenge2.example.com"), kTxt));
  EXPECT_FALSE(who.may_change(name("www.example.com"), kMx));
  EXPECT_FALSE(who.may_change(name("www.example.com"), 0)) << "ALIAS is no type among these";
  EXPECT_TRUE(token_principal({.name = "u", .id = {}}, "").may_change(name("any"), kMx));
}

TEST(Token, TimesAndNamesAreReadOrRefused) {
  EXPECT_EQ(parse_expiry("90d", kNow), kNow + 90 * 86400);
  EXPECT_EQ(parse_expiry("2030-01-31", kNow), 1'896'048'000);
  for (const char* wrong : {"", "0", "2030-02-30", "2030-01", "yesterday", "2001-01-01", "2030-01-31x"})
    EXPECT_THROW((void)parse_expiry(wrong, kNow), std::invalid_argument) << wrong;
  for (const char* wrong : {"", "a b", "a/b", "\xC3\xA4", "a\n"})
    EXPECT_THROW(check_credential_name(wrong), std::invalid_argument) << wrong;
  EXPECT_NO_THROW(check_credential_name("octodns@ci-1.example_x"));
  EXPECT_THROW((void)parse_limits({"a..b"}, ""), std::invalid_argument);
  EXPECT_THROW((void)parse_limits({}, "NOSUCH"), std::invalid_argument);
}

}  // namespace
}  // namespace axfrd::control
