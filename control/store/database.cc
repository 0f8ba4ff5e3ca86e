#include "control/store/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "control/store/page_check.h"
#include "control/store/store_error.h"
#include "zones/disk/tagged.h"

namespace axfrd::control {
namespace {

using zones::Bytes;

constexpr size_t kFirstMapSize = size_t{64} << 20;
constexpr std::array<const char*, kLmdbTables> kNames{"zones", "pages",  "journal", "meta",
                                                      "keys",  "ledger", "presets", "serials"};

MDB_val value_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // LMDB does not write to what it is given
}

Bytes bytes_of(const MDB_val& value) { return {static_cast<const uint8_t*>(value.mv_data), value.mv_size}; }

// LMDB needs a larger map. The operator does not see this error.
struct MapFull {};
// LMDB does not know whether its last write is on disk. It has to be opened anew.
struct Panic {};

void require(int status, const char* what) {
  if (status == MDB_SUCCESS) return;
  if (status == MDB_MAP_FULL) throw MapFull{};
  if (status == MDB_PANIC) throw Panic{};
  throw StoreError(std::string("the store cannot ") + what + ": " + mdb_strerror(status));
}

using Cursor = std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)>;

Cursor open_cursor(MDB_txn* txn, MDB_dbi table) {
  MDB_cursor* cursor = nullptr;
  require(mdb_cursor_open(txn, table, &cursor), "read");
  return {cursor, &mdb_cursor_close};
}

// The first value of a table, or the one of `key`; nothing if there is none.
std::optional<std::string> peek(MDB_txn* txn, StoreTable table, const char* key) {
  MDB_dbi dbi = 0;
  if (mdb_dbi_open(txn, kNames[static_cast<unsigned>(table)], 0, &dbi) != MDB_SUCCESS) return std::nullopt;
  const Cursor cursor = open_cursor(txn, dbi);
  MDB_val k = value_of(key != nullptr ? key : ""), value;
  if (mdb_cursor_get(cursor.get(), &k, &value, key != nullptr ? MDB_SET : MDB_FIRST) != MDB_SUCCESS)
    return std::nullopt;
  return std::string(zones::text_of(bytes_of(value)));
}

StoreState read_state(MDB_env* env) {
  MDB_txn* txn = nullptr;
  require(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn), "read");
  const std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> reading(txn, &mdb_txn_abort);
  StoreState state;
  state.format = peek(txn, StoreTable::meta, kFormatKey);
  const auto zone = state.format ? std::nullopt : peek(txn, StoreTable::zones, nullptr);
  if (!zone) return state;
  try {
    const zones::Unsealed value = zones::unseal(zones::bytes_of(*zone));
    if (!value.content.empty()) state.zone_format = value.content.front();
  } catch (const std::invalid_argument&) {  // the zone is damaged, and its format is unknown
  }
  return state;
}

}  // namespace

