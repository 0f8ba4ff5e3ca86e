// Records that a zone holds though they are refused today (rdata_check.h): an earlier release took them.
//
// They are served as they are, and edits elsewhere in the zone work. But a strict secondary cannot transfer the zone,
// so warnings name these records to the operator. No IXFR difference carries them, because it would stop even a
// secondary that has the rest of the zone.
//
// Threads. Pure.
#pragma once

#include <string>
#include <vector>

#include "zones/data/delta.h"
#include "zones/data/version.h"

namespace axfrd::zones {

// A sentence for each such record of the zone, at most `most`.
std::vector<std::string> find_refused(const ZoneVersion& version, size_t most = 100);
// Whether a change adds or removes such a record.
bool has_refused(const Delta& delta);

}  // namespace axfrd::zones
