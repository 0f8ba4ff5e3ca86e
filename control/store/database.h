// Database: LMDB as the store uses it: tables of keys and values, read in order, written in transactions that are on
// disk, whole, when they have been committed. The table of settings is a file of its own (settings_file.h), which is
// written before the rest of a transaction: LMDB would leave what was removed in its free pages.
//
// After a write that failed, the next one opens LMDB anew, which reads from the disk what there is.
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

// `keys` and `providers`: where these stood until format 6. `settings` is no table of LMDB, see SettingsFile.
enum class StoreTable : uint8_t { zones, pages, journal, meta, keys, ledger, providers, serials, settings };
inline constexpr unsigned kLmdbTables = 8, kTables = 9;

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
  // Opens data.mdb in `directory`, or makes it. Refuses, before anything is touched, what check_format() refuses.
  explicit Database(const std::filesystem::path& directory);
  // Whether it was found in an older format, or new.
  bool to_be_upgraded() const { return to_be_upgraded_; }

  // Runs work(writer) and commits; anew with a larger map when that is full. Makes the tables that are missing.
  void write(const std::function<void(Writer&)>& work);
  // Copies what is alive into a new data.mdb, so that nothing is left of what was removed.
  void compact();
  // Writes a data.mdb of what is alive to a file or a socket.
  void copy_to(int fd) const;
  const SettingsFile::Entries& settings() const { return settings_.entries(); }
  // Reads from the disk anew what there is.
  void reopen() { open(); }
  // What was found damaged among the settings: sentences.
  const std::vector<std::string>& damaged_settings() const { return settings_.damage(); }

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
