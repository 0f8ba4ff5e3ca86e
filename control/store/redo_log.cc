#include "control/store/redo_log.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "control/store/store_error.h"
#include "zones/disk/tagged.h"

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::bytes_of;

constexpr size_t kBlock = RedoLog::kBlock;
constexpr std::string_view kFileMagic = "axfrdlog", kRecordMagic = "AxRd";
constexpr size_t kFileHead = 40;        // without its checksum
constexpr size_t kRecordHead = 36;      // with its checksum
constexpr uint64_t kStep = 256 * 1024;  // by which a file grows

uint64_t load64(const uint8_t* p) { return static_cast<uint64_t>(zones::load32(p)) << 32 | zones::load32(p + 4); }

uint64_t padded(uint64_t octets) { return (octets + kBlock - 1) / kBlock * kBlock; }

struct RecordHead {
  uint32_t octets;
  uint64_t generation;
  uint32_t index;
  uint64_t store;
  uint32_t checksum_before;
};

std::string head_of(const RecordHead& head) {
  zones::OctetWriter out;
  out.put(kRecordMagic);
  out.put32(head.octets);
  out.put64(head.generation);
  out.put32(head.index);
  out.put64(head.store);
  out.put32(head.checksum_before);
  return std::move(out).finish();
}

uint32_t checksum(Bytes head, Bytes content) {
  const uint32_t first = libdeflate_crc32(0, head.data(), kRecordHead - 4);
  return content.empty() ? first : libdeflate_crc32(first, content.data(), content.size());
}

// What looks like the head of a record of the store, even if the rest is damaged.
std::optional<RecordHead> head_at(Bytes file, uint64_t at, uint64_t store) {
  if (at > file.size() || file.size() - at < kRecordHead) return std::nullopt;
  const uint8_t* p = &file[at];
  if (std::memcmp(p, kRecordMagic.data(), kRecordMagic.size()) != 0) return std::nullopt;
  const RecordHead head{zones::load32(p + 4), load64(p + 8), zones::load32(p + 16), load64(p + 20),
                        zones::load32(p + 28)};
  return head.store == store ? std::optional(head) : std::nullopt;
}

struct FoundRecord {
  RecordHead head;
  Bytes content;
  uint32_t checksum;
};

// The record at that place, if it is whole.
std::optional<FoundRecord> whole_at(Bytes file, uint64_t at, uint64_t store) {
  const auto head = head_at(file, at, store);
  if (!head || head->octets > file.size() - at - kRecordHead) return std::nullopt;
  const Bytes content = file.subspan(at + kRecordHead, head->octets);
  const uint32_t sum = zones::load32(&file[at + kRecordHead - 4]);
  if (checksum(file.subspan(at, kRecordHead), content) != sum) return std::nullopt;
  return FoundRecord{*head, content, sum};
}

bool is_zero(Bytes file, uint64_t at) {
  return std::ranges::all_of(file.subspan(at, kBlock), [](uint8_t octet) { return octet == 0; });
}

struct FileHead {
  uint32_t format, least_reader;
  uint64_t store;
  uint32_t number;
  uint64_t cleared;
};

std::string file_head(const FileHead& head) {
  zones::OctetWriter out;
  out.put(kFileMagic);
  out.put32(head.format);
  out.put32(head.least_reader);
  out.put64(head.store);
  out.put32(head.number);
  out.put64(head.cleared);
  std::string text = std::move(out).finish();
  text.resize(kFileHead, '\0');
  const uint32_t sum = libdeflate_crc32(0, text.data(), text.size());
  text.resize(kBlock, '\0');
  zones::store32(reinterpret_cast<uint8_t*>(text.data()) + kFileHead, sum);
  return text;
}

std::optional<FileHead> read_file_head(std::string_view text) {
  if (text.size() < kFileHead + 4 || !text.starts_with(kFileMagic)) return std::nullopt;
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  if (libdeflate_crc32(0, p, kFileHead) != zones::load32(p + kFileHead)) return std::nullopt;
  return FileHead{zones::load32(p + 8), zones::load32(p + 12), load64(p + 16), zones::load32(p + 24), load64(p + 28)};
}

