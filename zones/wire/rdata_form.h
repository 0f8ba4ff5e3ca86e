// The form of RDATA: which fields each type has, one behind the other.
//
// From it come the check of octets (rdata_check.h), the text of the types that ldns does not know (rdata_text.h), which
// names may be compressed, and which count without case (canonical.h).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "zones/wire/wire.h"

namespace axfrd::zones {

enum class Field : uint8_t {
  none,  // behind the last one
  int8,
  int16,
  int32,
  int64,
  octets6,  // EUI-48
  octets8,  // EUI-64, and the halves of an address
  ip4,
  ip6,
  type,            // the number of a record type
  scheme,          // of a DSYNC (RFC 9859 §2.1)
  name,            // never compressed, and its case counts
  folded_name,     // never compressed; its case does not count (RFC 4034 §6.2, RFC 6840 §5.1)
  old_name,        // of RFC 1035: it may be compressed (RFC 3597 §4), and its case does not count
  text,            // a <character-string> (RFC 1035 §3.3)
  maybe_text,      // the same, and it may be missing
  texts,           // one or more
  names,           // any number
  types,           // a bitmap of record types that says at least one (RFC 4034 §4.1.2)
  maybe_types,     // the same, and it may be empty
  base64,          // all that is left, at least one octet; and how it is written
  hex,             // the same
  maybe_base64,    // all that is left, if anything is
  base64_or_dash,  // the same; nothing is written '-'
  anything         // all that is left; what it is depends on what stands before it
};

struct Form {
  uint16_t type;
  std::string_view name;  // of the type; empty if ldns knows it, and reads and prints its data as others do
  std::array<Field, 10> fields;
};

// Null if the type is not known: its data may be anything (RFC 3597 §4).
const Form* form_of(uint16_t type);
// The type that has this name in a form; 0 if there is none.
uint16_t newer_type_named(std::string_view name);

// Where the names stand that are treated as names, one behind the other.
struct NamesForm {
  uint8_t prefix = 0;        // octets before them
  uint8_t texts = 0;         // strings behind these
  uint8_t folded = 0;        // names whose case does not count
  uint8_t compressible = 0;  // of them: all or none
  bool is_last = false;      // nothing stands behind them
};
inline constexpr size_t kCommonTypes = 265;  // beyond these no type has such names
extern const std::array<NamesForm, kCommonTypes> kNamesForms;
inline const NamesForm& names_form(uint16_t type) { return kNamesForms[type < kCommonTypes ? type : 0]; }

// Takes fields off the front of RDATA. Each returns nothing if the field is not there whole.
class FieldReader {
 public:
  explicit FieldReader(Bytes rdata) : left_(rdata) {}
  Bytes left() const { return left_; }
  std::optional<Bytes> take(size_t octets) {
    if (octets > left_.size()) return std::nullopt;
    const Bytes taken = left_.first(octets);
    left_ = left_.subspan(octets);
    return taken;
  }
  // The whole name; a pointer is no part of one.
  std::optional<Bytes> take_name();
  // Without its length.
  std::optional<Bytes> take_text() {
    if (left_.empty() || left_.size() <= left_[0]) return std::nullopt;
    const Bytes text = left_.subspan(1, left_[0]);
    left_ = left_.subspan(text.size() + 1);
    return text;
  }

 private:
  Bytes left_;
};

// How many octets a field has, if that is always the same; 0 if not.
size_t octets_in(Field field);

}  // namespace axfrd::zones
