#include "control/operate/audit_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "control/base/json.h"
#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

Json begun_line(const char* outcome) {
  const int64_t now = unix_time_ms();
  return {{"time", utc_text(now)}, {"time_ms", now}, {"outcome", outcome}};
}

Json json_of(const AuditRecord& record) {
  Json line = begun_line(record.failure.empty() ? "done" : "failed");
  const auto put = [&](const char* member, const std::string& text) {
    if (!text.empty()) line[member] = text;
  };
  put("who", record.cause.who);
  if (record.cause.uid) line["uid"] = *record.cause.uid;
  put("from", record.cause.from);
  put("verb", record.cause.verb);
  put("cause", record.cause.kind);
  put("detail", record.cause.detail);
  line[record.kind] = record.name;
  if (record.old_serial) line["old_serial"] = *record.old_serial;
  if (record.serial) line["serial"] = *record.serial;
  put("what", record.what);
  put("reason", record.failure);
  return line;
}

std::optional<zones::Name> zone_of(const AuditRecord& record) {
  return record.kind == "zone" ? zones::Name::from_text(record.name) : std::nullopt;
}

std::string dropped_line(uint64_t lines) {
  Json line = begun_line("dropped");
  line["lines"] = lines;
  return dump(line) + "\n";
}

std::shared_ptr<LineWriter> open_audit_file(const std::filesystem::path& file) {
  constexpr mode_t kMode = 0640;  // it shows what users do
  const int fd = open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode);
  if (fd < 0) throw std::runtime_error("cannot write the audit log " + file.string() + ": " + std::strerror(errno));
  auto writer = std::make_shared<LineWriter>(fd, dropped_line);
  close(fd);
  return writer;
}

}  // namespace

AuditLog::AuditLog(std::optional<std::filesystem::path> file, const Log& log)
    : file_(std::move(file)), log_(log), writer_(file_ ? open_audit_file(*file_) : nullptr) {}

void AuditLog::keep(const std::filesystem::path& directory, EventFeed& events) {
  trail_ = std::make_unique<AuditTrail>(directory, log_);
  events_ = &events;
}

void AuditLog::write(const AuditRecord& record) {
  const auto to = writer();
  if (record.is_one_of_many) {  // a directory of new zones would push all other records out of the rest
    if (to) to->write(dump(json_of(record)) + "\n");
    return;
  }
  Json json = json_of(record);
  if (to) to->write(dump(json) + "\n");
  if (trail_) json["id"] = trail_->write(json);
  if (events_ != nullptr && events_->is_watched()) events_->publish("commit", zone_of(record), {}, std::move(json));
  if (log_.shows(LogLevel::info)) log_.info(record.text());
}

void AuditLog::reopen() {
  if (!file_) return;
  try {
    auto next = open_audit_file(*file_);
    const dataplane::Lock lock(mutex_);
    writer_.swap(next);  // the old writer ends after unlocking, which may take a second
  } catch (const std::runtime_error& error) {
    log_.error(error.what(), "; it goes on in the old one");
  }
}

std::shared_ptr<LineWriter> AuditLog::writer() const {
  const dataplane::Lock lock(mutex_);
  return writer_;
}

}  // namespace axfrd::control
