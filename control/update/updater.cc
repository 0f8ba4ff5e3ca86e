#include "control/update/updater.h"

#include <malloc.h>
#include <pthread.h>

#include <algorithm>
#include <map>
#include <utility>

#include "control/access/cookie.h"
#include "control/base/unix_time.h"
#include "zones/derived.h"
#include "zones/integrity.h"
#include "zones/serial.h"
#include "zones/signed.h"

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
    std::vector<std::string> keys;
    for (const OwnedRecord& r : records) {
      const bool of_secondaries = with_servers && r.type == zones::rrtype::NS && r.owner == Name(now.apex().name);
      const bool of_alias = pseudo && (r.type == zones::rrtype::A || r.type == zones::rrtype::AAAA);
      if (!of_secondaries && !of_alias) keys.push_back(zones::record_key(r.view()));
    }
    std::ranges::sort(keys);
    return keys;
  };
  const Delta to_file = zones::difference(now, file.records);
  return keys(to_file.removed) != keys(since_then.added) || keys(to_file.added) != keys(since_then.removed);
}

Failure no_such_zone(const Name& apex) { return {FailureCode::no_such_zone, "there is no zone " + apex.to_text()}; }

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
class Updater::Group {
 public:
  explicit Group(Updater& updater) : updater_(updater) {}

  // The newest version of a zone, null if there is none: what the group has made of it, or what is served.
  const ZoneVersion* current(const Name& apex) const {
    const auto made = made_.find(zones::sort_key(apex));
    return made != made_.end() ? made->second.after.get() : updater_.current(apex);
  }
  // Makes `after` the zone's next version; null: the zone goes.
  void set(const Name& apex, VersionRef after) {
    const auto [made, fresh] = made_.try_emplace(zones::sort_key(apex), Made{apex, nullptr, nullptr});
    if (fresh) made->second.before = updater_.current(apex);
    made->second.after = std::move(after);
  }
  // Tells of a change when it is committed, and nobody waits for it any more.
  template <class... Parts>
  void log(const Parts&... parts) {
    if (updater_.log_.shows(LogLevel::info)) lines_.push_back(Log::text(parts...));
  }
  // Calls one of the two when the group is committed or has failed.
  void then(std::function<void()> committed, std::function<void(Failure)> failed) {
    ends_.push_back({std::move(committed), std::move(failed)});
  }

  void end() {
    try {
      updater_.shorten_histories(*this);
      commit();
    } catch (const std::exception& error) {
      for (const End& end : ends_) end.failed({FailureCode::failed, error.what()});
      return;
    }
    publish();
    for (const End& end : ends_) end.committed();
    for (const std::string& line : lines_) updater_.log_.info(line);
  }

  // What histories take with the group's changes, and its changes to them.
  size_t history_octets() const {
    size_t octets = updater_.history_octets();
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

  void commit() const {
    std::vector<Store::Change> changes;
    for (const auto& [key, made] : made_) {
      if (made.before != made.after.get()) changes.push_back({made.before, made.after.get()});
    }
    if (!changes.empty()) updater_.store_.commit(changes);
  }
  void publish() {
    std::vector<VersionRef> fresh;
    Published published;
    updater_.history_octets_.store(history_octets(), std::memory_order_relaxed);
    for (auto& [key, made] : made_) {
      note_steps(made);
      if (made.before == made.after.get()) continue;
      note_followed(made, published);
      const size_t without_servers = updater_.zones_without_servers();
      updater_.zones_without_servers_.store(
          without_servers - lacks_servers(made.before) + lacks_servers(made.after.get()), std::memory_order_relaxed);
      if (!made.after) {
        updater_.retire(updater_.zones_.remove(made.apex));
      } else if (made.before == nullptr) {
        fresh.push_back(std::move(made.after));
      } else {
        updater_.retire(updater_.zones_.publish(std::move(made.after)));
      }
    }
    if (!fresh.empty()) updater_.retire(updater_.zones_.publish_new(std::move(fresh)));
    if (!published.zones.empty() || !published.gone.empty()) updater_.observer_(std::move(published));
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
    for (; step != steps.end(); ++step) updater_.old_steps_.push_back({zone, (*step)->from()});
  }

  Updater& updater_;
  std::map<std::string, Made> made_;  // by sort key of the apex
  std::vector<End> ends_;
  std::vector<std::string> lines_;
};

Updater::Updater(zones::ZoneTable& zones, zones::CookieJar& cookies, dataplane::Rcu& rcu, Store& store, Keys& keys,
                 Providers& providers, size_t history_octets, const Log& log)
    : zones_(zones),
      cookies_(cookies),
      rcu_(rcu),
      store_(store),
      keys_(keys),
      providers_(providers),
      max_history_octets_(history_octets),
      log_(log) {}

Updater::~Updater() { stop(); }

void Updater::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "axfrd-updater");
    run();
  });
}

