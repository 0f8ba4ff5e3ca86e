// What a zone lacks that secondaries and resolvers want of it, though each record is well-formed: findings, each a
// sentence for an operator. Other servers warn of the same (check-integrity of BIND), or refuse the zone.
//
// Threads. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zones/data/delta.h"
#include "zones/data/version.h"

namespace axfrd::zones {

// Whether the apex has NS records. Without, BIND refuses the zone as a secondary.
bool has_apex_servers(const ZoneVersion& version);

// A finding, and the record that it is about; none if it is about the zone as a whole.
struct Fault {
  std::string text;
  std::optional<OwnedRecord> record = {};
};
// The findings of the whole zone, at most `most` of them:
// - the apex has no NS record (RFC 1034 §4.2.1);
// - an NS, MX or SRV record names a CNAME (RFC 2181 §10.3, RFC 2782), or a name below a DNAME;
// - it names a name of the zone that has no address; for a delegation, glue is missing (RFC 9471).
std::vector<Fault> list_faults(const ZoneVersion& version, size_t most = 100);
// Their sentences alone.
std::vector<std::string> find_faults(const ZoneVersion& version, size_t most = 100);
// The same of the apex, the names that `delta` touches, and the delegations above these. Costs what the delta touches.
// Records elsewhere that name what is touched are not looked for.
std::vector<std::string> find_faults(const ZoneVersion& version, const Delta& delta, size_t most = 100);

}  // namespace axfrd::zones
