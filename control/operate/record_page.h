// Records of a zone as people look at them: RRset by RRset, in canonical order, a part of the zone at a time.
//
// ALIAS and URL records stand at their owners; the addresses that they stand for are left out. NS records that are
// there for the zone's secondaries are named, because they follow the settings.
//
// Threads. Any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/base/json.h"
#include "zones/data/version.h"

namespace axfrd::control {

struct WantRecords {
  std::string search = {};                // text in owner, type or data, in any case; empty: all
  std::optional<zones::Name> owner = {};  // only of this owner
  std::string type = {};                  // only of this type; empty: all
  std::optional<zones::Name> after = {};  // only of owners after this one, as a page before has said
  size_t most = 100;                      // RRsets; those of one owner are not parted
};

struct RecordPage {
  struct RRset {
    zones::Name owner;
    std::string type;
    uint32_t ttl;
    std::vector<std::string> records;    // their data
    std::vector<std::string> secondary;  // those of them that stand there for secondaries
  };
  std::vector<RRset> rrsets;
  std::optional<zones::Name> next = {};  // what comes after that owner was not looked at; none: all was
  bool is_cut = false;                   // a search ended before it had found enough, because that takes long
};

RecordPage read_records(const zones::ZoneVersion& version, const WantRecords& wanted);

}  // namespace axfrd::control
