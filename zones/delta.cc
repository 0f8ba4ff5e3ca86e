#include "zones/delta.h"

#include "zones/version.h"

namespace axfrd::zones {

Delta difference(const ZoneVersion& before, const RecordSet& after) {
  Delta delta;
  size_t next = 0;
  const auto skip_soa = [&] {
    while (next < after.size() && after[next].type == rrtype::SOA) ++next;
  };
  const auto visit = [&](const Record& old) {
    if (old.type == rrtype::SOA) return;
    for (skip_soa(); next < after.size(); skip_soa()) {
      const Record fresh = after[next];
      if (identical(old, fresh)) {
        ++next;
        return;
      }
      const auto order = record_order(old, fresh);
      if (order < 0) break;
      delta.added.emplace_back(fresh);
      ++next;
      if (order == 0) break;  // the same data with another TTL, or its owner written in another case
    }
    delta.removed.emplace_back(old);
  };
  before.for_each_record(visit);
  for (skip_soa(); next < after.size(); skip_soa()) delta.added.emplace_back(after[next++]);
  return delta;
}

}  // namespace axfrd::zones
