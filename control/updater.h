// Updater: the one writer of zone data. Builds versions, publishes them, and frees what they replaced.
//
// Threads. Everybody may ask (import_zone and its like only enter the change queue). The work, and the call of `done`,
// happen in the updater's own thread, one change after the other; `done` hands the outcome on to where it belongs and
// returns at once.
//
// A change goes through the same steps whatever asked for it: make the new version, commit it to the store, publish it,
// and put what it replaced on the retire list with an RCU token. What cannot be stored is not published: it comes back
// as a Failure, and what was served stays. The list is looked at between changes; the updater never waits for readers.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/log.h"
#include "control/outcome.h"
#include "control/store.h"
#include "dataplane/rcu.h"
#include "zones/zone_table.h"
#include "zones/zonefile.h"

namespace axfrd::control {

class Updater {
 public:
  Updater(zones::ZoneTable& zones, dataplane::Rcu& rcu, Store& store, const Log& log);
  ~Updater();  // @pre no reader is left, so that what is retired can go
  Updater(const Updater&) = delete;
  Updater& operator=(const Updater&) = delete;

  // Starts the thread; from here to stop() no other thread writes to the zone table.
  void start();
  // Ends the change under way (a directory: the file under way) and the thread. What still waits in the queue is
  // dropped.
  void stop();

  struct Import {
    zones::Name apex;
    std::string text;
    std::string file;  // where the text is from, for messages
  };
  struct Imported {
    std::optional<uint32_t> old_serial;  // none: the zone is new
    uint32_t serial;
    size_t records;
    bool changed;  // false: the zone was like this already, and nothing was done
    std::vector<std::string> warnings;
  };
  void import_zone(Import request, Done<Imported> done);

  struct Removed {
    uint32_t serial;
  };
  void remove_zone(zones::Name apex, Done<Removed> done);

  struct Loaded {
    size_t zones = 0;
    std::vector<std::string> errors;  // of files that were skipped
  };
  // Serves what is in the store. @pre no zone is served yet
  void load_store(Done<Loaded> done);
  // Imports every NAME.zone in `directory`. Errors are logged as they are met.
  void load_directory(std::filesystem::path directory, Done<Loaded> done);

  // How much waits for readers to move on. Any thread.
  size_t retired_count() const { return retired_count_.load(std::memory_order_relaxed); }

 private:
  struct RetiredItem {
    dataplane::Rcu::Token token;
    zones::ZoneTable::Retired what;
  };
  class Batch;
  class DirectoryLoad;

  template <class T, class Work>
  void enqueue(Done<T> done, Work work);
  void run();
  std::function<void()> next_task();
  void free_retired();
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

  // ---- the updater's thread ----
  Outcome<Imported> import_now(const Import& request);
  Outcome<Removed> remove_now(const zones::Name& apex);
  Outcome<Loaded> load_store_now();
  Outcome<Loaded> load_directory_now(const std::filesystem::path& directory);
  const zones::ZoneVersion* current(zones::NameView apex) const;
  void retire(zones::ZoneTable::Retired what);

  zones::ZoneTable& zones_;
  dataplane::Rcu& rcu_;
  Store& store_;
  const Log& log_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  std::atomic<bool> stopping_{false};        // stop(): writes, with mutex_ held; the updater's thread: reads

  std::deque<RetiredItem> retired_;       // the updater's thread
  std::atomic<size_t> retired_count_{0};  // its size; written by the updater's thread
  std::thread thread_;
};

}  // namespace axfrd::control
