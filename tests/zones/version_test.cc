#include "zones/data/version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/zones/support.h"

namespace axfrd::zones::test {
namespace {

std::string soa_line(uint32_t serial, const std::string& mname = "ns") {
  return "$TTL 3600\n@ IN SOA " + mname + " hostmaster " + std::to_string(serial) + " 3600 900 604800 300\n";
}

OwnedRecord soa_with(const ZoneVersion& version, uint32_t serial) {
  OwnedRecord soa = version.soa_record();
  store32(reinterpret_cast<uint8_t*>(soa.rdata.data()) + soa.rdata.size() - 20, serial);
  return soa;
}

OwnedRecord record(const std::string& owner, const std::string& type_and_data) {
  const auto version = zone_of("example.", soa_line(1) + owner + " " + type_and_data + "\n");
  std::vector<OwnedRecord> all;
  version->for_each_record([&](const Record& r) {
    if (r.type != rrtype::SOA) all.emplace_back(r);
  });
  return all.at(0);
}

// Every name findable, pages in order, counts right: what an immutable version promises.
void check(const ZoneVersion& version) {
  Page::Counts sum;
  std::array<uint8_t, kMaxName> buffer, last_buffer;
  NameView last;
  bool any = false;
  for (unsigned p = 0; p < version.page_count(); ++p) {
    const Page& page = version.page(p);
    sum.records += page.counts().records;
    sum.names += page.counts().names;
    sum.barriers += page.counts().barriers;
    sum.wildcards += page.counts().wildcards;
    for (unsigned i = 0; i < page.node_count(); ++i) {
      const NameView n = page.name(i, version.apex(), buffer);
      ASSERT_TRUE(!any || canonical_order(last, n) < 0) << n.to_text();
      const auto found = version.find(NameHash::process().of(n), n);
      ASSERT_TRUE(found) << n.to_text();
      ASSERT_EQ(found.page, &page);
      std::memcpy(last_buffer.data(), n.data(), n.size());
      last = {last_buffer.data(), n.size()};
      any = true;
      // Every ancestor within the zone is a node.
      for (unsigned up = 1; n.label_count() - up > version.apex().labels && n.label_count() > version.apex().labels;
           ++up) {
        const NameView parent = n.parent(up);
        ASSERT_TRUE(version.find(NameHash::process().of(parent), parent)) << parent.to_text();
      }
    }
  }
  EXPECT_EQ(sum.records, version.counts().records);
  EXPECT_EQ(sum.names, version.counts().names);
  EXPECT_EQ(sum.barriers, version.counts().barriers);
  EXPECT_EQ(sum.wildcards, version.counts().wildcards);
}

TEST(ZoneVersion, AZoneOfNothingButItsSoaIsAZone) {
  const auto version = zone_of("example.", soa_line(7));
  EXPECT_EQ(version->serial(), 7U);
  EXPECT_EQ(version->page_count(), 0U);
  EXPECT_FALSE(version->apex_node());
}

TEST(ZoneVersion, SoaRecordSurvivesPreparation) {
  const auto version = zone_of("example.", "@ 99 SOA ns.other.test. host\\.master.other.test. 4294967295 1 2 3 60\n");
  EXPECT_EQ(show(version->soa_record().view()),
            "example.\t99\tIN\tSOA\tns.other.test. host\\.master.other.test. 4294967295 1 2 3 60");
  EXPECT_EQ(version->negative_ttl(), 60U);
}

TEST(ZoneVersion, ApplySharesThePagesThatTheChangeDoesNotTouch) {
  std::string text = soa_line(1);
  for (int i = 0; i < 20000; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
  const auto old = zone_of("example.", text);
  ASSERT_GT(old->page_count(), 20U);
  Delta delta;
  delta.removed.push_back(record("host777", "A 192.0.2.1"));
  delta.added.push_back(record("host777", "A 192.0.2.77"));
  const auto next = old->apply(delta, soa_with(*old, 2), {});
  unsigned shared = 0;
  for (unsigned p = 0; p < next->page_count(); ++p) shared += &next->page(p) == &old->page(p) ? 1 : 0;
  EXPECT_EQ(shared, old->page_count() - 1);
  EXPECT_EQ(next->serial(), 2U);
  EXPECT_EQ(old->serial(), 1U);
  EXPECT_TRUE(records_of(*old).contains("host777.example.\t3600\tIN\tA\t192.0.2.1"));
  EXPECT_TRUE(records_of(*next).contains("host777.example.\t3600\tIN\tA\t192.0.2.77"));
  check(*next);
}

TEST(ZoneVersion, ApplyRefusesADeltaThatDoesNotFit) {
  const auto old = zone_of("example.", soa_line(1) + "a A 192.0.2.1\nc CNAME a\n");
  Delta missing, twice, conflict;
  missing.removed.push_back(record("b", "A 192.0.2.1"));
  twice.added.push_back(record("a", "A 192.0.2.1"));
  conflict.added.push_back(record("c", "A 192.0.2.1"));
  EXPECT_THROW((void)old->apply(missing, soa_with(*old, 2), {}), DeltaMismatch);
  EXPECT_THROW((void)old->apply(twice, soa_with(*old, 2), {}), DeltaMismatch);
  EXPECT_THROW((void)old->apply(conflict, soa_with(*old, 2), {}), DeltaMismatch);
}

TEST(ZoneVersion, ASoaOfAnotherLengthMovesTheFirstPage) {
  const auto old = zone_of("example.", soa_line(1) + "@ NS ns\nns A 192.0.2.1\n");
  const auto donor = zone_of("example.", soa_line(2, "a.very.much.longer.primary.name"));
  const auto next = old->apply({}, donor->soa_record(), {});
  EXPECT_EQ(next->page(0).message(0).base, next->apex().question_end() + next->soa_size());
  EXPECT_EQ(records_of(*next), records_of(*old));
}

// Random histories against a plain set of records.
TEST(ZoneVersion, ApplyEqualsBuildingAnewThroughRandomHistories) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    std::mt19937 random(seed);
    const unsigned span = seed % 3 == 0 ? 40 : 6000;
    std::map<std::string, OwnedRecord> model;  // text → record
    const auto random_record = [&] {
      static const char* const below[] = {"", ".sub", ".deep.er", ".sub.sub"};
      const std::string owner = "n" + std::to_string(random() % span) + below[random() % 4];
      switch (random() % 4) {
        case 0:
          return record(owner, "TXT \"" + std::string(1 + random() % 200, 't') + std::to_string(random() % 5) + "\"");
        case 1:
          return record(owner, "MX 10 mail" + std::to_string(random() % 9) + ".example.");
        default:
          return record(owner, "A 192.0.2." + std::to_string(random() % 5));
      }
    };
    VersionRef version = zone_of("example.", soa_line(1));
    for (uint32_t serial = 2; serial < 25; ++serial) {
      Delta delta;
      const auto adds = static_cast<unsigned>(random() % (serial % 5 == 0 ? 900 : 12));
      std::set<std::string> fresh;
      for (unsigned i = 0; i < adds; ++i) {
        const OwnedRecord r = random_record();
        if (!model.emplace(show(r.view()), r).second) continue;
        fresh.insert(show(r.view()));
        delta.added.push_back(r);
      }
      const bool purge = serial % 7 == 0;
      for (auto it = model.begin(); it != model.end();) {
        if (fresh.contains(it->first) || random() % (purge ? 2 : 40) != 0) {
          ++it;
          continue;
        }
        delta.removed.push_back(it->second);
        it = model.erase(it);
      }
      version = version->apply(delta, soa_with(*version, serial), {});
      std::multiset<std::string> expected;
      for (const auto& [text, r] : model) expected.insert(text);
      ASSERT_EQ(records_of(*version), expected) << "seed " << seed << " serial " << serial;
      check(*version);
      ASSERT_FALSE(HasFatalFailure()) << "seed " << seed << " serial " << serial;
    }
  }
}

TEST(ZoneVersion, EverythingCanBeRemovedAndAddedAgain) {
  std::string text = soa_line(1);
  for (int i = 0; i < 3000; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
  const auto full = zone_of("example.", text);
  Delta all;
  full->for_each_record([&](const Record& r) {
    if (r.type != rrtype::SOA) all.removed.emplace_back(r);
  });
  const auto empty = full->apply(all, soa_with(*full, 2), {});
  EXPECT_EQ(empty->page_count(), 0U);
  EXPECT_EQ(empty->counts().records, 0U);
  const auto again = empty->apply({.removed = {}, .added = all.removed}, soa_with(*full, 3), {});
  EXPECT_EQ(records_of(*again), records_of(*full));
  check(*again);
}

uint32_t id_of(const ZoneVersion& version, unsigned i) {
  return version.page_ids().empty() ? 0 : version.page_ids()[i];
}

std::vector<ZoneVersion::NumberedPage> take_apart(const ZoneVersion& version) {
  std::vector<ZoneVersion::NumberedPage> pages;
  for (unsigned i = 0; i < version.page_count(); ++i) pages.push_back({id_of(version, i), version.page(i).image()});
  return pages;
}

TEST(ZoneVersion, IsTheSameAfterBeingTakenApartAndRestored) {
  for (const int hosts : {0, 5, 5000}) {
    std::string text = soa_line(9) + "@ NS ns\n*.w.x TXT y\n";
    for (int i = 0; i < hosts; ++i)
      text += "host" + std::to_string(i) + ".e" + std::to_string(i % 50) + " A 192.0.2.1\n";
    auto version = zone_of("example.", text);
    Delta delta;  // moves ids out of order
    for (int i = 0; i < hosts; i += 3)
      delta.added.push_back(record("new" + std::to_string(i), "TXT \"" + std::string(200, 't') + "\""));
    version = version->apply(delta, soa_with(*version, 10), {});
    const auto again = ZoneVersion::restore(name("example."), version->soa_record().view(), take_apart(*version), {});
    EXPECT_EQ(again->serial(), 10U);
    EXPECT_EQ(records_of(*again), records_of(*version));
    check(*again);
    for (unsigned i = 0; i < again->page_count(); ++i) ASSERT_EQ(id_of(*again, i), id_of(*version, i));
    Delta more;
    more.added.push_back(record("later", "A 192.0.2.9"));
    check(*again->apply(more, soa_with(*again, 11), {}));
  }
}

TEST(ZoneVersion, RestoreRefusesPagesThatDoNotMakeAZone) {
  std::string text = soa_line(9);
  for (int i = 0; i < 3000; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
  const auto version = zone_of("example.", text);
  const auto restore = [&](const std::vector<ZoneVersion::NumberedPage>& pages) {
    return ZoneVersion::restore(name("example."), version->soa_record().view(), pages, {});
  };
  auto swapped = take_apart(*version);
  std::swap(swapped[1].image, swapped[2].image);
  EXPECT_THROW((void)restore(swapped), std::invalid_argument);
  auto doubled = take_apart(*version);
  doubled[1].id = doubled[0].id;
  EXPECT_THROW((void)restore(doubled), std::invalid_argument);
  auto wild = take_apart(*version);
  wild[0].id = 0xFFFFFFFF;
  EXPECT_THROW((void)restore(wild), std::invalid_argument);
  auto empty = take_apart(*version);
  empty[0].image.clear();
  EXPECT_THROW((void)restore(empty), std::invalid_argument);
}

}  // namespace
}  // namespace axfrd::zones::test
