#include "zones/ixfr.h"

#include "zones/record_walk.h"

namespace axfrd::zones {

std::optional<uint32_t> ixfr_serial(const Query& query) {
  const unsigned answers = load16(query.message + 6), authorities = load16(query.message + 8);
  RecordWalk record(query.message, query.size, query.question_end);
  if (answers != 0 || authorities == 0 || !record.next() || record.type() != rrtype::SOA) return std::nullopt;
  // Two names, each at least one octet, then SERIAL and four more numbers (RFC 1035 §3.3.13).
  constexpr unsigned kNumbers = 20;
  const Bytes rdata = record.rdata();
  if (rdata.size() < kNumbers + 2) return std::nullopt;
  return load32(rdata.data() + rdata.size() - kNumbers);
}

}  // namespace axfrd::zones
