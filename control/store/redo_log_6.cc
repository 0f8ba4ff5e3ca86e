#include "control/store/redo_log_6.h"

#include <libdeflate.h>

#include <cstring>
#include <optional>
#include <string>
#include <system_error>

#include "control/base/file.h"
#include "control/store/store_error.h"

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::bytes_of;

constexpr size_t kHead6 = 20;

struct Record6 {
  Bytes content;
  bool whole;
};

std::optional<Record6> find_6(Bytes file, uint64_t at, uint64_t generation, uint32_t index) {
  if (at > file.size() || file.size() - at < kHead6) return std::nullopt;
  const uint8_t* head = &file[at];
  const uint64_t its_generation = static_cast<uint64_t>(zones::load32(head + 4)) << 32 | zones::load32(head + 8);
  const uint32_t octets = zones::load32(head);
  if (its_generation != generation || zones::load32(head + 12) != index) return std::nullopt;
  if (octets > file.size() - at - kHead6) return std::nullopt;
  const Bytes content = file.subspan(at + kHead6, octets);
  const uint32_t first = libdeflate_crc32(0, head, kHead6 - 4);
  return Record6{content, libdeflate_crc32(first, content.data(), content.size()) == zones::load32(head + kHead6 - 4)};
}

std::string content_of_file(const std::filesystem::path& file) {
  try {
    return std::filesystem::exists(file) ? read_file(file) : "";
  } catch (const std::system_error& error) {
    throw StoreError(std::string("the store cannot read its redo log: ") + error.what());
  }
}

}  // namespace

uint64_t replay_format_6(const std::filesystem::path& directory, uint64_t last,
                         const std::function<void(Bytes)>& visit) {
  for (;; ++last) {
    const uint64_t generation = last + 1;
    const auto path = directory / ("redo." + std::to_string(generation % 2));
    const std::string text = content_of_file(path);
    const Bytes file = bytes_of(text);
    uint32_t index = 0;
    uint64_t at = 0;
    for (auto record = find_6(file, at, generation, index); record; record = find_6(file, at, generation, ++index)) {
      at += kHead6 + record->content.size();
      if (record->whole) {
        visit(record->content);
        continue;
      }
      if (!find_6(file, at, generation, index + 1)) break;
      throw StoreError("the store in " + directory.string() + " is damaged: a record of " + path.filename().string() +
                       " does not match its checksum; restore it from a backup");
    }
    if (index == 0) return last;
  }
}

}  // namespace axfrd::control
