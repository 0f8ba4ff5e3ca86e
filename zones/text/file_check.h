// Zone files, looked at without anybody serving them: all that an import would say of one, with file and line.
//
// Threads. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "zones/data/version.h"
#include "zones/data/warnings.h"
#include "zones/text/zone_source.h"
#include "zones/text/zonefile.h"

namespace axfrd::zones {

// "file:line: sentence" each.
struct FileFindings {
  std::optional<uint32_t> serial;    // none: the file is refused
  size_t records = 0;                // of the zone, the SOA among them
  std::vector<std::string> refused;  // why an import refuses the file, at most kMostProblems; empty: it does not
  std::vector<std::string> faults;   // what the zone lacks (integrity.h)
  Warnings warnings;                 // the rest that an import tells of
};
FileFindings check_file(const ZoneSource& source, const Name& apex);

// The version of a zone that is new, as a file has it.
VersionRef build_version(const ZoneText& zone);
// The faults of `version`, each with the place of its record. @pre version = build_version(zone)
std::vector<std::string> place_faults(const ZoneText& zone, const ZoneVersion& version);

}  // namespace axfrd::zones