class Database::Transaction : public Writer {
 public:
  explicit Transaction(Database& database) : database_(database) {
    if (!database.env_) throw Panic{};
    require(mdb_txn_begin(database.env_.get(), nullptr, 0, &txn_), "begin a transaction");
    for (unsigned i = 0; i < kLmdbTables; ++i) {
      if (database.tables_[i]) continue;
      MDB_dbi table = 0;
      require(mdb_dbi_open(txn_, kNames[i], MDB_CREATE, &table), "make its tables");
      database.tables_[i] = table;
      made_tables_ = true;
    }
  }
  ~Transaction() override {
    if (txn_ == nullptr) return;
    mdb_txn_abort(txn_);
    if (made_tables_) database_.tables_ = {};
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit() {
    if (settings_) database_.settings_.write(*settings_);
    const int status = mdb_txn_commit(std::exchange(txn_, nullptr));
    if (status != MDB_SUCCESS && made_tables_) database_.tables_ = {};
    require(status, "write to disk");
  }

  void put(StoreTable table, std::string_view key, std::string_view value) override {
    if (table == StoreTable::settings) {
      settings()[std::string(key)] = value;
      return;
    }
    MDB_val k = value_of(key), v = value_of(value);
    require(mdb_put(txn_, handle(table), &k, &v, 0), "write");
  }
  void erase(StoreTable table, std::string_view key) override {
    if (table == StoreTable::settings) {
      settings().erase(std::string(key));
      return;
    }
    MDB_val k = value_of(key);
    const int status = mdb_del(txn_, handle(table), &k, nullptr);
    if (status != MDB_NOTFOUND) require(status, "delete");
  }
  void erase_all(StoreTable table, std::string_view prefix) override {
    if (table == StoreTable::settings) {
      std::erase_if(settings(), [&](const auto& entry) { return entry.first.starts_with(prefix); });
      return;
    }
    const Cursor cursor = open_cursor(txn_, handle(table));
    for (;;) {
      MDB_val key = value_of(prefix), value;
      const int status = mdb_cursor_get(cursor.get(), &key, &value, MDB_SET_RANGE);
      if (status == MDB_NOTFOUND) return;
      require(status, "delete");
      if (!std::string_view(static_cast<const char*>(key.mv_data), key.mv_size).starts_with(prefix)) return;
      require(mdb_cursor_del(cursor.get(), 0), "delete");
    }
  }

 private:
  MDB_dbi handle(StoreTable table) const { return *database_.table(table); }
  SettingsFile::Entries& settings() {
    if (!settings_) settings_ = database_.settings_.entries();
    return *settings_;
  }

  Database& database_;
  MDB_txn* txn_ = nullptr;
  bool made_tables_ = false;
  std::optional<SettingsFile::Entries> settings_;  // none: unchanged
};

Database::Database(const std::filesystem::path& directory) : directory_(directory), settings_(directory / "settings") {
  to_be_upgraded_ = check_format(probe(directory), directory);
  settings_.read();
  open();
}

void Database::open() {
  tables_ = {};
  env_.reset();
  MDB_env* env = nullptr;
  require(mdb_env_create(&env), "start");
  env_.reset(env);
  require(mdb_env_set_maxdbs(env, kLmdbTables), "start");
  require(mdb_env_set_mapsize(env, kFirstMapSize), "start");
  // The store's lock file keeps other processes out, and only one thread at a time uses the database.
  const int status = mdb_env_open(env, directory_.c_str(), MDB_NOLOCK | MDB_NORDAHEAD, 0600);
  if (status != MDB_SUCCESS)
    throw StoreError("cannot open the store in " + directory_.string() + ": " + mdb_strerror(status));
  open_tables();
}

// Reads the state of the file without changing it.
StoreState Database::probe(const std::filesystem::path& directory) {
  const auto file = directory / "data.mdb";
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};  // there is none yet
  const char* const advice = "; restore it from a backup, or move it away to begin anew";
  if (const auto damage = find_page_damage(file)) throw StoreError(file.string() + " " + *damage + advice);
  MDB_env* env = nullptr;
  require(mdb_env_create(&env), "start");
  const std::unique_ptr<MDB_env, CloseEnvironment> probe(env);
  require(mdb_env_set_maxdbs(env, kLmdbTables), "start");
  const int status = mdb_env_open(env, directory.c_str(), MDB_NOLOCK | MDB_RDONLY, 0600);
  if (status != MDB_SUCCESS) throw StoreError("cannot read " + file.string() + ": " + mdb_strerror(status) + advice);
  return read_state(env);
}

// Does not write, because the disk may be full.
void Database::open_tables() {
  MDB_txn* txn = nullptr;
  require(mdb_txn_begin(env_.get(), nullptr, MDB_RDONLY, &txn), "open its tables");
  for (unsigned i = 0; i < kLmdbTables; ++i) {
    MDB_dbi table = 0;
    if (mdb_dbi_open(txn, kNames[i], 0, &table) == MDB_SUCCESS) tables_[i] = table;
  }
  require(mdb_txn_commit(txn), "open its tables");
}

