#include "control/update/database.h"

#include <system_error>
#include <utility>

#include "control/update/store_error.h"

namespace axfrd::control {
namespace {

using zones::Bytes;

constexpr size_t kFirstMapSize = size_t{64} << 20;
constexpr std::array<const char*, kTables> kNames{"zones", "pages", "journal", "meta", "keys", "ledger", "presets"};

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

using Cursor = std::unique_ptr<MDB_cursor, decltype(&mdb_cursor_close)>;

Cursor open_cursor(MDB_txn* txn, MDB_dbi table) {
  MDB_cursor* cursor = nullptr;
  require(mdb_cursor_open(txn, table, &cursor), "read");
  return {cursor, &mdb_cursor_close};
}

}  // namespace

class Database::Transaction : public Writer {
 public:
  explicit Transaction(const Database& database) : database_(database) {
    require(mdb_txn_begin(database.env_.get(), nullptr, 0, &txn_), "begin a transaction");
  }
  ~Transaction() override {
    if (txn_ != nullptr) mdb_txn_abort(txn_);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  MDB_txn* get() const { return txn_; }
  void commit() { require(mdb_txn_commit(std::exchange(txn_, nullptr)), "write to disk"); }

  void put(StoreTable table, std::string_view key, std::string_view value) override {
    MDB_val k = value_of(key), v = value_of(value);
    require(mdb_put(txn_, database_.table(table), &k, &v, 0), "write");
  }
  void erase(StoreTable table, std::string_view key) override {
    MDB_val k = value_of(key);
    const int status = mdb_del(txn_, database_.table(table), &k, nullptr);
    if (status != MDB_NOTFOUND) require(status, "delete");
  }
  void erase_all(StoreTable table, std::string_view prefix) override {
    const Cursor cursor = open_cursor(txn_, database_.table(table));
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
  const Database& database_;
  MDB_txn* txn_ = nullptr;
};

Database::Database(const std::filesystem::path& directory) {
  check_size(directory);
  MDB_env* env = nullptr;
  require(mdb_env_create(&env), "start");
  env_.reset(env);
  require(mdb_env_set_maxdbs(env, kTables), "start");
  require(mdb_env_set_mapsize(env, kFirstMapSize), "start");
  // The store's lock file keeps other processes out, and one thread at a time is here.
  const int status = mdb_env_open(env, directory.c_str(), MDB_NOLOCK | MDB_NORDAHEAD, 0600);
  if (status != MDB_SUCCESS)
    throw StoreError("cannot open the store in " + directory.string() + ": " + mdb_strerror(status));
  open_tables();
}

// A file shorter than its pages say would end the process by SIGBUS when a missing page is read.
void Database::check_size(const std::filesystem::path& directory) const {
  const auto file = directory / "data.mdb";
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return;  // there is none yet
  MDB_env* env = nullptr;
  require(mdb_env_create(&env), "start");
  const std::unique_ptr<MDB_env, CloseEnvironment> probe(env);
  const int status = mdb_env_open(env, directory.c_str(), MDB_NOLOCK | MDB_RDONLY, 0600);
  MDB_envinfo info;
  MDB_stat stat;
  if (status != MDB_SUCCESS || mdb_env_info(env, &info) != MDB_SUCCESS || mdb_env_stat(env, &stat) != MDB_SUCCESS) {
    throw StoreError("cannot read " + file.string() + ": " + mdb_strerror(status) +
                     "; restore it from a backup, or move it away to begin anew");
  }
  if (size < (info.me_last_pgno + 1) * stat.ms_psize) {
    throw StoreError(file.string() +
                     " is shorter than its content; restore it from a backup, or move it away to begin anew");
  }
}

void Database::open_tables() {
  Transaction transaction(*this);
  for (unsigned i = 0; i < kTables; ++i)
    require(mdb_dbi_open(transaction.get(), kNames[i], MDB_CREATE, &tables_[i]), "open its tables");
  transaction.commit();
}

void Database::write(const std::function<void(Writer&)>& work) {
  for (;;) {
    try {
      Transaction transaction(*this);
      work(transaction);
      return transaction.commit();
    } catch (const MapFull&) {
      grow();
    }
  }
}

void Database::grow() {
  MDB_envinfo info;
  require(mdb_env_info(env_.get(), &info), "grow");
  require(mdb_env_set_mapsize(env_.get(), info.me_mapsize * 2), "grow");
}

Database::Snapshot::Snapshot(const Database& database) : database_(database) {
  MDB_txn* txn = nullptr;
  require(mdb_txn_begin(database.env_.get(), nullptr, MDB_RDONLY, &txn), "begin a transaction");
  txn_.reset(txn);
}

bool Database::Snapshot::get(StoreTable table, std::string_view key, Bytes& value) const {
  MDB_val k = value_of(key), v;
  const int status = mdb_get(txn_.get(), database_.table(table), &k, &v);
  if (status == MDB_NOTFOUND) return false;
  require(status, "read");
  value = bytes_of(v);
  return true;
}

void Database::Snapshot::for_each_from(StoreTable table, std::string_view key,
                                       const std::function<bool(Bytes, Bytes)>& visit) const {
  const Cursor cursor = open_cursor(txn_.get(), database_.table(table));
  MDB_val k = value_of(key), value;
  int status = mdb_cursor_get(cursor.get(), &k, &value, key.empty() ? MDB_FIRST : MDB_SET_RANGE);
  while (status == MDB_SUCCESS && visit(bytes_of(k), bytes_of(value)))
    status = mdb_cursor_get(cursor.get(), &k, &value, MDB_NEXT);
  if (status != MDB_NOTFOUND) require(status, "read");
}

}  // namespace axfrd::control
