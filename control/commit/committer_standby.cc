// The part of Committer for a standby: loading backups, and promotion.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "control/commit/committer.h"
#include "control/store/backup.h"
#include "zones/disk/disk_format.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::VersionRef;
using zones::ZoneVersion;

std::string apex_key(const ZoneVersion& version) { return zones::sort_key(version.apex().name); }

bool same_history(const ZoneVersion& x, const ZoneVersion& y) {
  if (!x.history() || !y.history()) return !x.history() && !y.history();
  return std::ranges::equal(x.history()->steps(), y.history()->steps(), [](const auto& a, const auto& b) {
    return a == b || zones::encode_step(*a) == zones::encode_step(*b);
  });
}

// Whether both have the same stored form.
bool same_in_store(const ZoneVersion& x, const ZoneVersion& y) {
  if (zones::encode_zone(x) != zones::encode_zone(y) || !std::ranges::equal(x.page_ids(), y.page_ids())) return false;
  for (unsigned i = 0; i < x.page_count(); ++i) {
    if (zones::encode_page(x.page(i)) != zones::encode_page(y.page(i))) return false;
  }
  return same_history(x, y);
}

bool same_tombstone(const Tombstone& x, const Tombstone& y) {
  return x.serial == y.serial && x.time == y.time && x.policy == y.policy;
}

std::string name_of_stored(const Store::Setting& setting) {
  return name_of_setting(static_cast<SettingKind>(setting.kind), setting.name);
}

}  // namespace

Failure takes_no_changes() {
  return {FailureCode::standby, "this axfrd is a standby and takes no changes; axfrctl promote makes it the primary"};
}

// ---- loading backups ----

// How a backup differs from what is served, and the rest of its content.
struct Committer::Difference {
  int64_t time = 0;
  size_t zones = 0;                      // in the backup
  std::vector<VersionRef> different;     // new, or different from what is served
  size_t added = 0;                      // how many of these are new
  std::vector<Name> gone;                // served, and not in the backup
  std::vector<Store::Setting> settings;  // all
  std::vector<Store::LedgerText> ledger;
  std::vector<Tombstones::Gone> tombstones;
};

std::optional<Failure> Committer::refuse_backup() const {
  if (!is_standby()) {
    return Failure{FailureCode::failed,
                   "this axfrd is no standby, and keeps what it has; axfrd --restore makes a new store of a backup"};
  }
  const SettingsRef settings = settings_.get();
  const bool vacant = zones_.size() == 0 && tombstones_.size() == 0 && settings->keys->keys().empty() &&
                      settings->providers->empty() && settings->tokens->by_name().empty() && settings->users->empty() &&
                      !settings->cookies;
  if (store_.backup_time() || vacant) return std::nullopt;
  return Failure{FailureCode::failed, "the store in " + store_.directory().string() +
                                          " was a primary's, and a backup in its place would be the end of its "
                                          "changes: start the standby with another --store"};
}

// Reads the whole backup before anything is changed.
Outcome<Committer::Difference> Committer::compare_with(const std::filesystem::path& directory) {
  std::string damage;
  const auto damaged = [&damage](const std::string& sentence) {
    if (damage.empty()) damage = sentence;
  };
  std::map<std::string, std::string> known_ledger;
  store_.load_ledger([&](Store::LedgerText zone) { known_ledger[zones::sort_key(zone.apex)] = std::move(zone.text); },
                     [](const std::string&) {});
  BackupCopy copy(directory, loading_directory());
  Difference backup;
  backup.time = *copy.store().backup_time();
  if (backup.time != 0 && backup.time < backup_time()) {
    return Failure{FailureCode::failed,
                   "the backup in " + directory.string() + " is older than what this standby serves, by " +
                       std::to_string(backup_time() - backup.time) +
                       " s; to go back to it, start the standby with --restore and another --store"};
  }
  copy.store().load_settings([&](const Store::Setting& setting) { backup.settings.push_back(setting); }, name_of_stored,
                             damaged);
  copy.store().load_tombstones(
      [&](const Name& apex, const Tombstone& tombstone) {
        const auto* known = tombstones_.find(apex);
        if (known == nullptr || !same_tombstone(known->tombstone, tombstone))
          backup.tombstones.push_back({apex, tombstone});
      },
      damaged);
  std::set<std::string> there;
  copy.store().load(
      [&](Store::Loaded loaded) {
        const Name apex(loaded.version->apex().name);
        const std::string key = zones::sort_key(apex);
        if (!loaded.ledger.empty() && known_ledger[key] != loaded.ledger)
          backup.ledger.push_back({apex, std::move(loaded.ledger)});
        const VersionRef current = group_->current(apex);
        if (!current) ++backup.added;
        if (!current || !same_in_store(*current, *loaded.version))
          backup.different.push_back(std::move(loaded.version));
        there.insert(key);
      },
      damaged);
  if (!damage.empty()) {
    return Failure{FailureCode::failed,
                   "nothing is loaded, for the backup in " + directory.string() + " is damaged: " + damage};
  }
  backup.zones = there.size();
  zones_.for_each([&](const zones::Zone& zone) {
    if (!there.contains(apex_key(*zone.current()))) backup.gone.emplace_back(zone.current()->apex().name);
  });
  return backup;
}