void Database::write(const std::function<void(Writer&)>& work) {
  for (bool reopened = false;;) {
    try {
      Transaction transaction(*this);
      work(transaction);
      return transaction.commit();
    } catch (const MapFull&) {
      grow();
    } catch (const Panic&) {
      if (std::exchange(reopened, true)) throw StoreError("the store cannot write to disk");
      open();
    }
  }
}

void Database::write_copy(const std::filesystem::path& file) const {
  const int fd = ::open(file.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) throw StoreError("the store cannot make " + file.string() + ": " + std::strerror(errno));
  const int status = mdb_env_copyfd2(env_.get(), fd, MDB_CP_COMPACT);
  const bool synced = status == MDB_SUCCESS && ::fsync(fd) == 0;
  ::close(fd);
  if (synced) return;
  std::error_code error;
  std::filesystem::remove(file, error);
  throw StoreError("the store cannot write " + file.string() + ": " +
                   (status != MDB_SUCCESS ? mdb_strerror(status) : std::strerror(errno)));
}

void Database::copy_to(int fd) const {
  const int status = mdb_env_copyfd2(env_.get(), fd, MDB_CP_COMPACT);
  if (status != MDB_SUCCESS) throw StoreError(std::string("the store cannot copy data.mdb: ") + mdb_strerror(status));
}

void Database::compact() {
  const auto copy = directory_ / "data.mdb.new";
  write_copy(copy);
  std::error_code error;
  env_.reset();
  std::filesystem::rename(copy, directory_ / "data.mdb", error);
  open();
  if (error) throw StoreError("the store cannot replace data.mdb: " + error.message());
}

void Database::grow() {
  MDB_envinfo info;
  require(mdb_env_info(env_.get(), &info), "grow");
  require(mdb_env_set_mapsize(env_.get(), info.me_mapsize * 2), "grow");
}

Database::Snapshot::Snapshot(const Database& database) : database_(database) {
  if (!database.env_) throw StoreError("the store cannot read from the disk");
  MDB_txn* txn = nullptr;
  const int status = mdb_txn_begin(database.env_.get(), nullptr, MDB_RDONLY, &txn);
  if (status == MDB_PANIC) throw StoreError("the store cannot read from the disk, since a write failed");
  require(status, "begin a transaction");
  txn_.reset(txn);
}

bool Database::Snapshot::get(StoreTable table, std::string_view key, Bytes& value) const {
  if (table == StoreTable::settings) {
    const auto& entries = database_.settings_.entries();
    const auto entry = entries.find(std::string(key));
    if (entry != entries.end()) value = zones::bytes_of(entry->second);
    return entry != entries.end();
  }
  if (!database_.table(table)) return false;
  MDB_val k = value_of(key), v;
  const int status = mdb_get(txn_.get(), *database_.table(table), &k, &v);
  if (status == MDB_NOTFOUND) return false;
  require(status, "read");
  value = bytes_of(v);
  return true;
}

void Database::Snapshot::for_each_from(StoreTable table, std::string_view key,
                                       const std::function<bool(Bytes, Bytes)>& visit) const {
  if (table == StoreTable::settings) {
    const auto& entries = database_.settings_.entries();
    for (auto entry = entries.lower_bound(std::string(key)); entry != entries.end(); ++entry) {
      if (!visit(zones::bytes_of(entry->first), zones::bytes_of(entry->second))) return;
    }
    return;
  }
  if (!database_.table(table)) return;
  const Cursor cursor = open_cursor(txn_.get(), *database_.table(table));
  MDB_val k = value_of(key), value;
  int status = mdb_cursor_get(cursor.get(), &k, &value, key.empty() ? MDB_FIRST : MDB_SET_RANGE);
  while (status == MDB_SUCCESS && visit(bytes_of(k), bytes_of(value)))
    status = mdb_cursor_get(cursor.get(), &k, &value, MDB_NEXT);
  if (status != MDB_NOTFOUND) require(status, "read");
}

}  // namespace axfrd::control
