#include "control/updater.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::kSmallZone;
using zones::test::name;

std::string with_serial(const std::string& text, const std::string& serial) {
  std::string copy = text;
  return copy.replace(copy.find(" 10 "), 4, " " + serial + " ");
}

class UpdaterTest : public testing::Test {
 protected:
  UpdaterTest() { updater_->start(); }

  template <class T>
  static Outcome<T> wait_for(const std::function<void(Done<T>)>& ask) {
    std::promise<Outcome<T>> promise;
    auto future = promise.get_future();
    ask([&](Outcome<T> outcome) { promise.set_value(std::move(outcome)); });
    return future.get();
  }
  Outcome<Updater::Imported> import(const std::string& zone, const std::string& text) {
    return wait_for<Updater::Imported>([&](auto done) {
      updater_->import_zone({name(zone), text, zone + ".zone"}, std::move(done));
    });
  }
  Outcome<Updater::Removed> remove(const std::string& zone) {
    return wait_for<Updater::Removed>([&](auto done) { updater_->remove_zone(name(zone), std::move(done)); });
  }
  Outcome<Updater::Loaded> load(const std::filesystem::path& directory) {
    return wait_for<Updater::Loaded>([&](auto done) { updater_->load_directory(directory, std::move(done)); });
  }
  // @pre the caller is in a read section, or no change is under way
  const zones::ZoneVersion* find(const std::string& zone) const {
    const zones::Name apex = name(zone);
    const zones::Zone* found = zones_.find(zones::NameHash::process().of(apex), apex);
    return found != nullptr ? found->current() : nullptr;
  }

  test::LogFile log_;
  zones::ZoneTable zones_;
  dataplane::Rcu rcu_{4};
  test::TemporaryDirectory directory_;
  std::optional<Store> store_{std::in_place, directory_ / "store"};
  std::optional<Updater> updater_{std::in_place, zones_, rcu_, *store_, log_.log()};
};

TEST_F(UpdaterTest, AnImportedZoneIsThere) {
  const auto result = std::get<Updater::Imported>(import("example.com", kSmallZone));
  EXPECT_FALSE(result.old_serial.has_value());
  EXPECT_EQ(result.serial, 10U);
  EXPECT_EQ(result.records, 4U);
  EXPECT_TRUE(result.changed);
  ASSERT_NE(find("example.com"), nullptr);
  EXPECT_EQ(find("example.com")->serial(), 10U);
}

TEST_F(UpdaterTest, AReplacementTellsBothSerials) {
  import("example.com", kSmallZone);
  const auto result =
      std::get<Updater::Imported>(import("example.com", with_serial(kSmallZone, "11") + "x 1 A 10.0.0.1\n"));
  EXPECT_EQ(result.old_serial, 10U);
  EXPECT_EQ(result.serial, 11U);
  EXPECT_TRUE(result.warnings.empty());
  EXPECT_EQ(find("example.com")->serial(), 11U);
}

TEST_F(UpdaterTest, AChangeThatSecondariesWillNotSeeIsWarnedOf) {
  import("example.com", kSmallZone);
  for (const char* serial : {"10", "9", "2147483658"}) {  // the same, older, and as far away as can be
    const auto result = std::get<Updater::Imported>(import(
        "example.com", with_serial(kSmallZone, serial) + "x 1 A 10.0.0." + std::string(serial).substr(0, 1) + "\n"));
    EXPECT_TRUE(result.changed) << serial;
    ASSERT_EQ(result.warnings.size(), 1U) << serial;
    EXPECT_NE(result.warnings[0].find(serial), std::string::npos) << result.warnings[0];
    import("example.com", kSmallZone);
  }
}

TEST_F(UpdaterTest, TheSerialMayWrapAround) {
  import("example.com", with_serial(kSmallZone, "4294967295"));
  EXPECT_TRUE(std::get<Updater::Imported>(import("example.com", with_serial(kSmallZone, "5"))).warnings.empty());
}

TEST_F(UpdaterTest, TheSameContentAgainIsNoChange) {
  const std::string text = kSmallZone + "big 300 ALIAS target.example.\nwww 300 TXT \"x\"\n*.w 300 A 192.0.2.9\n";
  import("example.com", text);
  const auto* before = find("example.com");
  const auto result = std::get<Updater::Imported>(import("example.com", text + "; only a comment\n"));
  EXPECT_FALSE(result.changed);
  EXPECT_TRUE(result.warnings.empty());
  EXPECT_EQ(find("example.com"), before);
  EXPECT_TRUE(std::get<Updater::Imported>(import("example.com", text + "big 300 ALIAS other.example.\n")).changed);
}

TEST_F(UpdaterTest, ABadZoneIsRefusedWithItsLineAndChangesNothing) {
  import("example.com", kSmallZone);
  const auto failure =
      std::get<Failure>(import("example.com", with_serial(kSmallZone, "11") + "www 300 A 300.0.0.1\n"));
  EXPECT_EQ(failure.code, FailureCode::bad_zone);
  EXPECT_EQ(failure.reason.find("example.com.zone:5: "), 0U) << failure.reason;
  EXPECT_EQ(find("example.com")->serial(), 10U);
}