StoreError failure(const std::string& what, const std::filesystem::path& file) {
  return StoreError("the store cannot " + what + " " + file.string() + ": " + std::strerror(errno));
}

std::string place(const std::filesystem::path& file, uint64_t at) {
  return file.string() + " at octet " + std::to_string(at);
}

std::string records(uint64_t count) { return std::to_string(count) + (count == 1 ? " record" : " records"); }

}  // namespace

RedoLog::RedoLog(std::filesystem::path directory, uint64_t capacity)
    : directory_(std::move(directory)), capacity_(capacity) {}

RedoLog::~RedoLog() {
  for (const File& file : files_) {
    if (file.fd >= 0) ::close(file.fd);
  }
}

std::filesystem::path RedoLog::path(size_t number) const { return directory_ / ("redo." + std::to_string(number)); }
std::filesystem::path RedoLog::new_path(size_t number) const {
  return directory_ / ("redo." + std::to_string(number) + ".new");
}

// The names of the files must survive a power loss, as their content does.
void RedoLog::sync_directory() const {
  const int fd = ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!synced) throw failure("sync", directory_);
}

// ---- new files ----

void RedoLog::write_head(const File& file, uint32_t number) const {
  const std::string head = file_head({zones::kStoreFormat, zones::kLeastReader, store_, number, file.cleared});
  write_all(file.fd, bytes_of(head), 0);
}

