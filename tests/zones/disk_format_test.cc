#include "zones/disk/disk_format.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include "tests/zones/support.h"
#include "zones/disk/tagged.h"

namespace axfrd::zones::test {
namespace {

StoredZone stored(Attributes attributes) {
  const auto plain = zone_of("example.", "$TTL 60\n@ SOA ns admin 1 2 3 4 5\n@ NS ns.test.\n");
  const std::string value = encode_zone(*plain->apply({}, plain->soa_record(), std::move(attributes)));
  return decode_zone(bytes_of(value));
}

Attributes with_kind(unsigned kind) {
  const PseudoRecord record{static_cast<PseudoRecord::Kind>(kind), name("example."), 60, "t.test.", {}};
  Attributes attributes;
  attributes.pseudo = std::make_shared<const std::vector<PseudoRecord>>(1, record);
  return attributes;
}

Attributes with_prefix(uint8_t bits, bool v4 = false) {
  SecondaryDns settings;
  settings.secondaries.resize(1);
  settings.secondaries[0].prefix = bits;
  if (v4) settings.secondaries[0].address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 0};
  Attributes attributes;
  attributes.secondary_dns = std::make_shared<const SecondaryDns>(settings);
  return attributes;
}

TEST(DiskFormat, KeepsTheOrigin) {
  Origin origin{Origin::Kind::member, {{{1, 2}, 5353, name("key.")}}, name("catalog."), "label", 4711};
  Attributes attributes;
  attributes.origin = std::make_shared<const Origin>(origin);
  attributes.serving = Serving::expired;
  const StoredZone zone = stored(attributes);
  ASSERT_TRUE(zone.origin);
  EXPECT_EQ(*zone.origin, origin);
  EXPECT_EQ(zone.serving, Serving::expired);
  EXPECT_TRUE(zone.knows_all);
  EXPECT_FALSE(stored({}).origin) << "a local zone says nothing of it";
  origin.kind = static_cast<Origin::Kind>(99);
  attributes.origin = std::make_shared<const Origin>(origin);
  EXPECT_FALSE(stored(attributes).knows_all) << "what a later axfrd knows";
}

TEST(DiskFormat, KeepsWhatIsEnding) {
  SecondaryDns settings{true, {name("ns1.acme.test."), name("ns2.acme.test.")}, {}, {}};
  Attributes attributes;
  const auto kept = [&] {
    attributes.secondary_dns = std::make_shared<const SecondaryDns>(settings);
    return stored(attributes);
  };
  EXPECT_EQ(*kept().secondary_dns, settings) << "which says nothing of it";
  settings.ending = Ending{1'800'000'000, {name("ns2.acme.test.")}};
  EXPECT_EQ(*kept().secondary_dns, settings);
  EXPECT_TRUE(kept().knows_all);
}

TEST(DiskFormat, RefusesWhatNoVersionHolds) {
  EXPECT_EQ(stored(with_kind(1)).pseudo->size(), 1U);
  EXPECT_THROW((void)stored(with_kind(2)), std::invalid_argument);
  EXPECT_EQ(stored(with_prefix(128)).secondary_dns->secondaries.size(), 1U);
  EXPECT_THROW((void)stored(with_prefix(129)), std::invalid_argument);
  EXPECT_EQ(stored(with_prefix(120, true)).secondary_dns->secondaries.size(), 1U);
  EXPECT_THROW((void)stored(with_prefix(95, true)), std::invalid_argument);
}

// By the checksum alone: what follows may look like anything.
TEST(DiskFormat, ASealedValueIsToldFromOneOfFormat6) {
  const std::string sealed = seal("content");
  EXPECT_EQ(unseal(bytes_of(sealed)).format, kStoreFormat);
  EXPECT_EQ(zones::text_of(unseal(bytes_of(sealed)).content), "content");
  std::string old = "\6content";
  const uint32_t sum = libdeflate_crc32(0, old.data(), old.size());
  old.resize(old.size() + 4);
  store32(reinterpret_cast<uint8_t*>(old.data()) + old.size() - 4, sum);
  EXPECT_EQ(unseal(bytes_of(old)).format, kOldestFormat);
  EXPECT_EQ(zones::text_of(unseal(bytes_of(old)).content), "\6content");
  EXPECT_THROW((void)unseal(bytes_of(seal("content", "one")), "another"), std::invalid_argument);
}

// ---- who made a step ----

TEST(StepFormat, KeepsByWhomItWasMade) {
  const VersionRef version = zone_of("example.", "@ 60 SOA ns admin 1 2 3 4 5\n");
  const Step anonymous(version->soa_record(), 2, 7, {});
  const Step told(version->soa_record(), 2, 7, {}, {}, "rollback to serial 1 by root");
  const StoredStep read = decode_step(bytes_of(encode_step(told)));
  EXPECT_TRUE(read.knows_all);
  EXPECT_EQ(read.step->by(), "rollback to serial 1 by root");
  EXPECT_EQ(decode_step(bytes_of(encode_step(anonymous))).step->by(), "");
  EXPECT_LT(encode_step(anonymous).size(), encode_step(told).size()) << "what is not there takes no room";
  EXPECT_EQ(Step(version->soa_record(), 2, 7, {}, {}, std::string(5000, 'x')).by().size(), Step::kMostBy);
}

}  // namespace
}  // namespace axfrd::zones::test
