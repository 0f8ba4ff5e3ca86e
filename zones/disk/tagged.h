// Tagged values: how the store keeps what may get new members one day.
//
//   [tag 2 | octets 4 | value] …, numbers big-endian; a value may be tagged values again
//
// The rule. A reader that meets a tag it does not know keeps these octets as they are, and refuses to edit what they
// belong to: the zone, the key, the provider. It serves that all the same. So an axfrd that was installed anew after
// an upgrade loses nothing that the later one has stored. What follows for those who change the format:
//
//   - A tag is never used again for something else. The order of tags does not matter.
//   - A new member gets a new tag, and is left out while it has its default. Then older programs can edit the rest.
//   - A new meaning of a known tag, or a change of anything that is not tagged, raises kStoreFormat and kLeastReader,
//     and brings a decoder for the format before and a stored example of it (tests/data/stores).
//
// A sealed value is one value of the store with a checksum: [format 1 | content | CRC-32 4]. The checksum begins with
// a start value of its own. That tells it from a value of format 6, which is a plain CRC-32 behind the content, and
// where only a zone's value has a format number.
//
// All reading throws std::invalid_argument with a reason that begins in lower case.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "zones/wire/name.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

// The format of what this program writes; the oldest format whose programs can read that; the oldest it reads itself.
inline constexpr uint32_t kStoreFormat = 7;
inline constexpr uint32_t kLeastReader = 7;
inline constexpr uint32_t kOldestFormat = 6;

class OctetWriter {
 public:
  void put(Bytes bytes) { out_.append(text_of(bytes)); }
  void put(std::string_view text) { out_.append(text); }
  void put8(unsigned v) { out_ += static_cast<char>(v); }
  void put16(unsigned v) {
    put8(v >> 8);
    put8(v & 0xFF);
  }
  void put32(uint32_t v) {
    put16(v >> 16);
    put16(v & 0xFFFF);
  }
  void put64(uint64_t v) {
    put32(static_cast<uint32_t>(v >> 32));
    put32(static_cast<uint32_t>(v));
  }
  std::string finish() && { return std::move(out_); }

 private:
  std::string out_;
};

class OctetReader {
 public:
  explicit OctetReader(Bytes value) : rest_(value) {}
  Bytes take(size_t n);
  uint8_t take8() { return take(1)[0]; }
  uint16_t take16() { return load16(take(2).data()); }
  uint32_t take32() { return load32(take(4).data()); }
  uint64_t take64() {
    const uint64_t high = take32();
    return high << 32 | take32();
  }
  std::string take_sized() { return std::string(text_of(take(take32()))); }
  Name take_name();
  Bytes rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }
  void expect_end() const;

 private:
  Bytes rest_;
};

class TagWriter {
 public:
  template <class Tag>
  void put(Tag tag, std::string_view value) {
    head(tag, static_cast<uint32_t>(value.size())).put(value);
  }
  template <class Tag>
  void put8(Tag tag, unsigned value) {
    head(tag, 1).put8(value);
  }
  template <class Tag>
  void put16(Tag tag, unsigned value) {
    head(tag, 2).put16(value);
  }
  template <class Tag>
  void put32(Tag tag, uint32_t value) {
    head(tag, 4).put32(value);
  }
  template <class Tag>
  void put64(Tag tag, uint64_t value) {
    head(tag, 8).put64(value);
  }
  template <class Tag>
  void put_name(Tag tag, const Name& name) {
    put(tag, text_of(name.view().bytes()));
  }
  // Tagged values as they were read.
  void put_raw(std::string_view tagged) { out_.put(tagged); }
  std::string finish() && { return std::move(out_).finish(); }

 private:
  template <class Tag>
  OctetWriter& head(Tag tag, uint32_t octets) {
    out_.put16(static_cast<unsigned>(tag));
    out_.put32(octets);
    return out_;
  }
  OctetWriter out_;
};

// Goes through tagged values: while (in.next()) switch (in.tag<Tag>()) { … }
class TagReader {
 public:
  explicit TagReader(Bytes tagged) : in_(tagged) {}
  bool next();
  template <class Tag>
  Tag tag() const {
    return static_cast<Tag>(tag_);
  }
  Bytes value() const { return value_; }
  std::string text() const { return std::string(text_of(value_)); }
  uint8_t number8() const { return numbered(1).take8(); }
  uint16_t number16() const { return numbered(2).take16(); }
  uint32_t number32() const { return numbered(4).take32(); }
  uint64_t number64() const { return numbered(8).take64(); }
  Name name() const;

  // The tag, its length and its value, as they were read.
  std::string_view whole() const { return text_of(whole_); }

 private:
  OctetReader numbered(size_t octets) const;

  OctetReader in_;
  unsigned tag_ = 0;
  Bytes value_, whole_;
};

// What must be there.
template <class T>
T required(std::optional<T> value, const char* what) {
  if (!value) throw std::invalid_argument(std::string("a value without its ") + what);
  return *std::move(value);
}

// `context` is what the value stands under, if that shall be part of the checksum.
std::string seal(std::string_view content, std::string_view context = {});
struct Unsealed {
  uint32_t format;
  Bytes content;
};
Unsealed unseal(Bytes value, std::string_view context = {});

}  // namespace axfrd::zones
