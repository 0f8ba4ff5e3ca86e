#include "control/commit/committer.h"

#include <set>
#include <sstream>

#include "control/access/cookie.h"
#include "control/ingest/importer.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::kSmallZone;
using zones::test::name;

std::string with_serial(const std::string& text, const std::string& serial) {
  std::string copy = text;
  return copy.replace(copy.find(" 10 "), 4, " " + serial + " ");
}

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() { committer_->start(); }
  ~CommitterTest() override { stop(); }
  void stop() {
    if (committer_) committer_->stop();
    importer_.reset();
    committer_.reset();
  }

  static constexpr size_t kHistory = 16 * 1024;

  template <class T>
  static Outcome<T> wait_for(const std::function<void(Done<T>)>& ask) {
    std::promise<Outcome<T>> promise;
    auto future = promise.get_future();
    ask([&](Outcome<T> outcome) { promise.set_value(std::move(outcome)); });
    return future.get();
  }
  Outcome<Committer::Imported> import(const std::string& zone, const std::string& text, bool strict = false) {
    return wait_for<Committer::Imported>([&](auto done) {
      importer_->import_text({name(zone), zones::ZoneSource::of_text(text, zone + ".zone"), strict}, std::move(done));
    });
  }
  Outcome<Committer::Removed> remove(const std::string& zone) {
    return wait_for<Committer::Removed>(
        [&](auto done) { committer_->remove_zone(name(zone), {.kind = "a test"}, std::move(done)); });
  }
  Outcome<Importer::Loaded> load(const std::filesystem::path& directory, Importer::DirectoryOptions options = {}) {
    return wait_for<Importer::Loaded>(
        [&](auto done) { importer_->import_directory(directory, options, std::move(done)); });
  }
  // `additions`: a record a line.
  Outcome<Committer::Changed> change(const std::string& zone, const std::string& additions) {
    const auto compose = [=](zones::Draft& draft) -> std::optional<Failure> {
      std::istringstream lines(additions);
      for (std::string line; std::getline(lines, line);) {
        const auto edit = zones::parse_addition(line, name(zone), [](auto, auto) { return 60U; });
        if (auto reason = draft.apply(std::get<zones::Edit>(edit))) return Failure{FailureCode::bad_zone, *reason};
      }
      return std::nullopt;
    };
    return wait_for<Committer::Changed>(
        [&](auto done) { committer_->change_zone(name(zone), {.kind = "a test"}, compose, std::move(done)); });
  }
  // @pre the caller is in a read section, or no change is under way
  const zones::ZoneVersion* find(const std::string& zone) const {
    const zones::Name apex = name(zone);
    const zones::Zone* found = zones_.find(zones::NameHash::process().of(apex), apex);
    return found != nullptr ? found->current() : nullptr;
  }

  zones::CookieSecrets stored_cookies() {
    zones::CookieSecrets secrets{};
    store_->load_cookies([&](const std::string& stored) { secrets = cookies_from_stored(stored).secrets; },
                         [](const std::string& sentence) { ADD_FAILURE() << sentence; });
    return secrets;
  }

  test::LogFile log_;
  zones::ZoneTable zones_;
  zones::CookieJar cookies_;
  dataplane::Rcu rcu_{4};
  test::TemporaryDirectory directory_;
  std::optional<Store> store_{std::in_place, directory_ / "store"};
  Keys keys_;
  Providers providers_;
  std::optional<Committer> committer_{std::in_place, zones_,     cookies_, rcu_,      *store_,
                                      keys_,         providers_, kHistory, log_.log()};
  std::optional<Importer> importer_{std::in_place, *committer_, 2U, log_.log()};
};

TEST_F(CommitterTest, AnImportedZoneIsThere) {
  const auto result = std::get<Committer::Imported>(import("example.com", kSmallZone));
  EXPECT_FALSE(result.old_serial.has_value());
  EXPECT_EQ(result.serial, 10U);
  EXPECT_EQ(result.records, 4U);
  EXPECT_TRUE(result.changed);
  ASSERT_NE(find("example.com"), nullptr);
  EXPECT_EQ(find("example.com")->serial(), 10U);
}

