// Delta: the difference between two versions of a zone, SOA left out: what IXFR calls deletions and additions (RFC 1995
// §4).
#pragma once

#include <stdexcept>
#include <vector>

#include "zones/data/record.h"

namespace axfrd::zones {

class ZoneVersion;

// Exact: every removed record is in the older version and every added one is not, to the TTL. What an RRset's change of
// TTL does to its other records is in it too. Records are compared as same_record() does, so that another case of the
// same names is no difference: every server holds one copy of such records (RFC 4034 §6.3), and a secondary that is
// told to delete one in whatever case deletes that copy.
struct Delta {
  std::vector<OwnedRecord> removed, added;
  bool empty() const { return removed.empty() && added.empty(); }
};

// Says which record of a Delta does not fit the zone it is applied to.
struct DeltaMismatch : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What turns `before` into `after`. Where only the case of names differs, the zone keeps the case that it has;
// `recased`, if not null, gets the number of such records. @pre after.finish() found no problem.
Delta difference(const ZoneVersion& before, const RecordSet& after, size_t* recased = nullptr);

// Whether `delta` can have led to `version`: what it adds is there, and what it removes is not. @pre `delta` is in the
// order of a version
bool leads_to(const Delta& delta, const ZoneVersion& version);

}  // namespace axfrd::zones
