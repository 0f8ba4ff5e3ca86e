// Published: what the observers of zones (NOTIFY, ALIAS) get when a group is committed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "zones/data/version.h"

namespace axfrd::control {

// Lists only zones that are followed, because they have secondary DNS (set or unset) or ALIAS or URL records. `zones`:
// those that became visible. `gone`: those that were removed, or are not followed any more.
struct Published {
  struct Zone {
    zones::VersionRef version;
    std::string ledger;  // as stored; only at start, on promotion, and from a backup
  };
  std::vector<Zone> zones;
  std::vector<zones::Name> gone;
  bool keys = false;         // the book of TSIG keys has changed
  int64_t recovered_at = 0;  // at start, and when a standby is promoted: Store::recovered_at()
  bool promoted = false;     // this was a standby, and is the primary from now on
  bool empty() const { return zones.empty() && gone.empty() && !keys && !promoted; }
};

inline bool is_followed(const zones::ZoneVersion* version) {
  return version != nullptr && (version->attributes().secondary_dns || version->pseudo());
}

}  // namespace axfrd::control
