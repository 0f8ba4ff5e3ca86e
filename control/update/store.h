// Store: the zones on disk (LMDB). What commit() has returned from survives kill -9 and power loss.
//
// Keys and values (zones/disk_format.h), in seven tables:
//
//   zones     apex in wire format, folded → zone value
//   pages     zone number, page id        → page value; behind the last id, the order value
//   journal   zone number, serial         → step value: the step of history that leads on from this serial
//   meta      the number of the next new zone
//   keys      key name in wire format, folded → text (key_book.h)
//   ledger    apex in wire format, folded → what secondaries were last seen to have (ledger.h)
//   presets   name → text: providers of secondaries (secondary.h)
//
// A commit writes what differs between two versions: the zone value, and the pages and steps they do not share.
//
// Threads. The updater's, from construction on. One process at a time: a second one is refused.
#pragma once

#include <lmdb.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "zones/disk_format.h"
#include "zones/version.h"

namespace axfrd::control {

// What went wrong with the store, for the operator. Nothing was committed.
struct StoreError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Store {
 public:
  // Opens the store in `directory`, which is made if it is missing. Throws StoreError.
  explicit Store(const std::filesystem::path& directory);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // From one version of a zone to the next. No `before`: the zone is new; no `after`: it goes.
  struct Change {
    const zones::ZoneVersion* before;
    const zones::ZoneVersion* after;
  };
  // Makes all changes durable, or none of them (StoreError).
  void commit(std::span<const Change> changes);

  // Keeps `text` as what the key is, durably; empty: the key goes. Throws StoreError.
  void put_key(zones::NameView name, const std::string& text);
  // Calls visit(name, text) for every key; what it throws as std::invalid_argument comes back as StoreError.
  void load_keys(const std::function<void(zones::NameView, const std::string&)>& visit) const;

  struct LedgerText {
    zones::Name apex;
    std::string text;
  };
  void put_ledger(std::span<const LedgerText> zones);
  // Empty if nothing was kept.
  std::string ledger(zones::NameView apex) const;

  // As put_key() and load_keys().
  void put_provider(const std::string& name, const std::string& text);
  void load_providers(const std::function<void(const std::string&, const std::string&)>& visit) const;

  size_t zone_count() const;
  // Calls visit(version) for every zone, or damaged(sentence) for one that cannot be read; it stays as it is until a
  // zone of its name is added. Throws StoreError when nothing can be read at all.
  void load(const std::function<void(zones::VersionRef)>& visit,
            const std::function<void(const std::string&)>& damaged) const;

 private:
  struct CloseEnvironment {
    void operator()(MDB_env* env) const { mdb_env_close(env); }
  };
  class Transaction;

  // Runs work(transaction) and commits, anew with a larger map when that is full.
  template <class Work>
  void write(Work&& work);
  void put_text(MDB_dbi table, const std::string& key, const std::string& text);
  std::string remark_on_space() const;
  void lock();
  void check_file_size() const;
  void open_tables();
  void grow();
  void write_zone(Transaction& transaction, const Change& change);
  void remove_zone(Transaction& transaction, const zones::ZoneVersion& zone);
  static void write_pages(Transaction& transaction, MDB_dbi pages, uint64_t number, const Change& change);
  static void write_history(Transaction& transaction, MDB_dbi journal, uint64_t number, const Change& change);
  uint64_t number_of(const Transaction& transaction, const zones::ZoneVersion& zone) const;
  zones::VersionRef restore(const Transaction& transaction, zones::Bytes value) const;
  std::vector<uint32_t> page_order(const Transaction& transaction, const zones::StoredZone& zone) const;
  zones::HistoryRef read_history(const Transaction& transaction, const zones::StoredZone& zone) const;

  const std::filesystem::path directory_;
  int lock_fd_ = -1;
  std::unique_ptr<MDB_env, CloseEnvironment> env_;
  MDB_dbi zones_ = 0, pages_ = 0, journal_ = 0, meta_ = 0, keys_ = 0, ledger_ = 0, providers_ = 0;
  uint64_t next_number_ = 1;
};

}  // namespace axfrd::control
