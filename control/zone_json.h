// Zones, and what becomes of them, as JSON.
#pragma once

#include <vector>

#include "control/json.h"
#include "control/rpc.h"
#include "control/updater.h"
#include "zones/version.h"

namespace axfrd::control {

Json to_json(const Updater::Imported& imported);
Json to_json(const Updater::Removed& removed);

// One line of a list.
Json summary(const zones::ZoneVersion& version);
Json details(const zones::ZoneVersion& version);

// {"zones": [summary…]}, in no particular order.
JsonStream list_stream(std::vector<zones::VersionRef> versions);
// {"zone": …, "serial": …, "text": …}, the text made a page at a time.
JsonStream export_stream(zones::VersionRef version);

}  // namespace axfrd::control
