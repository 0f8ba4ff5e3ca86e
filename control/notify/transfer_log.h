// TransferLog: what became of each transfer and of each NOTIFY, for machines.
//
//   in a file       a line of JSON: {"time", "time_ms", "event", "zone", "peer", …}; time is of RFC 3339, in UTC
//   in the journal  an entry whose fields are the same, called AXFRD_EVENT, AXFRD_ZONE, AXFRD_PEER, …
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
  // Appends to `file`, or sends to it if it is a socket; none: writes nothing. Throws std::runtime_error.
  explicit TransferLog(const std::optional<std::filesystem::path>& file);

  bool writes() const { return journal_ || writer_; }
  // Opens the file anew by its name: it may have been renamed, and what comes belongs into a new one. Returns why that
  // cannot be; the old one is written on then.
  std::optional<std::string> reopen();
  // `event`: "transfer", "broken off", "refused" or "notify". Does not wait. What cannot be written now is dropped, and
  // an event "dropped" with the number of "lines" comes when something can be written again.
  void write(const char* event, const Json& fields);
  uint64_t dropped_lines() const;

 private:
  std::optional<std::filesystem::path> journal_;
  std::filesystem::path file_;
  std::atomic<uint64_t> dropped_ = 0;  // entries that the journal did not take
  uint64_t untold_ = 0;                // of these, those that it was not told of
  std::optional<LineWriter> writer_;
};

}  // namespace axfrd::control
