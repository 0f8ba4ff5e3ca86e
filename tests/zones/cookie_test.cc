#include "zones/answer/cookie.h"

#include <gtest/gtest.h>

#include <boost/algorithm/hex.hpp>
#include <string>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

std::string unhexed(const std::string& hex) { return boost::algorithm::unhex(hex); }

CookieSecret secret_of(const std::string& hex) {
  CookieSecret secret;
  std::ranges::copy(unhexed(hex), secret.begin());
  return secret;
}

struct Renewed {
  bool valid;
  std::string cookie;  // hexadecimal
};

Renewed renew(const std::string& cookie, const std::string& address, uint32_t now, const CookieSecrets& secrets) {
  const std::string sent = unhexed(cookie), client = unhexed(address);
  std::array<uint8_t, kCookie> buffer{};
  std::copy_n(sent.begin(), std::min<size_t>(sent.size(), kCookie), buffer.begin());
  const bool valid = renew_cookie(buffer, static_cast<unsigned>(sent.size()), bytes_of(client), now, secrets);
  std::string hex;
  boost::algorithm::hex_lower(buffer.begin(), buffer.end(), std::back_inserter(hex));
  return {valid, hex};
}

const CookieSecrets kSecrets{secret_of("e5e973e5a6b2a43f48e7dc849e37bfcf"), {}};
const std::string kClient = "c6336464";  // 198.51.100.100
const std::string kCookieAt = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
constexpr uint32_t kAt = 0x5cf79f11;

// RFC 9018, appendix A.1 to A.4.
TEST(Cookie, TestVectorsOfRfc9018) {
  const Renewed first = renew("2464c4abcf10c957", kClient, kAt, kSecrets);
  EXPECT_FALSE(first.valid);
  EXPECT_EQ(first.cookie, kCookieAt);

  const Renewed later = renew(kCookieAt, kClient, 0x5cf7a871, kSecrets);
  EXPECT_TRUE(later.valid);
  EXPECT_EQ(later.cookie, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");

  const Renewed reserved = renew("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "cb0071cb", 0x5cf7a9ac, kSecrets);
  EXPECT_FALSE(reserved.valid) << "valid but for its age";
  EXPECT_EQ(reserved.cookie, "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e");
  EXPECT_TRUE(renew("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "cb0071cb", 0x5cf78f72, kSecrets).valid);

  const CookieSecrets rolled{secret_of("445536bcd2513298075a5d379663c962"),
                             secret_of("dd3bdf9344b678b185a6f5cb60fca715")};
  const Renewed v6 =
      renew("22681ab97d52c298010000005cf7c57926556bd0934c72f8", "20010db80220000159ded0f4876982b8", 0x5cf7c609, rolled);
  EXPECT_TRUE(v6.valid);
  EXPECT_EQ(v6.cookie, "22681ab97d52c298010000005cf7c609a6bb79d16625507a");
}

TEST(Cookie, AYoungOneIsKeptAndAnOldOneIsNot) {
  EXPECT_EQ(renew(kCookieAt, kClient, kAt + 1800, kSecrets).cookie, kCookieAt);
  EXPECT_NE(renew(kCookieAt, kClient, kAt + 1801, kSecrets).cookie, kCookieAt);
  EXPECT_TRUE(renew(kCookieAt, kClient, kAt + 3600, kSecrets).valid);
  EXPECT_FALSE(renew(kCookieAt, kClient, kAt + 3601, kSecrets).valid);
  EXPECT_TRUE(renew(kCookieAt, kClient, kAt - 300, kSecrets).valid);
  EXPECT_FALSE(renew(kCookieAt, kClient, kAt - 301, kSecrets).valid);
}

TEST(Cookie, BelongsToItsClientAndHisAddress) {
  EXPECT_TRUE(renew(kCookieAt, kClient, kAt, kSecrets).valid);
  EXPECT_FALSE(renew(kCookieAt, "c6336465", kAt, kSecrets).valid);
  for (const size_t at : {1, 17, 20, 25, 40}) {  // client's part, version, reserved, time, hash
    std::string forged = kCookieAt;
    forged[at] = forged[at] == '1' ? '2' : '1';
    EXPECT_FALSE(renew(forged, kClient, kAt, kSecrets).valid) << at;
  }
  EXPECT_FALSE(renew(kCookieAt + "00", kClient, kAt, kSecrets).valid) << "of a form that is not ours";
}

TEST(Cookie, AStagedSecretIsAcceptedAndNotUsed) {
  const CookieSecret next = random_cookie_secret();
  const std::string by_next = renew("2464c4abcf10c957", kClient, kAt, {next, {}}).cookie;
  EXPECT_FALSE(renew(by_next, kClient, kAt, kSecrets).valid);
  const Renewed staged = renew(by_next, kClient, kAt, {kSecrets.active, next});
  EXPECT_TRUE(staged.valid);
  EXPECT_EQ(staged.cookie, kCookieAt);
}

TEST(Cookie, SecretsArePublishedWithTheOnesBeforeHandedBack) {
  CookieJar jar(kSecrets);
  const CookieSecret next = random_cookie_secret();
  const auto before = jar.publish({next, kSecrets.active});
  EXPECT_EQ(before->active, kSecrets.active);
  EXPECT_EQ(jar.current().active, next);
  EXPECT_EQ(jar.current().staged, kSecrets.active);
}

}  // namespace
}  // namespace axfrd::zones::test
