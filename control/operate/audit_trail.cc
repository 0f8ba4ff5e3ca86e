#include "control/operate/audit_trail.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <utility>

#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

std::string dropped_records(uint64_t lines) {
  const int64_t now = unix_time_ms();
  return dump(Json{{"time", utc_text(now)}, {"time_ms", now}, {"outcome", "dropped"}, {"lines", lines}}) + "\n";
}

// Reads the lines of a file from its last one on, until `take` returns false; false if it did.
bool read_backwards(const std::filesystem::path& file, const std::function<bool(std::string_view)>& take) {
  constexpr std::streamoff kBlock = 256 * 1024;
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return true;
  std::streamoff at = in.tellg();
  std::string rest;  // the end of the file from `at` on that was not taken
  while (at > 0) {
    const std::streamoff size = std::min(kBlock, at);
    std::string block(static_cast<size_t>(size), '\0');
    in.seekg(at -= size);
    if (!in.read(block.data(), size)) return true;
    rest.insert(0, block);
    size_t end = rest.size();
    for (size_t newline = rest.rfind('\n', end); newline != std::string::npos && newline > 0;) {
      const size_t before = rest.rfind('\n', newline - 1);
      if (before == std::string::npos) break;
      if (!take(std::string_view(rest).substr(before + 1, newline - before - 1))) return false;
      end = before + 1;
      newline = before;
    }
    rest.resize(end);
  }
  const size_t newline = rest.find('\n');
  return newline == std::string::npos || newline == 0 || take(std::string_view(rest).substr(0, newline));
}

// Null unless the line is a record: the last one may be torn.
Json record_in(std::string_view line) {
  Json record = Json::parse(line, nullptr, false);
  const bool is_record = record.is_object() && record.contains("id") && record["id"].is_number_unsigned();
  return is_record ? std::move(record) : Json();
}

}  // namespace

AuditTrail::AuditTrail(std::filesystem::path directory, const Log& log, size_t most_octets)
    : directory_(std::move(directory)), log_(log), most_octets_(most_octets) {
  const int fd = open_file();
  if (fd < 0) throw std::runtime_error("cannot write " + file().string() + ": " + std::strerror(errno));
  const off_t size = lseek(fd, 0, SEEK_END);
  if (size > 0) {
    octets_ = static_cast<size_t>(size);
    // After a torn line, the next one begins on a line of its own.
    char last = '\n';
    if (const int reader = open(file().c_str(), O_RDONLY | O_CLOEXEC); reader >= 0) {
      if (pread(reader, &last, 1, size - 1) == 1 && last != '\n') (void)!::write(fd, "\n", 1);
      close(reader);
    }
  }
  writer_ = std::make_unique<LineWriter>(fd, dropped_records);
  close(fd);
  const Page newest = read({.most = 1});
  if (!newest.records.empty()) next_id_ = newest.records.front()["id"].get<uint64_t>() + 1;
}

int AuditTrail::open_file() const {
  constexpr mode_t kMode = 0600;  // it shows what users do
  return open(file().c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
}

uint64_t AuditTrail::write(const Json& record) {
  const dataplane::Lock lock(mutex_);
  const uint64_t id = next_id_++;
  Json line{{"id", id}};
  line.update(record);
  std::string text = dump(line) + "\n";
  if (octets_ + text.size() > most_octets_) turn_over();
  octets_ += text.size();
  writer_->write(std::move(text));
  return id;
}

void AuditTrail::turn_over() {
  octets_ = 0;
  if (rename(file().c_str(), old_file().c_str()) != 0)
    return log_.warning("cannot rename ", file().string(), ": ", std::strerror(errno), "; it grows on");
  const int fd = open_file();
  if (fd < 0)
    return log_.error("cannot write ", file().string(), ": ", std::strerror(errno), "; audit records go on in ",
                      old_file().string());
  writer_->change(fd);
  close(fd);
}

AuditTrail::Page AuditTrail::read(const Wanted& wanted) const {
  writer_->flush();
  Page page;
  const std::string mark = "\"zone\":" + dump(wanted.zone);
  const auto take = [&](std::string_view line) {
    if (!wanted.zone.empty() && line.find(mark) == std::string_view::npos) return true;
    Json record = record_in(line);
    if (record.is_null() || (wanted.before && record["id"].get<uint64_t>() >= *wanted.before)) return true;
    if (!wanted.zone.empty() && record.value("zone", Json()) != wanted.zone) return true;
    if (page.records.size() == wanted.most) {
      page.more = true;
      return false;
    }
    page.records.push_back(std::move(record));
    return true;
  };
  if (read_backwards(file(), take)) read_backwards(old_file(), take);
  return page;
}

}  // namespace axfrd::control