TEST_F(CommitterTest, AReplacementTellsBothSerials) {
  import("example.com", kSmallZone);
  const auto result =
      std::get<Committer::Imported>(import("example.com", with_serial(kSmallZone, "11") + "x 1 A 10.0.0.1\n"));
  EXPECT_EQ(result.old_serial, 10U);
  EXPECT_EQ(result.serial, 11U);
  EXPECT_TRUE(result.warnings.empty());
  EXPECT_EQ(find("example.com")->serial(), 11U);
}

TEST_F(CommitterTest, AChangedFileWithoutANewerSerialGetsOne) {
  for (const char* serial : {"10", "9", "2147483658"}) {  // the same, older, and as far away as can be
    const std::string zone = std::string("z") + serial + ".example";
    import(zone, kSmallZone);
    const auto result = std::get<Committer::Imported>(
        import(zone, with_serial(kSmallZone, serial) + "x 1 A 10.0.0." + std::string(serial).substr(0, 1) + "\n"));
    EXPECT_TRUE(result.changed) << serial;
    EXPECT_TRUE(zones::serial_newer(result.serial, 10)) << result.serial;
    ASSERT_EQ(result.warnings.texts().size(), 1U) << serial;
    EXPECT_NE(result.warnings.texts()[0].find(serial), std::string::npos) << result.warnings.texts()[0];
  }
}

TEST_F(CommitterTest, AnImportedFileIsADifferenceInTheHistory) {
  import("example.com", kSmallZone);
  const auto result =
      std::get<Committer::Imported>(import("example.com", with_serial(kSmallZone, "11") + "x 1 A 10.0.0.1\n"));
  EXPECT_EQ(result.removed, 0U);
  EXPECT_EQ(result.added, 1U);
  const auto since = find("example.com")->history()->since(10);
  ASSERT_TRUE(since.has_value());
  EXPECT_EQ(since->delta.added.size(), 1U);
  EXPECT_TRUE(since->delta.removed.empty());
}

TEST_F(CommitterTest, AZoneThatKeepsItsSerialsWantsOneStated) {
  import("example.com", kSmallZone);
  wait_for<Committer::Configured>([&](auto done) {
    committer_->set_serial_policy(name("example.com"), {.kind = "a test"}, zones::SerialPolicy::keep, std::move(done));
  });
  EXPECT_NE(std::get<Failure>(change("example.com", "x A 10.0.0.1")).reason.find("keeps its own serials"),
            std::string::npos);
  const std::string soa = zones::record_to_text(find("example.com")->soa_record().view());
  std::string newer = soa;
  newer.replace(newer.find(" 10 "), 4, " 77 ");
  EXPECT_EQ(std::get<Committer::Changed>(change("example.com", "x A 10.0.0.1\n" + newer)).serial, 77U);
  EXPECT_EQ(find("example.com")->serial(), 77U);
}

TEST_F(CommitterTest, ASerialIsCountedUpByOneWhereTheZoneSaysSo) {
  import("example.com", kSmallZone);
  wait_for<Committer::Configured>([&](auto done) {
    committer_->set_serial_policy(name("example.com"), {.kind = "a test"}, zones::SerialPolicy::increment,
                                  std::move(done));
  });
  EXPECT_EQ(std::get<Committer::Changed>(change("example.com", "x A 10.0.0.1")).serial, 11U);
  EXPECT_EQ(std::get<Committer::Changed>(change("example.com", "x A 10.0.0.2")).serial, 12U);
}

// 0 is not what "one more" is: RFC 1982 allows it, and some secondaries take it for none.
TEST_F(CommitterTest, ASerialThatIsCountedUpIsNeverZero) {
  std::string text = kSmallZone;
  text.replace(text.find(" 10 "), 4, " 4294967295 ");
  import("example.com", text);
  wait_for<Committer::Configured>([&](auto done) {
    committer_->set_serial_policy(name("example.com"), {.kind = "a test"}, zones::SerialPolicy::increment,
                                  std::move(done));
  });
  EXPECT_EQ(std::get<Committer::Changed>(change("example.com", "x A 10.0.0.1")).serial, 1U);
}

