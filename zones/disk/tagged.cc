#include "zones/disk/tagged.h"

#include <libdeflate.h>

#include <stdexcept>

namespace axfrd::zones {
namespace {

constexpr size_t kChecksum = 4;
constexpr uint32_t kSealStart = 0x41584644;  // of the checksum of sealed values

// libdeflate begins anew when it is given a null pointer, which empty octets may have.
uint32_t checksum(uint32_t start, Bytes bytes) {
  return bytes.empty() ? start : libdeflate_crc32(start, bytes.data(), bytes.size());
}

}  // namespace

Bytes OctetReader::take(size_t n) {
  if (n > rest_.size()) throw std::invalid_argument("a value cut short");
  const Bytes taken = rest_.first(n);
  rest_ = rest_.subspan(n);
  return taken;
}

Name OctetReader::take_name() {
  const auto name = NameView::read(rest_);
  if (!name) throw std::invalid_argument("a malformed name");
  Name copy(*name);
  take(name->size());
  return copy;
}

void OctetReader::expect_end() const {
  if (!at_end()) throw std::invalid_argument("a value with octets left over");
}

bool TagReader::next() {
  if (in_.at_end()) return false;
  const Bytes before = in_.rest();
  tag_ = in_.take16();
  value_ = in_.take(in_.take32());
  whole_ = before.first(before.size() - in_.rest().size());
  return true;
}

Name TagReader::name() const {
  OctetReader in(value_);
  Name name = in.take_name();
  in.expect_end();
  return name;
}

OctetReader TagReader::numbered(size_t octets) const {
  if (value_.size() != octets) throw std::invalid_argument("a number of another size");
  return OctetReader(value_);
}

std::string seal(std::string_view content, std::string_view context) {
  OctetWriter out;
  out.put8(kStoreFormat);
  out.put(content);
  std::string sealed = std::move(out).finish();
  const uint32_t sum = checksum(checksum(kSealStart, bytes_of(context)), bytes_of(sealed));
  sealed.resize(sealed.size() + kChecksum);
  store32(reinterpret_cast<uint8_t*>(sealed.data()) + sealed.size() - kChecksum, sum);
  return sealed;
}

Unsealed unseal(Bytes value, std::string_view context) {
  if (value.size() < kChecksum) throw std::invalid_argument("a value too short for its checksum");
  const Bytes body = value.first(value.size() - kChecksum);
  const uint32_t sum = load32(value.data() + body.size());
  if (!body.empty() && sum == checksum(checksum(kSealStart, bytes_of(context)), body))
    return {body[0], body.subspan(1)};
  if (sum == checksum(0, body)) return {kOldestFormat, body};
  throw std::invalid_argument("a checksum that does not match");
}

}  // namespace axfrd::zones
