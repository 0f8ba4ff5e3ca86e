#include "control/tsig.h"

#include "zones/record_walk.h"

namespace axfrd::control {

namespace {

using namespace zones;  // NOLINT(google-build-using-namespace): this file is all wire format

constexpr unsigned kError = 17;  // BADKEY, RFC 8945 §3
// RDATA behind the algorithm name: time, fudge, MAC size, original ID, error, other length (RFC 8945 §4.2).
constexpr unsigned kBeforeMac = 6 + 2 + 2, kBehindMac = 2 + 2 + 2;

uint64_t load48(const uint8_t* p) { return (static_cast<uint64_t>(load16(p)) << 32) | load32(p + 2); }

std::optional<TsigRecord> read_rdata(NameView key, Bytes rdata) {
  const auto algorithm = NameView::read(rdata);
  if (!algorithm || rdata.size() < algorithm->size() + kBeforeMac + kBehindMac) return std::nullopt;
  const uint8_t* p = rdata.data() + algorithm->size();
  const unsigned mac_size = load16(p + 8);
  if (rdata.size() < algorithm->size() + kBeforeMac + mac_size + kBehindMac) return std::nullopt;
  return TsigRecord{Name(key), Name(*algorithm), load48(p), load16(p + 6), load16(p + kBeforeMac + mac_size)};
}

class Writer {
 public:
  explicit Writer(uint8_t* at) : at_(at) {}
  void name(NameView name) {
    std::memcpy(at_, name.data(), name.size());
    at_ += name.size();
  }
  void u16(unsigned value) {
    store16(at_, value);
    at_ += 2;
  }
  void u32(uint32_t value) {
    store32(at_, value);
    at_ += 4;
  }

 private:
  uint8_t* at_;
};

}  // namespace

std::optional<TsigRecord> read_tsig(const Query& query) {
  const unsigned records = load16(query.message + 6) + load16(query.message + 8) + load16(query.message + 10);
  RecordWalk record(query.message, query.size, query.question_end);
  for (unsigned i = 0; i < records; ++i) {
    if (!record.next()) return std::nullopt;
  }
  if (records == 0 || record.type() != rrtype::TSIG || record.rr_class() != rrclass::ANY) return std::nullopt;
  const auto key = NameView::read({query.message, query.size}, record.owner_at());
  return key ? read_rdata(*key, record.rdata()) : std::nullopt;
}

unsigned append_badkey(const TsigRecord& request, uint8_t* message, unsigned size, unsigned capacity) {
  const unsigned rdata_size = request.algorithm.view().size() + kBeforeMac + kBehindMac;
  const unsigned whole = request.key.view().size() + kRrFixed + rdata_size;
  if (size + whole > capacity) return size;
  Writer out(message + size);
  out.name(request.key);
  out.u16(rrtype::TSIG);
  out.u16(rrclass::ANY);
  out.u32(0);
  out.u16(rdata_size);
  out.name(request.algorithm);
  out.u16(static_cast<unsigned>(request.time_signed >> 32));
  out.u32(static_cast<uint32_t>(request.time_signed));
  out.u16(request.fudge);
  out.u16(0);  // no MAC
  out.u16(request.original_id);
  out.u16(kError);
  out.u16(0);
  store16(message + 10, load16(message + 10) + 1U);
  return size + whole;
}

}  // namespace axfrd::control
