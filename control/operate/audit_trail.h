// AuditTrail: the audit records of the past, in the directory of the store: who changed what, for `axfrctl audit` and
// the console.
//
//   audit       a line of JSON for each record, the newest last; each has an "id", which ascends
//   audit.old   the lines before those
//
// When `audit` has kMostOctets, it takes the place of `audit.old`, so that at least so many octets of records are kept,
// and at most twice as many and what waits to be written. A thread writes the lines, so a change waits for no disk; a
// loss of power may take the last lines with it (the history of a zone has its changes all the same), and a full disk
// drops lines, which the next one tells.
//
// Threads. Any.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/base/json.h"
#include "control/base/line_writer.h"
#include "control/base/log.h"
#include "dataplane/mutex.h"

namespace axfrd::control {

class AuditTrail {
 public:
  static constexpr size_t kMostOctets = size_t{16} << 20;

  // In a directory that is there. Throws std::runtime_error if the file cannot be written.
  AuditTrail(std::filesystem::path directory, const Log& log, size_t most_octets = kMostOctets);
  AuditTrail(const AuditTrail&) = delete;
  AuditTrail& operator=(const AuditTrail&) = delete;

  // Returns the id of the record.
  uint64_t write(const Json& record);

  struct Wanted {
    std::string zone = {};                // only of this zone, as in records; empty: all
    std::optional<uint64_t> before = {};  // only with lower ids
    size_t most = 100;
  };
  struct Page {
    std::vector<Json> records;  // the newest first
    bool more = false;          // there are older ones
  };
  Page read(const Wanted& wanted) const;

 private:
  std::filesystem::path file() const { return directory_ / "audit"; }
  std::filesystem::path old_file() const { return directory_ / "audit.old"; }
  int open_file() const;
  void turn_over() REQUIRES(mutex_);

  const std::filesystem::path directory_;
  const Log& log_;
  const size_t most_octets_;
  mutable dataplane::Mutex mutex_;
  uint64_t next_id_ GUARDED_BY(mutex_) = 1;
  size_t octets_ GUARDED_BY(mutex_) = 0;
  std::unique_ptr<LineWriter> writer_;  // has its own lock
};

}  // namespace axfrd::control
