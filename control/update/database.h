// Database: LMDB as the store uses it: tables of keys and values, read in order, written in transactions that are on
// disk, whole, when they have been committed.
//
// Threads. One at a time: LMDB's own locks are off. Every call may throw StoreError.
#pragma once

#include <lmdb.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "zones/wire.h"

namespace axfrd::control {

enum class StoreTable : uint8_t { zones, pages, journal, meta, keys, ledger, providers };
inline constexpr unsigned kTables = 7;

// What changes are written to: the database itself, or a batch of them for later.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void put(StoreTable table, std::string_view key, std::string_view value) = 0;
  virtual void erase(StoreTable table, std::string_view key) = 0;
  // All keys that begin with `prefix`.
  virtual void erase_all(StoreTable table, std::string_view prefix) = 0;
};

class Database {
 public:
  // Opens data.mdb in `directory`, or makes it.
  explicit Database(const std::filesystem::path& directory);

  // Runs work(writer) and commits; anew with a larger map when that is full.
  void write(const std::function<void(Writer&)>& work);

  // Reads of one moment. Values are valid until it ends, and nothing may be written until then.
  class Snapshot {
   public:
    explicit Snapshot(const Database& database);
    // False if the key is not there.
    bool get(StoreTable table, std::string_view key, zones::Bytes& value) const;
    // Calls visit(key, value) in the order of keys, beginning at `key` or the next one, while it returns true.
    void for_each_from(StoreTable table, std::string_view key,
                       const std::function<bool(zones::Bytes, zones::Bytes)>& visit) const;

   private:
    struct Abort {
      void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
    };
    const Database& database_;
    std::unique_ptr<MDB_txn, Abort> txn_;
  };

 private:
  struct CloseEnvironment {
    void operator()(MDB_env* env) const { mdb_env_close(env); }
  };
  class Transaction;

  void check_size(const std::filesystem::path& directory) const;
  void open_tables();
  void grow();
  MDB_dbi table(StoreTable table) const { return tables_[static_cast<unsigned>(table)]; }

  std::unique_ptr<MDB_env, CloseEnvironment> env_;
  std::array<MDB_dbi, kTables> tables_{};
};

}  // namespace axfrd::control
