#include "control/update/store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::ZoneVersion;

constexpr size_t kFirstMapSize = size_t{64} << 20;
constexpr size_t kPartKeySize = 12;      // zone number, then page id or serial
constexpr uint32_t kOrder = 0xFFFFFFFF;  // the order value's place among the pages; no page has this id
constexpr std::string_view kNextNumber = "next zone number";

std::string name_key(zones::NameView name) {
  std::string key;
  for (const uint8_t octet : name.bytes()) key += static_cast<char>(zones::fold(octet));
  return key;
}

std::string bytes64(uint64_t number) {
  std::string bytes(8, '\0');
  auto* out = reinterpret_cast<uint8_t*>(bytes.data());
  zones::store32(out, static_cast<uint32_t>(number >> 32));
  zones::store32(out + 4, static_cast<uint32_t>(number));
  return bytes;
}

uint64_t load64(const uint8_t* at) { return uint64_t{zones::load32(at)} << 32 | zones::load32(at + 4); }

// The key of a page (its id) or of a step (the serial before it).
std::string part_key(uint64_t number, uint32_t part) {
  std::string key = bytes64(number);
  key.resize(kPartKeySize);
  zones::store32(reinterpret_cast<uint8_t*>(key.data()) + 8, part);
  return key;
}

MDB_val value_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // LMDB does not write to what it is given
}

Bytes bytes_of(const MDB_val& value) { return {static_cast<const uint8_t*>(value.mv_data), value.mv_size}; }

// LMDB asks for a larger map; not an error of the operator's.
struct MapFull {};

void require(int status, const char* what) {
  if (status == MDB_SUCCESS) return;
  if (status == MDB_MAP_FULL) throw MapFull{};
  // LMDB does not know whether its last write is on the disk; only reading it anew tells.
  if (status == MDB_PANIC) throw StoreError("the store takes no changes since a write failed; restart axfrd");
  throw StoreError(std::string("the store cannot ") + what + ": " + mdb_strerror(status));
}

}  // namespace

class Store::Transaction {
 public:
  Transaction(MDB_env* env, unsigned flags) {
    require(mdb_txn_begin(env, nullptr, flags, &txn_), "begin a transaction");
  }
  ~Transaction() {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  MDB_txn* get() const { return txn_; }
  void commit() { require(mdb_txn_commit(std::exchange(txn_, nullptr)), "write to disk"); }

  // False if the key is not there. The value is valid until the transaction ends.
  bool get(MDB_dbi table, std::string_view key, MDB_val& value) const {
    MDB_val k = value_of(key);
    const int status = mdb_get(txn_, table, &k, &value);
    if (status == MDB_NOTFOUND) return false;
    require(status, "read");
    return true;
  }
  // Calls visit(key, value) in the order of keys, beginning at `key` or the next one, while it returns true.
  template <class Visitor>
  void for_each_from(MDB_dbi table, std::string_view key, Visitor&& visit) const {
    MDB_cursor* raw = nullptr;
    require(mdb_cursor_open(txn_, table, &raw), "read");
    const std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)> cursor(raw, &mdb_cursor_close);
    MDB_val k = value_of(key), value;
    int status = mdb_cursor_get(raw, &k, &value, key.empty() ? MDB_FIRST : MDB_SET_RANGE);
    while (status == MDB_SUCCESS && visit(bytes_of(k), bytes_of(value)))
      status = mdb_cursor_get(raw, &k, &value, MDB_NEXT);
    if (status != MDB_NOTFOUND) require(status, "read");
  }
  void put(MDB_dbi table, std::string_view key, std::string_view value) {
    MDB_val k = value_of(key), v = value_of(value);
    require(mdb_put(txn_, table, &k, &v, 0), "write");
  }
  void erase(MDB_dbi table, std::string_view key) {
    MDB_val k = value_of(key);
    const int status = mdb_del(txn_, table, &k, nullptr);
    if (status != MDB_NOTFOUND) require(status, "delete");
  }

 private:
  MDB_txn* txn_ = nullptr;
};

