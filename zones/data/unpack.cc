#include "zones/data/unpack.h"

#include <cstring>
#include <stdexcept>

#include "zones/wire/rdata_form.h"

namespace axfrd::zones {
namespace {

// Whether a label of `name`, or its root, begins at `offset`. @pre offset < name.size()
bool label_begins(NameView name, unsigned offset) {
  unsigned at = 0;
  while (at < offset) at += name.data()[at] + 1U;
  return at == offset;
}

}  // namespace

void malformed_page(const char* what) { throw std::invalid_argument(std::string("malformed page: ") + what); }

NameView unpack_name(Bytes body, unsigned& at, unsigned base, const Apex& apex, std::array<uint8_t, kMaxName>& buffer) {
  unsigned size = 0, from = at;
  bool jumped = false;
  for (;;) {
    if (from >= body.size()) malformed_page("a name runs out of its message");
    const uint8_t length = body[from];
    if (is_pointer(length)) {
      if (from + 2 > body.size()) malformed_page("half a pointer");
      const unsigned target = load16(&body[from]) & 0x3FFFU;
      if (!jumped) at = from + 2;
      jumped = true;
      if (target >= kHeaderSize && target < kHeaderSize + apex.size) {  // the rest is (a suffix of) the apex
        const NameView name = apex.name;
        const unsigned skip = target - kHeaderSize, rest = name.size() - skip;
        if (!label_begins(name, skip)) malformed_page("a pointer into the middle of a label");
        if (size + rest > kMaxName) malformed_page("a name of more than 255 octets");
        std::memcpy(buffer.data() + size, name.data() + skip, rest);
        return {buffer.data(), size + rest};
      }
      if (target < base || target - base >= from) malformed_page("a pointer that does not point back");
      from = target - base;
      continue;
    }
    if (length > kMaxLabel) malformed_page("a label type that does not exist");
    if (from + 1 + length > body.size() || size + 1 + length > kMaxName) malformed_page("a label that does not fit");
    std::memcpy(buffer.data() + size, &body[from], length + 1U);
    size += length + 1U;
    from += length + 1U;
    if (length == 0) {
      if (!jumped) at = from;
      return {buffer.data(), size};
    }
  }
}

Record unpack_record(Bytes body, unsigned& at, unsigned base, const Apex& apex, RecordScratch& scratch) {
  Record r;
  r.owner = unpack_name(body, at, base, apex, scratch.owner);
  if (at + kRrFixed > body.size()) malformed_page("a record cut short");
  r.type = load16(&body[at]);
  r.ttl = load32(&body[at + 4]);
  const unsigned length = load16(&body[at + 8]);
  at += kRrFixed;
  if (at + length > body.size()) malformed_page("data cut short");
  const unsigned end = at + length;
  const NamesForm& shape = names_form(r.type);
  if (shape.compressible == 0) {
    r.rdata = body.subspan(at, length);
    at = end;
    return r;
  }
  if (shape.prefix > length) malformed_page("data too short for its type");
  scratch.rdata.assign(reinterpret_cast<const char*>(&body[at]), shape.prefix);
  at += shape.prefix;
  std::array<uint8_t, kMaxName> buffer;
  for (unsigned i = 0; i < shape.compressible; ++i)
    scratch.rdata += text_of(unpack_name(body, at, base, apex, buffer).bytes());
  if (at > end) malformed_page("a name that runs out of its data");
  scratch.rdata += text_of(body.subspan(at, end - at));
  at = end;
  r.rdata = bytes_of(scratch.rdata);
  return r;
}

}  // namespace axfrd::zones
