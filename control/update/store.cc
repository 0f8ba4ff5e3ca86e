#include "control/update/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "control/update/batch.h"
#include "zones/number.h"

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::bytes_of;
using zones::text_of;
using zones::ZoneVersion;

constexpr size_t kPartSize = 4;          // of a key: page id or serial, behind the apex
constexpr uint32_t kOrder = 0xFFFFFFFF;  // the order value's place among the pages; no page has this id
constexpr std::string_view kGeneration = "generation";
constexpr const char* kCookies = "cookies";
constexpr size_t kSpareSpace = 64 * 1024;  // that a transaction of the database may need besides its values

std::string name_key(zones::NameView name) {
  std::string key;
  for (const uint8_t octet : name.bytes()) key += static_cast<char>(zones::fold(octet));
  return key;
}

// The key of a page (its id) or of a step (the serial before it). No apex is the beginning of another, for each ends in
// the root label.
std::string part_key(const std::string& apex, uint32_t part) {
  std::string key = apex;
  key.resize(apex.size() + kPartSize);
  zones::store32(reinterpret_cast<uint8_t*>(key.data()) + apex.size(), part);
  return key;
}

void put_generation(Writer& writer, uint64_t generation) {
  writer.put(StoreTable::meta, kGeneration, std::to_string(generation));
}

// The last generation of the redo log that the database holds.
uint64_t written_generation(const Database::Snapshot& snapshot) {
  Bytes value;
  if (!snapshot.get(StoreTable::meta, kGeneration, value)) return 0;
  if (const auto generation = zones::number_in<uint64_t>(text_of(value))) return *generation;
  throw std::invalid_argument("what it says of its redo log is no number");
}

// ---- what a change writes ----

void write_pages(Writer& writer, const std::string& apex, const Store::Change& change) {
  using zones::Page;
  ZoneVersion::for_each_difference(change.before, change.after, [&](uint32_t id, const Page*, const Page* page) {
    if (page != nullptr) {
      writer.put(StoreTable::pages, part_key(apex, id), zones::encode_page(*page));
    } else {
      writer.erase(StoreTable::pages, part_key(apex, id));
    }
  });
  const auto ids_of = [](const ZoneVersion* zone) {
    return zone != nullptr ? zone->page_ids() : std::span<const uint32_t>();
  };
  const auto before = ids_of(change.before), after = ids_of(change.after);
  if (std::ranges::equal(before, after)) return;
  if (after.empty()) {
    writer.erase(StoreTable::pages, part_key(apex, kOrder));
  } else {
    writer.put(StoreTable::pages, part_key(apex, kOrder), zones::encode_order(after));
  }
}

// Histories change at their ends only: what is left of the old one begins the new one.
void write_history(Writer& writer, const std::string& apex, const Store::Change& change) {
  static const std::vector<zones::StepRef> kNone;
  const auto steps_of = [](const ZoneVersion* zone) -> const auto& {
    return zone != nullptr && zone->history() ? zone->history()->steps() : kNone;
  };
  const auto& before = steps_of(change.before);
  const auto& after = steps_of(change.after);
  const auto kept = after.empty() ? before.end() : std::find(before.begin(), before.end(), after.front());
  for (auto step = before.begin(); step != kept; ++step)
    writer.erase(StoreTable::journal, part_key(apex, (*step)->from()));
  for (auto step = after.begin() + (before.end() - kept); step != after.end(); ++step)
    writer.put(StoreTable::journal, part_key(apex, (*step)->from()), zones::encode_step(**step));
}

void erase_parts(Writer& writer, const std::string& apex) {
  writer.erase_all(StoreTable::pages, apex);
  writer.erase_all(StoreTable::journal, apex);
}

void write_zone(Writer& writer, const Store::Change& change) {
  const ZoneVersion& after = *change.after;
  const std::string apex = name_key(after.apex().name);
  if (change.before == nullptr) erase_parts(writer, apex);  // a damaged zone of this name may have left some
  writer.put(StoreTable::zones, apex, zones::encode_zone(after));
  write_pages(writer, apex, change);
  write_history(writer, apex, change);
}

void remove_zone(Writer& writer, const ZoneVersion& zone) {
  const std::string apex = name_key(zone.apex().name);
  erase_parts(writer, apex);
  writer.erase(StoreTable::zones, apex);
  writer.erase(StoreTable::ledger, apex);
}

// ---- what is read at start ----

std::vector<uint32_t> page_order(const Database::Snapshot& snapshot, const std::string& apex,
                                 const zones::StoredZone& zone) {
  if (zone.pages == 0) return {};
  Bytes value;
  if (!snapshot.get(StoreTable::pages, part_key(apex, kOrder), value))
    throw std::invalid_argument("the order of its pages is missing");
  std::vector<uint32_t> order = zones::decode_order(value);
  if (order.size() != zone.pages) throw std::invalid_argument("pages are missing");
  return order;
}

