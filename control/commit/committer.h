// Committer: the only writer of zones and settings.
//
// All changes take the same path. A proposal is made from the zone's newest version (proposal.h), and the group takes
// it (group.h). When the group ends (commit_queue.h says when), its changes are stored, then published, then answered.
// The committer never waits for readers: a replaced version is freed when no reader can see it any more
// (retire_list.h).
//
// A standby (committer_standby.cc) serves the zones of a backup. It changes nothing, and refuses changes, until it is
// promoted. Then it raises serials as a start after lost changes does, and is the primary.
//
// Threads. Any thread may request a change. The work and the call of `done` happen in the committer's own thread.
// `done` must pass the outcome on and return at once. Requests after stop() are dropped, and their `done` is not
// called.
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
  ~Committer();  // @pre no reader is left, so that replaced objects can be freed
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Called in the committer's thread, before `done` of the changes. @pre not started yet
  using Observer = std::function<void(Published)>;
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  // Called in the committer's thread with each change of a zone that is committed. Without an auditor, the change is
  // logged. @pre not started yet
  void set_auditor(Auditor auditor) { auditor_ = std::move(auditor); }
  // Called in the committer's thread for each zone that is added or removed, when that is published. Not called for the
  // zones of load_store(). @pre not started yet
  using Roster = std::function<void(const zones::Name& apex, bool is_there)>;
  void set_roster(Roster roster) { roster_ = std::move(roster); }
  // The addresses of URL records; none: they keep theirs. @pre not started yet
  void set_url_addresses(zones::Addresses addresses) { url_addresses_ = std::move(addresses); }
  // Makes it a standby. @pre not started yet, and the store was opened for one
  void set_standby() { duty_ = Duty::standby; }

  // From here to stop() no other thread may write to the zone table.
  void start() { queue_.start(); }
  // Records a request that was not passed to the committer, or that changed nothing. Any thread.
  void record(const AuditRecord& record) const { auditor_(record); }
  // See CommitQueue::stop().
  void stop() { queue_.stop(); }

  // ---- zones ----

  struct Changed {
    uint32_t old_serial, serial;
    size_t records, removed, added;  // removed and added: without the SOA
    zones::Warnings warnings = {};
    bool changed() const { return serial != old_serial; }  // as secondaries see it
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
    std::string file;     // the source, for messages
    bool revives = true;  // bring back a zone that was removed
    Cause cause = {};
    Reviewer review = {};                     // none: no review
    bool is_one_of_many = false;              // new zones are not logged one by one
    std::optional<Proposal> made_ahead = {};  // made again unless its base is the current version
  };
  struct Imported {
    std::optional<uint32_t> old_serial;  // none: the zone is new
    uint32_t serial;
    size_t records;
    size_t removed, added;  // of an existing zone; without the SOA
    bool changed;           // false: nothing differed, and nothing was done
    zones::Warnings warnings;
  };
  void import_zone(Import request, Done<Imported> done);
  // The same for several zones. Each has its own outcome.
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
  // Sets the secondary DNS of a zone to what edit(current version) returns, and changes its NS RRset accordingly, in
  // one commit. `edit` is called in the committer's thread.
  void set_secondary(zones::Name apex, Cause cause, SecondaryEdit edit, Done<SecondarySet> done);

  // Gives the zone a serial above `floor`, the serial of a secondary, unless its serial is above that already. A
  // Failure if axfrd must not choose the zone's serials.
  void raise_serial(zones::Name apex, uint32_t floor, Cause cause, Done<Changed> done);

  struct Removed {
    uint32_t serial;
  };
  void remove_zone(zones::Name apex, Cause cause, Done<Removed> done);

  // ---- settings ----

  struct KeyChanged {
    zones::Name name;
    KeyRef before, after;  // null: no such setting; equal: nothing was done
  };
  // Sets a key to what edit(current) returns. Either is null when there is no key. `edit` is called in the committer's
  // thread.
  using KeyEdit = std::function<Outcome<KeyRef>(const KeyRef& current)>;
  void change_key(zones::Name name, KeyEdit edit, Done<KeyChanged> done);

  struct TokenChanged {
    TokenRef before, after;  // null: no such setting; equal: nothing was done
  };
  // As change_key().
  using TokenEdit = std::function<Outcome<TokenRef>(const TokenRef& current)>;
  void change_token(const std::string& name, TokenEdit edit, Done<TokenChanged> done);
  struct UserChanged {
    UserRef before, after;  // as of a token
  };
  using UserEdit = std::function<Outcome<UserRef>(const UserRef& current)>;
  void change_user(const std::string& name, UserEdit edit, Done<UserChanged> done);
  // Stores the last use of all tokens for which it differs from what is stored. The outcome is their number.
  void keep_token_uses(Done<size_t> done);

  // Sets the secrets of DNS Cookies to what edit(current) returns. `edit` is called in the committer's thread.
  using CookieEdit = std::function<Outcome<zones::CookieSecrets>(const zones::CookieSecrets& current)>;
  void change_cookies(CookieEdit edit, Done<zones::CookieSecrets> done);

  struct ProviderSet {
    bool was_there;
    size_t zones = 0;   // zones that refer to it and have changed, or would
    size_t failed = 0;  // zones that refer to it and could not follow; the log says why
  };
  // No `wish`: removes the provider, which is refused while zones refer to it. The zones that refer to it are changed
  // before `done` is called. If axfrd ends earlier, the rest is changed at the next start. `dry_run`: only counts.
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
  // When the backup that a standby serves was made: seconds since 1970, 0 if that is not known. Any thread.
  int64_t backup_time() const { return backup_time_.load(std::memory_order_relaxed); }

  struct BackupLoaded {
    size_t zones, added, changed, removed;
    int64_t backup_time;
    bool has_changed;  // false: it was so already
  };
  // Replaces what is served and stored by the content of the backup in `directory`. If any part of the backup is
  // damaged, nothing changes.
  void load_backup(std::filesystem::path directory, Done<BackupLoaded> done);

  // The outcome of raising serials after a recovery.
  struct Raised {
    static constexpr size_t kMostTold = 1000;
    struct Left {
      std::string zone;
      uint32_t serial, highest;  // its own, and the highest that is known
      std::string why;
    };
    size_t zones = 0;        // zones with new serials
    size_t left = 0;         // zones whose serials axfrd must not choose
    std::vector<Left> told;  // the first kMostTold of these
  };
  struct Promoted {
    bool has_changed;  // false: it was the primary already
    Raised raised = {};
  };
  // Makes a standby the primary. Zones get serials above all that are known, and then changes are accepted.
  void promote(Cause cause, Done<Promoted> done);

  // ---- the rest ----

  // Stores the ledger lines of some zones (notify/ledger.h).
  void keep_ledger(std::vector<Store::LedgerText> lines, Done<size_t> done);

  // Copies the current content of the store into `directory`, while changes go on. `done` is called in the backup's own
  // thread, or in the committer's if the backup cannot begin.
  void backup(std::filesystem::path directory, Done<std::filesystem::path> done);

  // Loads and serves the zones of the store. The outcome is their number. @pre no zone is served yet
  void load_store(Done<size_t> done);
  // Forgets the serials of zones that were removed long ago, now and then once a day. Keeps those of zones whose files
  // import_zones() has passed over.
  void forget_old_tombstones();

  // Whether changes can be stored. Any thread.
  StoreHealth store_health() const { return store_.health(); }

  // See CommitQueue::group_times(). Any thread.
  const Histogram& group_times() const { return queue_.group_times(); }
  // Replaced objects that some reader may still see. Any thread.
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

  // Enqueues `work`, which returns an Outcome<T> and adds to the group. An exception of `work` (no memory) becomes a
  // Failure. When `done` is called, the changes of `work` are in force, or none of them are.
  template <class T, class Work>
  void enqueue(Done<T> done, Work work) {
    queue_.enqueue([this, done = std::move(done), work = std::move(work)]() mutable {
      auto outcome = outcome_of<T>(work);
      if (std::holds_alternative<Failure>(outcome)) return done(std::move(outcome));
      group_->then([done, outcome = std::move(outcome)] { done(outcome); }, [done](Failure failure) { done(failure); });
    });
  }
  // The same for a change, which a standby refuses.
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
  // Sets the setting that `find` returns to what edit(current) returns; `setting` makes its row. Both: the value before
  // and after.
  template <class Both, class Ref>
  void change_setting(std::function<Ref(const Settings&)> find, std::function<Outcome<Ref>(const Ref&)> edit,
                      std::function<Setting(Ref)> setting, Done<Both> done);
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
  // When old tombstones are forgotten next. Not before forget_old_tombstones(), when it is known which zones have
  // files.
  std::chrono::steady_clock::time_point look_at_tombstones_ = std::chrono::steady_clock::time_point::max();
  std::atomic<Duty> duty_{Duty::primary};         // written by the committer's thread
  std::atomic<int64_t> backup_time_{0};           // likewise
  std::atomic<size_t> zones_without_servers_{0};  // written by the committer's thread
  CommitGround ground_;
  std::optional<Group> group_;  // under way; the committer's thread
  CommitQueue queue_;           // last: its thread uses all the others
};

}  // namespace axfrd::control
