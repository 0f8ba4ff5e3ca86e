// Store: the zones on disk. What commit() has returned from survives kill -9 and power loss.
//
// Tables of the database (LMDB), whose values are those of zones/disk_format.h:
//
//   zones      apex in wire format, folded → zone value
//   pages      apex, page id               → page value; behind the last id, the order value
//   journal    apex, serial                → step value: the step of history that leads on from this serial
//   meta       the last generation of the redo log that stands in the database; the secrets of DNS Cookies that an
//              operator has set
//   keys       key name in wire format, folded → text (key_book.h)
//   ledger     apex                        → what secondaries were last seen to have (ledger.h)
//   providers  name                        → text (secondary.h)
//
// A commit is a batch of puts and erasures: what differs between two versions, which is the zone value, and the pages
// and steps they do not share. It is written to the redo log (redo_log.h), and kept in memory; when a generation of the
// log is full, the checkpointer writes all its batches to the database in one transaction, while the next generation
// fills; and when nothing happens for a while, so that a start finds little to redo. A batch that is too large for the
// log goes to the database at once. At start the database gets what the log holds beyond it, so everything is read from
// there.
//
// Threads. One may call, the updater's. The checkpointer is a thread of the store's own: while it has work, the
// database is its; otherwise it is the caller's. One process at a time: a second one is refused.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "control/update/database.h"
#include "control/update/redo_log.h"
#include "control/update/store_error.h"
#include "zones/disk_format.h"
#include "zones/version.h"

namespace axfrd::control {

class Store {
 public:
  static constexpr uint64_t kLogCapacity = uint64_t{16} << 20;

  // Opens the store in `directory`, which is made if it is missing; a generation of the redo log is up to
  // `log_capacity` octets. Throws StoreError.
  explicit Store(const std::filesystem::path& directory, uint64_t log_capacity = kLogCapacity);
  // Brings the database up to date, so that the next start has nothing to redo.
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
  // As put_key().
  void put_provider(const std::string& name, const std::string& text);

  struct LedgerText {
    zones::Name apex;
    std::string text;
  };
  void put_ledger(std::span<const LedgerText> zones);

  void put_cookies(const std::string& text);
  // Empty if nothing was kept.
  std::string cookies();

  // For a moment without work: begins a checkpoint, if there is something to write and none is under way.
  void checkpoint();

  // Calls visit(name, text) for every key; what it throws as std::invalid_argument comes back as StoreError.
  void load_keys(const std::function<void(zones::NameView, const std::string&)>& visit);
  void load_providers(const std::function<void(const std::string&, const std::string&)>& visit);

  struct Loaded {
    zones::VersionRef version;
    std::string ledger;  // empty if nothing was kept
  };
  // Calls visit(loaded) for every zone, or damaged(sentence) for one that cannot be read; it stays as it is until a
  // zone of its name is added. Throws StoreError when nothing can be read at all.
  void load(const std::function<void(Loaded)>& visit, const std::function<void(const std::string&)>& damaged);

 private:
  // One process at a time.
  class LockFile {
   public:
    explicit LockFile(const std::filesystem::path& directory);
    ~LockFile();
    LockFile(const LockFile&) = delete;
    LockFile& operator=(const LockFile&) = delete;

   private:
    int fd_;
  };
  enum class Checkpoint : uint8_t { none, wanted, failed };

  void recover();
  void write(const std::function<void(Writer&)>& work);
  void write_at_once(const std::function<void(Writer&)>& work);
  void put_text(StoreTable table, const std::string& key, const std::string& text);
  void next_generation();
  void hand_over();
  void settle();
  void await_checkpoint(std::unique_lock<std::mutex>& lock);
  void reserve_space(size_t octets);
  void run_checkpointer();
  std::string write_full_generation();
  std::string remark_on_space() const;

  const std::filesystem::path directory_;
  const LockFile lock_file_;
  Database database_;
  RedoLog log_;
  std::string pending_;  // the batches of the log's generation; the caller's

  std::mutex mutex_;
  std::condition_variable wake_;
  // ---- guarded by mutex_ ----
  Checkpoint checkpoint_ = Checkpoint::none;
  bool stopping_ = false;
  std::string failure_;  // of the checkpoint, while it is `failed`
  // ---- the checkpointer's while a checkpoint is wanted, and otherwise the caller's ----
  std::string full_;  // the batches of a full generation
  uint64_t full_generation_ = 0;

  std::thread checkpointer_;
};

}  // namespace axfrd::control