void Updater::stop() {
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
void Updater::enqueue(Done<T> done, Work work) {
  Task task = [done = std::move(done), work = std::move(work)](Group& group) mutable {
    auto outcome = [&]() -> Outcome<T> {
      try {
        return work(group);
      } catch (const std::exception& error) {
        return Failure{FailureCode::failed, error.what()};
      }
    }();
    if (std::holds_alternative<Failure>(outcome)) return done(std::move(outcome));
    group.then([done, outcome = std::move(outcome)] { done(outcome); }, [done](Failure failure) { done(failure); });
  };
  {
    const std::lock_guard lock(mutex_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void Updater::change_zone(Name apex, std::string cause, Compose compose, Done<Changed> done) {
  enqueue<Changed>(std::move(done),
                   [this, apex = std::move(apex), cause = std::move(cause),
                    compose = std::move(compose)](Group& group) { return change_now(group, apex, cause, compose); });
}

void Updater::import_zone(Import request, Done<Imported> done) {
  enqueue<Imported>(std::move(done), [this, request = std::make_shared<Import>(std::move(request))](Group& group) {
    return import_now(group, *request);
  });
}

void Updater::import_zones(std::vector<Import> requests, Done<std::vector<Outcome<Imported>>> done) {
  using Outcomes = std::vector<Outcome<Imported>>;
  auto shared_requests = std::make_shared<std::vector<Import>>(std::move(requests));
  enqueue<Outcomes>(std::move(done), [this, shared_requests](Group& group) -> Outcome<Outcomes> {
    Outcomes outcomes;
    for (Import& request : *shared_requests) outcomes.push_back(import_now(group, request));
    return outcomes;
  });
}

void Updater::set_serial_policy(Name apex, SerialPolicy policy, Done<Configured> done) {
  enqueue<Configured>(std::move(done), [this, apex = std::move(apex), policy](Group& group) {
    return configure_now(group, apex, policy);
  });
}

void Updater::set_secondary(Name apex, SecondaryEdit edit, Done<SecondarySet> done) {
  enqueue<SecondarySet>(std::move(done), [this, apex = std::move(apex), edit = std::move(edit)](Group& group) {
    return set_secondary_now(group, apex, edit);
  });
}

void Updater::set_provider(std::string name, std::optional<SecondaryWish> wish, Done<bool> done) {
  enqueue<bool>(std::move(done), [this, name = std::move(name), wish = std::move(wish)](Group&) -> Outcome<bool> {
    const bool known = providers_.all().contains(name);
    store_.put_provider(name, wish ? to_json(*wish).dump() : "");
    providers_.set(name, wish);
    return known;
  });
}

void Updater::keep_ledger(std::vector<Store::LedgerText> lines, Done<size_t> done) {
  enqueue<size_t>(std::move(done), [this, lines = std::move(lines)](Group&) -> Outcome<size_t> {
    store_.put_ledger(lines);
    return lines.size();
  });
}

void Updater::remove_zone(Name apex, Done<Removed> done) {
  enqueue<Removed>(std::move(done), [this, apex = std::move(apex)](Group& group) { return remove_now(group, apex); });
}

void Updater::change_key(Name name, KeyEdit edit, Done<KeyChanged> done) {
  enqueue<KeyChanged>(std::move(done), [this, name = std::move(name), edit = std::move(edit)](Group&) {
    return change_key_now(name, edit);
  });
}

void Updater::change_cookies(CookieEdit edit, Done<zones::CookieSecrets> done) {
  enqueue<zones::CookieSecrets>(std::move(done),
                                [this, edit = std::move(edit)](Group&) { return change_cookies_now(edit); });
}

void Updater::load_store(Done<size_t> done) {
  enqueue<size_t>(std::move(done), [this](Group&) { return load_store_now(); });
}

void Updater::run() {
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

// Waits for tasks and takes all there are, looking after the retire list meanwhile. Empty when the updater is to stop.
std::deque<Updater::Task> Updater::next_tasks() {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return stopping_.load(std::memory_order_relaxed) || !queue_.empty(); };
  while (!retired_.empty() && !wake_.wait_for(lock, kRetirePause, something)) {
    lock.unlock();
    free_retired();
    lock.lock();
  }
  if (!wake_.wait_for(lock, kIdle, something)) {
    lock.unlock();
    store_.checkpoint();
    lock.lock();
    wake_.wait(lock, something);
  }
  if (stopping_.load(std::memory_order_relaxed)) return {};
  return std::exchange(queue_, {});
}

// ---- retiring ----

void Updater::retire(zones::ZoneTable::Retired what, std::unique_ptr<const zones::CookieSecrets> secrets) {
  retired_.push_back({rcu_.start(), std::move(what), std::move(secrets)});
  retired_count_.store(retired_.size(), std::memory_order_relaxed);
}

// Tokens grow along the list, so the first that has not passed ends the search.
void Updater::free_retired() {
  while (!retired_.empty() && rcu_.passed(retired_.front().token)) retired_.pop_front();
  retired_count_.store(retired_.size(), std::memory_order_relaxed);
}

// ---- changes ----

const ZoneVersion* Updater::current(zones::NameView apex) const {
  const zones::Zone* zone = zones_.find(zones::NameHash::process().of(apex), apex);
  return zone != nullptr ? zone->current() : nullptr;
}

// The version that `delta` and `soa` make of `old`, with the step in its history that says so.
VersionRef Updater::make_next(const ZoneVersion& old, const Delta& delta, const OwnedRecord& soa,
                              Attributes attributes) const {
  const uint32_t serial = zones::soa_serial(soa);
  if (serial != old.serial()) {
    zones::Step::PseudoBefore pseudo;
    if (!zones::same_definitions(old.pseudo(), attributes.pseudo)) pseudo = old.pseudo();
    const zones::StepRef step(new zones::Step(old.soa_record(), serial, unix_time(), delta, std::move(pseudo)));
    const size_t room = std::min(max_history_octets_, std::max(kLeastHistory, old.transfer_octets()));
    attributes.history = zones::History::extend(old.history(), step, room);
  }
  return old.apply(delta, soa, std::move(attributes));
}

Outcome<Updater::Changed> Updater::change_now(Group& group, const Name& apex, const std::string& cause,
                                              const Compose& compose) {
  const ZoneVersion* const old = group.current(apex);
  if (old == nullptr) return no_such_zone(apex);
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
  const VersionRef next = make_next(*old, result.delta, result.soa, std::move(attributes));
  if (auto failure = refuse_bogus(old, *next, result.delta, own)) return std::move(*failure);
  changed.serial = next->serial();
  changed.records = next->counts().records + size_t{1};
  changed.removed = result.delta.removed.size();
  changed.added = result.delta.added.size();
  for (const std::string& fault : zones::find_faults(*next, result.delta)) changed.warnings.add(0, fault);
  group.set(apex, next);
  group.log("zone ", apex.to_text(), " serial ", changed.old_serial, " to ", changed.serial, ": ", changed.removed,
            " removed, ", changed.added, " added, by ", cause);
  return changed;
}

// What a zone file does not say of ALIAS and URL: the addresses they stand for. `before`: what the zone has of them.
std::optional<Failure> Updater::complete(zones::ZoneText& content, const zones::PseudoRecords& before) const {
  if (before) zones::keep_addresses(*before, content.pseudo);
  for (zones::PseudoRecord& p : content.pseudo) {
    if (p.kind == zones::PseudoRecord::Kind::url) p.addresses = url_addresses_;
  }
  auto problem = zones::add_derived(content.records, content.pseudo);
  if (problem) return Failure{FailureCode::bad_zone, std::move(problem->reason)};
  return std::nullopt;
}

// A Failure if there are warnings and the request takes them for errors.
std::optional<Failure> Updater::refuse_strictly(const Import& request, const zones::Warnings& warnings) {
  if (!request.strict || warnings.empty()) return std::nullopt;
  return Failure{FailureCode::bad_zone, warnings.as_refusal()};
}

Outcome<Updater::Imported> Updater::import_new(Group& group, Import& request) {
  VersionRef version = request.fresh;
  if (!request.content.pseudo.empty()) {
    if (auto failure = complete(request.content, nullptr)) return std::move(*failure);
    const Delta derived = zones::difference(*version, request.content.records);
    Attributes attributes = version->attributes();
    attributes.pseudo = shared(std::move(request.content.pseudo));
    version = version->apply(derived, version->soa_record(), std::move(attributes));
  }
  if (auto failure = refuse_bogus(nullptr, *version, {}, {})) return std::move(*failure);
  const Imported result{
      {}, version->serial(), version->counts().records + size_t{1}, 0, 0, true, std::move(request.content.warnings)};
  if (auto refusal = refuse_strictly(request, result.warnings)) return std::move(*refusal);
  group.set(request.apex, std::move(version));
  return result;
}

Outcome<Updater::Imported> Updater::import_now(Group& group, Import& request) {
  const ZoneVersion* const old = group.current(request.apex);
  if (old == nullptr) return import_new(group, request);
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
  VersionRef next = make_next(*old, delta, soa, std::move(attributes));
  if (auto failure = refuse_bogus(old, *next, delta, own)) return std::move(*failure);
  group.set(request.apex, std::move(next));
  group.log("zone ", request.apex.to_text(), " serial ", *result.old_serial, " to ", serial, ": ", result.removed,
            " removed, ", result.added, " added, from ", request.file);
  return result;
}

Outcome<Updater::Configured> Updater::configure_now(Group& group, const Name& apex, SerialPolicy policy) {
  const ZoneVersion* const old = group.current(apex);
  if (old == nullptr) return no_such_zone(apex);
  Attributes attributes = old->attributes();
  attributes.serial_policy = policy;
  group.set(apex, old->apply({}, old->soa_record(), std::move(attributes)));
  return Configured{policy};
}

Outcome<Updater::SecondarySet> Updater::set_secondary_now(Group& group, const Name& apex, const SecondaryEdit& edit) {
  const ZoneVersion* const old = group.current(apex);
  if (old == nullptr) return no_such_zone(apex);
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
  if (!result.delta.empty()) {
    const auto serial = choose_serial(*old, old->serial());
    if (const auto* failure = std::get_if<Failure>(&serial)) return *failure;
    zones::set_soa_serial(result.soa, std::get<uint32_t>(serial));
  }
  Attributes attributes = old->attributes();
  attributes.secondary_dns = settings;
  const VersionRef next = make_next(*old, result.delta, result.soa, std::move(attributes));
  const bool changes = !result.delta.empty();
  if (auto failure = refuse_bogus(old, *next, result.delta, {.serial = changes, .servers = changes}))
    return std::move(*failure);
  group.set(apex, next);
  group.log("zone ", apex.to_text(), " serial ", old->serial(), " to ", next->serial(), ": secondary DNS ",
            settings->enabled ? "enabled" : "disabled", ", ", settings->servers.size(), " NS names, ",
            settings->secondaries.size(), " addresses");
  return SecondarySet{old->serial(), next->serial(), settings};
}

Outcome<Updater::Removed> Updater::remove_now(Group& group, const Name& apex) {
  const ZoneVersion* const old = group.current(apex);
  if (old == nullptr) return no_such_zone(apex);
  const Removed result{old->serial()};
  group.set(apex, nullptr);
  group.log("zone ", apex.to_text(), " serial ", result.serial, ": removed");
  return result;
}

// Drops the oldest steps of all until the rest has room.
void Updater::shorten_histories(Group& group) {
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
Outcome<Updater::KeyChanged> Updater::change_key_now(const Name& name, const KeyEdit& edit) {
  const KeyBookRef book = keys_.book();
  const KeyRef before = book->find(name);
  auto edited = edit(before);
  if (auto* failure = std::get_if<Failure>(&edited)) return std::move(*failure);
  KeyRef& after = std::get<KeyRef>(edited);
  store_.put_key(name, after ? key_to_text(*after) : "");
  keys_.set(after ? book->with(after) : book->without(name));
  return KeyChanged{name, before, after};
}

Outcome<zones::CookieSecrets> Updater::change_cookies_now(const CookieEdit& edit) {
  auto edited = edit(cookies_.current());
  if (const auto* secrets = std::get_if<zones::CookieSecrets>(&edited)) {
    store_.put_cookies(cookies_to_text(*secrets));
    retire({}, cookies_.publish(*secrets));
  }
  return edited;
}

// ---- start ----

// Without any, those that were drawn at random stay.
void Updater::load_cookies() {
  const std::string text = store_.cookies();
  if (text.empty()) return;
  try {
    retire({}, cookies_.publish(cookies_from_text(text)));
  } catch (const std::invalid_argument& error) {
    throw StoreError(std::string("the store is damaged: ") + error.what() + "; restore it from a backup");
  }
}

Outcome<size_t> Updater::load_store_now() {
  std::vector<KeyRef> keys;
  store_.load_keys([&](zones::NameView name, const std::string& text) {
    keys.push_back(std::make_shared<const Key>(key_from_text(Name(name), text)));
  });
  keys_.set(KeyBook(std::move(keys)));
  load_cookies();
  store_.load_providers([this](const std::string& name, const std::string& text) {
    providers_.set(name, wish_from(Json::parse(text, nullptr, false)));
  });
  constexpr size_t kLookAtClock = 4096;
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
  const auto enter = [&](Store::Loaded loaded) {
    VersionRef& version = loaded.version;
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
  store_.load(enter, [this](const std::string& damage) { log_.error(damage); });
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
