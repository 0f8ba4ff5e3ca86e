#include "control/store/store.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <vector>

#include "control/store/backup.h"
#include "control/store/page_check.h"
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
    store.commit({.zones = {{before, after}}, .settings = {}, .ledger = {}});
  }
  static void set(Store& store, char kind, const std::string& name, const std::string& text) {
    store.commit({.zones = {}, .settings = {{kind, name, text}}, .ledger = {}});
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
  // Why it was not made; empty: it was.
  static std::string backed_up(Store& store, const std::filesystem::path& to) {
    std::promise<std::string> done;
    store.backup(to, [&](std::string failure) { done.set_value(std::move(failure)); });
    return done.get_future().get();
  }
  static void expect_same(const ZoneVersion& a, const ZoneVersion& b) {
    EXPECT_EQ(a.serial(), b.serial());
    EXPECT_EQ(records_of(a), records_of(b));
  }

  // All that stands in the store's files.
  std::string contents() const {
    std::string all;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      std::ifstream file(entry.path(), std::ios::binary);
      all += std::string(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }
  void replace(const std::string& file, const std::string& text, const std::string& with) const {
    std::fstream stream(directory / file, std::ios::in | std::ios::out | std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(stream)), {});
    const size_t at = all.find(text);
    ASSERT_NE(at, std::string::npos) << text;
    stream.seekp(static_cast<std::streamoff>(at));
    stream << with;
  }
  // Leaves what it did in the redo log.
  void in_a_process_that_is_killed(const std::function<void(Store&)>& work) const {
    const pid_t child = ::fork();
    if (child == 0) {
      Store store(directory);
      work(store);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  }
  // Damages that record of the redo log's first generation.
  void flip_record(unsigned index) const {
    std::fstream stream(directory / "redo.1", std::ios::in | std::ios::out | std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(stream)), {});
    size_t at = RedoLog::kBlock;
    for (unsigned i = 0; i < index; ++i) {
      do {
        at += RedoLog::kBlock;
      } while (all.compare(at, 4, "AxRd") != 0);
    }
    stream.seekp(static_cast<std::streamoff>(at + 5));
    stream.put(static_cast<char>(all[at + 5] ^ 1));
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
    store.commit({.zones = changes, .settings = {}, .ledger = {}});
    std::vector<Store::Change> gone;
    for (const auto& v : versions) gone.push_back({v.get(), nullptr});
    if (round < 3) store.commit({.zones = gone, .settings = {}, .ledger = {}});
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
    store.commit({.zones = {{nullptr, version.get()}, {nullptr, other.get()}}, .settings = {}, .ledger = {}});
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

TEST_F(StoreTest, APlaceInTheLogThatCannotBeReadIsDamage) {
  Store{directory};
  Database(directory).write([](Writer& writer) { writer.put(StoreTable::meta, "log", "some"); });
  EXPECT_THROW(Store{directory}, StoreError);
}

TEST_F(StoreTest, AStoreOfALaterAxfrdIsRefusedAndNotTouched) {
  Store{directory};
  Database(directory).write([](Writer& writer) { writer.put(StoreTable::meta, kFormatKey, format_text(12, 11)); });
  const std::string before = contents();
  try {
    Store{directory};
    FAIL();
  } catch (const StoreError& error) {
    const std::string sentence = error.what();
    EXPECT_NE(sentence.find("has format 12, which takes an axfrd of format 11 or later, and this axfrd has format 7"),
              std::string::npos)
        << sentence;
    EXPECT_EQ(sentence.find("damaged"), std::string::npos);
  }
  EXPECT_EQ(contents(), before);
}

TEST_F(StoreTest, AStoreOfALaterAxfrdThatOursMayReadIsOpened) {
  Store{directory};
  Database(directory).write([](Writer& writer) { writer.put(StoreTable::meta, kFormatKey, format_text(12, 7)); });
  EXPECT_TRUE(load().empty());
}

// What a later axfrd may store beside what is known.
TEST_F(StoreTest, TagsThatAreNotKnownAreKept) {
  const auto version = zone("a.", 1, 3);
  std::string value = zones::encode_zone(*version);
  {
    Store store(directory);
    commit(store, nullptr, version.get());
  }
  zones::TagWriter later;
  later.put(uint16_t{4711}, "of a later axfrd");
  value = zones::seal(std::string(zones::text_of(zones::unseal(zones::bytes_of(value)).content)) +
                      std::move(later).finish());
  Database(directory).write([&](Writer& writer) { writer.put(StoreTable::zones, std::string("\1a\0", 3), value); });
  {
    Store store(directory);
    const auto loaded = load(store).at("a.");
    ASSERT_NE(loaded->attributes().kept, nullptr);
    const VersionRef next = with_serial(*loaded, 2, {});
    commit(store, loaded.get(), next.get());
  }
  const auto again = load().at("a.");
  EXPECT_EQ(again->serial(), 2U);
  ASSERT_NE(again->attributes().kept, nullptr);
  EXPECT_NE(again->attributes().kept->find("of a later axfrd"), std::string::npos);
}

// ---- damage ----

TEST_F(StoreTest, AcknowledgedChangesThatAreLostStopTheStartAndRecoverGoesOnWithout) {
  const auto first = zone("a.", 1, 3), other = zone("b.", 1, 3);
  const auto second = with_serial(*first, 2, {}), third = with_serial(*second, 3, {});
  in_a_process_that_is_killed([&](Store& store) {
    commit(store, nullptr, first.get());
    commit(store, nullptr, other.get());
    commit(store, first.get(), second.get());
    commit(store, second.get(), third.get());
  });
  flip_record(2);  // the one that made serial 2
  try {
    Store{directory};
    FAIL();
  } catch (const StoreError& error) {
    const std::string sentence = error.what();
    for (const char* part : {"acknowledged changes are lost", "redo.1 at octet", "a. serial 3", "--recover"})
      EXPECT_NE(sentence.find(part), std::string::npos) << part << " in " << sentence;
  }
  {
    Store store(directory, Store::kLogCapacity, {}, {.recover = true});
    EXPECT_TRUE(store.in_recovery());
    const auto all = load(store);
    EXPECT_EQ(all.at("a.")->serial(), 1U);
    EXPECT_EQ(all.count("b."), 1U);
    std::map<std::string, uint32_t> serials;
    store.load_tombstones([&](const zones::Name& apex, const Tombstone& t) { serials[apex.to_text()] = t.serial; },
                          [&](const std::string& sentence) { damage += sentence; });
    EXPECT_EQ(serials.at("a."), 3U) << "what is known to have been told to secondaries";
    store.end_recovery();
  }
  EXPECT_EQ(damage, "");
  Store store(directory);
  EXPECT_FALSE(store.in_recovery());
  EXPECT_EQ(load(store).at("a.")->serial(), 1U);
}

TEST_F(StoreTest, ARecordThatWasCutOffIsDroppedWithAWarning) {
  const auto first = zone("a.", 1, 3);
  const auto second = with_serial(*first, 2, {});
  in_a_process_that_is_killed([&](Store& store) {
    commit(store, nullptr, first.get());
    commit(store, first.get(), second.get());
  });
  flip_record(1);
  std::string told;
  Store store(directory, Store::kLogCapacity, [&](LogLevel, const std::string& text) { told += text; });
  EXPECT_NE(told.find("redo.1 at octet"), std::string::npos) << told;
  EXPECT_EQ(load(store).at("a.")->serial(), 1U);
}

// LMDB believes what its pages say, and ends the process, or writes to the wrong place, if that is not so.
TEST_F(StoreTest, AFlippedOctetOfAnyPageIsNamedOrHarmlessAndNeverACrash) {
  constexpr uint32_t zones = 60;
  {
    Store store(directory);
    std::vector<VersionRef> versions;
    std::vector<Store::Change> changes;
    for (uint32_t i = 0; i < zones; ++i) versions.push_back(zone("z" + std::to_string(i) + ".", 1, i == 0 ? 600 : 2));
    for (const VersionRef& version : versions) changes.push_back({nullptr, version.get()});
    store.commit({.zones = changes, .settings = {}, .ledger = {}});
    (void)load(store);  // a checkpoint
    for (uint32_t i = 1; i < 10; ++i) commit(store, versions[i].get(), nullptr);
  }  // which frees pages
  std::map<std::filesystem::path, std::string> files;
  const auto read = [](const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files[entry.path()] = read(entry.path());
  const auto restore = [&] {
    for (const auto& [path, content] : files) std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  };
  // 0: opened, read and written; 1: refused with a sentence.
  const auto open_and_change = [&] {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        Store store(directory);
        (void)load(store);
        const auto anew = zone("z30.", 2, 400), more = zone("more.", 1, 400);
        commit(store, nullptr, anew.get());
        commit(store, nullptr, more.get());
        (void)load(store);
      } catch (const StoreError&) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  };
  ASSERT_EQ(open_and_change(), 0);
  restore();
  const auto file = directory / "data.mdb";
  const std::string& content = files.at(file);
  constexpr size_t page_size = 4096, head = 48;
  std::map<std::string, int> reasons;
  unsigned opened = 0;
  for (size_t at = 0; at < content.size(); at += at % page_size < head ? 1 : 29) {
    const auto put = [&](int octet) {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(static_cast<std::streamoff>(at));
      stream.put(static_cast<char>(octet));
    };
    put(content[at] ^ 1 << at % 8);
    if (const auto found = find_page_damage(file)) {
      ++reasons[found->substr(found->find(": "))];
      put(content[at]);
    } else if (at % page_size < head ? at % 13 == 0 : at % 401 == 0) {
      ++opened;
      const int status = open_and_change();
      ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 1) << "octet " << at << ": " << status;
      restore();
    } else {
      put(content[at]);
    }
  }
  EXPECT_GE(reasons.size(), 8U) << ::testing::PrintToString(reasons);
  EXPECT_GT(opened, 40U);
}

TEST_F(StoreTest, DamagedSettingsAreNamedAndLeftOut) {
  {
    Store store(directory);
    for (const char* key : {"one.", "two."}) set(store, 'k', key, std::string("secret of ") + key);
    for (const char* provider : {"one", "two"}) set(store, 'p', provider, std::string("wish of ") + provider);
    set(store, 'c', "", "cookies");
  }
  replace("settings", "secret of one.", "secret of 0ne.");
  replace("settings", "wish of two", "wish 0f two");
  Store store(directory, Store::kLogCapacity, [&](LogLevel, const std::string& text) { damage += text; });
  std::string found;
  store.load_settings(
      [&](const Store::Setting& setting) { found += setting.kind + setting.name + "=" + setting.text + ";"; },
      [](const Store::Setting& setting) { return setting.name; },
      [&](const std::string& sentence) { damage += sentence; });
  EXPECT_EQ(found, "c=cookies;ktwo.=secret of two.;pone=wish of one;");
  EXPECT_NE(damage.find("settings is damaged at octet"), std::string::npos) << damage;
  // The next file takes its place, and the damaged one is kept beside it.
  const std::filesystem::path file = directory / "settings", kept = directory / "settings.damaged";
  const auto octets_of = [](const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string damaged = octets_of(file);
  set(store, 'k', "three.", "secret");
  (void)load(store);  // which waits for a checkpoint
  EXPECT_EQ(octets_of(kept), damaged);
  EXPECT_NE(octets_of(file), damaged);
}

TEST_F(StoreTest, TheSecretOfARemovedKeyIsNowhereAfterACheckpoint) {
  Store store(directory);
  const auto version = zone("a.", 1, 3);
  const auto settled = [&] { (void)load(store); };  // which waits for a checkpoint
  for (const bool checkpoint_between : {false, true}) {
    set(store, 'k', "k.", "the secret octets");
    if (checkpoint_between) settled();
    EXPECT_NE(contents().find("the secret octets"), std::string::npos);
    set(store, 'k', "k.", "");
    settled();
    EXPECT_EQ(contents().find("the secret octets"), std::string::npos) << checkpoint_between;
  }
  set(store, 'k', "k.", "the secret octets");
  settled();
  set(store, 'k', "k.", "another secret");
  settled();
  EXPECT_EQ(contents().find("the secret octets"), std::string::npos) << "nor that of one that was replaced";
}

TEST_F(StoreTest, ASecondBackupIsRefusedWhileOneIsUnderWayAndHoldsNothingUp) {
  const std::filesystem::path copy = directory.string() + ".copy", other = directory.string() + ".other";
  std::filesystem::remove_all(copy);
  const auto first = zone("a.", 1, 3000);
  Store store(directory);
  commit(store, nullptr, first.get());
  std::promise<std::string> done;
  store.backup(copy, [&](std::string failure) { done.set_value(std::move(failure)); });
  try {
    store.backup(other, [](const std::string&) {});
    ADD_FAILURE();
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("a backup is under way, to " + copy.string()), std::string::npos);
  }
  EXPECT_EQ(done.get_future().get(), "");
  EXPECT_FALSE(std::filesystem::exists(other));
  std::filesystem::remove_all(copy);
  EXPECT_EQ(backed_up(store, copy), "") << "one after the other";
  std::filesystem::remove_all(copy);
}

// More than a generation of the log takes, and one change that none takes, while the copy gets nowhere.
TEST_F(StoreTest, ChangesDoNotWaitForABackup) {
  const std::filesystem::path copy = directory.string() + ".copy";
  std::filesystem::remove_all(copy);
  constexpr uint64_t kSmallLog = 64 << 10;
  Store store(directory, kSmallLog);
  auto version = zone("a.", 1, 20);
  commit(store, nullptr, version.get());
  std::promise<std::string> done;
  store.backup(copy, [&](std::string failure) { done.set_value(std::move(failure)); });
  for (uint32_t serial = 2; serial < 200; ++serial) {
    const auto next = with_serial(*version, serial, {});
    commit(store, version.get(), next.get());
    version = next;
  }
  const auto large = zone("b.", 1, 20'000);
  commit(store, nullptr, large.get());
  EXPECT_EQ(done.get_future().get(), "");
  EXPECT_EQ(load(store).at("a.")->serial(), 199U);
  EXPECT_EQ(load(store).size(), 2U);
  std::filesystem::remove_all(copy);
}

TEST_F(StoreTest, AStopDoesNotWaitForABackupAndLeavesNothingOfIt) {
  const std::filesystem::path copy = directory.string() + ".copy";
  std::filesystem::remove_all(copy);
  const auto large = zone("a.", 1, 100'000);
  {
    Store store(directory);
    commit(store, nullptr, large.get());
    store.backup(copy, [](const std::string&) {});
  }
  EXPECT_FALSE(std::filesystem::exists(copy.string() + ".unfinished"));
  std::filesystem::remove_all(copy);  // it may have been faster
}

TEST_F(StoreTest, AHalfOrDamagedCopyIsNotRestored) {
  const std::filesystem::path copy = directory.string() + ".copy", restored = directory.string() + ".restored-here";
  // What a backup is before its last word: all of the database, and the settings.
  const std::filesystem::path half = directory.string() + ".half";
  for (const auto& each : {copy, restored, half}) std::filesystem::remove_all(each);
  {
    Store store(directory);
    set(store, 'k', "key.", "the secret octets");
    const auto version = zone("a.", 1, 3000);
    commit(store, nullptr, version.get());
    ASSERT_EQ(backed_up(store, copy), "");
    std::filesystem::create_directory(half);
    for (const char* file : {"data.mdb", "settings"}) std::filesystem::copy_file(directory / file, half / file);
  }
  const auto refusal = [&](const std::function<void(const std::filesystem::path&)>& spoil) -> std::string {
    const std::filesystem::path spoilt = directory.string() + ".spoilt";
    std::filesystem::remove_all(spoilt);
    std::filesystem::copy(copy, spoilt, std::filesystem::copy_options::recursive);
    spoil(spoilt);
    try {
      restore_backup(spoilt, restored);
    } catch (const StoreError& error) {
      std::filesystem::remove_all(spoilt);
      EXPECT_FALSE(std::filesystem::exists(restored / "data.mdb"));
      return error.what();
    }
    return "restored";
  };
  const auto cut_to = [](uint64_t part) {
    return [part](const std::filesystem::path& at) {
      const auto size = std::filesystem::file_size(at / "data.mdb");
      std::filesystem::resize_file(at / "data.mdb", size * part / 10);
    };
  };
  for (const uint64_t part : {0U, 1U, 5U, 9U}) {
    const std::string said = refusal(cut_to(part));
    EXPECT_TRUE(said.starts_with("--restore: ")) << part << ": " << said;
  }
  const std::string unfinished = refusal([&](const std::filesystem::path& at) {
    for (const char* file : {"data.mdb", "settings"})
      std::filesystem::copy_file(half / file, at / file, std::filesystem::copy_options::overwrite_existing);
  });
  EXPECT_TRUE(unfinished.starts_with("--restore: ")) << unfinished;
  for (const auto& each : {copy, half}) std::filesystem::remove_all(each);
}

TEST_F(StoreTest, ABackupIsWholeWhileChangesGoOnAndIsRestoredWithSerialsToBeRaised) {
  const std::filesystem::path copy = directory.string() + ".copy", restored = directory.string() + ".restored-here";
  std::filesystem::remove_all(copy);
  std::filesystem::remove_all(restored);
  const auto first = zone("a.", 1, 3000);
  const auto second = with_serial(*first, 2, {});
  {
    Store store(directory);
    set(store, 'k', "key.", "the secret octets");
    commit(store, nullptr, first.get());
    std::promise<std::string> done;
    store.backup(copy, [&](std::string failure) { done.set_value(std::move(failure)); });
    commit(store, first.get(), second.get());
    EXPECT_EQ(done.get_future().get(), "");
    EXPECT_NE(backed_up(store, copy).find("is not empty"), std::string::npos);
    EXPECT_EQ(load(store).at("a.")->serial(), 2U);
  }
  restore_backup(copy, restored);
  EXPECT_THROW(restore_backup(copy, restored), StoreError);
  EXPECT_THROW(restore_backup(directory / "nothing", directory / "there"), StoreError);
  Store store(restored);
  EXPECT_TRUE(store.in_recovery());
  EXPECT_EQ(load(store).at("a.")->serial(), 1U);
  std::string found;
  store.load_settings([&](const Store::Setting& setting) { found += setting.text; },
                      [](const Store::Setting& setting) { return setting.name; },
                      [&](const std::string& sentence) { damage += sentence; });
  EXPECT_EQ(found, "the secret octets");
  store.end_recovery();
  EXPECT_EQ(damage, "");
}

TEST_F(StoreTest, AStoreThatIsABackupKnowsFromWhenUntilItHasChangesOfItsOwn) {
  const std::filesystem::path copy = directory.string() + ".copy", restored = directory.string() + ".restored-here",
                              second = directory.string() + ".second-copy";
  for (const auto& each : {copy, restored, second}) std::filesystem::remove_all(each);
  const auto make_backup = [](Store& store, const std::filesystem::path& to) {
    std::promise<std::string> done;
    store.backup(to, [&](std::string failure) { done.set_value(std::move(failure)); });
    EXPECT_EQ(done.get_future().get(), "");
  };
  {
    Store store(directory);
    EXPECT_FALSE(store.backup_time());
    make_backup(store, copy);
    EXPECT_FALSE(store.backup_time());
  }
  restore_backup(copy, restored);
  int64_t time = 0;
  {
    Store store(restored, Store::kLogCapacity, {}, {.standby = true});
    time = store.backup_time().value_or(0);
    EXPECT_NEAR(static_cast<double>(time), static_cast<double>(::time(nullptr)), 60);
    store.set_backup_time(time - 100);
    const auto version = zone("a.", 1, 3);
    commit(store, nullptr, version.get());
  }
  {
    Store store(restored, Store::kLogCapacity, {}, {.standby = true});
    EXPECT_EQ(store.backup_time(), time - 100);
    EXPECT_TRUE(store.in_recovery());
    make_backup(store, second);
    store.end_recovery();
    EXPECT_FALSE(store.backup_time());
    EXPECT_FALSE(store.in_recovery());
  }
  {
    BackupCopy read(second, directory.string() + ".read");
    EXPECT_EQ(read.store().backup_time(), time - 100) << "a copy of a copy is no newer";
    EXPECT_EQ(load(read.store()).size(), 1U);
  }
  EXPECT_FALSE(std::filesystem::exists(directory.string() + ".read"));
  Store store(restored, Store::kLogCapacity, {}, {.standby = true});
  EXPECT_FALSE(store.backup_time()) << "it was a primary's meanwhile";
  EXPECT_TRUE(store.in_recovery());
}

TEST_F(StoreTest, TheDirectoryIsItsOwnersAlone) {
  Store{directory};
  EXPECT_EQ(std::filesystem::status(directory).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(StoreTest, ADirectoryThatIsReplacedIsNoticedBeforeAChangeIsAcknowledged) {
  Store store(directory);
  const auto version = zone("a.", 1, 3), other = zone("b.", 1, 3);
  commit(store, nullptr, version.get());
  const std::filesystem::path away = directory.string() + ".away";
  std::filesystem::remove_all(away);
  std::filesystem::rename(directory, away);
  EXPECT_THROW(commit(store, nullptr, other.get()), StoreError);
  EXPECT_FALSE(store.health().writable);
  std::filesystem::rename(away, directory);
  ::sleep(1);
  store.tick();
  EXPECT_TRUE(store.health().writable) << store.health().trouble;
  commit(store, nullptr, other.get());
  EXPECT_EQ(load(store).size(), 2U);
}

TEST_F(StoreTest, ARemovedZoneLeavesItsSerialUntilItIsAddedAgain) {
  const auto tombstones = [&](Store& store) {
    std::string text;
    store.load_tombstones(
        [&](const zones::Name& apex, const Tombstone& t) { text += apex.to_text() + std::to_string(t.serial); },
        [&](const std::string& sentence) { damage += sentence; });
    return text;
  };
  const auto version = zone("a.", 7, 3);
  {
    Store store(directory);
    commit(store, nullptr, version.get());
    commit(store, version.get(), nullptr);
  }
  Store store(directory);
  EXPECT_EQ(tombstones(store), "a.7");
  commit(store, nullptr, version.get());
  EXPECT_EQ(tombstones(store), "");
  EXPECT_EQ(damage, "");
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
