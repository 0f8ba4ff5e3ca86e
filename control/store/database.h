// Database: LMDB as the store uses it. It has tables of keys and values, which are read in key order and written in
// transactions. A committed transaction is on disk as a whole. The table of settings is a file of its own
// (settings_file.h), because LMDB would leave removed values in its free pages. That file is written before the rest of
// a transaction.
//
// After a failed write, the next one opens LMDB anew, and so reads the state from the disk.
//
// Threads. One at a time: LMDB's own locks are off. Every call may throw StoreError.
#pragma once

#include <lmdb.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/store/settings_file.h"
#include "control/store/store_format.h"
#include "zones/wire/wire.h"

namespace axfrd::control {

// `keys` and `providers`: tables of settings until format 6. `settings` is no table of LMDB (see SettingsFile).
enum class StoreTable : uint8_t { zones, pages, journal, meta, keys, ledger, providers, serials, settings };
inline constexpr unsigned kLmdbTables = 8, kTables = 9;

// The target of changes: the database itself, or a batch of them for later.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual void put(StoreTable table, std::string_view key, std::string_view value) = 0;
  virtual void erase(StoreTable table, std::string_view key) = 0;
  // Erases all keys that begin with `prefix`.
  virtual void erase_all(StoreTable table, std::string_view prefix) = 0;
};

class Database {
 public:
  // Opens data.mdb in `directory`, or makes it. Throws, before anything is changed, if check_format() refuses the
  // store.
  explicit Database(const std::filesystem::path& directory);
  // Whether the store is new, or was in an older format when it was opened.
  bool to_be_upgraded() const { return to_be_upgraded_; }

  // Runs work(writer) and commits. If the map is full, enlarges it and does both again. Makes the tables that are
  // missing.
  void write(const std::function<void(Writer&)>& work);
  // Replaces data.mdb by a copy without free pages, so that nothing is left of removed values.
  void compact();
  // Writes a copy of data.mdb without free pages to a file or a socket.
  void copy_to(int fd) const;
  const SettingsFile::Entries& settings() const { return settings_.entries(); }
  // Opens LMDB anew, and so reads the state from the disk.
  void reopen() { open(); }
  // The damage that was found in the settings, as sentences.
  const std::vector<std::string>& damaged_settings() const { return settings_.damage(); }

  // A view of the database at one moment. Values are valid until the snapshot ends, and nothing may be written until
  // then.
  class Snapshot {
   public:
    explicit Snapshot(const Database& database);
    // False if the key is not there.
    bool get(StoreTable table, std::string_view key, zones::Bytes& value) const;
    // Calls visit(key, value) in key order, from the first key that is not before `key`, until visit returns false.
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

  static StoreState probe(const std::filesystem::path& directory);
  void open();
  void open_tables();
  void grow();
  void write_copy(const std::filesystem::path& file) const;
  const std::optional<MDB_dbi>& table(StoreTable table) const { return tables_[static_cast<unsigned>(table)]; }

  const std::filesystem::path directory_;
  SettingsFile settings_;
  std::unique_ptr<MDB_env, CloseEnvironment> env_;
  std::array<std::optional<MDB_dbi>, kLmdbTables> tables_;  // none: it is missing
  bool to_be_upgraded_ = false;
};

}  // namespace axfrd::control