void RedoLog::make(uint64_t store) {
  store_ = store;
  for (uint32_t i = 0; i < files_.size(); ++i) {
    File& file = files_[i];
    if (file.fd >= 0) ::close(file.fd);
    file = {};
    file.fd = ::open(new_path(i).c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    if (file.fd < 0) throw failure("make", new_path(i));
    write_head(file, i);
    write_all(file.fd, bytes_of(std::string(kBlock, '\0')), kBlock);
    if (::fsync(file.fd) != 0) throw failure("write", new_path(i));
    file.size = 2 * kBlock;
  }
}

void RedoLog::install() {
  for (uint32_t i = 0; i < files_.size(); ++i) {
    if (::rename(new_path(i).c_str(), path(i).c_str()) != 0) throw failure("make", path(i));
  }
  sync_directory();
}

// ---- opening ----

// Checks the head of a file. Returns why the file cannot be used; empty if it can.
std::string RedoLog::take_head(uint32_t number, std::vector<std::string>& warnings) {
  File& file = files_[number];
  const std::string name = path(number).string();
  const std::string blocks = read(file, 2 * kBlock);
  const auto head = read_file_head(blocks);
  if (head && head->least_reader > zones::kStoreFormat) {
    throw StoreError(name + " has format " + std::to_string(head->format) + ", which takes an axfrd of format " +
                     std::to_string(head->least_reader) + " or later, and this axfrd has format " +
                     std::to_string(zones::kStoreFormat) +
                     ": start the later axfrd again, or give this one another --store");
  }
  if (head && head->store != store_) return name + " belongs to another store";
  if (head && head->number != number)
    return name + " is the redo log " + path(head->number).filename().string() + ": the two were exchanged";
  if (blocks.size() < 2 * kBlock) return name + " is cut off at octet " + std::to_string(blocks.size());
  if (!head) {
    if (!head_at(bytes_of(blocks), kBlock, store_)) return name + " is no redo log of this store: its head is damaged";
    warnings.push_back(place(path(number), 0) + ": the head of the file is damaged; its records are read all the same");
  }
  file.cleared = head ? head->cleared : 0;
  return {};
}

RedoLog::Opened RedoLog::open(const Held& held) {
  Opened opened;
  store_ = held.store;
  for (uint32_t i = 0; i < files_.size(); ++i) {
    File& file = files_[i];
    // Files that make() left, if axfrd ended before install().
    if (file.fd < 0 && std::filesystem::exists(new_path(i))) {
      const int fd = ::open(new_path(i).c_str(), O_RDONLY | O_CLOEXEC);
      std::string head(kBlock, '\0');
      const bool whole = fd >= 0 && ::pread(fd, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size());
      if (fd >= 0) ::close(fd);
      const auto found = whole ? read_file_head(head) : std::nullopt;
      if (found && found->store == store_) (void)::rename(new_path(i).c_str(), path(i).c_str());
    }
    if (file.fd >= 0) ::close(file.fd);
    file = {};
    file.fd = ::open(path(i).c_str(), O_RDWR | O_CLOEXEC);
    std::string wrong;
    if (file.fd >= 0) {
      const off_t size = ::lseek(file.fd, 0, SEEK_END);
      if (size < 0) throw failure("read", path(i));
      file.size = static_cast<uint64_t>(size);
      wrong = take_head(i, opened.warnings);
    } else if (errno == ENOENT) {
      wrong = path(i).string() + " is missing";
    } else {
      throw failure("open", path(i));
    }
    if (wrong.empty()) continue;
    opened.incomplete = true;
    if (held.clean) {
      opened.warnings.push_back(wrong + "; axfrd had stopped in order, so nothing is lost, and the file is made anew");
    } else {
      opened.loss += (opened.loss.empty() ? "" : "; ") + wrong;
    }
  }
  return opened;
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

// ---- replay ----

namespace {

// Whether a record begins there that reaches beyond the end of the file. append() extends the file before it writes a
// record, so such a file was cut off later.
bool reaches_beyond(Bytes file, uint64_t at, uint64_t store) {
  const auto head = head_at(file, at, store);
  return head && head->octets > file.size() - at - kRecordHead;
}

// Later records behind the end of the chain of records.
struct Behind {
  uint64_t heads = 0;   // how many there are
  uint64_t newest = 0;  // their greatest generation
  uint32_t index = 0;   // their greatest index in the generation in which the chain ends
  size_t file = 0;      // file and offset of the first
  uint64_t at = 0;
};

}  // namespace

namespace {

// Whether there are later records of the generation behind that place.
bool looks_on(Bytes file, uint64_t at, uint64_t generation, uint32_t index, uint64_t store) {
  for (at += kBlock; at < file.size(); at += kBlock) {
    const auto head = head_at(file, at, store);
    if (head && head->generation == generation && head->index >= index) return true;
  }
  return false;
}

}  // namespace

RedoLog::Replayed RedoLog::replay(const Held& held, const std::function<void(Bytes)>& visit,
                                  const std::function<void(Bytes)>& behind) const {
  Replayed replayed{held, {}, {}, held.generation};
  replayed.last.clean = false;
  if (held.clean) {  // no record is expected; if there is one, data.mdb is an older copy
    for (size_t i = 0; i < files_.size(); ++i) {
      if (files_[i].fd < 0) continue;
      const std::string blocks = read(files_[i], 2 * kBlock);
      const auto head = head_at(bytes_of(blocks), kBlock, store_);
      if (!head || head->generation <= held.generation) continue;
      replayed.newest_generation = std::max(replayed.newest_generation, head->generation);
      replayed.loss = place(path(i), kBlock) + " stands generation " + std::to_string(head->generation) +
                      " of changes, and the database ends with " + std::to_string(held.generation) +
                      ": data.mdb is older than the redo log";
    }
    return replayed;
  }
  std::array<std::string, 2> texts;
  for (size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].fd >= 0) texts[i] = read(files_[i], files_[i].size);
  }
  uint64_t generation = held.generation + 1;
  uint32_t index = 0;
  uint64_t at = kBlock;
  std::string stop;  // why the chain ends; empty: it is the regular end
  for (;; ++generation) {
    const Bytes file = bytes_of(texts[generation % 2]);
    index = 0;
    at = kBlock;
    for (auto record = whole_at(file, at, store_);
         record && record->head.generation == generation && record->head.index == index &&
         record->head.checksum_before == replayed.last.checksum;
         record = whole_at(file, at, store_)) {
      visit(record->content);
      at += padded(kRecordHead + record->content.size());
      ++index;
      replayed.last = {generation, index, record->checksum, at, false, store_};
      replayed.newest_generation = generation;
    }
    const std::filesystem::path name = path(generation % 2);
    if (file.size() < at + kBlock) {
      stop = name.string() + " is cut off at octet " + std::to_string(file.size());
      if (index == 0 && file.size() < 2 * kBlock) stop.clear();  // open() has reported that
      if (!stop.empty()) replayed.loss = stop;
      break;
    }
    if (is_zero(file, at)) {
      if (index == 0 || looks_on(file, at, generation, index, store_)) break;
      continue;  // the generation has ended; the next one may have begun
    }
    const auto head = head_at(file, at, store_);
    if (index == 0 && head && head->generation < generation) break;  // not begun: these are records of an older one
    stop = place(name, at) + ": the record is damaged";
    break;
  }
  Behind found;
  for (size_t i = 0; i < texts.size(); ++i) {
    const Bytes file = bytes_of(texts[i]);
    for (uint64_t offset = kBlock; offset < file.size(); offset += kBlock) {
      const auto head = head_at(file, offset, store_);
      if (!head || head->generation < generation) continue;
      const bool same = head->generation == generation;
      const auto record = whole_at(file, offset, store_);
      if (!record && (!same || (i == generation % 2 && offset == at))) continue;
      if (same && head->index < index) continue;
      if (found.heads++ == 0) found.file = i, found.at = offset;
      found.newest = std::max(found.newest, head->generation);
      if (same) found.index = std::max(found.index, head->index);
      if (record) behind(record->content);
    }
  }
  replayed.newest_generation = std::max(replayed.newest_generation, found.newest);
  if (found.heads != 0) {
    const uint64_t expected = found.newest == generation ? found.index + uint64_t{1} - index : 0;
    const uint64_t holes = expected > found.heads ? expected - found.heads : 0;
    if (stop.empty()) stop = place(path(generation % 2), at) + ": a record is missing";
    replayed.loss = stop + ", and " + records(found.heads) + " of later changes stand behind it, the first in " +
                    place(path(found.file), found.at) + ": these changes are lost" +
                    (holes > 0 ? ", and " + records(holes) + " that cannot be read" : "");
  } else if (!stop.empty() && replayed.loss.empty() && reaches_beyond(bytes_of(texts[generation % 2]), at, store_)) {
    replayed.loss = path(generation % 2).string() + " is cut off at octet " +
                    std::to_string(texts[generation % 2].size()) + ", in a record: changes from there on are lost";
  } else if (!stop.empty() && replayed.loss.empty()) {
    replayed.warnings.push_back(stop +
                                ", and nothing stands behind it: it was cut off while it was written, before the "
                                "change was acknowledged, and is dropped");
  } else if (!replayed.loss.empty()) {
    replayed.loss += ": changes that stood behind it are lost";
  }
  // The file of the last generation in the database still has that generation, or already the one two later.
  const File& last_file = files_[held.generation % 2];
  if (held.records != 0 && last_file.fd >= 0 && last_file.cleared < held.generation) {
    const Bytes file = bytes_of(texts[held.generation % 2]);
    const auto name = path(held.generation % 2);
    const auto head = head_at(file, kBlock, store_);
    if (file.size() < held.octets && replayed.loss.empty() && replayed.last.generation != held.generation + 2) {
      replayed.warnings.push_back(name.string() + " is cut off at octet " + std::to_string(file.size()) +
                                  "; what is missing stands in the database");
    }
    if (replayed.loss.empty() && file.size() >= 2 * kBlock &&
        ((head && head->generation < held.generation) || (!head && is_zero(file, kBlock)))) {
      replayed.loss = name.string() + " ends before generation " + std::to_string(held.generation) +
                      ", which the database has got from it: it is an older copy, and changes that were acknowledged "
                      "since may be lost";
    }
  }
  return replayed;
}

