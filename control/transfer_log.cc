#include "control/transfer_log.h"

#include <chrono>
#include <stdexcept>

#include "control/rpc.h"

namespace axfrd::control {

TransferLog::TransferLog(const std::optional<std::filesystem::path>& file) {
  if (!file) return;
  out_.emplace(*file, std::ios::app);
  if (!*out_) throw std::runtime_error("cannot write the transfer log " + file->string());
}

void TransferLog::write(const char* event, const Json& fields) {
  if (!out_) return;
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  Json line{{"time_ms", now}, {"event", event}};
  line.update(fields);
  *out_ << dump(line) << std::endl;
  out_->clear();
}

}  // namespace axfrd::control
