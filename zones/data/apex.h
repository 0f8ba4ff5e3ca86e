// Apex: what pages and answers must know of the zone they belong to.
#pragma once

#include <cstdint>

#include "zones/wire/name.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

// A view: the name's octets stand in the ZoneVersion (or the RecordSet, while a zone is being built).
struct Apex {
  explicit Apex(NameView n) : name(n), hash(NameHash::process().of(n)), size(n.size()), labels(n.label_count()) {}
  NameView name;
  uint64_t hash;
  unsigned size;    // octets of the name
  unsigned labels;  // without the root

  // Where records begin in a message that asks for this apex: header, name, QTYPE, QCLASS.
  unsigned question_end() const { return kHeaderSize + size + 4; }
};

}  // namespace axfrd::zones
