#include "control/updater.h"

#include <pthread.h>

#include <algorithm>
#include <set>
#include <utility>

#include "control/file.h"
#include "zones/serial.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::Record;
using zones::VersionRef;
using zones::ZoneVersion;

// How often retired versions are looked at while there are any; a worker's turn takes microseconds.
constexpr auto kRetirePause = std::chrono::milliseconds(5);

bool same_record(const Record& a, const Record& b) {
  return a.type == b.type && a.ttl == b.ttl && std::ranges::equal(a.owner.bytes(), b.owner.bytes()) &&
         std::ranges::equal(a.rdata, b.rdata);
}

// Walks along a sorted record set; the SOA, which versions keep apart, comes first.
class InVersionOrder {
 public:
  explicit InVersionOrder(const zones::RecordSet& records) : records_(records) {
    while (records_[soa_].type != zones::rrtype::SOA) ++soa_;
  }
  Record next() {
    if (!soa_given_) {
      soa_given_ = true;
      return records_[soa_];
    }
    if (at_ == soa_) ++at_;
    return records_[at_++];
  }

 private:
  const zones::RecordSet& records_;
  size_t soa_ = 0, at_ = 0;
  bool soa_given_ = false;
};

bool same_records(const ZoneVersion& version, const zones::RecordSet& records) {
  if (version.counts().records + 1 != records.size()) return false;
  InVersionOrder walk(records);
  bool same = true;
  version.for_each_record([&](const Record& record) { same = same && same_record(record, walk.next()); });
  return same;
}

bool same_pseudo_records(const ZoneVersion& version, const std::vector<zones::PseudoRecord>& pseudo) {
  if (version.pseudo() == nullptr) return pseudo.empty();
  return std::ranges::equal(*version.pseudo(), pseudo, [](const auto& a, const auto& b) {
    return a.kind == b.kind && a.owner == b.owner && a.ttl == b.ttl && a.target == b.target;
  });
}

bool same_content(const ZoneVersion& version, const zones::ZoneText& zone) {
  return same_records(version, zone.records) && same_pseudo_records(version, zone.pseudo);
}

VersionRef build(zones::ZoneText&& zone) {
  zones::PseudoRecords pseudo;
  if (!zone.pseudo.empty()) {
    pseudo = std::make_shared<const std::vector<zones::PseudoRecord>>(std::move(zone.pseudo));
  }
  return ZoneVersion::build(zone.records, std::move(pseudo));
}

std::vector<std::string> serial_warnings(uint32_t before, uint32_t after) {
  if (zones::serial_newer(after, before)) return {};
  const std::string moved =
      before == after ? "still " + std::to_string(after)
                      : "now " + std::to_string(after) + ", which is not newer than " + std::to_string(before);
  return {"the zone changed, but its serial is " + moved + ": secondaries will not fetch it"};
}

std::vector<std::filesystem::path> zone_files(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".zone") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Updater::Updater(zones::ZoneTable& zones, dataplane::Rcu& rcu, Store& store, const Log& log)
    : zones_(zones), rcu_(rcu), store_(store), log_(log) {}

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