TEST_F(CommitterTest, TwoChangesInOneSecondHaveTwoSerials) {
  import("example.com", kSmallZone);
  const auto first = std::get<Committer::Changed>(change("example.com", "x A 10.0.0.1"));
  const auto second = std::get<Committer::Changed>(change("example.com", "x A 10.0.0.2"));
  EXPECT_EQ(second.old_serial, first.serial);
  EXPECT_TRUE(zones::serial_newer(second.serial, first.serial));
}

TEST_F(CommitterTest, AddingWhatIsThereChangesNothing) {
  import("example.com", kSmallZone);
  const auto first = std::get<Committer::Changed>(change("example.com", "x 60 A 10.0.0.1"));
  const auto second = std::get<Committer::Changed>(change("example.com", "x 60 A 10.0.0.1"));
  EXPECT_TRUE(first.changed());
  EXPECT_FALSE(second.changed());
  EXPECT_EQ(second.serial, first.serial);
}

TEST_F(CommitterTest, HistoriesKeepToTheirMemoryAndTheOldestStepGoesFirst) {
  import("old.example", kSmallZone);
  change("old.example", "x A 10.0.0.1");
  for (int i = 0; i < 300; ++i) {
    import("z" + std::to_string(i) + ".example", kSmallZone);
    change("z" + std::to_string(i) + ".example", "x A 10.0.0.1");
  }
  EXPECT_LE(committer_->history_octets(), kHistory);
  EXPECT_GT(committer_->history_octets(), kHistory / 2);
  EXPECT_EQ(find("old.example")->history(), nullptr);
  EXPECT_NE(find("z299.example")->history(), nullptr);
}

TEST_F(CommitterTest, ChangesThatWaitTogetherBuildOnEachOther) {
  import("example.com", kSmallZone);
  std::vector<std::future<uint32_t>> serials;
  for (int i = 0; i < 200; ++i) {
    auto promise = std::make_shared<std::promise<uint32_t>>();
    serials.push_back(promise->get_future());
    const auto compose = [i](zones::Draft& draft) -> std::optional<Failure> {
      const std::string text = "h" + std::to_string(i) + " 60 A 192.0.2.1";
      const auto edit = zones::parse_addition(text, name("example.com"), [](auto, auto) { return 60U; });
      draft.apply(std::get<zones::Edit>(edit));
      return std::nullopt;
    };
    committer_->change_zone(name("example.com"), {.kind = "a test"}, compose,
                            [promise](Outcome<Committer::Changed> outcome) {
                              promise->set_value(std::get<Committer::Changed>(outcome).serial);
                            });
  }
  std::set<uint32_t> distinct;
  for (auto& serial : serials) distinct.insert(serial.get());
  EXPECT_EQ(distinct.size(), 200U);
  EXPECT_EQ(find("example.com")->counts().records, 203U);
  EXPECT_EQ(find("example.com")->serial(), *distinct.rbegin());
}

TEST_F(CommitterTest, TheSerialMayWrapAround) {
  import("example.com", with_serial(kSmallZone, "4294967295"));
  EXPECT_TRUE(std::get<Committer::Imported>(import("example.com", with_serial(kSmallZone, "5"))).warnings.empty());
}

TEST_F(CommitterTest, TheSameContentAgainIsNoChange) {
  const std::string text = kSmallZone + "big 300 ALIAS target.example.\nwww 300 TXT \"x\"\n*.w 300 A 192.0.2.9\n";
  import("example.com", text);
  const auto* before = find("example.com");
  const auto result = std::get<Committer::Imported>(import("example.com", text + "; only a comment\n"));
  EXPECT_FALSE(result.changed);
  EXPECT_TRUE(result.warnings.empty());
  EXPECT_EQ(find("example.com"), before);
  EXPECT_TRUE(std::get<Committer::Imported>(import("example.com", text + "big 300 ALIAS other.example.\n")).changed);
}

TEST_F(CommitterTest, ABadZoneIsRefusedWithItsLineAndChangesNothing) {
  import("example.com", kSmallZone);
  const auto failure =
      std::get<Failure>(import("example.com", with_serial(kSmallZone, "11") + "www 300 A 300.0.0.1\n"));
  EXPECT_EQ(failure.code, FailureCode::bad_zone);
  EXPECT_EQ(failure.reason.find("example.com.zone:5: "), 0U) << failure.reason;
  EXPECT_EQ(find("example.com")->serial(), 10U);
}

