// TransferLog: a machine-readable record of the outcome of each transfer and each NOTIFY.
//
//   in a file       a line of JSON: {"time", "time_ms", "event", "zone", "peer", …}; time as in RFC 3339, in UTC
//   in the journal  an entry with the same fields, named AXFRD_EVENT, AXFRD_ZONE, AXFRD_PEER, …
//                   (https://systemd.io/JOURNAL_NATIVE_PROTOCOL)
//
// Threads. The service thread; dropped_lines(): any.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "control/base/json.h"
#include "control/base/line_writer.h"

namespace axfrd::control {

constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

class TransferLog {
 public:
  // Appends to `file`, or sends to it if it is a socket. Without a file, nothing is written. Throws std::runtime_error.
  explicit TransferLog(const std::optional<std::filesystem::path>& file);

  bool writes() const { return journal_ || writer_; }
  // Opens the file again by its name, as after a rotation. Returns why that failed; the old file stays in use then.
  std::optional<std::string> reopen();
  // `event`: "transfer", "broken off", "refused" or "notify". Does not block: a line that cannot be written now is
  // dropped. When writing works again, an event "dropped" gives the number of dropped "lines".
  void write(const char* event, const Json& fields);
  uint64_t dropped_lines() const;

 private:
  std::optional<std::filesystem::path> journal_;
  std::filesystem::path file_;
  std::atomic<uint64_t> dropped_ = 0;  // entries that the journal did not accept
  uint64_t untold_ = 0;                // dropped entries that are not yet in an event "dropped"
  std::optional<LineWriter> writer_;
};

}  // namespace axfrd::control