Store::Store(const std::filesystem::path& directory) : directory_(directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) throw StoreError("cannot make the store's directory " + directory.string() + ": " + error.message());
  lock();
  check_file_size();
  MDB_env* env = nullptr;
  require(mdb_env_create(&env), "start");
  env_.reset(env);
  require(mdb_env_set_maxdbs(env, 7), "start");
  require(mdb_env_set_mapsize(env, kFirstMapSize), "start");
  // The lock file below keeps other processes out, and one thread uses the store: LMDB's own locks are of no use.
  const int status = mdb_env_open(env, directory.c_str(), MDB_NOLOCK | MDB_NORDAHEAD, 0600);
  if (status != MDB_SUCCESS)
    throw StoreError("cannot open the store in " + directory.string() + ": " + mdb_strerror(status));
  open_tables();
}

Store::~Store() {
  env_.reset();
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

void Store::lock() {
  const auto file = directory_ / "lock";
  lock_fd_ = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) throw StoreError("cannot open " + file.string() + ": " + std::strerror(errno));
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(std::exchange(lock_fd_, -1));
  throw StoreError("the store in " + directory_.string() + " is in use by another axfrd; give each its own --store");
}

// A file shorter than its pages say would end the process by SIGBUS when a missing page is read.
void Store::check_file_size() const {
  const auto file = directory_ / "data.mdb";
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return;  // there is none yet
  MDB_env* probe = nullptr;
  require(mdb_env_create(&probe), "start");
  const std::unique_ptr<MDB_env, CloseEnvironment> guard(probe);
  const int status = mdb_env_open(probe, directory_.c_str(), MDB_NOLOCK | MDB_RDONLY, 0600);
  MDB_envinfo info;
  MDB_stat stat;
  if (status != MDB_SUCCESS || mdb_env_info(probe, &info) != MDB_SUCCESS || mdb_env_stat(probe, &stat) != MDB_SUCCESS) {
    throw StoreError("cannot read " + file.string() + ": " + mdb_strerror(status) +
                     "; restore it from a backup, or move it away to begin anew");
  }
  if (size < (info.me_last_pgno + 1) * stat.ms_psize) {
    throw StoreError(file.string() +
                     " is shorter than its content; restore it from a backup, or move it away to begin anew");
  }
}

void Store::open_tables() {
  Transaction transaction(env_.get(), 0);
  require(mdb_dbi_open(transaction.get(), "zones", MDB_CREATE, &zones_), "open its tables");
  require(mdb_dbi_open(transaction.get(), "pages", MDB_CREATE, &pages_), "open its tables");
  require(mdb_dbi_open(transaction.get(), "journal", MDB_CREATE, &journal_), "open its tables");
  require(mdb_dbi_open(transaction.get(), "meta", MDB_CREATE, &meta_), "open its tables");
  require(mdb_dbi_open(transaction.get(), "keys", MDB_CREATE, &keys_), "open its tables");
  require(mdb_dbi_open(transaction.get(), "ledger", MDB_CREATE, &ledger_), "open its tables");
  require(mdb_dbi_open(transaction.get(), "presets", MDB_CREATE, &providers_), "open its tables");
  MDB_val value;
  if (transaction.get(meta_, kNextNumber, value) && value.mv_size == 8) next_number_ = load64(bytes_of(value).data());
  transaction.commit();
}

size_t Store::zone_count() const {
  const Transaction transaction(env_.get(), MDB_RDONLY);
  MDB_stat stat;
  require(mdb_stat(transaction.get(), zones_, &stat), "count its zones");
  return stat.ms_entries;
}

template <class Work>
void Store::write(Work&& work) {
  for (;;) {
    try {
      Transaction transaction(env_.get(), 0);
      work(transaction);
      transaction.commit();
      return;
    } catch (const MapFull&) {
      grow();
    } catch (const StoreError& error) {
      throw StoreError(error.what() + remark_on_space());
    }
  }
}

// To LMDB a full disk is one that breaks.
std::string Store::remark_on_space() const {
  constexpr uintmax_t kLittle = uintmax_t{16} << 20;
  std::error_code error;
  const auto space = std::filesystem::space(directory_, error);
  if (error || space.available > kLittle) return "";
  return "; its disk is full: " + std::to_string(space.available / 1024) + " KiB are left";
}

void Store::commit(std::span<const Change> changes) {
  const uint64_t number = next_number_;
  write([&](Transaction& transaction) {
    next_number_ = number;  // of an attempt that found the map full, nothing counts
    for (const Change& change : changes) {
      if (change.after != nullptr) {
        write_zone(transaction, change);
      } else {
        remove_zone(transaction, *change.before);
      }
    }
  });
}