TEST_F(CommitterTest, ARemovedZoneIsGoneAndCanComeBack) {
  import("example.com", kSmallZone);
  EXPECT_EQ(std::get<Committer::Removed>(remove("EXAMPLE.com")).serial, 10U);
  EXPECT_EQ(find("example.com"), nullptr);
  EXPECT_EQ(std::get<Failure>(remove("example.com")).code, FailureCode::no_such_zone);
  EXPECT_FALSE(std::get<Committer::Imported>(import("example.com", kSmallZone)).old_serial.has_value());
}

// Secondaries that still have a zone would never ask again for one with an older serial (RFC 1982).
TEST_F(CommitterTest, AZoneThatComesBackHasANewerSerialThanItHad) {
  import("example.com", with_serial(kSmallZone, "20"));
  remove("example.com");
  const auto back = std::get<Committer::Imported>(import("Example.com", kSmallZone));
  EXPECT_EQ(back.serial, 21U);
  EXPECT_FALSE(back.old_serial.has_value());
  EXPECT_FALSE(back.warnings.empty());
  EXPECT_EQ(find("example.com")->serial(), 21U);
  remove("example.com");
  EXPECT_EQ(std::get<Committer::Imported>(import("example.com", with_serial(kSmallZone, "30"))).serial, 30U);
}

TEST_F(CommitterTest, AZoneThatKeepsItsSerialsComesBackWithANewerOneOnly) {
  import("example.com", kSmallZone);
  wait_for<Committer::Configured>([&](auto done) {
    committer_->set_serial_policy(name("example.com"), {.kind = "a test"}, zones::SerialPolicy::keep, std::move(done));
  });
  remove("example.com");
  EXPECT_NE(std::get<Failure>(import("example.com", kSmallZone)).reason.find("state a SOA with serial 11"),
            std::string::npos);
  EXPECT_EQ(find("example.com"), nullptr);
  EXPECT_EQ(std::get<Committer::Imported>(import("example.com", with_serial(kSmallZone, "11"))).serial, 11U);
}

TEST_F(CommitterTest, TheDirectoryOfTheStartBringsNoRemovedZoneBack) {
  import("example.com", kSmallZone);
  remove("example.com");
  const test::TemporaryDirectory directory;
  directory.write("example.com.zone", with_serial(kSmallZone, "12"));
  const auto load_with = [&](Importer::DirectoryOptions options) {
    return std::get<Importer::Loaded>(wait_for<Importer::Loaded>(
        [&](auto done) { importer_->import_directory(directory.path(), options, std::move(done)); }));
  };
  EXPECT_EQ(load_with({.only_if_newer = true, .at_start = true}).count.added, 0U);
  EXPECT_EQ(find("example.com"), nullptr);
  EXPECT_NE(log_.text().find("example.com. was removed, with serial 10"), std::string::npos) << log_.text();
  EXPECT_EQ(load_with({.only_if_newer = true}).count.added, 1U) << "but an import does, for it was asked for";
  EXPECT_EQ(find("example.com")->serial(), 12U);
}

TEST_F(CommitterTest, GrantsForAZoneEndWithIt) {
  import("example.com", kSmallZone);
  const Committer::KeyEdit edit = [](const KeyRef&) -> Outcome<KeyRef> {
    auto tsig = std::make_shared<const TsigKey>(name("k"), TsigAlgorithm::hmac_sha256, random_secret());
    return std::make_shared<const Key>(Key{
        tsig, {parse_grant("Example.com", "*", ""), parse_grant("example.org", "*", ""), parse_grant("*", "*", "A")}});
  };
  wait_for<Committer::KeyChanged>([&](auto done) { committer_->change_key(name("k"), edit, std::move(done)); });
  remove("example.com");
  EXPECT_EQ(keys_.book()->find(name("k"))->grants.size(), 2U);
  EXPECT_FALSE(keys_.book()->find(name("k"))->grants[0].covers_zone(name("example.com")));
  stop();
  const auto check = [](zones::NameView key, const std::string& stored) {
    EXPECT_EQ(key_from_stored(zones::Name(key), stored).grants.size(), 2U);
  };
  store_->load_keys(check, [](const std::string& sentence) { ADD_FAILURE() << sentence; });
}

