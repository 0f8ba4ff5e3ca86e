// Delta: the difference between two versions of a zone, SOA left out: what IXFR calls deletions and additions (RFC 1995
// §4).
#pragma once

#include <stdexcept>
#include <vector>

#include "zones/record.h"

namespace axfrd::zones {

class ZoneVersion;

// Exact: every removed record is in the older version and every added one is not, to the TTL. What an RRset's change of
// TTL does to its other records is in it too.
struct Delta {
  std::vector<OwnedRecord> removed, added;
  bool empty() const { return removed.empty() && added.empty(); }
};

// Says which record of a Delta does not fit the zone it is applied to.
struct DeltaMismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What turns `before` into `after`. @pre after.finish() found no problem.
Delta difference(const ZoneVersion& before, const RecordSet& after);

}  // namespace axfrd::zones
