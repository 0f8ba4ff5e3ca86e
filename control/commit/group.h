// Group: changes that are committed together, each made upon what the ones before it have left.
//
// First all of it goes to the store, in one commit; then it is published; then those who asked are told. If it cannot
// be stored, nothing of it is in force, and all of them are told so.
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

  // The newest version of a zone, null if there is none: what the group has made of it, or what is served.
  zones::VersionRef current(const zones::Name& apex) const;
  // Makes `after` the zone's next version; null: the zone goes.
  void set(const zones::Name& apex, zones::VersionRef after);
  // What is left of a zone that was removed; null if nothing is.
  Tombstones::Gone* tombstone(const zones::Name& apex);

  // The newest settings, as current().
  SettingsRef settings() const { return settings_ ? settings_ : ground_.settings.get(); }
  // A Failure if one of those that there are is not ours to edit; then nothing is set.
  std::optional<Failure> set(std::vector<Setting> changed);

  void keep_ledger(std::vector<Store::LedgerText> lines);
  // The same of lines that whoever keeps the ledger does not know of: they are published, with their zones.
  void bring_ledger(std::vector<Store::LedgerText> lines);
  // Keeps the last serials of zones that are gone, or have been, besides those that it removes itself.
  void keep_tombstones(std::vector<Tombstones::Gone> gone);

  // Tells of a change when it is committed, and nobody waits for it any more.
  template <class... Parts>
  void log(const Parts&... parts) {
    if (ground_.log.shows(LogLevel::info)) lines_.push_back(Log::text(parts...));
  }
  // Records a change of a zone, likewise.
  void record(AuditRecord record) { records_.push_back(std::move(record)); }
  // Calls one of the two when the group is committed or has failed.
  void then(std::function<void()> committed, std::function<void(Failure)> failed) {
    ends_.push_back({std::move(committed), std::move(failed)});
  }

  // Stores and publishes what the group changes, and calls those of then(). Returns whether anything was stored.
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