// Enters `work`, which returns an Outcome<T>. This is where what it throws (no memory, no file) becomes an outcome.
template <class T, class Work>
void Updater::enqueue(Done<T> done, Work work) {
  auto task = [done = std::move(done), work = std::move(work)] {
    try {
      done(work());
    } catch (const std::exception& error) {
      done(Failure{FailureCode::failed, error.what()});
    }
  };
  {
    const std::lock_guard lock(mutex_);
    if (stopping()) return;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void Updater::import_zone(Import request, Done<Imported> done) {
  enqueue<Imported>(std::move(done), [this, request = std::move(request)] { return import_now(request); });
}

void Updater::remove_zone(Name apex, Done<Removed> done) {
  enqueue<Removed>(std::move(done), [this, apex = std::move(apex)] { return remove_now(apex); });
}

void Updater::load_store(Done<Loaded> done) {
  enqueue<Loaded>(std::move(done), [this] { return load_store_now(); });
}

void Updater::load_directory(std::filesystem::path directory, Done<Loaded> done) {
  enqueue<Loaded>(std::move(done), [this, directory = std::move(directory)] { return load_directory_now(directory); });
}

void Updater::run() {
  while (const auto task = next_task()) {
    task();
    free_retired();
  }
}

// Waits for the next task, looking after the retire list meanwhile. Empty when the updater is to stop.
std::function<void()> Updater::next_task() {
  std::unique_lock lock(mutex_);
  const auto something = [this] { return stopping() || !queue_.empty(); };
  while (!retired_.empty() && !wake_.wait_for(lock, kRetirePause, something)) {
    lock.unlock();
    free_retired();
    lock.lock();
  }
  wake_.wait(lock, something);
  if (stopping()) return {};
  auto task = std::move(queue_.front());
  queue_.pop_front();
  return task;
}

// ---- retiring ----

void Updater::retire(zones::ZoneTable::Retired what) {
  retired_.push_back({rcu_.start(), std::move(what)});
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

Outcome<Updater::Imported> Updater::import_now(const Import& request) {
  auto parsed = zones::parse_zone(request.text, request.apex, request.file);
  if (const auto* error = std::get_if<zones::ZoneFileError>(&parsed)) {
    return Failure{FailureCode::bad_zone, error->to_text()};
  }
  auto& zone = std::get<zones::ZoneText>(parsed);
  const ZoneVersion* const old = current(request.apex);
  if (old != nullptr && same_content(*old, zone)) {
    return Imported{old->serial(), old->serial(), zone.records.size(), false, {}};
  }
  const VersionRef version = build(std::move(zone));
  Imported result{{}, version->serial(), version->counts().records + 1, true, {}};
  if (old != nullptr) {
    result.old_serial = old->serial();
    result.warnings = serial_warnings(old->serial(), version->serial());
  }
  const Store::Change change{old, version.get()};
  store_.commit({&change, 1});
  retire(zones_.publish(version));
  log_.info("zone ", request.apex.to_text(), " serial ", result.serial, ": ", result.records, " records, from ",
            request.file);
  return result;
}

Outcome<Updater::Removed> Updater::remove_now(const Name& apex) {
  const ZoneVersion* const old = current(apex);
  if (old == nullptr) return Failure{FailureCode::no_such_zone, "there is no zone " + apex.to_text()};
  const Removed result{old->serial()};
  const Store::Change change{old, nullptr};
  store_.commit({&change, 1});
  retire(zones_.remove(apex));
  log_.info("zone ", apex.to_text(), " serial ", result.serial, ": removed");
  return result;
}

// ---- many zones at once ----

// Versions that are committed and published together: one by one, each would wait for the disk and copy a path of the
// table.
class Updater::Batch {
 public:
  enum class Source : uint8_t { store, elsewhere };

  Batch(Updater& updater, Source source) : updater_(updater), source_(source) {}

  // @pre no other version of the same zone was added since publish()
  void add(VersionRef version) {
    versions_.push_back(std::move(version));
    ++added_;
    if (versions_.size() == kTogether) publish();
    report_progress();
  }
  void publish() {
    if (source_ == Source::elsewhere) commit();
    std::vector<VersionRef> fresh;
    for (VersionRef& version : versions_) {
      if (current_of(*version) == nullptr) {
        fresh.push_back(std::move(version));
      } else {
        updater_.retire(updater_.zones_.publish(std::move(version)));
      }
    }
    versions_.clear();
    if (!fresh.empty()) updater_.retire(updater_.zones_.publish_new(std::move(fresh)));
    updater_.free_retired();
  }
  size_t added() const { return added_; }

 private:
  static constexpr size_t kTogether = 1024;

  const ZoneVersion* current_of(const ZoneVersion& version) const {
    return updater_.current(Name(version.apex().name));
  }
  void commit() {
    std::vector<Store::Change> changes;
    for (const VersionRef& version : versions_) changes.push_back({current_of(*version), version.get()});
    updater_.store_.commit(changes);
  }
  void report_progress() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_report_ < std::chrono::seconds(1)) return;
    last_report_ = now;
    updater_.log_.info("loading zones: ", added_, " so far");
  }

  Updater& updater_;
  const Source source_;
  std::vector<VersionRef> versions_;
  size_t added_ = 0;
  std::chrono::steady_clock::time_point last_report_ = std::chrono::steady_clock::now();
};

Outcome<Updater::Loaded> Updater::load_store_now() {
  Batch batch(*this, Batch::Source::store);
  store_.load([&](VersionRef version) { batch.add(std::move(version)); });
  batch.publish();
  return Loaded{batch.added(), {}};
}

class Updater::DirectoryLoad {
 public:
  explicit DirectoryLoad(Updater& updater) : updater_(updater), batch_(updater, Batch::Source::elsewhere) {}

  // A file that cannot be read is skipped; what the store throws passes, for it is not the file's fault.
  void load(const std::filesystem::path& file) {
    try {
      load_or_throw(file);
    } catch (const std::system_error& error) {
      skip(error.what());
    }
  }
  Loaded finish() {
    batch_.publish();
    return std::move(result_);
  }

 private:
  void load_or_throw(const std::filesystem::path& file) {
    const auto apex = Name::from_text(file.stem().string());
    if (!apex) return skip(file.string() + ": its name, less .zone, is not the name of a zone");
    auto parsed = zones::parse_zone(read_file(file), *apex, file.string());
    if (const auto* error = std::get_if<zones::ZoneFileError>(&parsed)) return skip(error->to_text());
    if (!apexes_.insert(zones::sort_key(*apex)).second)
      return skip(file.string() + ": the zone is in another file too");
    ++result_.zones;
    auto& zone = std::get<zones::ZoneText>(parsed);
    const ZoneVersion* const old = updater_.current(*apex);
    if (old == nullptr || !same_content(*old, zone)) batch_.add(build(std::move(zone)));
  }

  void skip(std::string reason) {
    updater_.log_.error(reason);
    result_.errors.push_back(std::move(reason));
  }

  Updater& updater_;
  Batch batch_;
  Loaded result_;
  std::set<std::string> apexes_;  // sort keys: names fold case
};

Outcome<Updater::Loaded> Updater::load_directory_now(const std::filesystem::path& directory) {
  DirectoryLoad load(*this);
  for (const auto& file : zone_files(directory)) {
    if (stopping()) return Failure{FailureCode::stopping, "stopped while loading zones"};
    load.load(file);
  }
  return load.finish();
}

}  // namespace axfrd::control