// The changes from the stored settings to `next`. Throws std::invalid_argument.
std::vector<Setting> Committer::settings_to_change(const std::vector<Store::Setting>& next) {
  std::map<std::pair<char, std::string>, std::string> known;
  store_.load_settings(
      [&](const Store::Setting& setting) {
        known[{setting.kind, setting.name}] = setting.text;
      },
      name_of_stored, [](const std::string&) {});
  std::vector<Setting> changed;
  for (const Store::Setting& setting : next) {
    const auto same = known.extract({setting.kind, setting.name});
    if (same && same.mapped() == setting.text) continue;
    changed.push_back(setting_from_stored(setting.kind, setting.name, setting.text));
  }
  for (const auto& [place, text] : known)
    changed.push_back({static_cast<SettingKind>(place.first), place.second, std::monostate()});
  return changed;
}

Outcome<Committer::BackupLoaded> Committer::load_backup_now(const std::filesystem::path& directory) {
  if (auto failure = refuse_backup()) return std::move(*failure);
  auto read = compare_with(directory);
  if (auto* failure = std::get_if<Failure>(&read)) return std::move(*failure);
  auto& backup = std::get<Difference>(read);
  std::vector<Setting> settings = settings_to_change(backup.settings);
  BackupLoaded loaded{backup.zones,       backup.added, backup.different.size() - backup.added,
                      backup.gone.size(), backup.time,  backup.time != backup_time() || !store_.backup_time()};
  loaded.has_changed = loaded.has_changed || !backup.different.empty() || !backup.gone.empty() || !settings.empty();
  // If axfrd is killed during the first load, what is left must not look like the store of a primary.
  if (!store_.backup_time()) {
    try {
      store_.set_backup_time(0);
    } catch (const StoreError& error) {
      return Failure{FailureCode::failed, std::string("nothing is loaded: ") + error.what()};
    }
  }
  if (!settings.empty()) {
    if (auto failure = group_->set(std::move(settings))) return std::move(*failure);
  }
  for (VersionRef& version : backup.different) {
    const Name apex(version->apex().name);
    group_->set(apex, std::move(version));
  }
  for (const Name& apex : backup.gone) group_->set(apex, nullptr);
  group_->bring_ledger(std::move(backup.ledger));
  group_->keep_tombstones(std::move(backup.tombstones));
  group_->then(
      [this, time = backup.time] {
        backup_time_.store(time, std::memory_order_relaxed);
        try {
          store_.set_backup_time(time);
        } catch (const StoreError& error) {
          log_.error("the time of the backup that was loaded cannot be stored: ", error.what());
        }
      },
      [](const Failure&) {});
  return loaded;
}

// ---- becoming the primary ----

Outcome<Committer::Promoted> Committer::promote_now(const Cause& cause) {
  if (!is_standby()) return Promoted{false};
  std::map<std::string, std::string> ledger;
  store_.load_ledger([&](Store::LedgerText zone) { ledger[zones::sort_key(zone.apex)] = std::move(zone.text); },
                     [this](const std::string& sentence) { log_.error(sentence); });
  std::vector<Store::Loaded> all;
  zones_.for_each([&](const zones::Zone& zone) {
    VersionRef version(zone.current());
    const auto kept = ledger.extract(apex_key(*version));
    all.push_back({std::move(version), kept ? std::move(kept.mapped()) : std::string()});
  });
  const auto serve = [&](const VersionRef& before, const VersionRef& after) {
    histories_.set_octets(histories_.octets() - history_memory(before.get()) + history_memory(after.get()));
    retired_.add(zones_.publish(after));
    AuditRecord record{.cause = cause, .kind = "zone", .name = after->apex().name.to_text()};
    record.old_serial = before->serial();
    record.serial = after->serial();
    record.what = "a serial above all that are known";
    record.is_one_of_many = true;  // the log has a line of its own
    auditor_(record);
  };
  Promoted promoted{true, raise_serials(all, serve)};
  duty_.store(Duty::promoted, std::memory_order_relaxed);
  backup_time_.store(0, std::memory_order_relaxed);
  Published published;
  for (Store::Loaded& zone : all) {
    if (is_followed(zone.version.get())) published.zones.push_back({std::move(zone.version), std::move(zone.ledger)});
  }
  published.recovered_at = store_.recovered_at();
  published.promoted = true;
  observer_(std::move(published));
  follow_providers_at_start();
  log_.warning(
      "promoted: this axfrd is the primary, and takes changes; take standby out of its configuration, for with "
      "it the next start is a standby again");
  return promoted;
}

}  // namespace axfrd::control
