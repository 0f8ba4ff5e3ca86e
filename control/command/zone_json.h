// Zones, and what becomes of them, as JSON.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "control/base/json.h"
#include "control/command/rpc.h"
#include "control/commit/committer.h"
#include "control/ingest/importer.h"
#include "control/operate/zone_operations.h"
#include "zones/data/version.h"

namespace axfrd::control {

// Puts what is to be told into a result: "warnings", and how many more there were as "warnings_left_out".
void add_warnings(Json& result, const zones::Warnings& warnings);
Json to_json(const Committer::Imported& imported);
Json to_json(const Committer::Changed& changed);
Json to_json(const Committer::Configured& configured);
Json to_json(const Committer::Removed& removed);
Json to_json(const Committer::SecondarySet& set);
Json to_json(const Committer::KeyChanged& changed);
Json to_json(const Importer::Progress& progress);
Json to_json(const Importer::Loaded& loaded);

std::optional<zones::SerialPolicy> serial_policy_from(std::string_view text);

// One line of a list.
Json summary(const zones::ZoneVersion& version);
// What secondaries refuse in it, and what it lacks.
Json findings(const zones::ZoneVersion& version);
Json details(const zones::ZoneVersion& version);
// The steps that IXFR can serve, the newest first. `changes`: with their records.
Json history(const zones::ZoneVersion& version, bool changes);
// {"serial", "removed": […], "added": […]}, records as text of zone files.
Json to_json(const ContentDifference& difference);

// {"zones": [what `describe` says of each…]}, in the order of their names; and "more": true if the list was cut.
using Describe = Json (*)(const zones::ZoneVersion&);
JsonStream list_stream(ZoneList list, Describe describe);
// {"zone": …, "serial": …, "text": …}, the text made a page at a time.
JsonStream export_stream(zones::VersionRef version);

}  // namespace axfrd::control
