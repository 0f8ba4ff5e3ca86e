// Committer: the one writer of zone data. Makes versions, commits them to the store, publishes them, and frees what
// they replaced.
//
// Threads. Everybody may ask (change_zone and its like only enter the change queue). The work, and the call of `done`,
// happen in the committer's own thread; `done` hands the outcome on to where it belongs and returns at once.
//
// Group commit. All changes that wait are made one after the other, each upon what the one before has left, and then
// committed together: one sync of the disk serves them all. Meanwhile the next group gathers. A change goes through the
// same steps whatever asked for it: make the next version, commit, publish, call `done`, and put what was replaced on
// the retire list with an RCU token. What cannot be stored is not published: the whole group comes back as a Failure,
// and what was served stays. The committer never waits for readers.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/access/key_book.h"
#include "control/access/secondary.h"
#include "control/base/cause.h"
#include "control/base/log.h"
#include "control/base/outcome.h"
#include "control/store/store.h"
#include "dataplane/rcu.h"
#include "zones/cookie.h"
#include "zones/draft.h"
#include "zones/zone_table.h"
#include "zones/zonefile.h"

namespace axfrd::control {

class Committer {
 public:
  // `history_octets`: what the histories of all zones may take in memory; beyond it the oldest steps go.
  Committer(zones::ZoneTable& zones, zones::CookieJar& cookies, dataplane::Rcu& rcu, Store& store, Keys& keys,
            Providers& providers, size_t history_octets, const Log& log);
  ~Committer();  // @pre no reader is left, so that what is retired can go
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  // Starts the thread; from here to stop() no other thread writes to the zone table.
  void start();
  // Ends the group under way and the thread. What still waits in the queue is dropped.
  void stop();

  struct Changed {
    uint32_t old_serial, serial;
    size_t records, removed, added;  // removed and added: SOA left out
    zones::Warnings warnings = {};
    bool changed() const { return serial != old_serial; }  // in what a secondary sees
  };
  // Writes the change of a zone upon a draft of its current version; called in the committer's thread, and more than
  // once if need be. A Failure leaves the zone as it is.
  using Compose = std::function<std::optional<Failure>(zones::Draft&)>;
  void change_zone(zones::Name apex, Cause cause, Compose compose, Done<Changed> done);

  // What an import would come to. `old`: null if the zone is new.
  struct Review {
    const zones::ZoneVersion* old;
    const zones::ZoneVersion& next;
    const zones::Delta& delta;
  };
  // Lets a change be made, or says why not. Called in the committer's thread.
  using Reviewer = std::function<std::optional<Failure>(const Review&)>;

  // The content of a zone as it shall be, from a zone file.
  struct Import {
    zones::Name apex;
    zones::ZoneText content;
    zones::VersionRef fresh;     // built of `content`: the version of a zone that is new
    std::string file;            // where it is from, for messages
    bool only_if_newer = false;  // leave a zone alone whose serial is not older
    bool strict = false;         // do nothing when there is a warning
    bool revives = true;         // bring back a zone that was removed
    Cause cause = {};
    Reviewer review = {};         // none: all is well
    bool is_one_of_many = false;  // new zones are too many for the log
  };
  struct Imported {
    std::optional<uint32_t> old_serial;  // none: the zone is new
    uint32_t serial;
    size_t records;
    size_t removed, added;  // of a zone that was there; SOA left out
    bool changed;           // false: the zone was like this already, and nothing was done
    zones::Warnings warnings;
  };
  // A zone that is there is changed by the difference, so that secondaries get it as IXFR.
  void import_zone(Import request, Done<Imported> done);
  // The same for many; each has its own outcome.
  void import_zones(std::vector<Import> requests, Done<std::vector<Outcome<Imported>>> done);

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
  using SecondaryEdit = std::function<Outcome<zones::SecondaryDns>(const zones::ZoneVersion& current)>;
  void set_secondary(zones::Name apex, Cause cause, SecondaryEdit edit, Done<SecondarySet> done);

  struct Removed {
    uint32_t serial;
  };
  void remove_zone(zones::Name apex, Cause cause, Done<Removed> done);

  struct KeyChanged {
    zones::Name name;
    KeyRef before, after;  // null: there was none, there is none; the same: nothing was done
  };
  // Makes a key what edit(current) returns, both null when there is no key. Called in the committer's thread. Settings
  // (keys, cookies, providers) are in force, and told to be, without the rest of the group.
  using KeyEdit = std::function<Outcome<KeyRef>(const KeyRef& current)>;
  void change_key(zones::Name name, KeyEdit edit, Done<KeyChanged> done);

  // Makes the secrets of DNS Cookies what edit(current) returns. Called in the committer's thread.
  using CookieEdit = std::function<Outcome<zones::CookieSecrets>(const zones::CookieSecrets& current)>;
  void change_cookies(CookieEdit edit, Done<zones::CookieSecrets> done);

  // No wish: the provider goes. Whether there was one.
  void set_provider(std::string name, std::optional<SecondaryWish> wish, Done<bool> done);

  // Keeps the ledger's lines of some zones (ledger.h), durably.
  void keep_ledger(std::vector<Store::LedgerText> lines, Done<size_t> done);