// From the current serial backwards, each step being the one that leads to the one behind it.
zones::HistoryRef read_history(const Database::Snapshot& snapshot, const std::string& apex,
                               const zones::StoredZone& zone) {
  if (zone.steps == 0) return nullptr;
  std::map<uint32_t, zones::StepRef> by_end;
  snapshot.for_each_from(StoreTable::journal, apex, [&](Bytes key, Bytes value) {
    if (key.size() != apex.size() + kPartSize || !text_of(key).starts_with(apex)) return false;
    auto step = zones::decode_step(value);
    by_end[step->to()] = std::move(step);
    return true;
  });
  if (by_end.size() != zone.steps) throw std::invalid_argument("steps of its history are missing");
  std::vector<zones::StepRef> steps;
  for (uint32_t serial = zones::soa_serial(zone.soa); steps.size() < zone.steps; serial = steps.back()->from()) {
    const auto step = by_end.find(serial);
    if (step == by_end.end()) throw std::invalid_argument("its history has a gap");
    steps.push_back(step->second);
  }
  std::ranges::reverse(steps);
  return new zones::History(std::move(steps));
}

zones::VersionRef restore(const Database::Snapshot& snapshot, Bytes value) {
  zones::StoredZone zone = zones::decode_zone(value);
  const std::string apex = name_key(zone.apex);
  std::vector<ZoneVersion::NumberedPage> pages;
  if (!zone.page.empty()) pages.push_back({0, std::move(zone.page)});
  for (const uint32_t id : page_order(snapshot, apex, zone)) {
    Bytes page;
    if (!snapshot.get(StoreTable::pages, part_key(apex, id), page))
      throw std::invalid_argument("page " + std::to_string(id) + " is missing");
    pages.push_back({id, zones::decode_page(page)});
  }
  zones::Attributes attributes{std::move(zone.pseudo), read_history(snapshot, apex, zone), zone.serial_policy,
                               std::move(zone.secondary_dns)};
  return ZoneVersion::restore(zone.apex, zone.soa.view(), pages, std::move(attributes));
}

}  // namespace

Store::LockFile::LockFile(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw StoreError("cannot make the store's directory " + directory.string() + ": " + error.message());
  const auto file = directory / "lock";
  fd_ = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0) throw StoreError("cannot open " + file.string() + ": " + std::strerror(errno));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(fd_);
  throw StoreError("the store in " + directory.string() + " is in use by another axfrd; give each its own --store");
}

Store::LockFile::~LockFile() { ::close(fd_); }

Store::Store(const std::filesystem::path& directory, uint64_t log_capacity)
    : directory_(directory), lock_file_(directory), database_(directory), log_(directory, log_capacity) {
  recover();
  checkpointer_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "axfrd-store");
    run_checkpointer();
  });
}

Store::~Store() {
  try {
    settle();
  } catch (const std::exception&) {  // the log holds it all the same
  }
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  checkpointer_.join();
}

// The database gets what the log holds beyond it, in one transaction: if that is cut off, it is done again.
void Store::recover() {
  try {
    const uint64_t last = written_generation(Database::Snapshot(database_));
    uint64_t newest = last;
    database_.write([&](Writer& writer) {
      newest = log_.replay(last, [&](Bytes batch) { Batch::apply(batch, writer); });
      if (newest != last) put_generation(writer, newest);
    });
    log_.begin(newest + 1);
  } catch (const std::invalid_argument& error) {
    throw StoreError("the store in " + directory_.string() + " is damaged: " + error.what() +
                     "; restore it from a backup");
  }
}

// ---- writing ----

void Store::write(const std::function<void(Writer&)>& work) {
  try {
    Batch batch(log_.largest_record());
    work(batch);
    if (batch.too_large()) return write_at_once(work);
    const Bytes octets = bytes_of(batch.octets());
    if (!log_.has_room(octets.size())) next_generation();
    reserve_space(octets.size());
    log_.append(octets);
    pending_ += batch.octets();
  } catch (const StoreError& error) {
    throw StoreError(error.what() + remark_on_space());
  }
}

// The generation of the log that is under way counts as written, for there is nothing in it.
void Store::write_at_once(const std::function<void(Writer&)>& work) {
  settle();
  database_.write([&](Writer& writer) {
    work(writer);
    put_generation(writer, log_.generation());
  });
  log_.begin(log_.generation() + 1);
}

// What is acknowledged will be written to the database, so there has to be room for it there, too.
void Store::reserve_space(size_t octets) {
  const auto lacking = [&] {
    std::error_code error;
    const auto space = std::filesystem::space(directory_, error);
    const size_t needed = kSpareSpace + 2 * pending_.size() + 4 * octets + log_.growth(octets);
    return !error && space.available < needed;
  };
  if (!lacking()) return;
  settle();
  if (lacking()) throw StoreError("the store has no room for a change");
}

// To LMDB a full disk is one that breaks.
std::string Store::remark_on_space() const {
  constexpr uintmax_t kLittle = uintmax_t{16} << 20;
  std::error_code error;
  const auto space = std::filesystem::space(directory_, error);
  if (error || space.available > kLittle) return "";
  return "; its disk is full: " + std::to_string(space.available / 1024) + " KiB are left";
}

// Hands the batches of a generation to the checkpointer, when it has done with those before.
void Store::next_generation() {
  std::unique_lock lock(mutex_);
  await_checkpoint(lock);
  hand_over();
}

