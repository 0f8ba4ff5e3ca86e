// TransferLog: one JSON object a line for each transfer and each outcome of a NOTIFY.
//
// Threads. The service thread.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>

#include "control/json.h"

namespace axfrd::control {

class TransferLog {
 public:
  // Appends to `file`; none: writes nothing. Throws std::runtime_error.
  explicit TransferLog(const std::optional<std::filesystem::path>& file);

  // `event`: "transfer", "refused" or "notify". Lines that cannot be written are lost: DNS goes on without.
  void write(const char* event, const Json& fields);

 private:
  std::optional<std::ofstream> out_;
};

}  // namespace axfrd::control