// ---- writing ----

void RedoLog::begin(uint64_t generation, uint32_t checksum_before) {
  generation_ = generation;
  checksum_ = checksum_before;
  index_ = 0;
  end_ = kBlock;
  broken_ = false;
}

RedoLog::Held RedoLog::position() const { return {generation_, index_, checksum_, end_, false, store_}; }

// Includes the block of zeros behind the record.
uint64_t RedoLog::end_with(size_t content) const { return end_ + padded(kRecordHead + content) + kBlock; }

bool RedoLog::has_room(size_t content) const { return end_with(content) <= capacity_; }

uint64_t RedoLog::growth(size_t content) const {
  const uint64_t size = files_[generation_ % 2].size, end = end_with(content);
  return end <= size ? 0 : (end - size + kStep - 1) / kStep * kStep;
}

// Writes zeros, because a file system marks space that is only reserved, and has to change the mark at the first write.
// The zeros are flushed. So a record that reaches beyond the end of the file was not cut off by a power loss.
void RedoLog::extend(File& file, uint64_t end) const {
  static const std::string zeros(kStep, '\0');
  if (file.size >= end) return;
  while (file.size < end) {
    uint64_t size = kStep - file.size % kStep;
    if (end <= capacity_) size = std::min(size, capacity_ - file.size);
    write_all(file.fd, {reinterpret_cast<const uint8_t*>(zeros.data()), size}, file.size);
    file.size += size;
  }
  if (::fdatasync(file.fd) != 0) throw failure("write to its redo log in", directory_);
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
  if (broken_) throw StoreError("the store takes no changes since a write failed");
  File& file = files_[generation_ % 2];
  extend(file, end_with(content.size()));
  std::string record = head_of({static_cast<uint32_t>(content.size()), generation_, index_, store_, checksum_});
  record.resize(kRecordHead);
  const uint32_t sum = checksum(bytes_of(record), content);
  zones::store32(reinterpret_cast<uint8_t*>(record.data()) + kRecordHead - 4, sum);
  record.append(zones::text_of(content));
  const uint64_t size = padded(record.size());
  record.resize(size + kBlock, '\0');
  broken_ = true;
  write_all(file.fd, bytes_of(record), end_);
  if (::fdatasync(file.fd) != 0) throw failure("write to its redo log in", directory_);
  check_place();
  broken_ = false;
  end_ += size;
  checksum_ = sum;
  ++index_;
}

