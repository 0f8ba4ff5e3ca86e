// Changes of whole RRsets, as an API states them: the new content of an RRset, regardless of the old one.
//
// The committer applies them to the version that is current then. So two concurrent changes of an RRset neither lose
// nor duplicate a record. Records that are there already stay, and a request that changes nothing makes no new serial.
// NS records for the zone's secondaries stay, too (commit/proposal.h).
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
    replace,  // by these records; none: removes the RRset
    extend,   // by these
    prune     // of these
  };
  Kind kind;
  zones::Name owner;
  uint16_t type = 0;                                     // 0: `pseudo` says what
  std::optional<zones::PseudoRecord::Kind> pseudo = {};  // ALIAS or URL
  std::vector<zones::Edit> records = {};                 // edits of kind `add`, of this owner and type, with one TTL
};

struct ChangeRRsets {
  zones::Name apex;
  std::vector<RRsetChange> changes;
  std::string if_tag = {};  // required version_tag() of the zone; empty: any
};

// A text that two versions of a zone share only if their content is the same: it is made of the serial and of the ALIAS
// and URL records.
std::string version_tag(const zones::ZoneVersion& version);

// Applies the changes to a draft, or returns why that is impossible.
std::optional<Failure> make_changes(const ChangeRRsets& request, zones::Draft& draft);
// The Failure if the principal may not make one of the changes; nothing if they may make all.
std::optional<Failure> refuse_changes(const Principal& who, const ChangeRRsets& request);

}  // namespace axfrd::control
