// Store: the zones on disk. Changes survive kill -9 and power loss once commit() has returned.
//
// Tables of the database (LMDB), whose values are those of zones/disk/disk_format.h:
//
//   zones      apex in wire format, folded → zone value
//   pages      apex, page id               → page value; behind the last id, the order value
//   journal    apex, serial                → step value: the step of history that leads on from this serial
//   meta       "format" → who may open the store (store_format.h); "log" → the last generation of the redo log that
//              stands in the database
//   ledger     apex                        → what secondaries were last seen to have (commit/proofs.h)
//   serials    apex                        → the last serial of a zone that is gone (Tombstone)
//
// Settings (keys, providers, cookies, tokens, users) are no table of LMDB, but a file of their own (settings_file.h):
// kind and name → the stored form of the value (access/settings.h).
//
// Every value except that of "format" is sealed (zones/disk/tagged.h). A damaged value is reported and left out, and
// the rest is served.
//
// A commit is a batch of puts and erasures: the zone value, and the pages and steps that two versions do not share. The
// batch is written to the redo log (redo_log.h) and kept in memory. When a generation of the log is full, the
// checkpointer writes its batches to the database in one transaction, while the next generation fills. It also does so
// when nothing happens for a while, so that a start has little to redo. A batch that is too large for the log goes to
// the database at once. A start first brings the log's records into the database, so all reading is from there.
//
// Damage. If an acknowledged change is missing, the start fails with StoreError, unless `recover` says to go on without
// it. A disk that is full or fails does not stop the start: zones that can be read are served, and health() says why
// changes are refused. The store tries again by itself (tick()).
//
// Threads. Only the committer's thread may call; health() is for any thread. The checkpointer is a thread of the store.
// While it has work it owns the database; otherwise the caller does. One process at a time: a second one is refused.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "control/base/log.h"
#include "control/store/backup_writer.h"
#include "control/store/database.h"
#include "control/store/redo_log.h"
#include "control/store/store_error.h"
#include "dataplane/mutex.h"
#include "zones/data/version.h"
#include "zones/disk/disk_format.h"

namespace axfrd::control {

// Whether changes can be stored; if not, why, and since when.
struct StoreHealth {
  bool writable = true;
  std::string trouble;  // a sentence; also set if only a checkpoint failed and changes are accepted
  int64_t since = 0;    // Unix seconds
};

// The last serial of a removed zone, so that the zone never comes back with an older one (RFC 1982). For an existing
// zone: the highest of its lost serials that `axfrd --recover` has found.
struct Tombstone {
  uint32_t serial;
  int64_t time;  // when it was removed, Unix seconds
  zones::SerialPolicy policy = zones::SerialPolicy::unixtime;
};

class Store {
 public:
  static constexpr uint64_t kLogCapacity = uint64_t{16} << 20;

  // Called with messages for the log, in the caller's thread and in the checkpointer's.
  using Report = std::function<void(LogLevel, const std::string&)>;

  struct Opening {
    bool recover = false;   // if acknowledged changes are lost, go on without them
    bool restored = false;  // a copy of a backup: later changes may be missing
    bool standby = false;   // others may have changed the zones since it was written
  };
  // Opens the store in `directory`, and makes it if it is missing. `log_capacity`: most octets of a generation of the
  // redo log. Throws StoreError.
  explicit Store(const std::filesystem::path& directory, uint64_t log_capacity = kLogCapacity, Report report = {},
                 Opening opening = {false, false, false});
  // Brings the database up to date, so that the next start has nothing to redo.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // From one version of a zone to the next. `before`: null if the zone is new. `after`: null if it is removed.
  struct Change {
    const zones::ZoneVersion* before;
    const zones::ZoneVersion* after;
  };
  // A setting. `name` (any octets) is unique among the settings of its kind.
  struct Setting {
    char kind;
    std::string name;
    std::string text;  // any octets; empty: removes the setting
  };
  struct LedgerText {
    zones::Name apex;
    std::string text;
  };
  struct Gone {
    zones::Name apex;
    Tombstone tombstone;
  };
  // What is committed together.
  struct Changes {
    std::vector<Change> zones;
    std::vector<Setting> settings;
    std::vector<LedgerText> ledger;
    std::vector<Gone> tombstones = {};  // besides those of removed zones
    bool empty() const { return zones.empty() && settings.empty() && ledger.empty() && tombstones.empty(); }
  };
  // Makes all of it durable. Throws StoreError; then nothing is.
  void commit(const Changes& changes);

  // Erases tombstones. commit() itself writes those of zones that it removes, and erases those of zones that it adds.
  void erase_tombstones(std::span<const zones::Name> zones);

  // Begins a copy of all commits so far, in `directory`, which must be vacant (backup.h). Does not wait. Changes go on
  // meanwhile; a copy that would delay them is given up. Calls done(problem; empty: none) in the backup's own thread.
  // Throws StoreError, for example if another backup is under way.
  void backup(const std::filesystem::path& directory, std::function<void(std::string)> done);

  // True after changes were lost, and for a store of a backup or of a standby, until end_recovery(): serials have to be
  // raised first.
  bool in_recovery() const { return marks_.in_recovery; }
  void end_recovery();
  // When end_recovery() was last called; seconds since 1970, 0 if it never was.
  int64_t recovered_at() const { return marks_.recovered_at; }
  // When the backup was made, if the store holds only a backup: seconds since 1970, 0 if the backup does not say. None
  // if the store is empty, or has changes of its own.
  std::optional<int64_t> backup_time() const { return marks_.backup_time; }
  // Notes that the store holds exactly the content of a backup of that time. @pre in_recovery()
  void set_backup_time(int64_t time);

