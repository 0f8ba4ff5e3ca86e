#include "zones/data/integrity.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"
#include "zones/data/draft.h"

namespace axfrd::zones::test {
namespace {

const std::string kSound = "@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n";

std::vector<std::string> faults(const std::string& text) { return find_faults(*zone_of("example.", text)); }

TEST(Integrity, ASoundZoneHasNoFaults) {
  EXPECT_EQ(faults(kSound + "@ 60 MX 10 mail\nmail 60 AAAA 2001:db8::1\n@ 60 MX 0 .\n_x._tcp 60 SRV 1 2 3 host.test.\n"
                            "*.wild 60 A 192.0.2.1\nm 60 MX 10 x.wild\n"
                            "sub 60 NS ns.sub\nsub 60 NS ns.other.test.\nns.sub 60 A 192.0.2.2\n"
                            "m2 60 MX 10 mail.sub\nbelow.sub 60 MX 10 nothing\n"),
            std::vector<std::string>());
}

TEST(Integrity, SaysWhatIsWrongWithATarget) {
  const struct {
    const char *text, *says;
  } cases[] = {
      {"c 60 CNAME ns\n@ 60 NS c\n", "example. NS: c.example. is a CNAME"},
      {"c 60 CNAME ns\nm 60 MX 10 c\n", "m.example. MX: c.example. is a CNAME"},
      {"c 60 CNAME ns\ns 60 SRV 1 2 3 c\n", "s.example. SRV: c.example. is a CNAME"},
      {"@ 60 NS nothing\n", "example. NS: nothing.example. has neither A nor AAAA"},
      {"t 60 TXT x\n@ 60 NS t\n", "example. NS: t.example. has neither A nor AAAA"},
      {"m 60 MX 10 nothing\n", "m.example. MX: nothing.example. has neither A nor AAAA"},
      {"sub 60 NS ns.sub\n", "sub.example. NS: the glue of ns.sub.example. is missing"},
      {"sub 60 NS sub\n", "sub.example. NS: the glue of sub.example. is missing"},
      {"d 60 DNAME other.test.\n@ 60 MX 10 x.d\n", "example. MX: x.d.example. is below the DNAME of d.example."},
  };
  for (const auto& c : cases) {
    const auto found = faults(kSound + c.text);
    ASSERT_EQ(found.size(), 1U) << c.text;
    EXPECT_EQ(found[0].substr(0, std::string(c.says).size()), c.says);
  }
}

TEST(Integrity, AnApexWithoutServersIsAFault) {
  const VersionRef version = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\nns 60 A 192.0.2.1\n");
  EXPECT_FALSE(has_apex_servers(*version));
  EXPECT_EQ(find_faults(*version).size(), 1U);
  EXPECT_EQ(find_faults(*version, Delta()).size(), 1U);
  EXPECT_TRUE(has_apex_servers(*zone_of("example.", kSound)));
  EXPECT_FALSE(has_apex_servers(*zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n")));
}

TEST(Integrity, AChangeIsCheckedWhereItTouches) {
  const VersionRef base = zone_of("example.", kSound + "m 60 MX 10 gone\nsub 60 NS ns.sub\nns.sub 60 A 192.0.2.2\n");
  const auto after = [&](const std::string& addition, const std::string& removal) {
    Draft draft(base);
    if (!addition.empty()) {
      const auto edit = parse_addition(addition, name("example."), [](auto, auto) { return 60U; });
      draft.apply(std::get<Edit>(edit));
    }
    if (!removal.empty()) draft.apply(std::get<Edit>(parse_removal(removal, name("example."))));
    const auto result = std::get<Draft::Changes>(draft.finish());
    return find_faults(*base->apply(result.delta, result.soa, {}), result.delta);
  };
  EXPECT_EQ(after("x 60 A 192.0.2.3", ""), std::vector<std::string>());
  EXPECT_EQ(after("x 60 MX 10 gone", "").size(), 1U);
  EXPECT_EQ(after("", "ns A").size(), 1U);      // the server of the apex
  EXPECT_EQ(after("", "ns.sub A").size(), 1U);  // the glue of the delegation above
}

TEST(Integrity, OneFaultyZoneDoesNotFillTheMemory) {
  std::string text = kSound;
  for (int i = 0; i < 500; ++i) text += "m" + std::to_string(i) + " 60 MX 10 nothing\n";
  EXPECT_EQ(find_faults(*zone_of("example.", text), 7).size(), 7U);
}

}  // namespace
}  // namespace axfrd::zones::test
