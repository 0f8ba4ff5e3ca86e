#include "control/update/store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/zones/support.h"

namespace axfrd::control {
namespace {

using zones::OwnedRecord;
using zones::VersionRef;
using zones::ZoneVersion;
using zones::test::name;
using zones::test::records_of;
using zones::test::zone_of;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : directory(std::filesystem::temp_directory_path() / ("axfrd-store-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(directory);
  }
  ~StoreTest() override { std::filesystem::remove_all(directory); }

  static VersionRef zone(const std::string& apex, uint32_t serial, int hosts) {
    std::string text =
        "$TTL 60\n@ SOA ns.example.net. admin " + std::to_string(serial) + " 2 3 4 5\n@ NS ns.example.net.\n";
    for (int i = 0; i < hosts; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
    return zone_of(apex, text);
  }
  static VersionRef with_serial(const ZoneVersion& version, uint32_t serial, const zones::Delta& delta) {
    OwnedRecord soa = version.soa_record();
    zones::store32(reinterpret_cast<uint8_t*>(soa.rdata.data()) + soa.rdata.size() - 20, serial);
    return version.apply(delta, soa, version.attributes());
  }
  static void commit(Store& store, const ZoneVersion* before, const ZoneVersion* after) {
    const Store::Change change{before, after};
    store.commit({&change, 1});
  }
  std::map<std::string, VersionRef> load() {
    Store store(directory);
    return load(store);
  }
  std::map<std::string, VersionRef> load(Store& store) {
    std::map<std::string, VersionRef> all;
    store.load([&](const Store::Loaded& l) { all.emplace(l.version->apex().name.to_text(), l.version); },
               [&](const std::string& sentence) { damage += sentence; });
    return all;
  }
  static void expect_same(const ZoneVersion& a, const ZoneVersion& b) {
    EXPECT_EQ(a.serial(), b.serial());
    EXPECT_EQ(records_of(a), records_of(b));
  }

  std::filesystem::path directory;
  std::string damage;  // what load() was told
};

TEST_F(StoreTest, WhatWasCommittedIsThereAfterReopening) {
  const auto bare = zone_of("bare.", "@ 60 SOA ns admin 1 2 3 4 5\n"), small = zone("Small.Example.", 7, 5),
             large = zone("large.example.", 8, 5000);
  {
    Store store(directory);
    for (const auto& version : {bare, small, large}) commit(store, nullptr, version.get());
  }
  const auto all = load();
  ASSERT_EQ(all.size(), 3U);
  expect_same(*all.at("bare."), *bare);
  expect_same(*all.at("Small.Example."), *small);
  expect_same(*all.at("large.example."), *large);
}

TEST_F(StoreTest, PseudoRecordsAreKept) {
  const auto parsed = zones::parse_zone("$TTL 60\n@ SOA ns admin 1 2 3 4 5\n@ ALIAS x.test.\nwww URL \"https://y/\"\n",
                                        name("p."), "f");
  const auto& text = std::get<zones::ZoneText>(parsed);
  const auto version =
      ZoneVersion::build(text.records, {std::make_shared<const std::vector<zones::PseudoRecord>>(text.pseudo)});
  {
    Store store(directory);
    commit(store, nullptr, version.get());
  }
  const auto again = load().at("p.");
  ASSERT_TRUE(again->pseudo());
  ASSERT_EQ(again->pseudo()->size(), 2U);
  EXPECT_EQ((*again->pseudo())[1].target, "https://y/");
}

TEST_F(StoreTest, ZonesGrowShrinkAndGoThroughCommits) {
  Store store(directory);
  VersionRef version = zone("a.", 1, 0);
  commit(store, nullptr, version.get());
  const auto donor = zone("a.", 1, 3000);
  zones::Delta grow;
  donor->for_each_record([&](const zones::Record& r) {
    if (r.type == zones::rrtype::A) grow.added.emplace_back(r);
  });
  VersionRef large = with_serial(*version, 2, grow);
  ASSERT_GT(large->page_count(), 1U);
  commit(store, version.get(), large.get());
  expect_same(*load(store).at("a."), *large);
  const VersionRef shrunk = with_serial(*large, 3, {.removed = grow.added, .added = {}});
  commit(store, large.get(), shrunk.get());
  expect_same(*load(store).at("a."), *shrunk);
  commit(store, shrunk.get(), nullptr);
  EXPECT_TRUE(load(store).empty());
}

TEST_F(StoreTest, TheMapGrowsByItself) {
  Store store(directory);
  std::vector<VersionRef> versions;
  std::vector<Store::Change> changes;
  for (int i = 0; i < 40; ++i) {
    versions.push_back(zone("zone" + std::to_string(i) + ".", 1, 20000));
    changes.push_back({nullptr, versions.back().get()});
  }
  for (int round = 0; round < 4; ++round) {
    store.commit(changes);
    std::vector<Store::Change> gone;
    for (const auto& v : versions) gone.push_back({v.get(), nullptr});
    if (round < 3) store.commit(gone);
  }
  EXPECT_EQ(load(store).size(), 40U);
}

TEST_F(StoreTest, CommitsGoOnWhileTheLogIsWrittenToTheDatabase) {
  VersionRef version = zone("a.", 1, 30);
  {
    Store store(directory, 64 * 1024);
    commit(store, nullptr, version.get());
    for (uint32_t serial = 2; serial <= 500; ++serial) {
      const VersionRef next = with_serial(*version, serial, {});
      commit(store, version.get(), next.get());
      version = next;
    }
    expect_same(*load(store).at("a."), *version);
  }
  EXPECT_LE(std::filesystem::file_size(directory / "redo.0"), 64U * 1024);
  expect_same(*load().at("a."), *version);
}

TEST_F(StoreTest, ASecondProcessIsRefusedWithASentence) {
  Store store(directory);
  try {
    Store second(directory);
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("in use by another axfrd"), std::string::npos);
  }
}

TEST_F(StoreTest, ATruncatedFileIsRefusedWithASentence) {
  {
    Store store(directory);
    const auto version = zone("a.", 1, 20000);
    commit(store, nullptr, version.get());
  }
  std::filesystem::resize_file(directory / "data.mdb", std::filesystem::file_size(directory / "data.mdb") / 2);
  EXPECT_THROW(Store{directory}, StoreError);
  std::filesystem::resize_file(directory / "data.mdb", 100);
  EXPECT_THROW(Store{directory}, StoreError);
}

TEST_F(StoreTest, FlippedBitsAreFoundAndOnlyTheirZoneIsLost) {
  {
    Store store(directory);
    const auto version = zone("victim.", 1, 50), other = zone("other.", 1, 0);
    const std::array<Store::Change, 2> both{{{nullptr, version.get()}, {nullptr, other.get()}}};
    store.commit(both);
  }
  std::fstream file(directory / "data.mdb", std::ios::in | std::ios::out | std::ios::binary);
  std::string content((std::istreambuf_iterator<char>(file)), {});
  const size_t at = content.find("host17") != std::string::npos ? content.find("host17") : content.find("\6host1");
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at + 3));
  file.put('X');
  file.close();
  EXPECT_EQ(load().count("other."), 1U);
  EXPECT_NE(damage.find("damaged at zone victim."), std::string::npos) << damage;

