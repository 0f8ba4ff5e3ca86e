#include "control/access/settings.h"

#include <gtest/gtest.h>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::name;

KeyRef a_key(const std::string& key) {
  auto tsig = std::make_shared<const TsigKey>(name(key), TsigAlgorithm::hmac_sha256, random_secret());
  return std::make_shared<const Key>(Key{tsig, {}});
}

TokenRef a_token(const std::string& token) {
  Token drawn{.name = token, .id = {}, .zones = {"*"}};
  (void)draw_secret(drawn);
  return std::make_shared<const Token>(std::move(drawn));
}

TEST(Settings, ChangesMakeANewSnapshotAndLeaveTheOldOne) {
  const Settings none;
  const std::vector<Setting> some{key_setting(name("a."), a_key("a.")), key_setting(name("B."), a_key("B.")),
                                  provider_setting("p", SecondaryWish{"ns.test.", "192.0.2.1", "", "", true}),
                                  cookies_setting({{}, true}), token_setting("t", a_token("t"))};
  const Settings all = none.with(some);
  EXPECT_EQ(none.keys->keys().size(), 0U);
  EXPECT_EQ(all.keys->keys().size(), 2U);
  ASSERT_NE(all.provider("p"), nullptr);
  EXPECT_EQ(all.provider("p")->ns, "ns.test.");
  EXPECT_TRUE(all.cookies);
  EXPECT_NE(all.tokens->find("t"), nullptr);
  const std::vector<Setting> gone{key_setting(name("b."), nullptr), provider_setting("p", std::nullopt),
                                  token_setting("t", nullptr)};
  const Settings less = all.with(gone);
  EXPECT_EQ(less.keys->keys().size(), 1U);
  EXPECT_EQ(less.provider("p"), nullptr);
  EXPECT_EQ(less.tokens->find("t"), nullptr);
  EXPECT_TRUE(less.cookies);
}

TEST(Settings, EveryKindIsStoredAndReadAlike) {
  for (const Setting& setting :
       {key_setting(name("K.Example."), a_key("K.Example.")),
        provider_setting("p", SecondaryWish{"ns.test.", "192.0.2.1", "", "k.", true}),
        cookies_setting({{zones::random_cookie_secret(), {}}, true}), token_setting("t", a_token("t"))}) {
    const std::string stored = setting_to_stored(setting.value);
    const Setting back = setting_from_stored(static_cast<char>(setting.kind), setting.name, stored);
    EXPECT_EQ(back.kind, setting.kind);
    EXPECT_EQ(setting_to_stored(back.value), stored);
    EXPECT_TRUE(knows_all(back.value));
  }
  EXPECT_THROW((void)setting_from_stored('?', "", "x"), std::invalid_argument);
}

TEST(Settings, ManyKeysAtOnceAreOneBook) {
  std::vector<Setting> many;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "k" + std::to_string(i) + ".";
    many.push_back(key_setting(name(key), a_key(key)));
  }
  const Settings all = Settings().with(many);
  EXPECT_EQ(all.keys->keys().size(), 1000U);
  EXPECT_NE(all.keys->find(name("K7.")), nullptr);
}

}  // namespace
}  // namespace axfrd::control
