// UpdateGrant: records that the holder of a TSIG key may change by DNS UPDATE, or the holder of a token by the HTTP
// API.
//
// Threads. Values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/base/json.h"
#include "zones/data/record.h"

namespace axfrd::control {

struct UpdateGrant {
  std::optional<zones::Name> zone;  // none: every zone
  std::optional<zones::Name> name;  // none: every name of the zone
  bool below = false;               // `name` stands for the names below it, not for itself
  bool leading = false;             // `name` stands for the names that begin with its labels
  std::vector<uint16_t> types;      // empty: all

  bool covers_zone(const zones::Name& apex) const { return !zone || *zone == apex; }
  bool covers(zones::NameView owner, uint16_t type) const;
  bool covers(const zones::OwnedRecord& record) const { return covers(record.owner, record.type); }
  // Whether both allow the same records. The order of the types does not count.
  friend bool operator==(const UpdateGrant& a, const UpdateGrant& b);
};

// `zone`: "*" or a zone. `names`: "*", a name, "*.name" for all names below it, or "label.*" for all names that begin
// with that label. `types`: as in "A,AAAA"; empty: all. Throws std::invalid_argument with a sentence.
UpdateGrant parse_grant(const std::string& zone, const std::string& names, const std::string& types);
// {"zone", "names", "types"}, written as parse_grant() reads them.
Json to_json(const UpdateGrant& grant);

// The form in the store: tagged values.
std::string grant_to_stored(const UpdateGrant& grant);
// `knows_all` becomes false at a tag that this program does not know. Throws std::invalid_argument.
UpdateGrant grant_from_stored(zones::Bytes stored, bool& knows_all);

}  // namespace axfrd::control
