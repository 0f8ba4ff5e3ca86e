// Compressor: compresses names against names that the message has already (RFC 1035 §4.1.4), and writes records piece
// by piece. Used to render pages and to prepare answers only.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "zones/wire/name.h"
#include "zones/wire/rdata_form.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

inline void append(std::string& out, Bytes bytes) { out.append(text_of(bytes)); }
inline void append16(std::string& out, unsigned v) {
  std::array<uint8_t, 2> two;
  store16(two.data(), v);
  append(out, two);
}

// Remembers the positions of names in one message and compresses further names against them. It compares octets
// exactly, so that each name keeps its case. It is reused for message after message, because reset() costs nothing.
class Compressor {
 public:
  // Begins a new message with `question` at offset 12 and records from offset `base` on. Pointers may lead to the part
  // of the question from `known_from` on (the apex), and to nothing beyond `reach`.
  void reset(NameView question, unsigned known_from, unsigned base, unsigned reach) {
    question_ = question;
    base_ = base;
    reach_ = reach;
    used_ = 0;
    if (++generation_ == 0) {
      table_.fill({});
      generation_ = 1;
    }
    const NameView known(question.data() + known_from, question.size() - known_from);
    Suffixes suffixes(known);
    for (unsigned i = 0; i < suffixes.count; ++i) enter(suffixes.hash[i], kHeaderSize + known_from + suffixes.at[i]);
  }

  // Enters a name that stands in the records at `start`: its first label, then a pointer.
  void enter_child(NameView name, size_t start) { remember(Suffixes(name), 1, start); }

  // Appends `name` to the message whose records are out[body_at…]. Returns the position of the pointer that was
  // written, relative to the records, if there is one.
  std::optional<uint16_t> put(std::string& out, size_t body_at, NameView name) {
    const Suffixes suffixes(name);
    const size_t start = out.size() - body_at;
    for (unsigned i = 0; i < suffixes.count; ++i) {
      const unsigned target = lookup(out, body_at, suffixes.hash[i], name.parent(i));
      if (target == 0) continue;
      append(out, {name.data(), suffixes.at[i]});
      remember(suffixes, i, start);
      const auto pointer_at = static_cast<uint16_t>(out.size() - body_at);
      append16(out, pointer_to(target));
      return pointer_at;
    }
    append(out, name.bytes());
    remember(suffixes, suffixes.count, start);
    return std::nullopt;
  }

 private:
  // Offsets and hashes of a name and its ancestors, without the root.
  struct Suffixes {
    explicit Suffixes(NameView name) {
      const uint8_t* p = name.data();
      for (unsigned o = 0; p[o] != 0; o += p[o] + 1U) at[count++] = static_cast<uint8_t>(o);
      uint64_t h = NameHash::process().root();
      for (unsigned i = count; i-- > 0;) hash[i] = h = NameHash::process().extend(h, p + at[i]);
    }
    std::array<uint8_t, kMaxLabels> at;
    std::array<uint64_t, kMaxLabels> hash;
    unsigned count = 0;
  };
  struct Entry {
    uint32_t generation = 0, hash = 0;
    uint16_t offset = 0;
  };
  static constexpr unsigned kEntries = 4096, kMaxUsed = 3072;

  void remember(const Suffixes& suffixes, unsigned count, size_t start) {
    for (unsigned i = 0; i < count; ++i) {
      const size_t offset = base_ + start + suffixes.at[i];
      if (offset < reach_ && used_ < kMaxUsed) enter(suffixes.hash[i], static_cast<unsigned>(offset));
    }
  }
  void enter(uint64_t hash, unsigned offset) {
    unsigned at = hash % kEntries;
    while (table_[at].generation == generation_) at = (at + 1) % kEntries;
    table_[at] = {generation_, static_cast<uint32_t>(hash >> 32), static_cast<uint16_t>(offset)};
    ++used_;
  }
  unsigned lookup(const std::string& out, size_t body_at, uint64_t hash, NameView name) const {
    for (unsigned at = hash % kEntries; table_[at].generation == generation_; at = (at + 1) % kEntries) {
      if (table_[at].hash == static_cast<uint32_t>(hash >> 32) && stands_at(out, body_at, table_[at].offset, name)) {
        return table_[at].offset;
      }
    }
    return 0;
  }
  const uint8_t* octet_at(const std::string& out, size_t body_at, unsigned offset) const {
    return offset < base_ ? question_.data() + (offset - kHeaderSize)
                          : bytes_of(out).data() + body_at + (offset - base_);
  }
  bool stands_at(const std::string& out, size_t body_at, unsigned offset, NameView name) const {
    const uint8_t* p = octet_at(out, body_at, offset);
    for (const uint8_t* label = name.data();; label += *label + 1U) {
      while (is_pointer(*p)) p = octet_at(out, body_at, load16(p) & 0x3FFFU);
      if (*p != *label) return false;
      if (*label == 0) return true;
      if (std::memcmp(p + 1, label + 1, *label) != 0) return false;
      p += *p + 1U;
    }
  }

  NameView question_;
  unsigned base_ = 0, reach_ = 0, used_ = 0;
  uint32_t generation_ = 0;
  std::array<Entry, kEntries> table_{};
};

// One table per thread, because it is large and pages are built by the thousand.
inline Compressor& compressor() {
  thread_local Compressor instance;
  return instance;
}

// Appends RDATA, and calls put_name(name) for the names in it that may be compressed.
template <class PutName>
void put_rdata(std::string& out, uint16_t type, Bytes rdata, PutName&& put_name) {
  const NamesForm& shape = names_form(type);
  if (shape.compressible == 0) return append(out, rdata);
  append(out, rdata.first(shape.prefix));
  size_t at = shape.prefix;
  for (unsigned i = 0; i < shape.compressible; ++i) {
    const NameView name = *NameView::read(rdata, static_cast<unsigned>(at));
    put_name(name);
    at += name.size();
  }
  append(out, rdata.subspan(at));
}

// RDLENGTH is set when the RDATA is known.
inline void store_fixed(uint8_t* out, uint16_t type, uint32_t ttl) {
  store16(out, type);
  store16(out + 2, rrclass::IN);
  store32(out + 4, ttl);
  store16(out + 8, 0);
}

inline void put_fixed(std::string& out, uint16_t type, uint32_t ttl) {
  std::array<uint8_t, kRrFixed> fixed;
  store_fixed(fixed.data(), type, ttl);
  append(out, fixed);
}

inline void set_rdlength(std::string& out, size_t rdata_at) {
  store16(reinterpret_cast<uint8_t*>(out.data()) + rdata_at - 2, static_cast<unsigned>(out.size() - rdata_at));
}

}  // namespace axfrd::zones