  const std::filesystem::path& directory() const { return directory_; }

  StoreHealth health() const;
  // Called from time to time when there is no work. Begins a checkpoint if there is something to write, and tries again
  // what has failed.
  void tick();

  using Damaged = std::function<void(const std::string& sentence)>;
  // Calls visit(setting) for every setting. Calls damaged(sentence) for one that cannot be read, or for which visit
  // throws std::invalid_argument. A damaged setting stays as it is until it is entered anew. `what(setting)` names a
  // setting in messages.
  using NameOfSetting = std::function<std::string(const Setting&)>;
  void load_settings(const std::function<void(const Setting&)>& visit, const NameOfSetting& what,
                     const Damaged& damaged);

  void load_tombstones(const std::function<void(const zones::Name&, const Tombstone&)>& visit, const Damaged& damaged);

  void load_ledger(const std::function<void(LedgerText)>& visit, const Damaged& damaged);

  struct Loaded {
    zones::VersionRef version;
    std::string ledger;  // empty if nothing was kept
  };
  // Calls visit(loaded) for every zone, or damaged(sentence) for one that cannot be read. A damaged zone stays as it is
  // until a zone of its name is added. Throws StoreError when nothing can be read at all.
  void load(const std::function<void(Loaded)>& visit, const Damaged& damaged);

 private:
  // Keeps other processes out of the store.
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
  // The copy of the database for a backup. `waiting`: for the end of the generation in which it was requested.
  enum class Copy : uint8_t { none, waiting, wanted, under_way };
  class Overlay;
  class View;
  // Facts about the store that the database keeps with its position in the redo log.
  struct Marks {
    bool in_recovery = false;
    int64_t recovered_at = 0;
    std::optional<int64_t> backup_time = {};
    std::optional<uint32_t> settings_sum = {};  // of a backup: the checksum of its settings
  };
  void check_backup();

  // ---- start ----
  void read_log(Opening opening);
  void read_old_log();
  void set_aside(const std::string& loss);
  void make_ready();
  void upgrade();
  static RedoLog::Held read_held(const Database::Snapshot& snapshot, Marks* marks = nullptr);
  static void put_held(Writer& writer, const RedoLog::Held& held, const Marks& marks);
  void put_held(Writer& writer, const RedoLog::Held& held) const { put_held(writer, held, marks_); }
  void set_marks(const Marks& marks);

  // ---- writing ----
  void write(const std::function<void(Writer&)>& work);
  void write_now(const std::function<void(Writer&)>& work);
  void write_at_once(const std::function<void(Writer&)>& work);
  void next_generation();
  void hand_over() REQUIRES(mutex_);
  void begin_generation(const RedoLog::Held& held) REQUIRES(mutex_);
  void hand_over_for_backup();
  bool is_copying();
  void settle();
  void await_checkpoint(dataplane::Lock& lock) REQUIRES(mutex_);
  void reserve_space(size_t octets);
  bool lacks_space(size_t octets) const;
  bool database_holds(uint64_t generation);
  void run_checkpointer();
  std::string write_full_generation();
  static void complete_copy(const std::filesystem::path& directory, const SettingsFile::Entries& settings, Marks marks);
  void copy_to(BackupWriter& backup, const Marks& marks) const;
  std::string remark_on_space() const;

  // ---- trouble ----
  void try_again();
  void go_on_after_failure();
  void note_trouble(const std::string& reason, bool writable);
  void note_success();
  void tell(LogLevel level, const std::string& text) const;

  // ---- reading ----
  void read_value(const std::string& what, const std::function<std::string()>& content,
                  const std::function<void(std::string)>& visit, const Damaged& damaged) const;

  const std::filesystem::path directory_;
  const Report report_;
  const LockFile lock_file_;
  Database database_;
  RedoLog log_;
  std::string pending_;  // the batches of the log's generation; the caller's, as are the next members
  bool ready_ = false;   // the database holds what the log held at start, so changes can be taken
  bool make_log_ = false;
  Marks marks_;
  bool settings_went_ = false;  // settings were removed or replaced since the last checkpoint
  std::chrono::steady_clock::time_point last_try_{};

  mutable dataplane::Mutex health_mutex_;
  StoreHealth health_ GUARDED_BY(health_mutex_);

  dataplane::Mutex mutex_;
  std::condition_variable wake_;
  Checkpoint checkpoint_ GUARDED_BY(mutex_) = Checkpoint::none;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::string failure_ GUARDED_BY(mutex_);  // of the checkpoint, while it is `failed`
  Copy copy_ GUARDED_BY(mutex_) = Copy::none;
  // Null: there was none. The checkpointer uses it while it copies.
  std::unique_ptr<BackupWriter> backup_ GUARDED_BY(mutex_);
  Marks copy_marks_ GUARDED_BY(mutex_);  // of the copy
  // ---- the checkpointer's while a checkpoint is wanted, and otherwise the caller's ----
  std::string full_;  // the batches of a full generation; at start, of what the database lacks
  RedoLog::Held full_held_;
  bool clear_settings_ = false;

  std::thread checkpointer_;
};

}  // namespace axfrd::control
