#include "control/commit/committer.h"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <map>
#include <utility>

#include "control/access/cookie.h"
#include "control/base/unix_time.h"
#include "control/commit/proofs.h"
#include "zones/derived.h"
#include "zones/integrity.h"
#include "zones/serial.h"
#include "zones/signed.h"
#include "zones/stored_check.h"

namespace axfrd::control {

namespace {

using zones::Attributes;
using zones::Bytes;
using zones::Delta;
using zones::Draft;
using zones::Name;
using zones::OwnedRecord;
using zones::SerialPolicy;
using zones::VersionRef;
using zones::ZoneVersion;

// How often retired versions are looked at while there are any; a worker's turn takes microseconds.
constexpr auto kRetirePause = std::chrono::milliseconds(5);
// When there has been no work for so long, the store may tidy up.
constexpr auto kIdle = std::chrono::seconds(1);
// A group is closed when making its versions has taken so long: nobody shall wait for the work of others.
constexpr auto kGroupTime = std::chrono::milliseconds(3);
// How long the last serial of a removed zone is kept, and of how many zones.
constexpr int64_t kTombstoneTime = int64_t{366} * 24 * 3600;
constexpr size_t kMostTombstones = 1'000'000;
// History of a zone beyond the zone's own size is of little use: the whole zone would be the shorter answer.
constexpr size_t kLeastHistory = 16 * 1024;

// The time as a serial (RFC 1982: it goes round in 2106).
uint32_t serial_time() { return static_cast<uint32_t>(unix_time()); }

size_t history_memory(const ZoneVersion* version) {
  return version != nullptr && version->history() ? version->history()->memory() : 0;
}

// Whether this is a zone without servers (zones/integrity.h), as a number to count with.
size_t lacks_servers(const ZoneVersion* version) {
  return version != nullptr && !zones::has_apex_servers(*version) ? 1 : 0;
}

VersionRef with_serial(const ZoneVersion& version, uint32_t serial, Attributes attributes) {
  OwnedRecord soa = version.soa_record();
  zones::set_soa_serial(soa, serial);
  return version.apply({}, soa, std::move(attributes));
}

bool is_followed(const ZoneVersion* version) {
  return version != nullptr && (version->attributes().secondary_dns || version->pseudo());
}

OwnedRecord soa_of(const zones::RecordSet& records) {
  size_t i = 0;
  while (records[i].type != zones::rrtype::SOA) ++i;
  return OwnedRecord(records[i]);
}

zones::PseudoRecords shared(std::vector<zones::PseudoRecord>&& pseudo) {
  return pseudo.empty() ? nullptr : std::make_shared<const std::vector<zones::PseudoRecord>>(std::move(pseudo));
}

bool same_pseudo_records(const zones::PseudoRecords& a, const zones::PseudoRecords& b) {
  if (!zones::same_definitions(a, b)) return false;
  return !a ||
         std::ranges::equal(*a, *b, [](const auto& x, const auto& y) { return x.addresses.same_as(y.addresses); });
}

bool same_but_serial(const OwnedRecord& a, OwnedRecord b) {
  zones::set_soa_serial(b, zones::soa_serial(a));
  return zones::same_record(a.view(), b.view());
}

// Refuses what would leave a signed zone with something bogus (zones/signed.h). `old`: null if the zone is new.
std::optional<Failure> refuse_bogus(const ZoneVersion* old, const ZoneVersion& next, const Delta& delta,
                                    zones::OwnChanges own) {
  auto reason = zones::find_bogus(old, next, delta, own);
  if (reason) return Failure{FailureCode::bad_zone, std::move(*reason)};
  return std::nullopt;
}

// Whether a file is something else than the zone was when it had the file's serial, as far as history tells. What files
// do not say is no difference: the NS names of secondaries, and the addresses of ALIAS and URL.
bool differs_from_then(const ZoneVersion& now, const zones::ZoneText& file, uint32_t serial) {
  Delta since_then;
  OwnedRecord soa = now.soa_record();
  zones::PseudoRecords pseudo = now.pseudo();
  if (serial != now.serial()) {
    auto since = now.history() ? now.history()->since(serial) : std::nullopt;
    if (!since) return false;
    since_then = std::move(since->delta);
    soa = std::move(since->soa);
    if (since->pseudo) pseudo = *since->pseudo;
  }
  if (!same_but_serial(soa, soa_of(file.records)) || !zones::same_definitions(pseudo, shared(std::vector(file.pseudo))))
    return true;
  const bool with_servers = now.attributes().enabled_secondaries() != nullptr;
  const auto keys = [&](const std::vector<OwnedRecord>& records) {
    std::vector<std::string> sorted;
    for (const OwnedRecord& r : records) {
      const bool of_secondaries = with_servers && r.type == zones::rrtype::NS && r.owner == Name(now.apex().name);
      const bool of_alias = pseudo && (r.type == zones::rrtype::A || r.type == zones::rrtype::AAAA);
      if (!of_secondaries && !of_alias) sorted.push_back(zones::record_key(r.view()));
    }
    std::ranges::sort(sorted);
    return sorted;
  };
  const Delta to_file = zones::difference(now, file.records);
  return keys(to_file.removed) != keys(since_then.added) || keys(to_file.added) != keys(since_then.removed);
}

Failure no_such_zone(const Name& apex) { return {FailureCode::no_such_zone, "there is no zone " + apex.to_text()}; }

// Why something is not edited that holds what a later axfrd has stored (zones/tagged.h).
Failure not_known(const std::string& what) {
  return {FailureCode::failed, what +
                                   " holds settings of a later axfrd, which this one does not know and would lose: "
                                   "change it with that one, or remove it and enter it anew"};
}

// The serial of the version after `old`, when `stated` stands in the SOA that somebody wrote.
Outcome<uint32_t> choose_serial(const ZoneVersion& old, uint32_t stated) {
  if (zones::serial_newer(stated, old.serial())) return stated;
  if (old.attributes().serial_policy != SerialPolicy::keep)
    return zones::next_serial(old.attributes().serial_policy, old.serial(), serial_time());
  const std::string zone = old.apex().name.to_text();
  return Failure{FailureCode::bad_zone, "zone " + zone + " keeps its own serials: state a SOA with one newer than " +
                                            std::to_string(old.serial()) +
                                            ", or let axfrd count: axfrctl zone config " + zone + " --serial unixtime"};
}

AuditRecord change_of(const Name& apex, const Cause& cause, uint32_t old_serial, uint32_t serial, const Delta& delta) {
  AuditRecord record{.cause = cause, .kind = "zone", .name = apex.to_text()};
  record.old_serial = old_serial;
  record.serial = serial;
  record.what = std::to_string(delta.removed.size()) + " removed, " + std::to_string(delta.added.size()) + " added";
  return record;
}

// ---- the names of secondaries in the NS RRset of the apex ----

Bytes data_of(const Name& server) { return server.view().bytes(); }

bool contains(const std::vector<Name>& names, const Name& name) {
  return std::ranges::find(names, name) != names.end();
}

bool has_server(const std::vector<OwnedRecord>& rrset, const Name& server) {
  return std::ranges::any_of(rrset, [&](const OwnedRecord& r) {
    const auto name = zones::NameView::read(r.view().rdata);
    return name && name->equals(server);
  });
}

// Returns the names that were not there.
std::vector<Name> add_servers(Draft& draft, const zones::SecondaryDns& settings) {
  const Name apex(draft.base()->apex().name);
  const auto there = draft.rrset(apex, zones::rrtype::NS);
  const uint32_t ttl = there.empty() ? draft.soa().ttl : there.front().ttl;
  std::vector<Name> added;
  for (const Name& server : settings.servers) {
    if (has_server(there, server)) continue;
    draft.apply(zones::Edit(zones::Edit::Kind::add, OwnedRecord({apex, zones::rrtype::NS, ttl, data_of(server)})));
    added.push_back(server);
  }
  return added;
}

// The same for a whole zone; how many were not there. @pre records.finish() found no problem
size_t add_servers(zones::RecordSet& records, const zones::SecondaryDns& settings) {
  std::vector<OwnedRecord> there;
  uint32_t ttl = 0;
  for (size_t i = 0; i < records.size() && records[i].owner.equals(records.apex()); ++i) {
    if (records[i].type == zones::rrtype::NS) there.emplace_back(records[i]);
    if (there.empty() && records[i].type == zones::rrtype::SOA) ttl = records[i].ttl;
  }
  if (!there.empty()) ttl = there.front().ttl;
  size_t missing = 0;
  for (const Name& server : settings.servers) {
    if (has_server(there, server)) continue;
    records.add({records.apex(), zones::rrtype::NS, ttl, data_of(server)});
    ++missing;
  }
  if (missing != 0) records.finish();
  return missing;
}

// Makes the NS RRset follow new settings, and notes in them which names it would not have without.
void change_servers(Draft& draft, const zones::SecondaryDns* before, zones::SecondaryDns& after) {
  const Name apex(draft.base()->apex().name);
  const std::vector<Name> added_before = before != nullptr ? before->added : std::vector<Name>();
  for (const Name& server : added_before) {
    if (after.enabled && contains(after.servers, server)) continue;
    const OwnedRecord ns({apex, zones::rrtype::NS, 0, data_of(server)});
    draft.apply(zones::Edit(zones::Edit::Kind::remove_record, ns));
  }
  after.added.clear();
  if (!after.enabled) return;
  after.added = add_servers(draft, after);
  for (const Name& server : added_before) {
    if (contains(after.servers, server) && !contains(after.added, server)) after.added.push_back(server);
  }
}

}  // namespace

// The changes that are committed together.
class Committer::Group {
 public:
  explicit Group(Committer& committer) : committer_(committer) {}

