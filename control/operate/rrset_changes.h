// Changes of whole RRsets, as an API states them: what an RRset is to be, whatever it was.
//
// They are made upon the version that is current when the committer gets to them, so that two who change one RRset at
// the same time neither lose nor double a record. What is so already stays, and a request that changes nothing gives no
// new serial. NS records that stand in the zone for its secondaries stay, too (commit/proposal.h).
//
// Threads. The functions: any.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/base/outcome.h"
#include "control/operate/principal.h"
#include "zones/data/draft.h"

namespace axfrd::control {

struct RRsetChange {
  enum class Kind : uint8_t {
    replace,  // by these records; none: the RRset goes
    extend,   // by these
    prune     // of these
  };
  Kind kind;
  zones::Name owner;
  uint16_t type = 0;                                     // 0: `pseudo` says what
  std::optional<zones::PseudoRecord::Kind> pseudo = {};  // ALIAS or URL
  std::vector<zones::Edit> records = {};                 // each to be added: of this owner and type, and of one TTL
};

struct ChangeRRsets {
  zones::Name apex;
  std::vector<RRsetChange> changes;
  std::string if_tag = {};  // make them only if that is the version_tag(); empty: in any case
};

// What two versions of a zone have in common only if they show the same: the serial, and what ALIAS and URL records
// say.
std::string version_tag(const zones::ZoneVersion& version);

// Makes the changes on a draft; why they cannot be made.
std::optional<Failure> make_changes(const ChangeRRsets& request, zones::Draft& draft);
// Why the principal may not make one of them.
std::optional<Failure> refuse_changes(const Principal& who, const ChangeRRsets& request);

}  // namespace axfrd::control