TEST_F(CommitterTest, WhatWasReplacedIsKeptUntilEveryReaderHasMovedOn) {
  import("example.com", kSmallZone);
  dataplane::Rcu::Reader reader(rcu_);
  reader.online();
  const zones::ZoneVersion* seen = find("example.com");
  import("example.com", with_serial(kSmallZone, "11"));
  remove("example.com");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // time to do it wrong; ASan would tell
  EXPECT_EQ(seen->serial(), 10U);
  EXPECT_EQ(committer_->retired_count(), 2U);
  reader.offline();
  EXPECT_TRUE(test::eventually([&] { return committer_->retired_count() == 0; }));
}

TEST_F(CommitterTest, AReaderThatNeverMovesOnHoldsUpNoChange) {
  dataplane::Rcu::Reader reader(rcu_);
  reader.online();
  for (int serial = 11; serial < 31; ++serial) import("example.com", with_serial(kSmallZone, std::to_string(serial)));
  EXPECT_EQ(find("example.com")->serial(), 30U);
  EXPECT_EQ(committer_->retired_count(), 20U);
  reader.offline();
  EXPECT_TRUE(test::eventually([&] { return committer_->retired_count() == 0; }));
}

TEST_F(CommitterTest, ATransferKeepsItsVersionLongerThanTheList) {
  import("example.com", kSmallZone);
  const zones::VersionRef held(find("example.com"));
  import("example.com", with_serial(kSmallZone, "11"));
  EXPECT_TRUE(test::eventually([&] { return committer_->retired_count() == 0; }));
  EXPECT_EQ(held->serial(), 10U);
}

TEST_F(CommitterTest, ADirectoryIsLoadedAndBadFilesAreSkipped) {
  const test::TemporaryDirectory directory;
  for (int i = 0; i < 1100; ++i) directory.write("z" + std::to_string(i) + ".example.zone", kSmallZone);
  directory.write("bad.example.zone", "@ 1 SOA a b 1 2 3 4 5\nwww 1 A nonsense\n");
  directory.write("Z1.Example.zone", kSmallZone);
  directory.write("a..b.zone", kSmallZone);
  directory.write("readme.txt", "not a zone");
  std::filesystem::create_directory(directory / "dir.example.zone");
  const auto loaded = std::get<Importer::Loaded>(load(directory.path()));
  EXPECT_EQ(loaded.count.added, 1099U);
  EXPECT_EQ(loaded.count.failed, 5U);
  EXPECT_EQ(loaded.count.files, 1104U);
  EXPECT_EQ(zones_.size(), 1099U);
  ASSERT_EQ(loaded.errors.texts.size(), 5U);
  EXPECT_EQ(loaded.passed_over.texts, std::vector<std::string>{"readme.txt"});
  const std::string log = log_.text();
  for (const char* part :
       {"bad.example.zone:2", "/z1.example.zone: the zone z1.example. is in ", "Z1.Example.zone: the zone ",
        "a..b.zone", "dir.example.zone: it is a directory", "readme.txt"}) {
    EXPECT_NE(log.find(part), std::string::npos) << part << " in " << log;
  }
}

TEST_F(CommitterTest, ADirectoryMayHaveFilesNamedAsForBind) {
  const test::TemporaryDirectory directory;
  for (const char* file :
       {"one.example.zone", "db.two.example", "three.example.db", "db.both.db", "db.double", "double.db"})
    directory.write(file, kSmallZone);
  const auto loaded = std::get<Importer::Loaded>(load(directory.path()));
  EXPECT_EQ(loaded.count.added, 3U);
  EXPECT_EQ(loaded.count.failed, 2U) << "one zone is in two files";
  EXPECT_EQ(loaded.passed_over.texts, std::vector<std::string>{"db.both.db"});
  EXPECT_NE(find("two.example"), nullptr);
  EXPECT_NE(find("three.example"), nullptr);
  EXPECT_EQ(find("double"), nullptr);
  const auto at_start = std::get<Importer::Loaded>(load(directory.path(), {.at_start = true}));
  EXPECT_EQ(at_start.count.files, 1U);
}

