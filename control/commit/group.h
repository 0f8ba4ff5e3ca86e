// Group: changes that are committed together. Each is made upon the result of the changes before it.
//
// The store commits all changes at once. Then they are published. Then the `done` of each is called. If they cannot be
// stored, none of them is in force, and each `done` gets the failure.
//
// Threads. The committer's.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "control/access/settings.h"
#include "control/base/cause.h"
#include "control/base/log.h"
#include "control/base/outcome.h"
#include "control/commit/history_budget.h"
#include "control/commit/published.h"
#include "control/commit/retire_list.h"
#include "control/commit/tombstones.h"
#include "control/store/store.h"
#include "zones/data/zone_table.h"

namespace axfrd::control {

// What a group changes when it is committed. Only the committer's thread writes to any of it.
struct CommitGround {
  zones::ZoneTable& zones;
  zones::CookieJar& cookies;
  Store& store;
  CurrentSettings& settings;
  Tombstones& tombstones;
  HistoryBudget& histories;
  RetireList& retired;
  std::atomic<size_t>& zones_without_servers;
  const std::function<void(Published)>& observer;
  const Auditor& auditor;
  const std::function<void(const zones::Name& apex, bool is_there)>& roster;
  const Log& log;

  const zones::ZoneVersion* current(zones::NameView apex) const;
};

class Group {
 public:
  explicit Group(CommitGround& ground) : ground_(ground) {}

  // The newest version of a zone: that of the group, or else the served one. Null: there is no such zone.
  zones::VersionRef current(const zones::Name& apex) const;
  // Makes `after` the zone's next version; null: removes the zone.
  void set(const zones::Name& apex, zones::VersionRef after);
  // The tombstone of a removed zone; null if there is none.
  Tombstones::Gone* tombstone(const zones::Name& apex);

  // The newest settings, as current().
  SettingsRef settings() const { return settings_ ? settings_ : ground_.settings.get(); }
  // Returns a Failure, and sets nothing, if a setting to be replaced has tags that this axfrd does not know. Such a
  // setting can only be removed.
  std::optional<Failure> set(std::vector<Setting> changed);

  void keep_ledger(std::vector<Store::LedgerText> lines);
  // The same for lines that the keeper of the ledger does not have yet: they are published with their zones.
  void bring_ledger(std::vector<Store::LedgerText> lines);
  // Keeps the last serials of removed zones, besides those that the group removes itself.
  void keep_tombstones(std::vector<Tombstones::Gone> gone);

  // Logs a line once the group is committed and all `done` have been called.
  template <class... Parts>
  void log(const Parts&... parts) {
    if (ground_.log.shows(LogLevel::info)) lines_.push_back(Log::text(parts...));
  }
  // Records a change of a zone, likewise.
  void record(AuditRecord record) { records_.push_back(std::move(record)); }
  // Calls `committed` when the group is committed, or `failed` if that fails.
  void then(std::function<void()> committed, std::function<void(Failure)> failed) {
    ends_.push_back({std::move(committed), std::move(failed)});
  }

  // Stores and publishes the changes of the group, and calls the functions of then(). Returns whether anything was
  // stored.
  bool end();

 private:
  struct Made {
    zones::Name apex;
    zones::VersionRef before, after;
  };
  struct End {
    std::function<void()> committed;
    std::function<void(Failure)> failed;
  };

  void shorten_histories();
  size_t history_octets() const;
  bool commit();
  void end_grants();
  void publish();
  void publish_zones(Published& published);
  void publish_settings(Published& published);

  CommitGround& ground_;
  SettingsRef settings_;                          // null: none has changed
  std::map<std::string, Made> made_;              // by sort key of the apex
  std::map<std::string, Tombstones::Gone> gone_;  // as made_; zones that the group removes, even if it adds them again
  std::vector<Setting> changed_settings_;
  std::vector<Store::LedgerText> ledger_;
  std::map<std::string, Store::LedgerText> brought_;  // by the sort key of the apex
  std::vector<Tombstones::Gone> tombstones_;
  std::vector<End> ends_;
  std::vector<std::string> lines_;
  std::vector<AuditRecord> records_;
};

}  // namespace axfrd::control
