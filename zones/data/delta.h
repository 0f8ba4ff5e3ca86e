// Delta: the difference between two versions of a zone, SOA left out: what IXFR calls deletions and additions (RFC 1995
// §4).
#pragma once

#include <stdexcept>
#include <vector>

#include "zones/data/record.h"

namespace axfrd::zones {

class ZoneVersion;

// A delta is exact, including TTLs: every removed record is in the older version, and no added record is. If an RRset's
// TTL changes, the delta has all its records. same_record() compares records, so that names that differ in
// case alone are no difference. Every server holds one copy of such records (RFC 4034 §6.3), and a secondary that is
// told to delete one, in any case, deletes that copy.
struct Delta {
  std::vector<OwnedRecord> removed, added;
  bool empty() const { return removed.empty() && added.empty(); }
};

// Thrown when a record of a Delta does not fit the zone; what() names the record.
struct DeltaMismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Returns the delta from `before` to `after`. Where only the case of names differs, the zone keeps its case; `recased`,
// if not null, gets the number of such records. @pre after.finish() found no problem.
Delta difference(const ZoneVersion& before, const RecordSet& after, size_t* recased = nullptr);

// Returns whether `delta` can have led to `version`: the version has all added records and no removed record.
// @pre `delta` is in the order of a version
bool leads_to(const Delta& delta, const ZoneVersion& version);

}  // namespace axfrd::zones