void Store::put_text(MDB_dbi table, const std::string& key, const std::string& text) {
  write([&](Transaction& transaction) {
    if (text.empty()) {
      transaction.erase(table, key);
    } else {
      transaction.put(table, key, text);
    }
  });
}

void Store::put_key(zones::NameView name, const std::string& text) { put_text(keys_, name_key(name), text); }
void Store::put_provider(const std::string& name, const std::string& text) { put_text(providers_, name, text); }

void Store::load_providers(const std::function<void(const std::string&, const std::string&)>& visit) const {
  const Transaction transaction(env_.get(), MDB_RDONLY);
  transaction.for_each_from(providers_, {}, [&](Bytes key, Bytes value) {
    visit({key.begin(), key.end()}, {value.begin(), value.end()});
    return true;
  });
}

void Store::put_ledger(std::span<const LedgerText> zones) {
  write([&](Transaction& transaction) {
    for (const LedgerText& zone : zones) transaction.put(ledger_, name_key(zone.apex), zone.text);
  });
}

std::string Store::ledger(zones::NameView apex) const {
  const Transaction transaction(env_.get(), MDB_RDONLY);
  MDB_val value;
  if (!transaction.get(ledger_, name_key(apex), value)) return {};
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

void Store::load_keys(const std::function<void(zones::NameView, const std::string&)>& visit) const {
  const Transaction transaction(env_.get(), MDB_RDONLY);
  transaction.for_each_from(keys_, {}, [&](Bytes key, Bytes value) {
    const auto name = zones::NameView::read(key);
    try {
      if (!name) throw std::invalid_argument("its name is malformed");
      visit(*name, {value.begin(), value.end()});
    } catch (const std::invalid_argument& error) {
      throw StoreError("the store in " + directory_.string() + " is damaged at key " + (name ? name->to_text() : "?") +
                       ": " + error.what() + "; restore it from a backup, or move it away to begin anew");
    }
    return true;
  });
}

void Store::grow() {
  MDB_envinfo info;
  require(mdb_env_info(env_.get(), &info), "grow");
  require(mdb_env_set_mapsize(env_.get(), info.me_mapsize * 2), "grow");
}

uint64_t Store::number_of(const Transaction& transaction, const ZoneVersion& zone) const {
  MDB_val value;
  if (!transaction.get(zones_, name_key(zone.apex().name), value))
    throw StoreError("the store lost the zone " + zone.apex().name.to_text());
  return zones::decode_zone(bytes_of(value)).number;
}

void Store::write_zone(Transaction& transaction, const Change& change) {
  const ZoneVersion& after = *change.after;
  uint64_t number = 0;
  if (change.before != nullptr) {
    number = number_of(transaction, *change.before);
  } else {
    number = next_number_++;
    transaction.put(meta_, kNextNumber, bytes64(next_number_));
  }
  transaction.put(zones_, name_key(after.apex().name), zones::encode_zone(after, number));
  write_pages(transaction, pages_, number, change);
  write_history(transaction, journal_, number, change);
}

void Store::write_pages(Transaction& transaction, MDB_dbi pages, uint64_t number, const Change& change) {
  using zones::Page;
  ZoneVersion::for_each_difference(change.before, change.after, [&](uint32_t id, const Page*, const Page* page) {
    if (page != nullptr) {
      transaction.put(pages, part_key(number, id), zones::encode_page(*page));
    } else {
      transaction.erase(pages, part_key(number, id));
    }
  });
  const auto ids_of = [](const ZoneVersion* zone) {
    return zone != nullptr ? zone->page_ids() : std::span<const uint32_t>();
  };
  const auto before = ids_of(change.before), after = ids_of(change.after);
  if (std::ranges::equal(before, after)) return;
  if (after.empty()) {
    transaction.erase(pages, part_key(number, kOrder));
  } else {
    transaction.put(pages, part_key(number, kOrder), zones::encode_order(after));
  }
}

// Histories change at their ends only: what is left of the old one begins the new one.
void Store::write_history(Transaction& transaction, MDB_dbi journal, uint64_t number, const Change& change) {
  static const std::vector<zones::StepRef> kNone;
  const auto steps_of = [](const ZoneVersion* zone) -> const auto& {
    return zone != nullptr && zone->history() ? zone->history()->steps() : kNone;
  };
  const auto& before = steps_of(change.before);
  const auto& after = steps_of(change.after);
  const auto kept = after.empty() ? before.end() : std::find(before.begin(), before.end(), after.front());
  for (auto step = before.begin(); step != kept; ++step) transaction.erase(journal, part_key(number, (*step)->from()));
  for (auto step = after.begin() + (before.end() - kept); step != after.end(); ++step)
    transaction.put(journal, part_key(number, (*step)->from()), zones::encode_step(**step));
}

void Store::remove_zone(Transaction& transaction, const ZoneVersion& zone) {
  const uint64_t number = number_of(transaction, zone);
  write_pages(transaction, pages_, number, {&zone, nullptr});
  write_history(transaction, journal_, number, {&zone, nullptr});
  transaction.erase(zones_, name_key(zone.apex().name));
  transaction.erase(ledger_, name_key(zone.apex().name));
}

zones::VersionRef Store::restore(const Transaction& transaction, Bytes value) const {
  zones::StoredZone zone = zones::decode_zone(value);
  std::vector<ZoneVersion::NumberedPage> pages;
  if (!zone.page.empty()) pages.push_back({0, std::move(zone.page)});
  for (const uint32_t id : page_order(transaction, zone)) {
    MDB_val page;
    if (!transaction.get(pages_, part_key(zone.number, id), page))
      throw std::invalid_argument("page " + std::to_string(id) + " is missing");
    pages.push_back({id, zones::decode_page(bytes_of(page))});
  }
  zones::Attributes attributes{nullptr, read_history(transaction, zone), zone.serial_policy, zone.secondary_dns};
  if (!zone.pseudo.empty())
    attributes.pseudo = std::make_shared<const std::vector<zones::PseudoRecord>>(std::move(zone.pseudo));
  return ZoneVersion::restore(zone.apex, zone.soa.view(), pages, std::move(attributes));
}

std::vector<uint32_t> Store::page_order(const Transaction& transaction, const zones::StoredZone& zone) const {
  if (zone.pages == 0) return {};
  MDB_val value;
  if (!transaction.get(pages_, part_key(zone.number, kOrder), value))
    throw std::invalid_argument("the order of its pages is missing");
  std::vector<uint32_t> order = zones::decode_order(bytes_of(value));
  if (order.size() != zone.pages) throw std::invalid_argument("pages are missing");
  return order;
}

// From the current serial backwards, each step being the one that leads to the one behind it.
zones::HistoryRef Store::read_history(const Transaction& transaction, const zones::StoredZone& zone) const {
  std::map<uint32_t, zones::StepRef> by_end;
  if (zone.steps != 0) {
    transaction.for_each_from(journal_, bytes64(zone.number), [&](Bytes key, Bytes value) {
      if (key.size() != kPartKeySize || load64(key.data()) != zone.number) return false;
      auto step = zones::decode_step(value);
      by_end[step->to()] = std::move(step);
      return true;
    });
  }
  if (by_end.size() != zone.steps) throw std::invalid_argument("steps of its history are missing");
  std::vector<zones::StepRef> steps;
  for (uint32_t serial = zones::soa_serial(zone.soa); steps.size() < zone.steps; serial = steps.back()->from()) {
    const auto step = by_end.find(serial);
    if (step == by_end.end()) throw std::invalid_argument("its history has a gap");
    steps.push_back(step->second);
  }
  if (steps.empty()) return nullptr;
  std::ranges::reverse(steps);
  return new zones::History(std::move(steps));
}

void Store::load(const std::function<void(zones::VersionRef)>& visit,
                 const std::function<void(const std::string&)>& damaged) const {
  const Transaction transaction(env_.get(), MDB_RDONLY);
  transaction.for_each_from(zones_, {}, [&](Bytes key, Bytes value) {
    zones::VersionRef version;
    try {
      version = restore(transaction, value);
    } catch (const std::invalid_argument& error) {
      const auto apex = zones::NameView::read(key);
      damaged("the store in " + directory_.string() + " is damaged at zone " + (apex ? apex->to_text() : "?") + ": " +
              error.what() + "; the zone is not served: import it anew, or restore the store from a backup");
    }
    if (version) visit(std::move(version));
    return true;
  });
}

}  // namespace axfrd::control
