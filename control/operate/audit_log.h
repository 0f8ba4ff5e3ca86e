// AuditLog: who changed what and when, and whether it succeeded.
//
// Each record is a line of the log (info), a record of the trail in the store (audit_trail.h), an event for those who
// watch (base/event_feed.h), and, with --audit-log, a line of JSON in that file:
//
//   {"time_ms", "outcome": "done" | "failed", "who", "uid", "from", "verb", "cause", "detail",
//    "zone" | "key" | "provider" | …, "old_serial", "serial", "what", "reason"}
//
// Members that do not apply are left out. A line that cannot be written at once is dropped, as in the log
// (base/line_writer.h); {"outcome": "dropped", "lines"} says how many were dropped.
//
// Threads. Any may write; reopen(): one thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "control/base/cause.h"
#include "control/base/event_feed.h"
#include "control/base/line_writer.h"
#include "control/base/log.h"
#include "control/operate/audit_trail.h"
#include "dataplane/mutex.h"

namespace axfrd::control {

class AuditLog {
 public:
  // Appends to `file`, if there is one. Throws std::runtime_error.
  AuditLog(std::optional<std::filesystem::path> file, const Log& log);

  // From now on, records are also kept in that directory, and told to those who watch. Before the first record.
  // `events` outlives it. Throws std::runtime_error.
  void keep(const std::filesystem::path& directory, EventFeed& events);

  void write(const AuditRecord& record);
  // Null before keep().
  const AuditTrail* trail() const { return trail_.get(); }
  // Opens the file again by its name, because the old one was moved away. If that fails, the old one stays in use.
  void reopen();

 private:
  std::shared_ptr<LineWriter> writer() const;

  const std::optional<std::filesystem::path> file_;
  const Log& log_;
  std::unique_ptr<AuditTrail> trail_;
  EventFeed* events_ = nullptr;
  mutable dataplane::Mutex mutex_;
  std::shared_ptr<LineWriter> writer_ GUARDED_BY(mutex_);  // null: no file
};

}  // namespace axfrd::control
