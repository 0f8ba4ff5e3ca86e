#include "control/store/batch.h"

#include <stdexcept>

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::text_of;

constexpr size_t kEntryHead = 8;

Bytes take(Bytes& rest, size_t octets) {
  if (octets > rest.size()) throw std::invalid_argument("a batch in its redo log is cut short");
  const Bytes taken = rest.first(octets);
  rest = rest.subspan(octets);
  return taken;
}

}  // namespace

void Batch::add(Change change, StoreTable table, std::string_view key, std::string_view value) {
  too_large_ = too_large_ || octets_.size() + kEntryHead + key.size() + value.size() > limit_;
  if (too_large_) return;
  uint8_t head[kEntryHead];
  head[0] = static_cast<uint8_t>(change);
  head[1] = static_cast<uint8_t>(table);
  zones::store16(head + 2, static_cast<uint16_t>(key.size()));
  zones::store32(head + 4, static_cast<uint32_t>(value.size()));
  octets_.append(reinterpret_cast<const char*>(head), kEntryHead).append(key).append(value);
}

void Batch::apply(Bytes batches, Writer& writer) {
  while (!batches.empty()) {
    const Bytes head = take(batches, kEntryHead);
    const auto change = static_cast<Change>(head[0]);
    const auto table = static_cast<StoreTable>(head[1]);
    if (change > Change::erase_all || head[1] >= kTables)
      throw std::invalid_argument("its redo log has a change of an unknown kind");
    const std::string_view key = text_of(take(batches, zones::load16(&head[2])));
    const std::string_view value = text_of(take(batches, zones::load32(&head[4])));
    switch (change) {
      case Change::put:
        writer.put(table, key, value);
        break;
      case Change::erase:
        writer.erase(table, key);
        break;
      case Change::erase_all:
        writer.erase_all(table, key);
        break;
    }
  }
}

}  // namespace axfrd::control
