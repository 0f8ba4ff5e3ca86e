// Committer: the one writer of zones and settings.
//
// Each change takes the same way, whoever requests it. A proposal is made from the zone's newest version (proposal.h),
// and the group takes it (group.h). When the group ends (commit_queue.h says when), it is stored, published and
// reported. The committer never waits for readers: a replaced version is freed when they have moved on (retire_list.h).
//
// A standby (committer_standby.cc) serves the zones of a backup. It changes nothing, and refuses changes, until it is
// promoted. Then it raises serials as a start after lost changes does, and is the primary.
//
// Threads. Any thread may request a change. The work and the call of `done` happen in the committer's own thread.
// `done` passes the outcome to its own thread and returns at once. A request after stop() is dropped, and `done` with
// it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/access/settings.h"
#include "control/base/cause.h"
#include "control/base/log.h"
#include "control/base/outcome.h"
#include "control/commit/commit_queue.h"
#include "control/commit/group.h"
#include "control/commit/history_budget.h"
#include "control/commit/proposal.h"
#include "control/commit/published.h"
#include "control/commit/retire_list.h"
#include "control/commit/tombstones.h"
#include "control/store/store.h"
#include "dataplane/rcu.h"
#include "zones/answer/cookie.h"
#include "zones/data/zone_table.h"

namespace axfrd::control {

// The failure with which a standby refuses a change.
Failure takes_no_changes();

class Committer : private CommitQueue::Owner {
 public:
  // `history_octets`: the memory for the histories of all zones; beyond it the oldest steps are dropped.
  Committer(zones::ZoneTable& zones, zones::CookieJar& cookies, dataplane::Rcu& rcu, Store& store,
            CurrentSettings& settings, size_t history_octets, const Log& log);
  ~Committer();  // @pre no reader is left, so that what is retired can go
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Called in the committer's thread, before `done` of the changes. @pre not started yet
  using Observer = std::function<void(Published)>;
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  // Called in the committer's thread with each change of a zone that is committed. Without it, the log gets a line.
  // @pre not started yet
  void set_auditor(Auditor auditor) { auditor_ = std::move(auditor); }
  // Called in the committer's thread for each zone that is new, and for each that is gone, when that is published; not
  // for those of load_store(). @pre not started yet
  using Roster = std::function<void(const zones::Name& apex, bool is_there)>;
  void set_roster(Roster roster) { roster_ = std::move(roster); }
  // The addresses of URL records; none: they keep theirs. @pre not started yet
  void set_url_addresses(zones::Addresses addresses) { url_addresses_ = std::move(addresses); }
  // Makes it a standby. @pre not started yet, and the store was opened for one
  void set_standby() { duty_ = Duty::standby; }

  // From here to stop() no other thread writes to the zone table.
  void start() { queue_.start(); }
  // Records a request that the committer never saw, or that changed nothing. Any thread.
  void record(const AuditRecord& record) const { auditor_(record); }
  // Ends the group under way and the thread. What still waits is dropped.
  void stop() { queue_.stop(); }

  // ---- zones ----

  struct Changed {
    uint32_t old_serial, serial;
    size_t records, removed, added;  // removed and added: SOA left out
    zones::Warnings warnings = {};
    bool changed() const { return serial != old_serial; }  // in what a secondary sees
  };
  void change_zone(zones::Name apex, Cause cause, Compose compose, Done<Changed> done);

  // The result of an import before it is committed. `old`: null if the zone is new.
  struct Review {
    const zones::ZoneVersion* old;
    const zones::ZoneVersion& next;
    const zones::Delta& delta;
  };
  // Returns nothing, or the reason why the change is not to be made. Called in the committer's thread.
  using Reviewer = std::function<std::optional<Failure>(const Review&)>;

  struct Import {
    zones::Name apex;
    NewContent content;
    std::string file;     // where it is from, for messages
    bool revives = true;  // bring back a zone that was removed
    Cause cause = {};
    Reviewer review = {};                     // none: all is well
    bool is_one_of_many = false;              // new zones are too many for the log
    std::optional<Proposal> made_ahead = {};  // upon a version of the zone; made again if that is not the current one
  };
  struct Imported {
    std::optional<uint32_t> old_serial;  // none: the zone is new
    uint32_t serial;
    size_t records;
    size_t removed, added;  // of a zone that was there; SOA left out
    bool changed;           // false: the zone was like this already, and nothing was done
    zones::Warnings warnings;
  };
  void import_zone(Import request, Done<Imported> done);
  // The same for many; each has its own outcome.
  void import_zones(std::vector<Import> requests, Done<std::vector<Outcome<Imported>>> done);
  // The version of a zone for which a proposal can be made ahead, null if there is none; and the rules for it.
  struct Base {
    zones::VersionRef version;
    ProposalRules rules;
  };
  void base_of(zones::Name apex, Cause cause, Done<Base> done);

  struct Configured {
    zones::SerialPolicy serial_policy;
    bool changed;  // false: it was so already, and nothing was done
  };
  void set_serial_policy(zones::Name apex, Cause cause, zones::SerialPolicy policy, Done<Configured> done);