  // The newest version of a zone, null if there is none: what the group has made of it, or what is served.
  const ZoneVersion* current(const Name& apex) const {
    const auto made = made_.find(zones::sort_key(apex));
    return made != made_.end() ? made->second.after.get() : committer_.current(apex);
  }
  // Makes `after` the zone's next version; null: the zone goes.
  void set(const Name& apex, VersionRef after) {
    const auto [made, fresh] = made_.try_emplace(zones::sort_key(apex), Made{apex, nullptr, nullptr});
    if (fresh) made->second.before = committer_.current(apex);
    if (!after && made->second.after) {
      const ZoneVersion& gone = *made->second.after;
      gone_.insert_or_assign(made->first, Gone{apex, {gone.serial(), unix_time(), gone.attributes().serial_policy}});
    } else if (!after && made->second.before != nullptr) {
      const ZoneVersion& gone = *made->second.before;
      gone_.insert_or_assign(made->first, Gone{apex, {gone.serial(), unix_time(), gone.attributes().serial_policy}});
    }
    made->second.after = std::move(after);
  }
  // What is left of a zone that was removed; null if nothing is.
  Gone* tombstone(const Name& apex) {
    const std::string key = zones::sort_key(apex);
    for (auto* stones : {&gone_, &committer_.tombstones_}) {
      if (const auto found = stones->find(key); found != stones->end()) return &found->second;
    }
    return nullptr;
  }
  // Tells of a change when it is committed, and nobody waits for it any more.
  template <class... Parts>
  void log(const Parts&... parts) {
    if (committer_.log_.shows(LogLevel::info)) lines_.push_back(Log::text(parts...));
  }
  // Records a change of a zone, likewise.
  void record(AuditRecord record) { records_.push_back(std::move(record)); }
  // Calls one of the two when the group is committed or has failed.
  void then(std::function<void()> committed, std::function<void(Failure)> failed) {
    ends_.push_back({std::move(committed), std::move(failed)});
  }

  void end() {
    try {
      committer_.shorten_histories(*this);
      commit();
    } catch (const std::exception& error) {
      for (const End& end : ends_) end.failed({FailureCode::failed, reason_of(error)});
      return;
    }
    publish();
    for (const End& end : ends_) end.committed();
    for (const std::string& line : lines_) committer_.log_.info(line);
    for (const AuditRecord& record : records_) committer_.auditor_(record);
  }