TEST_F(CommitterTest, ADirectoryWithoutZonesIsAnErrorUnlessItIsThatOfTheStart) {
  const test::TemporaryDirectory directory;
  directory.write("readme.txt", "");
  const auto failure = std::get<Failure>(load(directory.path()));
  EXPECT_NE(failure.reason.find("there is no zone file"), std::string::npos) << failure.reason;
  EXPECT_NE(failure.reason.find("readme.txt"), std::string::npos) << failure.reason;
  EXPECT_EQ(std::get<Importer::Loaded>(load(directory.path(), {.at_start = true})).count.files, 0U);
  EXPECT_EQ(std::get<Failure>(load("/nowhere")).reason, "/nowhere: No such file or directory");
}

TEST_F(CommitterTest, WarningsOfADirectoryAreToldAndLogged) {
  const test::TemporaryDirectory directory;
  directory.write("example.com.zone", kSmallZone + "ns.other. 60 A 192.0.2.1\n");
  const auto loaded = std::get<Importer::Loaded>(load(directory.path()));
  ASSERT_EQ(loaded.warnings.texts.size(), 1U);
  EXPECT_NE(loaded.warnings.texts[0].find("example.com.zone:5: ns.other. A: the name is not in the zone"),
            std::string::npos)
      << loaded.warnings.texts[0];
  EXPECT_NE(log_.text().find(loaded.warnings.texts[0]), std::string::npos);
}

TEST_F(CommitterTest, StrictlyWarningsAreErrors) {
  const std::string text = kSmallZone + "a 60 A 192.0.2.1\na 60 A 192.0.2.1\nns.other. 60 A 192.0.2.1\n";
  const auto failure = std::get<Failure>(import("example.com", text, true));
  EXPECT_EQ(failure.code, FailureCode::bad_zone);
  for (const char* part : {"example.com.zone:7: ns.other.", "example.com.zone:6: a.example.com. A", "--strict"})
    EXPECT_NE(failure.reason.find(part), std::string::npos) << part << " in " << failure.reason;
  EXPECT_EQ(find("example.com"), nullptr);
  EXPECT_EQ(std::get<Committer::Imported>(import("example.com", text)).warnings.texts().size(), 2U);
  EXPECT_TRUE(std::holds_alternative<Failure>(import("example.com", with_serial(text, "11"), true)));
  EXPECT_EQ(find("example.com")->serial(), 10U);

  const test::TemporaryDirectory directory;
  directory.write("example.com.zone", with_serial(text, "12"));
  const auto loaded = std::get<Importer::Loaded>(load(directory.path(), {.strict = true}));
  EXPECT_EQ(loaded.count.failed, 1U);
  EXPECT_EQ(loaded.errors.texts.size(), 3U) << "a line for each warning";
}

TEST_F(CommitterTest, AnEditedFileWithAnOldSerialIsToldByName) {
  const test::TemporaryDirectory directory;
  const auto warnings = [&](const std::string& text) {
    directory.write("example.com.zone", text);
    return std::get<Importer::Loaded>(load(directory.path(), {.only_if_newer = true})).warnings.texts;
  };
  EXPECT_TRUE(warnings(kSmallZone).empty());
  EXPECT_TRUE(warnings(kSmallZone + "; a comment\n").empty());
  const auto edited = warnings(kSmallZone + "new 60 A 192.0.2.9\n");
  ASSERT_EQ(edited.size(), 1U);
  EXPECT_NE(edited[0].find("example.com.zone: the file was edited, but its serial 10 is not newer"), std::string::npos)
      << edited[0];
  EXPECT_EQ(find("example.com")->serial(), 10U);
  change("example.com", "mail 60 A 192.0.2.25\n");
  EXPECT_TRUE(warnings(kSmallZone).empty()) << "the zone was changed by other means, and the file was not";
  EXPECT_EQ(warnings(kSmallZone + "new 60 A 192.0.2.9\n").size(), 1U);
}