void RedoLog::check_place() const {
  for (size_t i = 0; i < files_.size(); ++i) {
    struct stat ours {
    }, there{};
    if (::fstat(files_[i].fd, &ours) == 0 && ::stat(path(i).c_str(), &there) == 0 && ours.st_dev == there.st_dev &&
        ours.st_ino == there.st_ino)
      continue;
    throw StoreError(path(i).string() +
                     " was removed or replaced while axfrd runs: put the store's directory back as it was, or restart "
                     "axfrd to go on with what is there now");
  }
}

void RedoLog::test() const {
  for (uint32_t i = 0; i < files_.size(); ++i) {
    write_head(files_[i], i);
    if (::fdatasync(files_[i].fd) != 0) throw failure("write to its redo log in", directory_);
  }
}

void RedoLog::clear_generation(uint64_t generation) {
  const auto number = static_cast<uint32_t>(generation % 2);
  File& file = files_[number];
  file.cleared = generation;
  write_head(file, number);
  const std::string zeros(std::min<uint64_t>(kStep, file.size), '\0');
  for (uint64_t at = kBlock; at < file.size; at += zeros.size())
    write_all(file.fd, bytes_of(zeros).first(std::min<uint64_t>(zeros.size(), file.size - at)), at);
  if (::fdatasync(file.fd) != 0) throw failure("write to its redo log in", directory_);
}

}  // namespace axfrd::control
