// What axfrctl says of a zone file without axfrd: a part of it that knows zones, and the only one.
#pragma once

#include <string>

#include "control/base/json.h"
#include "zones/text/zone_source.h"

namespace axfrd::control {

// A line of the result of zone.check, with the file, and with "warnings". Throws CtlUsageError if `zone` is no name.
Json check_zone_file(const zones::ZoneSource& source, const std::string& zone);

}  // namespace axfrd::control