TEST_F(CommitterTest, StopsWhileADirectoryIsImported) {
  const test::TemporaryDirectory directory;
  for (int i = 0; i < 500; ++i) directory.write("z" + std::to_string(i) + ".example.zone", test::zone_with(200));
  importer_->import_directory(directory.path(), {}, [](auto) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  committer_->stop();
  importer_->stop();
  EXPECT_LT(zones_.size(), 500U);
}

TEST_F(CommitterTest, ADirectoryReplacesZonesThatAreThere) {
  import("example.com", kSmallZone);
  const test::TemporaryDirectory directory;
  directory.write("example.com.zone", with_serial(kSmallZone, "12"));
  EXPECT_EQ(std::get<Importer::Loaded>(load(directory.path())).count.changed, 1U);
  EXPECT_EQ(find("example.com")->serial(), 12U);
}

TEST_F(CommitterTest, ADirectoryOfTheStartUndoesNothingThatIsNewer) {
  import("example.com", kSmallZone);
  change("example.com", "mail 60 A 192.0.2.25\n");
  const uint32_t serial = find("example.com")->serial();
  const test::TemporaryDirectory directory;
  directory.write("example.com.zone", kSmallZone);
  EXPECT_EQ(std::get<Importer::Loaded>(load(directory.path(), {.only_if_newer = true})).count.unchanged, 1U);
  EXPECT_EQ(find("example.com")->serial(), serial);
  EXPECT_EQ(find("example.com")->counts().records, 4U);
}

TEST_F(CommitterTest, ADirectoryThatIsNotThereIsAFailure) {
  EXPECT_NE(std::get<Failure>(load("/nowhere")).reason.find("/nowhere"), std::string::npos);
}

TEST_F(CommitterTest, WhatWasAcknowledgedIsServedAfterARestart) {
  import("example.com", kSmallZone);
  import("example.com", with_serial(kSmallZone, "12"));
  import("example.org", kSmallZone);
  import("gone.example", kSmallZone);
  remove("gone.example");
  change("example.com", "x 60 A 10.0.0.1");
  const uint32_t serial = find("example.com")->serial();
  stop();
  store_.reset();

  Store store(directory_ / "store");
  zones::ZoneTable table;
  zones::CookieJar cookies;
  Committer restarted(table, cookies, rcu_, store, keys_, providers_, kHistory, log_.log());
  restarted.start();
  const auto loaded = std::get<size_t>(wait_for<size_t>([&](auto done) { restarted.load_store(std::move(done)); }));
  restarted.stop();
  EXPECT_EQ(loaded, 2U);
  const zones::Name apex = name("example.com");
  const auto* version = table.find(zones::NameHash::process().of(apex), apex)->current();
  EXPECT_EQ(version->serial(), serial);
  ASSERT_NE(version->history(), nullptr);
  EXPECT_EQ(version->history()->steps().size(), 2U);
  EXPECT_TRUE(version->history()->since(10).has_value());
}

TEST_F(CommitterTest, CookieSecretsAreVisibleAtOnceAndAfterARestart) {
  const zones::CookieSecret first = cookies_.current().active, next = zones::random_cookie_secret();
  const auto set = [&](const Committer::CookieEdit& edit) {
    return wait_for<zones::CookieSecrets>([&](auto done) { committer_->change_cookies(edit, std::move(done)); });
  };
  set([&](const zones::CookieSecrets& now) { return zones::CookieSecrets{now.active, next}; });
  EXPECT_EQ(cookies_.current().staged, next);
  set([&](const zones::CookieSecrets& now) { return zones::CookieSecrets{*now.staged, now.active}; });
  EXPECT_TRUE(std::holds_alternative<Failure>(set([](const zones::CookieSecrets&) {
    return Failure{FailureCode::failed, "no"};
  })));
  stop();
  EXPECT_EQ(stored_cookies().active, next);
  EXPECT_EQ(stored_cookies().staged, first);

  zones::ZoneTable table;
  zones::CookieJar cookies;
  Committer restarted(table, cookies, rcu_, *store_, keys_, providers_, kHistory, log_.log());
  restarted.start();
  wait_for<size_t>([&](auto done) { restarted.load_store(std::move(done)); });
  restarted.stop();
  EXPECT_EQ(cookies.current().active, next);
}

TEST_F(CommitterTest, StopsWhileChangesWait) {
  for (int i = 0; i < 100; ++i)
    importer_->import_text({name("example.com"), zones::ZoneSource::of_text(test::zone_with(2000), "x")}, [](auto) {});
  committer_->stop();
  importer_->stop();
  committer_->remove_zone(name("example.com"), {.kind = "a test"}, [](auto) { ADD_FAILURE() << "done after the end"; });
}

}  // namespace
}  // namespace axfrd::control