  Store store(directory);
  const auto anew = zone("victim.", 2, 50);
  commit(store, nullptr, anew.get());
  EXPECT_EQ(load(store).at("victim.")->serial(), 2U);
}

TEST_F(StoreTest, AGenerationThatIsNoNumberIsDamage) {
  Store{directory};
  Database(directory).write([](Writer& writer) { writer.put(StoreTable::meta, "generation", "some"); });
  EXPECT_THROW(Store{directory}, StoreError);
}

TEST_F(StoreTest, AProcessKilledAtAnyMomentLosesNothingItAcknowledged) {
  for (int round = 0; round < 20; ++round) {
    int acknowledgements[2];
    ASSERT_EQ(::pipe(acknowledgements), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      Store store(directory, 64 * 1024);  // small, so that there are checkpoints, and batches that do not fit
      const auto all = load(store);
      VersionRef before = all.empty() ? nullptr : all.at("k.");
      for (uint32_t serial = before ? before->serial() + 1 : 1;; ++serial) {
        const VersionRef after = zone("k.", serial, static_cast<int>(serial % 3) * 700);
        commit(store, before.get(), after.get());
        if (::write(acknowledgements[1], &serial, sizeof serial) != sizeof serial) ::_exit(1);
        before = after;
      }
    }
    ::close(acknowledgements[1]);
    ::usleep(static_cast<useconds_t>(20000 + round * 1700));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    uint32_t acknowledged = 0, serial = 0;
    while (::read(acknowledgements[0], &serial, sizeof serial) == sizeof serial) acknowledged = serial;
    ::close(acknowledgements[0]);
    const auto all = load();
    if (acknowledged == 0) continue;
    const auto& kept = all.at("k.");
    ASSERT_GE(kept->serial(), acknowledged);
    ASSERT_LE(kept->serial(), acknowledged + 1);
    ASSERT_EQ(records_of(*kept).size(), (kept->serial() % 3) * 700 + 1);
  }
}

}  // namespace
}  // namespace axfrd::control