  struct SecondarySet {
    uint32_t old_serial, serial;
    zones::SecondaryDnsRef settings;
    bool changed;  // false: they were so already, and nothing was done
  };
  // Makes the secondary DNS of a zone what edit(current version) returns, and its NS RRset what follows from that, in
  // one commit. Called in the committer's thread.
  void set_secondary(zones::Name apex, Cause cause, SecondaryEdit edit, Done<SecondarySet> done);

  // Gives the zone a serial above `floor`, which a secondary has, if that is not below the zone's own already. A
  // Failure if the serial is not ours to choose.
  void raise_serial(zones::Name apex, uint32_t floor, Cause cause, Done<Changed> done);

  struct Removed {
    uint32_t serial;
  };
  void remove_zone(zones::Name apex, Cause cause, Done<Removed> done);

  // ---- settings ----

  struct KeyChanged {
    zones::Name name;
    KeyRef before, after;  // null: there was none, there is none; the same: nothing was done
  };
  // Makes a key what edit(current) returns, both null when there is no key. Called in the committer's thread.
  using KeyEdit = std::function<Outcome<KeyRef>(const KeyRef& current)>;
  void change_key(zones::Name name, KeyEdit edit, Done<KeyChanged> done);

  struct TokenChanged {
    TokenRef before, after;  // null: there was none, there is none; the same: nothing was done
  };
  // As change_key().
  using TokenEdit = std::function<Outcome<TokenRef>(const TokenRef& current)>;
  void change_token(std::string name, TokenEdit edit, Done<TokenChanged> done);
  // Stores when tokens were last used, of all those at once where that is not what is stored; their number.
  void keep_token_uses(Done<size_t> done);

  // Makes the secrets of DNS Cookies what edit(current) returns. Called in the committer's thread.
  using CookieEdit = std::function<Outcome<zones::CookieSecrets>(const zones::CookieSecrets& current)>;
  void change_cookies(CookieEdit edit, Done<zones::CookieSecrets> done);

  struct ProviderSet {
    bool was_there;
    size_t zones = 0;   // that refer to it and have changed, or would
    size_t failed = 0;  // that refer to it and could not follow; the log says why
  };
  // No wish: the provider goes, which is refused while zones refer to it. The zones that refer to it follow, which is
  // done when `done` is called; if we end before that, they follow at the next start. `dry_run`: only count.
  void set_provider(std::string name, std::optional<SecondaryWish> wish, Cause cause, bool dry_run,
                    Done<ProviderSet> done);

  // ---- standby ----

  enum class Duty : uint8_t {
    primary,
    standby,
    promoted  // the primary, which was started as a standby
  };
  // Any thread.
  Duty duty() const { return duty_.load(std::memory_order_relaxed); }
  bool is_standby() const { return duty() == Duty::standby; }
  // When the backup was made that a standby serves; seconds since 1970, 0 if that is not known. Any thread.
  int64_t backup_time() const { return backup_time_.load(std::memory_order_relaxed); }

  struct BackupLoaded {
    size_t zones, added, changed, removed;
    int64_t backup_time;
    bool has_changed;  // false: it was so already
  };
  // Serves and stores what the backup in `directory` holds, and nothing else: all of it, or, if anything of it is
  // damaged, what was there before.
  void load_backup(std::filesystem::path directory, Done<BackupLoaded> done);

  // What became of serials after a recovery.
  struct Raised {
    static constexpr size_t kMostTold = 1000;
    struct Left {
      std::string zone;
      uint32_t serial, highest;  // its own, and the highest that is known
      std::string why;
    };
    size_t zones = 0;        // that have new ones
    size_t left = 0;         // whose serials are not ours to choose
    std::vector<Left> told;  // of these, no more than kMostTold
  };
  struct Promoted {
    bool has_changed;  // false: it was the primary already
    Raised raised = {};
  };
  // Makes a standby the primary: the zones get serials above all that are known, and then changes are taken.
  void promote(Cause cause, Done<Promoted> done);

  // ---- the rest ----

  // Keeps the ledger's lines of some zones (notify/ledger.h), durably.
  void keep_ledger(std::vector<Store::LedgerText> lines, Done<size_t> done);

  // Copies the store, as it is then, into `directory`, while changes go on. `done` is called in the store's thread.
  void backup(std::filesystem::path directory, Done<std::filesystem::path> done);

  // Serves what is in the store; the number of zones. @pre no zone is served yet
  void load_store(Done<size_t> done);
  // Forgets the serials of zones that were removed long ago, but for those whose files import_zones() has passed over;
  // and again each day.
  void forget_old_tombstones();

  // Whether changes can be stored. Any thread.
  StoreHealth store_health() const { return store_.health(); }

