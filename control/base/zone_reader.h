// Reads zone files, and the files that they include, into a ZoneSource. axfrctl and the importer read them alike.
//
// $INCLUDE FILE is looked for in the directory of the file that includes it, or below: a zone file may come from
// somebody who must not choose what else of this host is read. The kernel sees to that, whatever the path, `..` and
// symbolic links are (openat2(2), RESOLVE_BENEATH).
//
// Threads. Any; nothing is shared.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "control/base/patience.h"
#include "zones/text/zone_source.h"

namespace axfrd::control {

struct ZoneReadOptions {
  // Refuse what is no plain file, a FIFO for one, instead of waiting for what comes out of it. What is included must be
  // a plain file always.
  bool plain_only = true;
  WorkSigns* signs = nullptr;  // may be null; once it is given up, reading ends with an exception
};

// A file cannot be read; the text names it.
struct ZoneReadError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws ZoneReadError. What is wrong with an included file stands in the source, for the parser to tell with the line.
zones::ZoneSource read_zone(const std::filesystem::path& file, const ZoneReadOptions& options = {});
// The same of what is open already, and is in no directory: it can include nothing.
zones::ZoneSource read_zone(int fd, const std::string& name);

}  // namespace axfrd::control