  // Zones that somebody follows, because they have secondary DNS (set or unset) or ALIAS or URL records: those that
  // have become visible, and those that are gone or have neither any more.
  struct Published {
    struct Zone {
      zones::VersionRef version;
      std::string ledger;  // at start: what keep_ledger() was last given
    };
    std::vector<Zone> zones;
    std::vector<zones::Name> gone;
    bool keys = false;  // the book of TSIG keys has changed
  };
  // Called in the committer's thread, before those who asked for the change hear of it. @pre not started yet
  using Observer = std::function<void(Published)>;
  void set_observer(Observer observer) { observer_ = std::move(observer); }
  // Called in the committer's thread with each change of a zone that is committed. Without it, the log gets a line.
  // @pre not started yet
  using Auditor = std::function<void(const AuditRecord&)>;
  void set_auditor(Auditor auditor) { auditor_ = std::move(auditor); }
  // Called in the committer's thread for each zone that is new, and for each that is gone, when that is published; not
  // for those of load_store(). @pre not started yet
  using Roster = std::function<void(const zones::Name& apex, bool is_there)>;
  void set_roster(Roster roster) { roster_ = std::move(roster); }
  // What URL records stand for. @pre not started yet
  void set_url_addresses(zones::Addresses addresses) { url_addresses_ = std::move(addresses); }

  // Serves what is in the store; the number of zones. @pre no zone is served yet
  void load_store(Done<size_t> done);
  // Forgets the serials of zones that were removed long ago, but for those whose files import_zones() has passed over.
  void forget_old_tombstones();

  // Whether changes can be stored. Any thread.
  StoreHealth store_health() const { return store_.health(); }

  // How much waits for readers to move on. Any thread.
  size_t retired_count() const { return retired_count_.load(std::memory_order_relaxed); }
  // How many zones have no NS record at their apex. Any thread.
  size_t zones_without_servers() const { return zones_without_servers_.load(std::memory_order_relaxed); }
  // What histories take, in octets. Any thread.
  size_t history_octets() const { return history_octets_.load(std::memory_order_relaxed); }

 private:
  class Group;
  using Task = std::function<void(Group&)>;
  struct RetiredItem {
    dataplane::Rcu::Token token;
    zones::ZoneTable::Retired what;
    std::unique_ptr<const zones::CookieSecrets> secrets;
  };
  // The last serial of a zone that was removed.
  struct Gone {
    zones::Name apex;
    Tombstone tombstone;
    bool has_file = false;  // which --zones-dir still holds
  };
  // A step that can go when histories take too much: that of the zone with this hash which leads on from this serial.
  struct OldStep {
    uint64_t zone;
    uint32_t from;
  };

  enum class Ends : uint8_t { with_group, at_once };
  template <class T, class Work>
  void enqueue(Done<T> done, Work work, Ends ends = Ends::with_group);
  void run();
  std::deque<Task> next_tasks();
  void free_retired();

  // ---- the committer's thread ----
  Outcome<Changed> change_now(Group& group, const zones::Name& apex, const Cause& cause, const Compose& compose);
  Outcome<Imported> import_now(Group& group, Import& request);
  Outcome<Imported> import_new(Group& group, Import& request);
  static std::optional<Failure> review(const Import& request, const zones::ZoneVersion* old,
                                       const zones::ZoneVersion& next, const zones::Delta& delta);
  static std::optional<Failure> refuse_strictly(const Import& request, const zones::Warnings& warnings);
  std::optional<Failure> raise_serial(zones::VersionRef& version, const Tombstone& tombstone, Imported& result) const;
  std::optional<Failure> complete(zones::ZoneText& content, const zones::PseudoRecords& before) const;
  Outcome<Configured> configure_now(Group& group, const zones::Name& apex, const Cause& cause,
                                    zones::SerialPolicy policy);
  Outcome<SecondarySet> set_secondary_now(Group& group, const zones::Name& apex, const Cause& cause,
                                          const SecondaryEdit& edit);
  Outcome<Removed> remove_now(Group& group, const zones::Name& apex, const Cause& cause);
  Outcome<KeyChanged> change_key_now(const zones::Name& name, const KeyEdit& edit);
  Outcome<zones::CookieSecrets> change_cookies_now(const CookieEdit& edit);
  void load_settings();
  void load_tombstones();
  void raise_serials(std::vector<Store::Loaded>& zones);
  void forget_tombstones(int64_t before, size_t most);
  Outcome<size_t> load_store_now();
  zones::VersionRef make_next(const zones::ZoneVersion& old, const zones::Delta& delta, const zones::OwnedRecord& soa,
                              zones::Attributes attributes, const Cause& cause) const;
  const zones::ZoneVersion* current(zones::NameView apex) const;
  void shorten_histories(Group& group);
  void retire(zones::ZoneTable::Retired what, std::unique_ptr<const zones::CookieSecrets> secrets = nullptr);

  zones::ZoneTable& zones_;
  zones::CookieJar& cookies_;
  dataplane::Rcu& rcu_;
  Store& store_;
  Keys& keys_;  // written by the committer's thread alone, as are the
  Providers& providers_;
  const size_t max_history_octets_;
  const Log& log_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;             // guarded by mutex_
  std::atomic<bool> stopping_{false};  // stop(): writes, with mutex_ held; the committer's thread: reads

  std::deque<RetiredItem> retired_;        // the committer's thread
  std::atomic<size_t> retired_count_{0};   // its size; written by the committer's thread
  std::deque<OldStep> old_steps_;          // the committer's thread; may name steps that have gone
  std::atomic<size_t> history_octets_{0};  // written by the committer's thread, as is the next one
  std::atomic<size_t> zones_without_servers_{0};
  Observer observer_ = [](const Published&) {};
  Auditor auditor_ = [this](const AuditRecord& record) {
    if (!record.is_one_of_many) log_.info(record.text());
  };
  Roster roster_ = [](const zones::Name&, bool) {};
  zones::Addresses url_addresses_;
  bool knows_all_of_cookies_ = true;        // the committer's thread
  std::map<std::string, Gone> tombstones_;  // by sort key of the apex; the committer's thread
  std::thread thread_;
};

}  // namespace axfrd::control
