// TransferLog: what became of each transfer and of each NOTIFY, for machines.
//
//   in a file       a line of JSON: {"time_ms", "event", "zone", "peer", …}
//   in the journal  an entry whose fields are the same, called AXFRD_EVENT, AXFRD_ZONE, AXFRD_PEER, …
//                   (https://systemd.io/JOURNAL_NATIVE_PROTOCOL)
//
// Threads. The service thread.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>

#include "control/base/json.h"

namespace axfrd::control {

constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

class TransferLog {
 public:
  // Appends to `file`, or sends to it if it is a socket; none: writes nothing. Throws std::runtime_error.
  explicit TransferLog(const std::optional<std::filesystem::path>& file);

  bool writes() const { return journal_ || out_; }
  // `event`: "transfer", "refused" or "notify". What cannot be written is lost: DNS goes on without.
  void write(const char* event, const Json& fields);

 private:
  std::optional<std::filesystem::path> journal_;
  std::optional<std::ofstream> out_;
};

}  // namespace axfrd::control
