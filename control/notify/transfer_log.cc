#include "control/notify/transfer_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "control/base/local_datagram.h"
#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : dump(value); }

// A newline would begin another field of the entry. Names in requests must not be able to add fields.
std::string one_line(std::string text) {
  std::ranges::replace_if(
      text, [](unsigned char c) { return std::iscntrl(c) != 0; }, ' ');
  return text;
}

std::string journal_entry(const char* event, const Json& fields) {
  std::string message = event, rest;
  for (const auto& [name, value] : fields.items()) {
    if (value.is_null()) continue;
    std::string field = "AXFRD_" + name;
    std::ranges::transform(field, field.begin(), [](unsigned char c) { return std::toupper(c); });
    const std::string text = one_line(text_of(value));
    rest += field + "=" + text + "\n";
    message += " " + name + "=" + text;
  }
  return "MESSAGE=" + message + "\nPRIORITY=6\nSYSLOG_IDENTIFIER=axfrd\nAXFRD_EVENT=" + event + "\n" + rest;
}

std::string json_line(const char* event, const Json& fields) {
  const int64_t now = unix_time_ms();
  Json line{{"time", utc_text(now)}, {"time_ms", now}, {"event", event}};
  line.update(fields);
  return dump(line) + "\n";
}

constexpr const char* kDropped = "dropped";

// Without O_NONBLOCK, open() of a FIFO would block until it has a reader.
int open_log(const std::filesystem::path& file) {
  return open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
}

std::string reason_against(const std::filesystem::path& file) {
  const std::string why = errno == ENXIO ? "nobody reads it" : std::strerror(errno);
  return "cannot write the transfer log " + file.string() + ": " + why;
}

}  // namespace

TransferLog::TransferLog(const std::optional<std::filesystem::path>& file) {
  if (!file) return;
  if (std::filesystem::is_socket(*file)) {
    journal_ = file;
    return;
  }
  if (*file == kJournalSocket) throw std::runtime_error("the transfer log cannot go to the journal: there is none");
  file_ = *file;
  const int fd = open_log(file_);
  if (fd < 0) throw std::runtime_error(reason_against(file_));
  writer_.emplace(fd, [](uint64_t lines) { return json_line(kDropped, {{"lines", lines}}); });
  close(fd);
}

std::optional<std::string> TransferLog::reopen() {
  if (!writer_) return std::nullopt;
  const int fd = open_log(file_);
  if (fd < 0) return reason_against(file_);
  writer_->change(fd);
  close(fd);
  return std::nullopt;
}

void TransferLog::write(const char* event, const Json& fields) {
  if (writer_) writer_->write(json_line(event, fields));
  if (!journal_) return;
  if (untold_ != 0 && send_local_datagram(*journal_, journal_entry(kDropped, {{"lines", untold_}}))) untold_ = 0;
  if (send_local_datagram(*journal_, journal_entry(event, fields))) return;
  ++dropped_;
  ++untold_;
}

uint64_t TransferLog::dropped_lines() const { return writer_ ? writer_->dropped() : dropped_.load(); }

}  // namespace axfrd::control