void Store::checkpoint() {
  const std::lock_guard lock(mutex_);
  if (checkpoint_ == Checkpoint::none && !log_.empty()) hand_over();
}

// @pre mutex_ is held, and no checkpoint is under way
void Store::hand_over() {
  full_ = std::exchange(pending_, {});
  full_generation_ = log_.generation();
  checkpoint_ = Checkpoint::wanted;
  wake_.notify_all();
  log_.begin(full_generation_ + 1);
}

// Waits until the database holds everything.
void Store::settle() {
  if (!log_.empty()) next_generation();
  std::unique_lock lock(mutex_);
  await_checkpoint(lock);
}

// One that failed is tried again.
void Store::await_checkpoint(std::unique_lock<std::mutex>& lock) {
  if (checkpoint_ == Checkpoint::failed) {
    checkpoint_ = Checkpoint::wanted;
    wake_.notify_all();
  }
  wake_.wait(lock, [this] { return checkpoint_ != Checkpoint::wanted; });
  if (checkpoint_ == Checkpoint::failed) throw StoreError(failure_);
}

void Store::run_checkpointer() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || checkpoint_ == Checkpoint::wanted; });
    if (checkpoint_ != Checkpoint::wanted) return;
    lock.unlock();
    std::string failure = write_full_generation();
    lock.lock();
    failure_ = std::move(failure);
    checkpoint_ = failure_.empty() ? Checkpoint::none : Checkpoint::failed;
    wake_.notify_all();
  }
}

// Returns what went wrong; empty if nothing did.
std::string Store::write_full_generation() {
  try {
    database_.write([this](Writer& writer) {
      Batch::apply(bytes_of(full_), writer);
      put_generation(writer, full_generation_);
    });
    full_ = {};
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

void Store::commit(std::span<const Change> changes) {
  write([&](Writer& writer) {
    for (const Change& change : changes) {
      if (change.after != nullptr) {
        write_zone(writer, change);
      } else {
        remove_zone(writer, *change.before);
      }
    }
  });
}

void Store::put_text(StoreTable table, const std::string& key, const std::string& text) {
  write([&](Writer& writer) {
    if (text.empty()) {
      writer.erase(table, key);
    } else {
      writer.put(table, key, text);
    }
  });
}

void Store::put_key(zones::NameView name, const std::string& text) { put_text(StoreTable::keys, name_key(name), text); }
void Store::put_provider(const std::string& name, const std::string& text) {
  put_text(StoreTable::providers, name, text);
}

void Store::put_cookies(const std::string& text) { put_text(StoreTable::meta, kCookies, text); }

void Store::put_ledger(std::span<const LedgerText> zones) {
  write([&](Writer& writer) {
    for (const LedgerText& zone : zones) writer.put(StoreTable::ledger, name_key(zone.apex), zone.text);
  });
}

// ---- reading ----

void Store::load_keys(const std::function<void(zones::NameView, const std::string&)>& visit) {
  settle();
  const Database::Snapshot snapshot(database_);
  snapshot.for_each_from(StoreTable::keys, {}, [&](Bytes key, Bytes value) {
    const auto name = zones::NameView::read(key);
    try {
      if (!name) throw std::invalid_argument("its name is malformed");
      visit(*name, std::string(text_of(value)));
    } catch (const std::invalid_argument& error) {
      throw StoreError("the store in " + directory_.string() + " is damaged at key " + (name ? name->to_text() : "?") +
                       ": " + error.what() + "; restore it from a backup, or move it away to begin anew");
    }
    return true;
  });
}

void Store::load_providers(const std::function<void(const std::string&, const std::string&)>& visit) {
  settle();
  const Database::Snapshot snapshot(database_);
  snapshot.for_each_from(StoreTable::providers, {}, [&](Bytes key, Bytes value) {
    visit(std::string(text_of(key)), std::string(text_of(value)));
    return true;
  });
}

std::string Store::cookies() {
  settle();
  const Database::Snapshot snapshot(database_);
  Bytes value;
  return std::string(snapshot.get(StoreTable::meta, kCookies, value) ? text_of(value) : "");
}

void Store::load(const std::function<void(Loaded)>& visit, const std::function<void(const std::string&)>& damaged) {
  settle();
  const Database::Snapshot snapshot(database_);
  snapshot.for_each_from(StoreTable::zones, {}, [&](Bytes key, Bytes value) {
    Loaded loaded;
    try {
      loaded.version = restore(snapshot, value);
      Bytes ledger;
      if (loaded.version->attributes().secondary_dns && snapshot.get(StoreTable::ledger, text_of(key), ledger))
        loaded.ledger = text_of(ledger);
    } catch (const std::invalid_argument& error) {
      const auto apex = zones::NameView::read(key);
      damaged("the store in " + directory_.string() + " is damaged at zone " + (apex ? apex->to_text() : "?") + ": " +
              error.what() + "; the zone is not served: import it anew, or restore the store from a backup");
      return true;
    }
    visit(std::move(loaded));
    return true;
  });
}

}  // namespace axfrd::control
