#include "control/access/key.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using zones::test::name;

TsigKeyRef tsig_key(const std::string& text) {
  return std::make_shared<TsigKey>(name(text), kDefaultTsigAlgorithm, random_secret());
}

// What `action` throws.
std::string complaint(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

std::string hex(zones::Bytes octets) {
  std::string text;
  for (const uint8_t octet : octets) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 15];
  }
  return text;
}

Octets octets_of(const std::string& text) { return {text.begin(), text.end()}; }

TEST(TsigAlgorithmTest, AlgorithmsAreReadInAnyCaseWithOrWithoutTheFinalDot) {
  for (const auto algorithm : {TsigAlgorithm::hmac_md5, TsigAlgorithm::hmac_sha1, TsigAlgorithm::hmac_sha224,
                               TsigAlgorithm::hmac_sha256, TsigAlgorithm::hmac_sha384, TsigAlgorithm::hmac_sha512}) {
    EXPECT_EQ(parse_tsig_algorithm(to_text(algorithm)), algorithm);
    EXPECT_EQ(parse_tsig_algorithm(wire_name(algorithm).to_text()), algorithm);
  }
  EXPECT_EQ(parse_tsig_algorithm("HMAC-SHA512."), TsigAlgorithm::hmac_sha512);
  EXPECT_EQ(parse_tsig_algorithm("HMAC-MD5.SIG-ALG.REG.INT"), TsigAlgorithm::hmac_md5);
  EXPECT_EQ(to_text(kDefaultTsigAlgorithm), "hmac-sha256");
}

TEST(TsigAlgorithmTest, AnUnknownAlgorithmIsRefusedWithThoseThatThereAre) {
  EXPECT_EQ(complaint([] { parse_tsig_algorithm("hmac-sha3"); }),
            "\"hmac-sha3\" is no TSIG algorithm; there are hmac-md5, hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, "
            "hmac-sha512");
  EXPECT_NE(complaint([] { parse_tsig_algorithm(""); }), "");
}

TEST(SecretTest, SecretsAreReadAndWrittenAsBase64) {
  // RFC 4648 §10
  for (const auto& [plain, text] : {std::pair{"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
    const Secret secret = decode_secret(text);
    EXPECT_EQ(hex(secret.bytes()), hex(octets_of(plain)));
    EXPECT_EQ(encode_secret(secret), text);
  }
  EXPECT_EQ(hex(decode_secret("+/+/").bytes()), "fbffbf");
}

TEST(SecretTest, WhatIsNoBase64IsRefusedAndNotQuoted) {
  EXPECT_EQ(complaint([] { decode_secret(""); }), "the secret is empty");
  for (const char* text : {"Zm9v!mFy", "Zm9v YmFy", " Zm9v", "Zm9v\n", "Zg==Zg==", "Zg=a"}) {
    EXPECT_EQ(complaint([&] { decode_secret(text); }),
              "the secret is not base64: a character other than A-Z, a-z, 0-9, + and /");
  }
  for (const char* text : {"Zg", "Zg=", "Zm9vY", "Z===", "====", "="}) {
    EXPECT_EQ(complaint([&] { decode_secret(text); }),
              "the secret is not base64: its length with padding is no multiple of four");
  }
}

TEST(SecretTest, ARandomSecretIsAsLongAsTheMacAndNeverTheSame) {
  EXPECT_EQ(random_secret(TsigAlgorithm::hmac_sha512).bytes().size(), 64U);
  EXPECT_EQ(random_secret().bytes().size(), 32U);
  EXPECT_NE(encode_secret(random_secret()), encode_secret(random_secret()));
}

TEST(TsigKeyTest, TheMacIsThatOfRfc4231) {
  // Test case 2: of "what do ya want for nothing?" under "Jefe".
  const TsigKey jefe(name("k."), TsigAlgorithm::hmac_sha256, Secret(octets_of("Jefe")));
  for (int again = 0; again < 2; ++again) {
    Hmac hmac = jefe.hmac();
    hmac.add(octets_of("what do ya want "));
    hmac.add(octets_of("for nothing?"));
    EXPECT_EQ(hex(hmac.finish()), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

TEST(TsigKeyTest, HmacMd5HasToBeAllowed) {
  const auto make = [](Md5 md5) { TsigKey(name("old."), TsigAlgorithm::hmac_md5, Secret(Octets(16)), md5); };
  EXPECT_EQ(complaint([&] { make(Md5::refused); }), "key old. uses hmac-md5, which is broken and has not been allowed");
  EXPECT_EQ(complaint([&] { make(Md5::allowed); }), "");
}

TEST(TsigKeyTest, AnEmptySecretIsRefused) {
  EXPECT_EQ(complaint([] { TsigKey(name("k."), kDefaultTsigAlgorithm, Secret({})); }), "the secret of key k. is empty");
}

TEST(KeyRingTest, KeysAreFoundByNameInAnyCase) {
  const KeyRing ring({tsig_key("b.example."), tsig_key("example."), tsig_key("A.example.")});
  EXPECT_EQ(ring.find(name("a.EXAMPLE.")), ring.keys()[1]);
  EXPECT_EQ(ring.find(name("b.example.")), ring.keys()[2]);
  EXPECT_EQ(ring.find(name("example.")), ring.keys()[0]);
  for (const char* other : {".", "c.example.", "a.b.example.", "zz.", "aa."}) {
    EXPECT_EQ(ring.find(name(other)), nullptr);
  }
  EXPECT_EQ(KeyRing().find(name("a.")), nullptr);
}

TEST(KeyRingTest, TwoKeysOfOneNameAreRefused) {
  EXPECT_EQ(complaint([] {
              KeyRing({tsig_key("k."), tsig_key("l."), tsig_key("K.")});
            }).substr(0, 19),
            "there are two keys ");
}

}  // namespace
}  // namespace axfrd::control