  // What histories take with the group's changes, and its changes to them.
  size_t history_octets() const {
    size_t octets = committer_.history_octets();
    for (const auto& [key, made] : made_) octets += history_memory(made.after.get()) - history_memory(made.before);
    return octets;
  }

 private:
  struct Made {
    Name apex;
    const ZoneVersion* before;
    VersionRef after;
  };
  struct End {
    std::function<void()> committed;
    std::function<void(Failure)> failed;
  };

  void commit() {
    std::vector<Store::Change> changes;
    for (const auto& [key, made] : made_) {
      if (made.before != made.after.get()) changes.push_back({made.before, made.after.get()});
    }
    if (changes.empty()) return;
    end_grants();
    committer_.store_.commit(changes, key_texts_);
  }
  // Grants for a zone end with it: who gets a zone of that name later has made none.
  void end_grants() {
    if (gone_.empty()) return;
    const auto ends = [&](const UpdateGrant& grant) {
      return grant.zone && gone_.contains(zones::sort_key(*grant.zone));
    };
    const KeyBookRef book = committer_.keys_.book();
    for (const KeyRef& key : book->keys()) {
      if (std::ranges::none_of(key->grants, ends)) continue;
      const Name& name = key->tsig->name();
      if (key->kept) {
        committer_.log_.warning(not_known("key " + name.to_text()).reason);
        continue;
      }
      auto next = std::make_shared<Key>(*key);
      const size_t count = std::erase_if(next->grants, ends);
      log("key ", name.to_text(), ": ", count, count == 1 ? " grant has" : " grants have", " ended with the zone");
      key_texts_.push_back({name, key_to_stored(*next)});
      keys_.push_back(std::move(next));
    }
  }
  void publish() {
    std::vector<VersionRef> fresh;
    std::vector<std::pair<const Name*, bool>> roster;  // zones that are new, and that are gone
    Published published;
    committer_.history_octets_.store(history_octets(), std::memory_order_relaxed);
    for (KeyRef& key : keys_) committer_.keys_.set(committer_.keys_.book()->with(std::move(key)));
    for (auto& [key, gone] : gone_) {
      if (!made_.at(key).after) committer_.tombstones_.insert_or_assign(key, std::move(gone));
    }
    committer_.forget_tombstones(0, kMostTombstones);
    for (auto& [key, made] : made_) {
      if (made.before == nullptr && made.after) committer_.tombstones_.erase(key);
      note_steps(made);
      if (made.before == made.after.get()) continue;
      note_followed(made, published);
      if (made.before == nullptr || !made.after) roster.emplace_back(&made.apex, made.before == nullptr);
      const size_t without_servers = committer_.zones_without_servers();
      committer_.zones_without_servers_.store(
          without_servers - lacks_servers(made.before) + lacks_servers(made.after.get()), std::memory_order_relaxed);
      if (!made.after) {
        committer_.retire(committer_.zones_.remove(made.apex));
      } else if (made.before == nullptr) {
        fresh.push_back(std::move(made.after));
      } else {
        committer_.retire(committer_.zones_.publish(std::move(made.after)));
      }
    }
    if (!fresh.empty()) committer_.retire(committer_.zones_.publish_new(std::move(fresh)));
    for (const auto& [apex, is_there] : roster) committer_.roster_(*apex, is_there);
    if (!published.zones.empty() || !published.gone.empty()) committer_.observer_(std::move(published));
  }
  static void note_followed(const Made& made, Published& published) {
    if (is_followed(made.after.get())) {
      published.zones.push_back({made.after, {}});
    } else if (is_followed(made.before)) {
      published.gone.push_back(made.apex);
    }
  }
  // Enters the steps that are new into the list of those that may go one day.
  void note_steps(const Made& made) {
    if (!made.after || !made.after->history()) return;
    const auto& steps = made.after->history()->steps();
    const uint64_t zone = made.after->apex().hash;
    const auto* known =
        made.before != nullptr && made.before->history() ? made.before->history()->steps().back().get() : nullptr;
    auto step = steps.end();
    while (step != steps.begin() && (step - 1)->get() != known) --step;
    for (; step != steps.end(); ++step) committer_.old_steps_.push_back({zone, (*step)->from()});
  }

  Committer& committer_;
  std::map<std::string, Made> made_;  // by sort key of the apex
  std::map<std::string, Gone> gone_;  // as made_; zones that the group removes, even if it adds them again
  std::vector<KeyRef> keys_;          // that lose grants
  std::vector<Store::KeyText> key_texts_;
  std::vector<End> ends_;
  std::vector<std::string> lines_;
  std::vector<AuditRecord> records_;
};

Committer::Committer(zones::ZoneTable& zones, zones::CookieJar& cookies, dataplane::Rcu& rcu, Store& store, Keys& keys,
                     Providers& providers, size_t history_octets, const Log& log)
    : zones_(zones),
      cookies_(cookies),
      rcu_(rcu),
      store_(store),
      keys_(keys),
      providers_(providers),
      max_history_octets_(history_octets),
      log_(log) {}

Committer::~Committer() { stop(); }

void Committer::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "axfrd-committer");
    run();
  });
}

void Committer::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_.store(true, std::memory_order_relaxed);
    queue_.clear();
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// ---- the change queue ----

