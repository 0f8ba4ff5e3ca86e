#include "zones/data/zone_table.h"

#include <gtest/gtest.h>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

VersionRef small_zone(const std::string& apex, uint32_t serial = 1) {
  return zone_of(apex, "$TTL 60\n@ SOA ns admin " + std::to_string(serial) + " 2 3 4 5\n@ NS ns\n");
}

const Zone* find(const ZoneTable& table, const std::string& apex) {
  const Name n = name(apex);
  return table.find(NameHash::process().of(n), n);
}

TEST(ZoneTable, FindsZonesByTheirApexInAnyCase) {
  ZoneTable table;
  (void)table.publish(small_zone("example.com."));
  ASSERT_NE(find(table, "EXAMPLE.com."), nullptr);
  EXPECT_EQ(find(table, "example.org."), nullptr);
  EXPECT_EQ(find(table, "www.example.com."), nullptr);
}

ZoneTable::Guess guess(const ZoneTable& table, const HashedName& name) {
  ZoneTable::Guess guess;
  table.begin_guess(guess, name);
  table.end_guess(guess, name);
  return guess;
}

TEST(ZoneTable, FindsTheClosestZoneAboveAName) {
  ZoneTable table;
  (void)table.publish(small_zone("example.com."));
  (void)table.publish(small_zone("b.c.d.example.com."));
  const Name deep = name("A.B.C.d.Example.com.");
  HashedName hashed;
  ASSERT_TRUE(hashed.read(deep.view().data(), deep.view().data() + deep.view().size()));
  EXPECT_EQ(table.closest(hashed, 6), find(table, "b.c.d.example.com."));
  EXPECT_EQ(table.closest(hashed, 5), find(table, "b.c.d.example.com."));
  EXPECT_EQ(table.closest(hashed, 4), find(table, "example.com."));
  EXPECT_EQ(table.closest(hashed, 1), nullptr);
  EXPECT_EQ(guess(table, hashed).zone, find(table, "b.c.d.example.com."));
  EXPECT_EQ(guess(table, hashed).labels, 5U);
  const auto retired = table.remove(name("b.c.d.example.com."));
  EXPECT_EQ(table.closest(hashed, 6), find(table, "example.com."));
  EXPECT_EQ(guess(table, hashed).labels, 2U);
}

TEST(ZoneTable, PublishingReplacesTheVersionAndGivesTheOldOneBack) {
  ZoneTable table;
  (void)table.publish(small_zone("example.", 1));
  const Zone* zone = find(table, "example.");
  auto retired = table.publish(small_zone("example.", 2));
  ASSERT_TRUE(retired.version);
  EXPECT_EQ(retired.version->serial(), 1U);
  EXPECT_EQ(find(table, "example."), zone);
  EXPECT_EQ(zone->current()->serial(), 2U);
  EXPECT_EQ(table.size(), 1U);
}

TEST(ZoneTable, RemovingGivesTheZoneBackForReadersThatStillSeeIt) {
  ZoneTable table;
  (void)table.publish(small_zone("example."));
  const Zone* zone = find(table, "example.");
  auto retired = table.remove(name("example."));
  EXPECT_EQ(retired.zone.get(), zone);
  EXPECT_EQ(zone->current()->serial(), 1U);
  EXPECT_EQ(find(table, "example."), nullptr);
  EXPECT_FALSE(table.remove(name("example.")).zone);
}

TEST(ZoneTable, AVersionOutlivesItsZoneForWhoHoldsIt) {
  VersionRef held;
  {
    ZoneTable table;
    (void)table.publish(small_zone("example."));
    held = VersionRef(find(table, "example.")->current());
  }
  EXPECT_EQ(held->serial(), 1U);
}

TEST(ZoneTable, HoldsManyZones) {
  ZoneTable table;
  std::vector<VersionRef> versions;
  for (int i = 0; i < 5000; ++i) versions.push_back(small_zone("zone" + std::to_string(i) + ".test."));
  (void)table.publish_new(std::move(versions));
  EXPECT_EQ(table.size(), 5000U);
  for (int i = 0; i < 5000; ++i) ASSERT_NE(find(table, "zone" + std::to_string(i) + ".test."), nullptr);
  size_t visited = 0;
  table.for_each([&](const Zone&) { ++visited; });
  EXPECT_EQ(visited, 5000U);
}

}  // namespace
}  // namespace axfrd::zones::test
