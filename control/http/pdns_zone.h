// Zones as PowerDNS's API shows them.
//
// The addresses that ALIAS and URL records stand for are left out, and so are the NS records that stand in a zone for
// its secondaries: tools compare what they read with what somebody wrote, and would take them away again and again.
//
// Threads. Any.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/base/json.h"
#include "control/command/rpc.h"
#include "zones/data/version.h"

namespace axfrd::control {

// A zone without its RRsets. `notified`: the lowest serial that its secondaries are proven to have.
Json pdns_zone(const zones::ZoneVersion& version, uint32_t notified);
// The same with its RRsets, made piece by piece.
JsonStream pdns_zone_stream(zones::VersionRef version, uint32_t notified);
// The same with those RRsets alone that have this owner and, if it is stated, this type.
Json pdns_zone_with(const zones::ZoneVersion& version, uint32_t notified, const zones::Name& owner,
                    const std::string& type);
struct ShownRecord {
  std::string owner, type;
  uint32_t ttl;
  std::string content;
};
// Calls `visit` with each record that is shown, until it returns false.
void for_each_shown(const zones::ZoneVersion& version, const std::function<bool(const ShownRecord&)>& visit);
// Lines of a zone file, as they are, or as the inside of {"zone": "…"}.
JsonStream pdns_export(zones::VersionRef version, bool as_json);

}  // namespace axfrd::control
