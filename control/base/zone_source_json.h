// A ZoneSource as the control socket carries it: axfrctl reads the files, and axfrd parses them.
//
// [{"file": …, "text": …, "includes": [{"line": …, "part": …} or {"line": …, "problem": …}], "remark": …,
// "remark_line": …}], where "part" is an index of the array.
#pragma once

#include "control/base/json.h"
#include "zones/text/zone_source.h"

namespace axfrd::control {

// Octets that are no UTF-8 become \DDD, which means the same in a zone file (RFC 1035 §5.1).
Json to_json(zones::ZoneSource source);
// Throws std::invalid_argument if it is none. Which part includes which is for the parser to check.
zones::ZoneSource zone_source_from(Json& parts);

}  // namespace axfrd::control
