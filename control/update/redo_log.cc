#include "control/update/redo_log.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "control/update/store_error.h"

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::bytes_of;

constexpr size_t kRecordHead = 20;
constexpr uint64_t kStep = 256 * 1024;  // by which a file grows

std::string head_of(size_t octets, uint64_t generation, uint32_t index) {
  std::string head(kRecordHead, '\0');
  auto* out = reinterpret_cast<uint8_t*>(head.data());
  zones::store32(out, static_cast<uint32_t>(octets));
  zones::store32(out + 4, static_cast<uint32_t>(generation >> 32));
  zones::store32(out + 8, static_cast<uint32_t>(generation));
  zones::store32(out + 12, index);
  return head;
}

uint32_t checksum(Bytes head, Bytes content) {
  const uint32_t first = libdeflate_crc32(0, head.data(), kRecordHead - 4);
  return libdeflate_crc32(first, content.data(), content.size());
}

// A record at `at`, told apart from anything else by its head: where its content would stand, and whether it is whole.
struct FoundRecord {
  Bytes content;
  bool whole;
};

bool is_head(Bytes head, uint64_t generation, uint32_t index) {
  const std::string expected = head_of(zones::load32(head.data()), generation, index);
  return std::memcmp(expected.data(), head.data(), kRecordHead - 4) == 0;
}

std::optional<FoundRecord> find(Bytes file, uint64_t at, uint64_t generation, uint32_t index) {
  if (at > file.size() || file.size() - at < kRecordHead) return std::nullopt;
  const Bytes head = file.subspan(at, kRecordHead);
  if (!is_head(head, generation, index)) return std::nullopt;
  const uint32_t octets = zones::load32(head.data());
  if (octets > file.size() - at - kRecordHead) return std::nullopt;
  const Bytes content = file.subspan(at + kRecordHead, octets);
  return FoundRecord{content, checksum(head, content) == zones::load32(head.data() + kRecordHead - 4)};
}

StoreError failure(const std::string& what, const std::filesystem::path& file) {
  return StoreError("the store cannot " + what + " " + file.string() + ": " + std::strerror(errno));
}

}  // namespace

RedoLog::RedoLog(std::filesystem::path directory, uint64_t capacity)
    : directory_(std::move(directory)), capacity_(capacity) {
  for (size_t i = 0; i < files_.size(); ++i) {
    const auto path = directory_ / ("redo." + std::to_string(i));
    files_[i].fd = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (files_[i].fd < 0) throw failure("open", path);
    const off_t size = ::lseek(files_[i].fd, 0, SEEK_END);
    if (size < 0) throw failure("read", path);
    files_[i].size = static_cast<uint64_t>(size);
  }
  // The files' names have to survive a power loss as well as what stands in them.
  const int fd = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced) throw failure("sync", directory_);
}

RedoLog::~RedoLog() {
  for (const File& file : files_) {
    if (file.fd >= 0) ::close(file.fd);
  }
}

std::string RedoLog::read(const File& file, uint64_t octets) const {
  std::string content(octets, '\0');
  size_t size = 0;
  while (size < content.size()) {
    const ssize_t n = ::pread(file.fd, content.data() + size, content.size() - size, static_cast<off_t>(size));
    if (n < 0) throw failure("read its redo log in", directory_);
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  content.resize(size);
  return content;
}

uint64_t RedoLog::replay(uint64_t last, const std::function<void(Bytes)>& visit) const {
  for (;; ++last) {
    const uint64_t generation = last + 1;
    const File& of = files_[generation % 2];
    // Mostly the database has it all, and what stands in the file is not worth reading.
    const std::string head = read(of, std::min<uint64_t>(of.size, kRecordHead));
    if (head.size() < kRecordHead || !is_head(bytes_of(head), generation, 0)) return last;
    const std::string text = read(of, of.size);
    const Bytes file = bytes_of(text);
    uint32_t index = 0;
    uint64_t at = 0;
    for (auto record = find(file, at, generation, index); record; record = find(file, at, generation, ++index)) {
      at += kRecordHead + record->content.size();
      if (record->whole) {
        visit(record->content);
        continue;
      }
      if (!find(file, at, generation, index + 1)) break;
      throw StoreError("the store in " + directory_.string() + " is damaged: a record of redo." +
                       std::to_string(generation % 2) + " does not match its checksum; restore it from a backup");
    }
    if (index == 0) return last;
  }
}

void RedoLog::begin(uint64_t generation) {
  generation_ = generation;
  index_ = 0;
  end_ = 0;
}

uint64_t RedoLog::end_with(size_t content) const { return end_ + kRecordHead + content; }

bool RedoLog::has_room(size_t content) const { return end_with(content) <= capacity_; }

uint64_t RedoLog::growth(size_t content) const {
  const uint64_t size = files_[generation_ % 2].size, end = end_with(content);
  return end <= size ? 0 : (end - size + kStep - 1) / kStep * kStep;
}

// Zeros, because room that was only reserved is noted as such, and noting it anew is one more write.
void RedoLog::extend(File& file, uint64_t end) const {
  static const std::string zeros(kStep, '\0');
  while (file.size < end) {
    const uint64_t size = std::min(kStep - file.size % kStep, capacity_ - file.size);
    write_all(file.fd, {reinterpret_cast<const uint8_t*>(zeros.data()), size}, file.size);
    file.size += size;
  }
}

void RedoLog::write_all(int fd, Bytes bytes, uint64_t at) const {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n <= 0) throw failure("write to its redo log in", directory_);
    bytes = bytes.subspan(static_cast<size_t>(n));
    at += static_cast<uint64_t>(n);
  }
}

void RedoLog::append(Bytes content) {
  if (broken_) throw StoreError("the store takes no changes since a write failed; restart axfrd");
  File& file = files_[generation_ % 2];
  extend(file, end_with(content.size()));
  std::string record = head_of(content.size(), generation_, index_);
  zones::store32(reinterpret_cast<uint8_t*>(record.data()) + kRecordHead - 4, checksum(bytes_of(record), content));
  record.append(zones::text_of(content));
  broken_ = true;
  write_all(file.fd, bytes_of(record), end_);
  if (::fdatasync(file.fd) != 0) throw failure("write to its redo log in", directory_);
  broken_ = false;
  end_ += record.size();
  ++index_;
}

}  // namespace axfrd::control
