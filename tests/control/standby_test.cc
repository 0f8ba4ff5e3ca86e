// A standby: what it refuses, how it loads backups, and what promotion does to serials.
#include <array>
#include <ctime>
#include <fstream>
#include <map>
#include <mutex>

#include "control/access/cookie.h"
#include "control/commit/committer.h"
#include "control/commit/proofs.h"
#include "control/ingest/importer.h"
#include "control/store/backup.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::kSmallZone;
using zones::test::name;

template <class T>
Outcome<T> outcome_when_done(const std::function<void(Done<T>)>& ask) {
  std::promise<Outcome<T>> promise;
  auto future = promise.get_future();
  ask([&](Outcome<T> outcome) { promise.set_value(std::move(outcome)); });
  return future.get();
}

template <class T>
FailureCode code_of(const Outcome<T>& outcome) {
  const auto* failure = std::get_if<Failure>(&outcome);
  return failure != nullptr ? failure->code : FailureCode{};
}

template <class T>
std::string reason_in(const Outcome<T>& outcome) {
  const auto* failure = std::get_if<Failure>(&outcome);
  return failure != nullptr ? failure->reason : "";
}

constexpr Store::Opening kAsStandby{false, false, true};

// A committer with its store and what it serves; primary or standby.
class Node {
 public:
  explicit Node(const std::filesystem::path& directory, Store::Opening opening = {})
      : store(directory, Store::kLogCapacity, {}, opening) {
    if (opening.standby) committer.set_standby();
    committer.set_observer([this](Published published) {
      if (when_published) when_published();
      const std::lock_guard lock(mutex_);
      if (published.promoted) promotions_.push_back(std::move(published));
    });
    committer.set_auditor([this](const AuditRecord& record) {
      const std::lock_guard lock(mutex_);
      records_.push_back(record);
    });
    committer.start();
    outcome_when_done<size_t>([&](auto done) { committer.load_store(std::move(done)); });
  }
  ~Node() {
    committer.stop();
    importer.stop();
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Outcome<Committer::Imported> import(const std::string& zone, const std::string& text) {
    return outcome_when_done<Committer::Imported>([&](auto done) {
      importer.import_text({name(zone), zones::ZoneSource::of_text(text, zone + ".zone"), false}, std::move(done));
    });
  }
  Outcome<Committer::Changed> change(const std::string& zone, const std::string& record) {
    const auto compose = [=](zones::Draft& draft) -> std::optional<Failure> {
      const auto edit = zones::parse_addition(record, name(zone), [](auto, auto) { return 60U; });
      if (auto reason = draft.apply(std::get<zones::Edit>(edit))) return Failure{FailureCode::bad_zone, *reason};
      return std::nullopt;
    };
    return outcome_when_done<Committer::Changed>(
        [&](auto done) { committer.change_zone(name(zone), {.kind = "a test"}, compose, std::move(done)); });
  }
  Outcome<Committer::Removed> remove(const std::string& zone) {
    return outcome_when_done<Committer::Removed>(
        [&](auto done) { committer.remove_zone(name(zone), {.kind = "a test"}, std::move(done)); });
  }
  Outcome<Committer::Configured> configure(const std::string& zone, zones::SerialPolicy policy) {
    return outcome_when_done<Committer::Configured>(
        [&](auto done) { committer.set_serial_policy(name(zone), {.kind = "a test"}, policy, std::move(done)); });
  }
  Outcome<Committer::SecondarySet> enable(const std::string& zone) {
    const auto edit = [](const zones::ZoneVersion&) -> Outcome<zones::SecondaryDns> {
      zones::SecondaryDns made{true, {}, {}, {}};
      made.secondaries.push_back(parse_secondary("192.0.2.1"));
      return made;
    };
    return outcome_when_done<Committer::SecondarySet>(
        [&](auto done) { committer.set_secondary(name(zone), {.kind = "a test"}, edit, std::move(done)); });
  }
  Outcome<size_t> keep_proof(const std::string& zone, uint32_t serial) {
    std::vector<Store::LedgerText> lines;
    const std::array proofs{KeptProof{"192.0.2.1@53", serial, 1'700'000'000}};
    lines.push_back({name(zone), proofs_to_stored(proofs)});
    return outcome_when_done<size_t>([&](auto done) { committer.keep_ledger(lines, std::move(done)); });
  }
  Outcome<Committer::TokenChanged> add_token(const std::string& token) {
    const auto edit = [=](const TokenRef&) -> Outcome<TokenRef> {
      auto made = std::make_shared<Token>();
      made->name = token;
      draw_secret(*made);
      return made;
    };
    return outcome_when_done<Committer::TokenChanged>(
        [&](auto done) { committer.change_token(token, edit, std::move(done)); });
  }
  // A key that is there from now on, or is not.
  Outcome<Committer::KeyChanged> set_key(const std::string& key, bool is_there) {
    const auto edit = [=](const KeyRef&) -> Outcome<KeyRef> {
      if (!is_there) return KeyRef();
      const auto tsig = std::make_shared<const TsigKey>(name(key), kDefaultTsigAlgorithm, random_secret());
      return std::make_shared<const Key>(Key{tsig, {}});
    };
    return outcome_when_done<Committer::KeyChanged>(
        [&](auto done) { committer.change_key(name(key), edit, std::move(done)); });
  }
  void backup(const std::filesystem::path& directory) {
    const auto outcome =
        outcome_when_done<std::filesystem::path>([&](auto done) { committer.backup(directory, std::move(done)); });
    EXPECT_EQ(reason_in(outcome), "");
  }
  Outcome<Committer::BackupLoaded> load(const std::filesystem::path& directory) {
    return outcome_when_done<Committer::BackupLoaded>(
        [&](auto done) { committer.load_backup(directory, std::move(done)); });
  }
  Outcome<Committer::Promoted> promote() {
    return outcome_when_done<Committer::Promoted>(
        [&](auto done) { committer.promote({.kind = "promotion", .who = "a test"}, std::move(done)); });
  }

  zones::VersionRef find(const std::string& zone) const {
    const zones::Name apex = name(zone);
    const zones::Zone* found = table.find(zones::NameHash::process().of(apex), apex);
    return zones::VersionRef(found != nullptr ? found->current() : nullptr);
  }
  uint32_t serial(const std::string& zone) const { return find(zone)->serial(); }
  std::vector<Published> promotions() {
    const std::lock_guard lock(mutex_);
    return promotions_;
  }
  std::vector<AuditRecord> records() {
    const std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  std::mutex mutex_;
  std::vector<Published> promotions_;  // guarded by mutex_, as is the next one
  std::vector<AuditRecord> records_;

 public:
  std::function<void()> when_published;  // the committer's thread: what is visible is durable, and nobody was told yet
  test::LogFile log;
  zones::ZoneTable table;
  zones::CookieJar cookies;
  dataplane::Rcu rcu{4};
  Store store;
  CurrentSettings settings;
  Committer committer{table, cookies, rcu, store, settings, size_t{1} << 20, log.log()};
  Importer importer{committer, 1, log.log()};
};

class StandbyTest : public testing::Test {
 protected:
  // What a primary with these zones holds.
  std::filesystem::path backup_of(Node& primary) {
    auto directory = directory_ / ("backup" + std::to_string(++backups_));
    primary.backup(directory);
    return directory;
  }

  test::TemporaryDirectory directory_;
  int backups_ = 0;
};

TEST_F(StandbyTest, TakesNoChangeAndSaysWhatMakesItThePrimary) {
  {
    Node primary(directory_ / "store");
    primary.import("example.com", kSmallZone);
  }
  Node standby(directory_ / "store", kAsStandby);
  ASSERT_EQ(standby.serial("example.com"), 10U);
  const auto refused = [](const auto& outcome) {
    EXPECT_EQ(code_of(outcome), FailureCode::standby);
    EXPECT_NE(reason_in(outcome).find("axfrctl promote"), std::string::npos) << reason_in(outcome);
  };
  refused(standby.import("example.com", kSmallZone + "x 1 A 10.0.0.1\n"));
  refused(standby.import("new.example", kSmallZone));
  refused(standby.change("example.com", "x 60 A 192.0.2.9"));
  refused(standby.remove("example.com"));
  refused(standby.configure("example.com", zones::SerialPolicy::increment));
  refused(standby.enable("example.com"));
  refused(standby.keep_proof("example.com", 10));
  refused(standby.set_key("k.", true));
  refused(outcome_when_done<Committer::Changed>(
      [&](auto done) { standby.committer.raise_serial(name("example.com"), 20, {}, std::move(done)); }));
  refused(outcome_when_done<zones::CookieSecrets>([&](auto done) {
    standby.committer.change_cookies([](const auto& now) -> Outcome<zones::CookieSecrets> { return now; },
                                     std::move(done));
  }));
  for (const int dry_run : {0, 1}) {
    refused(outcome_when_done<Committer::ProviderSet>(
        [&](auto done) { standby.committer.set_provider("p", SecondaryWish{}, {}, dry_run != 0, std::move(done)); }));
  }
  EXPECT_EQ(standby.table.size(), 1U);
  EXPECT_EQ(standby.serial("example.com"), 10U);
  EXPECT_TRUE(standby.records().empty());
}

TEST_F(StandbyTest, ServesWhatABackupHoldsAndNothingElse) {
  Node primary(directory_ / "primary");
  for (const char* zone : {"a.example", "b.example", "same.example"}) primary.import(zone, kSmallZone);
  primary.import("large.example", test::zone_with(5000));
  primary.set_key("old.key", true);
  const auto first = backup_of(primary);
  {
    Node standby(directory_ / "standby", kAsStandby);
    const auto loaded = std::get<Committer::BackupLoaded>(standby.load(first));
    EXPECT_TRUE(loaded.has_changed);
    EXPECT_EQ(loaded.zones, 4U);
    EXPECT_EQ(loaded.added, 4U);
    EXPECT_NEAR(static_cast<double>(loaded.backup_time), static_cast<double>(std::time(nullptr)), 60);
    EXPECT_EQ(standby.serial("b.example"), 10U);
    EXPECT_NE(standby.settings.keys()->find(name("old.key")), nullptr);
    const auto unchanged = standby.find("same.example");

    primary.change("a.example", "new 60 A 192.0.2.9");
    primary.change("large.example", "new 60 A 192.0.2.9");
    primary.change("b.example", "new 60 A 192.0.2.9");
    const uint32_t last = std::get<Committer::Removed>(primary.remove("b.example")).serial;
    primary.import("c.example", kSmallZone);
    primary.set_key("old.key", false);
    primary.set_key("new.key", true);
    const auto again = std::get<Committer::BackupLoaded>(standby.load(backup_of(primary)));
    EXPECT_EQ(again.zones, 4U);
    EXPECT_EQ(again.added, 1U);
    EXPECT_EQ(again.changed, 2U);
    EXPECT_EQ(again.removed, 1U);
    EXPECT_EQ(standby.find("b.example"), nullptr);
    EXPECT_EQ(standby.find("same.example"), unchanged) << "what is the same is left alone";
    standby.committer.stop();
    std::map<std::string, uint32_t> gone;
    standby.store.load_tombstones([&](const zones::Name& apex, const Tombstone& t) { gone[apex.to_text()] = t.serial; },
                                  [](const std::string& sentence) { ADD_FAILURE() << sentence; });
    EXPECT_EQ(gone["b.example."], last) << "the primary's last serial, and not the last that was seen here";
  }
  Node standby(directory_ / "standby", kAsStandby);
  for (const char* zone : {"a.example", "c.example", "same.example", "large.example"}) {
    ASSERT_NE(standby.find(zone), nullptr) << zone;
    EXPECT_EQ(zones::test::records_of(*standby.find(zone)), zones::test::records_of(*primary.find(zone))) << zone;
    EXPECT_EQ(standby.serial(zone), primary.serial(zone)) << zone;
  }
  EXPECT_EQ(standby.find("b.example"), nullptr);
  EXPECT_EQ(standby.settings.keys()->find(name("old.key")), nullptr);
  EXPECT_NE(standby.settings.keys()->find(name("new.key")), nullptr);
  EXPECT_NE(standby.committer.backup_time(), 0);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "standby.incoming"));
}

TEST_F(StandbyTest, TheSameBackupIsSoAlreadyAndAnOlderOneIsRefused) {
  Node primary(directory_ / "primary");
  primary.import("a.example", kSmallZone);
  const auto first = backup_of(primary);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // its time is in seconds
  primary.change("a.example", "new 60 A 192.0.2.9");
  const auto second = backup_of(primary);
  Node standby(directory_ / "standby", kAsStandby);
  EXPECT_TRUE(std::get<Committer::BackupLoaded>(standby.load(second)).has_changed);
  EXPECT_FALSE(std::get<Committer::BackupLoaded>(standby.load(second)).has_changed);
  EXPECT_NE(reason_in(standby.load(first)).find("older"), std::string::npos);
  EXPECT_EQ(standby.serial("a.example"), primary.serial("a.example"));
}

TEST_F(StandbyTest, OfADamagedBackupNothingIsTaken) {
  Node primary(directory_ / "primary");
  for (int i = 0; i < 50; ++i) primary.import("z" + std::to_string(i) + ".example", kSmallZone);
  primary.set_key("k.", true);
  Node standby(directory_ / "standby", kAsStandby);
  ASSERT_EQ(reason_in(standby.load(backup_of(primary))), "");
  for (int i = 0; i < 50; ++i) primary.change("z" + std::to_string(i) + ".example", "new 60 A 192.0.2.9");
  primary.set_key("l.", true);
  const auto whole = backup_of(primary);
  const auto damage = [&](const std::string& file, const std::function<void(std::string&)>& how) {
    auto directory = directory_ / ("damaged" + std::to_string(++backups_));
    std::filesystem::copy(whole, directory);
    std::string octets;
    {
      std::ifstream in(directory / file, std::ios::binary);
      octets.assign(std::istreambuf_iterator<char>(in), {});
    }
    how(octets);
    std::ofstream(directory / file, std::ios::binary) << octets;
    return directory;
  };
  const std::vector<std::filesystem::path> bad{
      directory_ / "nothing",
      damage("data.mdb", [](std::string& octets) { octets.resize(octets.size() / 2); }),  // half copied
      damage("data.mdb", [](std::string& octets) { octets.resize(octets.size() - 4096); }),
      damage("data.mdb", [](std::string& octets) { octets.clear(); }),
      damage("data.mdb",
             [](std::string& octets) {
               const size_t at = octets.find("\3www");
               ASSERT_NE(at, std::string::npos);
               octets[at + 1] = 'x';  // a checksum knows better
             }),
      damage("settings", [](std::string& octets) { octets.resize(100); }),
      damage("settings", [](std::string& octets) { octets.resize(64); }),  // cut between entries
      damage("settings",
             [](std::string& octets) {
               for (size_t i = 70; i < octets.size(); i += 16) octets[i] = static_cast<char>(octets[i] ^ 1);
             }),
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    const auto outcome = standby.load(bad[i]);
    EXPECT_NE(reason_in(outcome), "") << i;
    EXPECT_EQ(standby.table.size(), 50U) << i;
    EXPECT_EQ(standby.serial("z7.example"), 10U) << i;
    EXPECT_NE(standby.settings.keys()->find(name("k.")), nullptr) << i;
    EXPECT_EQ(standby.settings.keys()->find(name("l.")), nullptr) << i;
  }
  const auto without = damage("settings", [](std::string&) {});
  std::filesystem::remove(without / "settings");
  EXPECT_NE(reason_in(standby.load(without)).find("settings"), std::string::npos);
  EXPECT_EQ(reason_in(standby.load(whole)), "");
  EXPECT_EQ(standby.serial("z7.example"), primary.serial("z7.example"));
}

TEST_F(StandbyTest, NoBackupTakesThePlaceOfAPrimarysChanges) {
  Node primary(directory_ / "primary");
  EXPECT_NE(reason_in(primary.load(directory_ / "any")).find("no standby"), std::string::npos);
  primary.import("a.example", kSmallZone);
  const auto copy = backup_of(primary);
  {
    Node standby(directory_ / "standby", kAsStandby);
    ASSERT_EQ(reason_in(standby.load(copy)), "");
    ASSERT_EQ(reason_in(standby.promote()), "");
    ASSERT_EQ(reason_in(standby.change("a.example", "mine 60 A 192.0.2.9")), "");
  }
  Node standby(directory_ / "standby", kAsStandby);
  EXPECT_EQ(standby.committer.backup_time(), 0);
  EXPECT_NE(reason_in(standby.load(copy)).find("another --store"), std::string::npos);
  EXPECT_EQ(standby.find("a.example")->counts().records, 4U);
}

TEST_F(StandbyTest, NoBackupTakesThePlaceOfAPrimarysTokensOrTombstones) {
  const auto copy = [&] {
    Node primary(directory_ / "primary");
    primary.import("a.example", kSmallZone);
    return backup_of(primary);
  }();
  {
    Node primary(directory_ / "tokens");
    ASSERT_EQ(reason_in(primary.add_token("ops")), "");
  }
  {
    Node primary(directory_ / "tombstones");
    primary.import("gone.example", kSmallZone);
    ASSERT_EQ(reason_in(primary.remove("gone.example")), "");
  }
  for (const char* what : {"tokens", "tombstones"}) {
    Node standby(directory_ / what, kAsStandby);
    EXPECT_NE(reason_in(standby.load(copy)).find("another --store"), std::string::npos) << what;
  }
}

TEST_F(StandbyTest, AKillAmidTheFirstLoadLeavesAStandby) {
  Node primary(directory_ / "primary");
  primary.import("a.example", kSmallZone);
  primary.enable("a.example");  // which the observer hears of
  const auto copy = backup_of(primary);
  const auto killed = directory_ / "killed";
  {
    Node standby(directory_ / "standby", kAsStandby);
    standby.when_published = [&] {
      std::filesystem::copy(directory_ / "standby", killed, std::filesystem::copy_options::recursive);
    };
    ASSERT_EQ(reason_in(standby.load(copy)), "");
    standby.when_published = nullptr;
  }
  ASSERT_TRUE(std::filesystem::exists(killed));
  Node standby(killed, kAsStandby);
  ASSERT_TRUE(standby.find("a.example"));
  EXPECT_EQ(standby.serial("a.example"), primary.serial("a.example"));
  EXPECT_EQ(standby.committer.backup_time(), 0) << "not known";
  EXPECT_EQ(reason_in(standby.load(copy)), "");
  EXPECT_NE(standby.committer.backup_time(), 0);
}

TEST_F(StandbyTest, PromotionGivesSerialsAboveAllThatAreKnownAndThenTakesChanges) {
  Node primary(directory_ / "primary");
  for (const char* zone : {"ledger.example", "plain.example", "kept.example"}) {
    primary.import(zone, kSmallZone);
    primary.configure(zone, zones::SerialPolicy::increment);
    primary.enable(zone);
    primary.change(zone, "new 60 A 192.0.2.9");
  }
  primary.configure("kept.example", zones::SerialPolicy::keep);
  primary.keep_proof("ledger.example", 500);
  const auto copy = backup_of(primary);
  const uint32_t was = primary.serial("plain.example"), kept = primary.serial("kept.example");
  Node standby(directory_ / "standby", kAsStandby);
  ASSERT_EQ(reason_in(standby.load(copy)), "");
  ASSERT_TRUE(standby.find("plain.example")->history());
  ASSERT_TRUE(standby.promotions().empty());

  const auto promoted = std::get<Committer::Promoted>(standby.promote());
  EXPECT_TRUE(promoted.has_changed);
  EXPECT_EQ(promoted.raised.zones, 2U);
  ASSERT_EQ(promoted.raised.told.size(), 1U);
  EXPECT_EQ(promoted.raised.told[0].zone, "kept.example.");
  EXPECT_EQ(standby.serial("ledger.example"), 501U);
  EXPECT_EQ(standby.serial("plain.example"), was + 1);
  EXPECT_EQ(standby.serial("kept.example"), kept);
  EXPECT_FALSE(standby.find("plain.example")->history()) << "a difference from a serial of then may be wrong";
  EXPECT_EQ(standby.committer.history_octets(), history_memory(standby.find("kept.example").get()));
  const auto told = standby.promotions();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].zones.size(), 3U) << "those who follow zones hear of all";
  EXPECT_NE(told[0].recovered_at, 0);
  const auto records = standby.records();
  EXPECT_EQ(std::ranges::count(records, std::string("promotion"), [](const auto& r) { return r.cause.kind; }), 2);
  EXPECT_EQ(standby.committer.duty(), Committer::Duty::promoted);