TEST_F(UpdaterTest, ARemovedZoneIsGoneAndCanComeBack) {
  import("example.com", kSmallZone);
  EXPECT_EQ(std::get<Updater::Removed>(remove("EXAMPLE.com")).serial, 10U);
  EXPECT_EQ(find("example.com"), nullptr);
  EXPECT_EQ(std::get<Failure>(remove("example.com")).code, FailureCode::no_such_zone);
  EXPECT_FALSE(std::get<Updater::Imported>(import("example.com", kSmallZone)).old_serial.has_value());
}

TEST_F(UpdaterTest, WhatWasReplacedIsKeptUntilEveryReaderHasMovedOn) {
  import("example.com", kSmallZone);
  dataplane::Rcu::Reader reader(rcu_);
  reader.online();
  const zones::ZoneVersion* seen = find("example.com");
  import("example.com", with_serial(kSmallZone, "11"));
  remove("example.com");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // time to do it wrong; ASan would tell
  EXPECT_EQ(seen->serial(), 10U);
  EXPECT_EQ(updater_->retired_count(), 2U);
  reader.offline();
  EXPECT_TRUE(test::eventually([&] { return updater_->retired_count() == 0; }));
}

TEST_F(UpdaterTest, AReaderThatNeverMovesOnHoldsUpNoChange) {
  dataplane::Rcu::Reader reader(rcu_);
  reader.online();
  for (int serial = 11; serial < 31; ++serial) import("example.com", with_serial(kSmallZone, std::to_string(serial)));
  EXPECT_EQ(find("example.com")->serial(), 30U);
  EXPECT_EQ(updater_->retired_count(), 20U);
  reader.offline();
  EXPECT_TRUE(test::eventually([&] { return updater_->retired_count() == 0; }));
}

TEST_F(UpdaterTest, ATransferKeepsItsVersionLongerThanTheList) {
  import("example.com", kSmallZone);
  const zones::VersionRef held(find("example.com"));
  import("example.com", with_serial(kSmallZone, "11"));
  EXPECT_TRUE(test::eventually([&] { return updater_->retired_count() == 0; }));
  EXPECT_EQ(held->serial(), 10U);
}

TEST_F(UpdaterTest, ADirectoryIsLoadedAndBadFilesAreSkipped) {
  const test::TemporaryDirectory directory;
  for (int i = 0; i < 1100; ++i) directory.write("z" + std::to_string(i) + ".example.zone", kSmallZone);
  directory.write("bad.example.zone", "@ 1 SOA a b 1 2 3 4 5\nwww 1 A nonsense\n");
  directory.write("Z1.Example.zone", kSmallZone);
  directory.write("a..b.zone", kSmallZone);
  directory.write("readme.txt", "not a zone");
  std::filesystem::create_directory(directory / "dir.example.zone");
  const auto loaded = std::get<Updater::Loaded>(load(directory.path()));
  EXPECT_EQ(loaded.zones, 1100U);
  EXPECT_EQ(zones_.size(), 1100U);
  ASSERT_EQ(loaded.errors.size(), 4U);
  const std::string log = log_.text();
  for (const char* part : {"bad.example.zone:2", "in another file too", "a..b.zone", "dir.example.zone"}) {
    EXPECT_NE(log.find(part), std::string::npos) << part << " in " << log;
  }
}

TEST_F(UpdaterTest, ADirectoryReplacesZonesThatAreThere) {
  import("example.com", kSmallZone);
  const test::TemporaryDirectory directory;
  directory.write("example.com.zone", with_serial(kSmallZone, "12"));
  EXPECT_EQ(std::get<Updater::Loaded>(load(directory.path())).zones, 1U);
  EXPECT_EQ(find("example.com")->serial(), 12U);
}

TEST_F(UpdaterTest, ADirectoryThatIsNotThereIsAFailure) {
  EXPECT_NE(std::get<Failure>(load("/nowhere")).reason.find("/nowhere"), std::string::npos);
}

TEST_F(UpdaterTest, WhatWasAcknowledgedIsServedAfterARestart) {
  import("example.com", kSmallZone);
  import("example.com", with_serial(kSmallZone, "12"));
  import("example.org", kSmallZone);
  import("gone.example", kSmallZone);
  remove("gone.example");
  updater_.reset();
  store_.reset();

  Store store(directory_ / "store");
  zones::ZoneTable table;
  Updater restarted(table, rcu_, store, log_.log());
  restarted.start();
  const auto loaded =
      std::get<Updater::Loaded>(wait_for<Updater::Loaded>([&](auto done) { restarted.load_store(std::move(done)); }));
  restarted.stop();
  EXPECT_EQ(loaded.zones, 2U);
  const zones::Name apex = name("example.com");
  EXPECT_EQ(table.find(zones::NameHash::process().of(apex), apex)->current()->serial(), 12U);
}

TEST_F(UpdaterTest, StopsWhileChangesWait) {
  for (int i = 0; i < 100; ++i) updater_->import_zone({name("example.com"), test::zone_with(2000), "x"}, [](auto) {});
  updater_->stop();
  updater_->import_zone({name("example.com"), kSmallZone, "x"}, [](auto) { ADD_FAILURE() << "done after the end"; });
}

}  // namespace
}  // namespace axfrd::control