// Enters `work(group)`, which returns an Outcome<T>. This is where what it throws (no memory) becomes an outcome.
template <class T, class Work>
void Committer::enqueue(Done<T> done, Work work, Ends ends) {
  Task task = [done = std::move(done), work = std::move(work), ends](Group& group) mutable {
    auto outcome = [&]() -> Outcome<T> {
      try {
        return work(group);
      } catch (const std::exception& error) {
        return Failure{FailureCode::failed, reason_of(error)};
      }
    }();
    if (ends == Ends::at_once || std::holds_alternative<Failure>(outcome)) return done(std::move(outcome));
    group.then([done, outcome = std::move(outcome)] { done(outcome); }, [done](Failure failure) { done(failure); });
  };
  {
    const std::lock_guard lock(mutex_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void Committer::change_zone(Name apex, Cause cause, Compose compose, Done<Changed> done) {
  enqueue<Changed>(std::move(done),
                   [this, apex = std::move(apex), cause = std::move(cause),
                    compose = std::move(compose)](Group& group) { return change_now(group, apex, cause, compose); });
}

void Committer::import_zone(Import request, Done<Imported> done) {
  enqueue<Imported>(std::move(done), [this, request = std::make_shared<Import>(std::move(request))](Group& group) {
    return import_now(group, *request);
  });
}

void Committer::import_zones(std::vector<Import> requests, Done<std::vector<Outcome<Imported>>> done) {
  using Outcomes = std::vector<Outcome<Imported>>;
  auto shared_requests = std::make_shared<std::vector<Import>>(std::move(requests));
  enqueue<Outcomes>(std::move(done), [this, shared_requests](Group& group) -> Outcome<Outcomes> {
    Outcomes outcomes;
    for (Import& request : *shared_requests) outcomes.push_back(import_now(group, request));
    return outcomes;
  });
}

void Committer::set_serial_policy(Name apex, Cause cause, SerialPolicy policy, Done<Configured> done) {
  enqueue<Configured>(std::move(done), [this, apex = std::move(apex), cause = std::move(cause), policy](Group& group) {
    return configure_now(group, apex, cause, policy);
  });
}

void Committer::set_secondary(Name apex, Cause cause, SecondaryEdit edit, Done<SecondarySet> done) {
  enqueue<SecondarySet>(std::move(done),
                        [this, apex = std::move(apex), cause = std::move(cause), edit = std::move(edit)](Group& group) {
                          return set_secondary_now(group, apex, cause, edit);
                        });
}

void Committer::set_provider(std::string name, std::optional<SecondaryWish> wish, Done<bool> done) {
  enqueue<bool>(
      std::move(done),
      [this, name = std::move(name), wish = std::move(wish)](Group&) -> Outcome<bool> {
        const auto before = providers_.find(name);
        if (before && !before->knows_all && wish) return not_known("provider " + name);
        store_.put_provider(name, wish ? wish_to_stored(*wish) : "");
        providers_.set(name, wish);
        return before.has_value();
      },
      Ends::at_once);
}

void Committer::keep_ledger(std::vector<Store::LedgerText> lines, Done<size_t> done) {
  enqueue<size_t>(
      std::move(done),
      [this, lines = std::move(lines)](Group&) -> Outcome<size_t> {
        store_.put_ledger(lines);
        return lines.size();
      },
      Ends::at_once);
}

void Committer::remove_zone(Name apex, Cause cause, Done<Removed> done) {
  enqueue<Removed>(std::move(done), [this, apex = std::move(apex), cause = std::move(cause)](Group& group) {
    return remove_now(group, apex, cause);
  });
}

void Committer::change_key(Name name, KeyEdit edit, Done<KeyChanged> done) {
  enqueue<KeyChanged>(
      std::move(done),
      [this, name = std::move(name), edit = std::move(edit)](Group&) { return change_key_now(name, edit); },
      Ends::at_once);
}

void Committer::change_cookies(CookieEdit edit, Done<zones::CookieSecrets> done) {
  enqueue<zones::CookieSecrets>(
      std::move(done), [this, edit = std::move(edit)](Group&) { return change_cookies_now(edit); }, Ends::at_once);
}

void Committer::load_store(Done<size_t> done) {
  enqueue<size_t>(std::move(done), [this](Group&) { return load_store_now(); });
}

void Committer::forget_old_tombstones() {
  enqueue<size_t>([](const Outcome<size_t>&) {},
                  [this](Group&) -> Outcome<size_t> {
                    forget_tombstones(unix_time() - kTombstoneTime, kMostTombstones);
                    return tombstones_.size();
                  });
}

void Committer::run() {
  for (auto tasks = next_tasks(); !tasks.empty(); tasks = next_tasks()) {
    while (!tasks.empty()) {
      Group group(*this);
      const auto begin = std::chrono::steady_clock::now();
      do {
        tasks.front()(group);
        tasks.pop_front();
      } while (!tasks.empty() && std::chrono::steady_clock::now() - begin < kGroupTime);
      group.end();
      free_retired();
    }
  }
}

// Waits for tasks and takes all there are, looking after the retire list meanwhile. Empty when the committer is to
// stop.
std::deque<Committer::Task> Committer::next_tasks() {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return stopping_.load(std::memory_order_relaxed) || !queue_.empty(); };
  while (!retired_.empty() && !wake_.wait_for(lock, kRetirePause, something)) {
    lock.unlock();
    free_retired();
    lock.lock();
  }
  while (!wake_.wait_for(lock, kIdle, something)) {
    lock.unlock();
    store_.tick();
    lock.lock();
  }
  if (stopping_.load(std::memory_order_relaxed)) return {};
  return std::exchange(queue_, {});
}

// ---- retiring ----

void Committer::retire(zones::ZoneTable::Retired what, std::unique_ptr<const zones::CookieSecrets> secrets) {
  retired_.push_back({rcu_.start(), std::move(what), std::move(secrets)});
  retired_count_.store(retired_.size(), std::memory_order_relaxed);
}

// Tokens grow along the list, so the first that has not passed ends the search.
void Committer::free_retired() {
  while (!retired_.empty() && rcu_.passed(retired_.front().token)) retired_.pop_front();
  retired_count_.store(retired_.size(), std::memory_order_relaxed);
}

// ---- changes ----

const ZoneVersion* Committer::current(zones::NameView apex) const {
  const zones::Zone* zone = zones_.find(zones::NameHash::process().of(apex), apex);
  return zone != nullptr ? zone->current() : nullptr;
}

// The version that `delta` and `soa` make of `old`, with the step in its history that says so.
VersionRef Committer::make_next(const ZoneVersion& old, const Delta& delta, const OwnedRecord& soa,
                                Attributes attributes, const Cause& cause) const {
  const uint32_t serial = zones::soa_serial(soa);
  if (serial != old.serial()) {
    zones::Step::PseudoBefore pseudo;
    if (!zones::same_definitions(old.pseudo(), attributes.pseudo)) pseudo = old.pseudo();
    const zones::StepRef step(
        new zones::Step(old.soa_record(), serial, unix_time(), delta, std::move(pseudo), cause.text()));
    const size_t room = std::min(max_history_octets_, std::max(kLeastHistory, old.transfer_octets()));
    attributes.history = zones::History::extend(old.history(), step, room);
  }
  return old.apply(delta, soa, std::move(attributes));
}

Outcome<Committer::Changed> Committer::change_now(Group& group, const Name& apex, const Cause& cause,
                                                  const Compose& compose) {
  const ZoneVersion* const old = group.current(apex);
  if (old == nullptr) return no_such_zone(apex);
  if (old->attributes().kept) return not_known("zone " + apex.to_text());
  Draft draft(old);
  if (auto failure = compose(draft)) return std::move(*failure);
  zones::OwnChanges own;
  if (const auto* secondaries = old->attributes().enabled_secondaries())
    own.servers = !add_servers(draft, *secondaries).empty();
  draft.set_url_addresses(url_addresses_);
  auto finished = draft.finish();
  if (auto* reason = std::get_if<std::string>(&finished)) return Failure{FailureCode::bad_zone, std::move(*reason)};
  auto& result = std::get<Draft::Result>(finished);
  Changed changed{old->serial(), old->serial(), old->counts().records + size_t{1}, 0, 0};
  if (result.empty()) return changed;
  if (!result.delta.empty() || result.soa_edited) {
    const auto serial = choose_serial(*old, zones::soa_serial(result.soa));
    if (const auto* failure = std::get_if<Failure>(&serial)) return *failure;
    own.serial = std::get<uint32_t>(serial) != zones::soa_serial(result.soa);
    zones::set_soa_serial(result.soa, std::get<uint32_t>(serial));
  }
  Attributes attributes = old->attributes();
  attributes.pseudo = std::move(result.pseudo);
  const VersionRef next = make_next(*old, result.delta, result.soa, std::move(attributes), cause);
  if (auto failure = refuse_bogus(old, *next, result.delta, own)) return std::move(*failure);
  changed.serial = next->serial();
  changed.records = next->counts().records + size_t{1};
  changed.removed = result.delta.removed.size();
  changed.added = result.delta.added.size();
  for (const std::string& fault : zones::find_faults(*next, result.delta)) changed.warnings.add(0, fault);
  group.set(apex, next);
  // What only the store keeps of an ALIAS, and nobody is served, is nothing to tell.
  if (changed.changed() || !zones::same_definitions(old->pseudo(), next->pseudo()))
    group.record(change_of(apex, cause, changed.old_serial, changed.serial, result.delta));
  return changed;
}

// What a zone file does not say of ALIAS and URL: the addresses they stand for. `before`: what the zone has of them.
std::optional<Failure> Committer::complete(zones::ZoneText& content, const zones::PseudoRecords& before) const {
  if (before) zones::keep_addresses(*before, content.pseudo);
  for (zones::PseudoRecord& p : content.pseudo) {
    if (p.kind == zones::PseudoRecord::Kind::url) p.addresses = url_addresses_;
  }
  auto problem = zones::add_derived(content.records, content.pseudo);
  if (problem) return Failure{FailureCode::bad_zone, std::move(problem->reason)};
  return std::nullopt;
}

// What whoever asked for the import has to say of it.
std::optional<Failure> Committer::review(const Import& request, const ZoneVersion* old, const ZoneVersion& next,
                                         const Delta& delta) {
  return request.review ? request.review({old, next, delta}) : std::nullopt;
}

// A Failure if there are warnings and the request takes them for errors.
std::optional<Failure> Committer::refuse_strictly(const Import& request, const zones::Warnings& warnings) {
  if (!request.strict || warnings.empty()) return std::nullopt;
  return Failure{FailureCode::bad_zone, warnings.as_refusal()};
}

Outcome<Committer::Imported> Committer::import_new(Group& group, Import& request) {
  VersionRef version = request.fresh;
  if (!request.content.pseudo.empty()) {
    if (auto failure = complete(request.content, nullptr)) return std::move(*failure);
    const Delta derived = zones::difference(*version, request.content.records);
    Attributes attributes = version->attributes();
    attributes.pseudo = shared(std::move(request.content.pseudo));
    version = version->apply(derived, version->soa_record(), std::move(attributes));
  }
  if (auto failure = refuse_bogus(nullptr, *version, {}, {})) return std::move(*failure);
  Imported result{
      {}, version->serial(), version->counts().records + size_t{1}, 0, 0, true, std::move(request.content.warnings)};
  if (Gone* gone = group.tombstone(request.apex)) {
    if (auto failure = raise_serial(version, gone->tombstone, result)) return std::move(*failure);
  }
  if (auto refusal = refuse_strictly(request, result.warnings)) return std::move(*refusal);
  if (auto refusal = review(request, nullptr, *version, {})) return std::move(*refusal);
  AuditRecord record{.cause = request.cause, .kind = "zone", .name = request.apex.to_text()};
  record.serial = version->serial();
  record.what = "new, " + std::to_string(result.records) + " records";
  record.is_one_of_many = request.is_one_of_many;
  group.record(std::move(record));
  group.set(request.apex, std::move(version));
  return result;
}

// A zone that was removed comes back with a serial that is newer than its last one: secondaries that still have that
// would never ask again (RFC 1982).
std::optional<Failure> Committer::raise_serial(VersionRef& version, const Tombstone& tombstone,
                                               Imported& result) const {
  const std::string zone = version->apex().name.to_text();
  const uint32_t stated = version->serial();
  Attributes attributes = version->attributes();
  attributes.serial_policy = tombstone.policy;
  uint32_t serial = stated;
  if (!zones::serial_newer(stated, tombstone.serial)) {
    serial = zones::next_serial(SerialPolicy::increment, tombstone.serial, 0);
    const std::string had = "zone " + zone + " had serial " + std::to_string(tombstone.serial) + " when it was removed";
    if (tombstone.policy == SerialPolicy::keep || zones::is_signed(*version)) {
      return Failure{FailureCode::bad_zone,
                     had + (zones::is_signed(*version) ? ", and its SOA is signed" : ", and keeps its own serials") +
                         ": state a SOA with serial " + std::to_string(serial) + " or a newer one"};
    }
    result.warnings.add(0, had + "; it has " + std::to_string(serial) + " now, and not " + std::to_string(stated) +
                               " as in the file, which secondaries would take for old");
  }
  result.serial = serial;
  version = with_serial(*version, serial, std::move(attributes));
  return std::nullopt;
}

Outcome<Committer::Imported> Committer::import_now(Group& group, Import& request) {
  const ZoneVersion* const old = group.current(request.apex);
  if (Gone* gone = old == nullptr && !request.revives ? group.tombstone(request.apex) : nullptr) {
    gone->has_file = true;
    log_.warning(request.file, " is passed over: zone ", request.apex.to_text(), " was removed, with serial ",
                 gone->tombstone.serial, "; axfrctl zone import brings it back, or delete the file");
    return Imported{{}, gone->tombstone.serial, 0, 0, 0, false, {}};
  }
  if (old == nullptr) return import_new(group, request);
  if (old->attributes().kept) return not_known("zone " + request.apex.to_text());
  zones::Warnings& warnings = request.content.warnings;
  const auto unchanged = [&]() -> Outcome<Imported> {
    if (auto refusal = refuse_strictly(request, warnings)) return std::move(*refusal);
    return Imported{old->serial(), old->serial(), old->counts().records + size_t{1}, 0, 0, false, std::move(warnings)};
  };
  OwnedRecord soa = soa_of(request.content.records);
  const uint32_t stated = zones::soa_serial(soa);
  const bool newer = zones::serial_newer(stated, old->serial());
  if (request.only_if_newer && !newer) {
    if (differs_from_then(*old, request.content, stated)) {
      warnings.add(0, "the file was edited, but its serial " + std::to_string(stated) + " is not newer than " +
                          std::to_string(old->serial()) +
                          ", so the zone stays as it is; raise the serial, or import the file by axfrctl zone import");
    }
    return unchanged();
  }

  zones::OwnChanges own;
  if (const auto* secondaries = old->attributes().enabled_secondaries())
    own.servers = add_servers(request.content.records, *secondaries) != 0;
  if (auto failure = complete(request.content, old->pseudo())) return std::move(*failure);
  const size_t records = request.content.records.size();
  size_t recased = 0;
  const Delta delta = zones::difference(*old, request.content.records, &recased);
  const zones::PseudoRecords pseudo = shared(std::move(request.content.pseudo));
  if (recased != 0) {
    warnings.add(0, std::to_string(recased) +
                        " records differ from those of the zone in the case of names alone; the zone keeps "
                        "the case that it has");
  }
  const bool same_soa = same_but_serial(old->soa_record(), soa);
  if (same_soa) soa = old->soa_record();
  const bool content_changed = !delta.empty() || !same_soa;
  if (!content_changed && !newer && same_pseudo_records(old->pseudo(), pseudo)) return unchanged();
  uint32_t serial = newer ? stated : old->serial();
  Imported result{old->serial(), serial, records, delta.removed.size(), delta.added.size(), true, {}};
  if (content_changed && !newer) {
    const auto chosen = choose_serial(*old, stated);
    if (const auto* failure = std::get_if<Failure>(&chosen)) return *failure;
    result.serial = serial = std::get<uint32_t>(chosen);
    own.serial = true;
    warnings.add(0, "the file has serial " + std::to_string(stated) + ", which is not newer than " +
                        std::to_string(old->serial()) + "; the zone has " + std::to_string(serial) + " now");
  }
  if (auto refusal = refuse_strictly(request, warnings)) return std::move(*refusal);
  result.warnings = std::move(warnings);
  zones::set_soa_serial(soa, serial);
  Attributes attributes = old->attributes();
  attributes.pseudo = pseudo;
  VersionRef next = make_next(*old, delta, soa, std::move(attributes), request.cause);
  if (auto failure = refuse_bogus(old, *next, delta, own)) return std::move(*failure);
  if (auto refusal = review(request, old, *next, delta)) return std::move(*refusal);
  group.set(request.apex, std::move(next));
  group.record(change_of(request.apex, request.cause, *result.old_serial, serial, delta));
  return result;
}

Outcome<Committer::Configured> Committer::configure_now(Group& group, const Name& apex, const Cause& cause,
                                                        SerialPolicy policy) {
  const ZoneVersion* const old = group.current(apex);
  if (old == nullptr) return no_such_zone(apex);
  if (old->attributes().kept) return not_known("zone " + apex.to_text());
  Attributes attributes = old->attributes();
  if (attributes.serial_policy == policy) return Configured{policy, false};
  attributes.serial_policy = policy;
  group.set(apex, old->apply({}, old->soa_record(), std::move(attributes)));
  AuditRecord record{.cause = cause, .kind = "zone", .name = apex.to_text()};
  record.serial = old->serial();
  record.what = std::string("new serials by ") + zones::to_text(policy);
  group.record(std::move(record));
  return Configured{policy, true};
}

Outcome<Committer::SecondarySet> Committer::set_secondary_now(Group& group, const Name& apex, const Cause& cause,
                                                              const SecondaryEdit& edit) {
  const ZoneVersion* const old = group.current(apex);
  if (old == nullptr) return no_such_zone(apex);
  if (old->attributes().kept) return not_known("zone " + apex.to_text());
  auto edited = edit(*old);
  if (auto* failure = std::get_if<Failure>(&edited)) return std::move(*failure);
  auto settings = std::make_shared<zones::SecondaryDns>(std::get<zones::SecondaryDns>(std::move(edited)));
  Draft draft(old);
  if (settings->enabled && !zones::has_apex_servers(*old)) {
    return Failure{FailureCode::bad_zone,
                   "zone " + apex.to_text() + " has no NS record at its apex: add its own name servers first"};
  }
  change_servers(draft, old->attributes().secondary_dns.get(), *settings);
  auto finished = draft.finish();
  if (auto* reason = std::get_if<std::string>(&finished)) return Failure{FailureCode::bad_zone, std::move(*reason)};
  auto& result = std::get<Draft::Result>(finished);
  const auto& current = old->attributes().secondary_dns;
  if (result.delta.empty() && *settings == (current ? *current : zones::SecondaryDns{}))
    return SecondarySet{old->serial(), old->serial(), settings, false};
  if (!result.delta.empty()) {
    const auto serial = choose_serial(*old, old->serial());
    if (const auto* failure = std::get_if<Failure>(&serial)) return *failure;
    zones::set_soa_serial(result.soa, std::get<uint32_t>(serial));
  }
  Attributes attributes = old->attributes();
  attributes.secondary_dns = settings;
  const VersionRef next = make_next(*old, result.delta, result.soa, std::move(attributes), cause);
  const bool changes = !result.delta.empty();
  if (auto failure = refuse_bogus(old, *next, result.delta, {.serial = changes, .servers = changes}))
    return std::move(*failure);
  group.set(apex, next);
  AuditRecord record{.cause = cause, .kind = "zone", .name = apex.to_text()};
  record.old_serial = old->serial();
  record.serial = next->serial();
  record.what = std::string("secondary DNS ") + (settings->enabled ? "enabled" : "disabled") + ", " +
                std::to_string(settings->servers.size()) + " NS names, " +
                std::to_string(settings->secondaries.size()) + " addresses";
  group.record(std::move(record));
  return SecondarySet{old->serial(), next->serial(), settings, true};
}

Outcome<Committer::Removed> Committer::remove_now(Group& group, const Name& apex, const Cause& cause) {
  const ZoneVersion* const old = group.current(apex);
  if (old == nullptr) return no_such_zone(apex);
  const Removed result{old->serial()};
  group.set(apex, nullptr);
  AuditRecord record{.cause = cause, .kind = "zone", .name = apex.to_text()};
  record.old_serial = result.serial;
  record.what = "removed";
  group.record(std::move(record));
  return result;
}

// Drops the oldest steps of all until the rest has room.
void Committer::shorten_histories(Group& group) {
  for (size_t octets = group.history_octets(); octets > max_history_octets_ && !old_steps_.empty();) {
    const OldStep old = old_steps_.front();
    old_steps_.pop_front();
    const zones::Zone* zone = zones_.guess(old.zone);
    if (zone == nullptr) continue;
    const Name apex(zone->current()->apex().name);
    const ZoneVersion* version = group.current(apex);
    if (version == nullptr || !version->history() || version->history()->steps().front()->from() != old.from) continue;
    Attributes attributes = version->attributes();
    attributes.history = zones::History::trim(version->history());
    octets -= history_memory(version);
    const VersionRef next = version->apply({}, version->soa_record(), std::move(attributes));
    octets += history_memory(next.get());
    group.set(apex, next);
  }
}

// Keys change too seldom to share a commit with anything.
Outcome<Committer::KeyChanged> Committer::change_key_now(const Name& name, const KeyEdit& edit) {
  const KeyBookRef book = keys_.book();
  const KeyRef before = book->find(name);
  auto edited = edit(before);
  if (auto* failure = std::get_if<Failure>(&edited)) return std::move(*failure);
  KeyRef& after = std::get<KeyRef>(edited);
  if (after == before) return KeyChanged{name, before, after};
  if (before && before->kept && after) return not_known("key " + name.to_text());
  store_.put_key(name, after ? key_to_stored(*after) : "");
  keys_.set(after ? book->with(after) : book->without(name));
  observer_({.zones = {}, .gone = {}, .keys = true});
  return KeyChanged{name, before, after};
}

Outcome<zones::CookieSecrets> Committer::change_cookies_now(const CookieEdit& edit) {
  if (!knows_all_of_cookies_) return not_known("the value of the cookie secrets");
  auto edited = edit(cookies_.current());
  if (const auto* secrets = std::get_if<zones::CookieSecrets>(&edited)) {
    store_.put_cookies(cookies_to_stored(*secrets));
    retire({}, cookies_.publish(*secrets));
  }
  return edited;
}

// ---- start ----

void Committer::load_tombstones() {
  const auto enter = [this](const Name& apex, const Tombstone& tombstone) {
    tombstones_.insert_or_assign(zones::sort_key(apex), Gone{apex, tombstone});
  };
  store_.load_tombstones(enter, [this](const std::string& sentence) { log_.error(sentence); });
}

// Those that are older than `before`, and the oldest of what is more than `most`.
void Committer::forget_tombstones(int64_t before, size_t most) {
  const auto wanted = [&](const Gone& gone) { return gone.has_file || gone.tombstone.time >= before; };
  size_t expired = 0;
  if (before > 0)
    expired = static_cast<size_t>(
        std::ranges::count_if(tombstones_, [&](const auto& entry) { return !wanted(entry.second); }));
  if (expired == 0 && tombstones_.size() <= most) return;
  std::vector<const Gone*> oldest_first;
  for (const auto& [key, gone] : tombstones_) {
    if (!gone.has_file) oldest_first.push_back(&gone);
  }
  std::ranges::sort(oldest_first, {}, [](const Gone* gone) { return gone->tombstone.time; });
  const size_t beyond = tombstones_.size() > most ? tombstones_.size() - most : 0;
  oldest_first.resize(std::min(oldest_first.size(), std::max(expired, beyond)));
  if (oldest_first.empty()) return;
  std::vector<Name> apexes;
  for (const Gone* gone : oldest_first) apexes.push_back(gone->apex);
  try {
    store_.erase_tombstones(apexes);
  } catch (const StoreError&) {  // they stay; the store has told
    return;
  }
  log_.info("the last serials of ", apexes.size(), " removed zones are forgotten, that of ", apexes.front().to_text(),
            " first");
  for (const Name& apex : apexes) tombstones_.erase(zones::sort_key(apex));
}

// After changes were lost: what secondaries have may be newer than what we have. So each zone gets a serial above all
// that is known, before anybody hears of it.
void Committer::raise_serials(std::vector<Store::Loaded>& loaded) {
  constexpr size_t kTogether = 1000;
  std::vector<VersionRef> before;
  std::vector<Store::Change> changes;
  size_t raised = 0, left = 0;
  const auto commit = [&] {
    if (!changes.empty()) store_.commit(changes);
    raised += changes.size();
    changes.clear();
    before.clear();
  };
  for (Store::Loaded& zone : loaded) {
    const ZoneVersion& old = *zone.version;
    const std::string name = old.apex().name.to_text();
    uint32_t highest = old.serial();
    const auto consider = [&](uint32_t serial) {
      if (zones::serial_newer(serial, highest)) highest = serial;
    };
    for (const KeptProof& proof : proofs_from_stored(zone.ledger)) consider(proof.serial);
    if (const auto gone = tombstones_.find(zones::sort_key(Name(old.apex().name))); gone != tombstones_.end())
      consider(gone->second.tombstone.serial);
    const SerialPolicy policy = old.attributes().serial_policy;
    if (policy == SerialPolicy::keep || zones::is_signed(old) || old.attributes().kept) {
      ++left;
      log_.warning("--recover: zone ", name, " has serial ", old.serial(), ", and secondaries may have ", highest,
                   " or a newer one; its serial is not ours to change: ",
                   policy == SerialPolicy::keep ? "it keeps its own serials" : "it is signed",
                   "; give it a SOA with a newer one");
      continue;
    }
    OwnedRecord soa = old.soa_record();
    zones::set_soa_serial(soa, zones::next_serial(policy, highest, serial_time()));
    before.push_back(zone.version);
    zone.version = make_next(old, {}, soa, old.attributes(), {.kind = "recovery"});
    changes.push_back({before.back().get(), zone.version.get()});
    log_.info("--recover: zone ", name, " serial ", before.back()->serial(), " to ", zone.version->serial());
    if (changes.size() == kTogether) commit();
  }
  commit();
  std::vector<Name> known;
  for (const Store::Loaded& zone : loaded) {
    const Name apex(zone.version->apex().name);
    if (tombstones_.erase(zones::sort_key(apex)) != 0) known.push_back(apex);
  }
  if (!known.empty()) store_.erase_tombstones(known);
  store_.end_recovery();
  log_.warning("--recover: ", raised, " zones have new serials, ", left, " are left as they are");
}

void Committer::load_settings() {
  const auto damaged = [this](const std::string& sentence) { log_.error(sentence); };
  const auto not_all_known = [this](const std::string& what) { log_.warning(not_known(what).reason); };
  std::vector<KeyRef> keys;
  const auto take_key = [&](zones::NameView name, const std::string& stored) {
    keys.push_back(std::make_shared<const Key>(key_from_stored(Name(name), stored)));
    if (keys.back()->kept) not_all_known("key " + name.to_text());
  };
  store_.load_keys(take_key, damaged);
  keys_.set(KeyBook(std::move(keys)));
  const auto take_provider = [&](const std::string& name, const std::string& stored) {
    const SecondaryWish wish = wish_from_stored(stored);
    if (!wish.knows_all) not_all_known("provider " + name);
    providers_.set(name, wish);
  };
  store_.load_providers(take_provider, damaged);
  // Without any, those that were drawn at random stay.
  const auto take_cookies = [&](const std::string& stored) {
    const StoredCookies cookies = cookies_from_stored(stored);
    knows_all_of_cookies_ = cookies.knows_all;
    if (!cookies.knows_all) not_all_known("the value of the cookie secrets");
    retire({}, cookies_.publish(cookies.secrets));
  };
  store_.load_cookies(take_cookies, damaged);
}

Outcome<size_t> Committer::load_store_now() {
  load_settings();
  load_tombstones();
  constexpr size_t kLookAtClock = 4096, kMostZonesTold = 100;
  size_t octets = 0, without_servers = 0;
  std::vector<VersionRef> versions;  // published at once, which makes the table at once
  auto last_report = std::chrono::steady_clock::now();
  const auto report = [&] {
    if (const auto now = std::chrono::steady_clock::now(); now - last_report > std::chrono::seconds(1)) {
      last_report = now;
      log_.info("loading zones from the store: ", versions.size(), " so far");
    }
  };
  Published published;
  size_t zones_with_refused = 0;
  const auto enter = [&](Store::Loaded loaded) {
    VersionRef& version = loaded.version;
    if (version->attributes().kept) log_.warning(not_known("zone " + version->apex().name.to_text()).reason);
    if (const auto refused = zones::find_refused(*version, 1);
        !refused.empty() && ++zones_with_refused <= kMostZonesTold) {
      const std::string zone = version->apex().name.to_text();
      log_.warning("zone ", zone, " holds what secondaries refuse, and may not be transferred: ", refused.front(),
                   "; axfrctl zone check ", zone, " lists all");
    }
    octets += history_memory(version.get());
    without_servers += lacks_servers(version.get());
    if (version->history()) {
      for (const zones::StepRef& step : version->history()->steps())
        old_steps_.push_back({version->apex().hash, step->from()});
    }
    if (is_followed(version.get())) published.zones.push_back({version, std::move(loaded.ledger)});
    versions.push_back(std::move(version));
    if (versions.size() % kLookAtClock == 0) report();
  };
  const auto damaged = [this](const std::string& damage) { log_.error(damage); };
  if (store_.in_recovery()) {
    std::vector<Store::Loaded> all;
    store_.load([&](Store::Loaded loaded) { all.push_back(std::move(loaded)); }, damaged);
    raise_serials(all);
    for (Store::Loaded& loaded : all) enter(std::move(loaded));
  } else {
    store_.load(enter, damaged);
  }
  if (zones_with_refused > kMostZonesTold) {
    log_.warning(zones_with_refused - kMostZonesTold,
                 " more zones hold what secondaries refuse; axfrctl zone check --all lists them");
  }
  const size_t count = versions.size();
  if (count != 0) retire(zones_.publish_new(std::move(versions)));
  free_retired();
  malloc_trim(0);  // what loading alone needed
  history_octets_.store(octets, std::memory_order_relaxed);
  zones_without_servers_.store(without_servers, std::memory_order_relaxed);
  if (!published.zones.empty()) observer_(std::move(published));
  return count;
}

}  // namespace axfrd::control