  EXPECT_EQ(reason_in(standby.change("plain.example", "more 60 A 192.0.2.9")), "");
  EXPECT_EQ(standby.serial("plain.example"), was + 2);
  EXPECT_FALSE(std::get<Committer::Promoted>(standby.promote()).has_changed);
  EXPECT_EQ(standby.serial("plain.example"), was + 2);
}

TEST_F(StandbyTest, PromotionIsDurable) {
  {
    Node primary(directory_ / "store");
    primary.import("a.example", kSmallZone);
    EXPECT_FALSE(std::get<Committer::Promoted>(primary.promote()).has_changed) << "it is the primary";
  }
  uint32_t serial = 0;
  {
    Node standby(directory_ / "store", kAsStandby);
    standby.promote();
    serial = standby.serial("a.example");
    EXPECT_GT(serial, 10U);
  }
  {
    Node primary(directory_ / "store");
    EXPECT_EQ(primary.serial("a.example"), serial) << "once";
    EXPECT_NE(primary.store.recovered_at(), 0) << "secondaries are in doubt still";
  }
  { Node standby(directory_ / "store", kAsStandby); }
  Node primary(directory_ / "store");
  EXPECT_GT(primary.serial("a.example"), serial) << "nobody knows what happened while it was a standby";
}

TEST_F(StandbyTest, AZoneThatAStandbyLosesAndGetsBackIsWhole) {
  Node primary(directory_ / "primary");
  primary.import("a.example", kSmallZone);
  primary.import("b.example", kSmallZone);
  Node standby(directory_ / "standby", kAsStandby);
  standby.load(backup_of(primary));
  primary.remove("b.example");
  standby.load(backup_of(primary));
  EXPECT_EQ(standby.find("b.example"), nullptr);
  primary.import("b.example", test::zone_with(3000));
  const auto loaded = std::get<Committer::BackupLoaded>(standby.load(backup_of(primary)));
  EXPECT_EQ(loaded.added, 1U);
  EXPECT_EQ(zones::test::records_of(*standby.find("b.example")), zones::test::records_of(*primary.find("b.example")));
  standby.committer.stop();
  standby.store.load_tombstones([](const zones::Name& apex, const Tombstone&) { ADD_FAILURE() << apex.to_text(); },
                                [](const std::string& sentence) { ADD_FAILURE() << sentence; });
}

}  // namespace
}  // namespace axfrd::control