  // How many objects wait until readers have moved on. Any thread.
  const Histogram& group_times() const { return queue_.group_times(); }
  size_t retired_count() const { return retired_.count(); }
  // How many zones have no NS record at their apex. Any thread.
  size_t zones_without_servers() const { return zones_without_servers_.load(std::memory_order_relaxed); }
  // The octets of all histories. Any thread.
  size_t history_octets() const { return histories_.octets(); }

 private:
  // ---- CommitQueue::Owner ----
  void begin_group() override { group_.emplace(ground_); }
  bool end_group() override;
  bool free_retired() override { return retired_.free(); }
  void idle() override;

  // Enters `work`, which returns an Outcome<T> and adds to the group. This is where what it throws (no memory) becomes
  // an outcome. What the group has of it is in force when `done` hears of it, or nothing is.
  template <class T, class Work>
  void enqueue(Done<T> done, Work work) {
    queue_.enqueue([this, done = std::move(done), work = std::move(work)]() mutable {
      auto outcome = outcome_of<T>(work);
      if (std::holds_alternative<Failure>(outcome)) return done(std::move(outcome));
      group_->then([done, outcome = std::move(outcome)] { done(outcome); }, [done](Failure failure) { done(failure); });
    });
  }
  // The same for a change.
  template <class T, class Work>
  void enqueue_change(Done<T> done, Work work) {
    enqueue<T>(std::move(done), [this, work = std::move(work)]() mutable -> Outcome<T> {
      if (is_standby()) return takes_no_changes();
      return work();
    });
  }
  template <class T, class Work>
  static Outcome<T> outcome_of(Work& work) {
    try {
      return work();
    } catch (const std::exception& error) {
      return Failure{FailureCode::failed, reason_of(error)};
    }
  }
  ProposalRules rules(const Cause& cause) const;

  Outcome<Changed> change_now(const zones::Name& apex, const Cause& cause, const Compose& compose);
  Outcome<Imported> import_now(const Import& request);
  Outcome<Configured> configure_now(const zones::Name& apex, const Cause& cause, zones::SerialPolicy policy);
  Outcome<SecondarySet> set_secondary_now(const zones::Name& apex, const Cause& cause, const SecondaryEdit& edit);
  Outcome<Changed> raise_now(const zones::Name& apex, uint32_t floor, const Cause& cause);
  Outcome<Removed> remove_now(const zones::Name& apex, const Cause& cause);
  Outcome<KeyChanged> change_key_now(const zones::Name& name, const KeyEdit& edit);
  Outcome<zones::CookieSecrets> change_cookies_now(const CookieEdit& edit);

  // ---- zones follow their providers (committer_providers.cc) ----
  struct Following;
  Outcome<ProviderSet> set_provider_now(const std::string& name, const std::optional<SecondaryWish>& wish,
                                        bool dry_run);
  Outcome<Proposal> follow_now(const zones::VersionRef& base, const Providers& known, const Cause& cause) const;
  std::vector<zones::Name> zones_with(const std::function<bool(const zones::SecondaryDns&)>& wanted) const;
  void follow_next(const std::shared_ptr<Following>& following);
  void follow_providers_at_start();

  // ---- start (committer_start.cc) ----
  Outcome<size_t> load_store_now();
  void load_settings();
  // `raised` is called for each zone whose new serial is durable.
  using SerialRaised = std::function<void(const zones::VersionRef& before, const zones::VersionRef& after)>;
  Raised raise_serials(std::vector<Store::Loaded>& zones, const SerialRaised& raised);

  // ---- standby (committer_standby.cc) ----
  struct Difference;
  Outcome<BackupLoaded> load_backup_now(const std::filesystem::path& directory);
  std::optional<Failure> refuse_backup() const;
  Outcome<Difference> compare_with(const std::filesystem::path& directory);
  std::vector<Setting> settings_to_change(const std::vector<Store::Setting>& next);
  Outcome<Promoted> promote_now(const Cause& cause);
  std::filesystem::path loading_directory() const { return store_.directory().string() + ".incoming"; }

  zones::ZoneTable& zones_;
  zones::CookieJar& cookies_;
  Store& store_;
  CurrentSettings& settings_;
  const Log& log_;
  zones::Addresses url_addresses_;
  Observer observer_ = [](const Published&) {};
  Auditor auditor_ = [this](const AuditRecord& record) {
    if (!record.is_one_of_many) log_.info(record.text());
  };
  Roster roster_ = [](const zones::Name&, bool) {};

  Tombstones tombstones_;
  HistoryBudget histories_;
  RetireList retired_;
  // When tombstones are looked at next; the first time it is asked for, when it is known which have files.
  std::chrono::steady_clock::time_point look_at_tombstones_ = std::chrono::steady_clock::time_point::max();
  std::atomic<Duty> duty_{Duty::primary};         // written by the committer's thread
  std::atomic<int64_t> backup_time_{0};           // likewise
  std::atomic<size_t> zones_without_servers_{0};  // written by the committer's thread
  CommitGround ground_;
  std::optional<Group> group_;  // under way; the committer's thread
  CommitQueue queue_;           // last: its thread uses all the others
};

}  // namespace axfrd::control
