// DNS UPDATE (RFC 2136): a request read off the wire, and its meaning for a draft of the zone.
//
// Threads. Pure; an UpdateRequest belongs to whoever holds it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zones/answer/query.h"
#include "zones/data/draft.h"
#include "zones/wire/result.h"

namespace axfrd::zones {

struct UpdateRequest {
  // What must hold before anything is changed (RFC 2136 §2.4).
  struct Prerequisite {
    enum class Kind : uint8_t { name_in_use, name_free, rrset_exists, rrset_free, rrset_equals };
    Kind kind;
    Name name;
    uint16_t type;                     // of an RRset
    std::vector<OwnedRecord> records;  // that rrset_equals means; TTLs do not count
  };
  std::vector<Prerequisite> prerequisites;
  std::vector<Edit> edits;  // in their order; an RRset of type ANY is all of a name
};

// The request in `request`, or the RCODE that refuses it: FORMERR, NOTZONE (RFC 2136 §3.2, §3.4.1).
// @pre request.parse() found a well-formed UPDATE, and no response was written yet
Result<UpdateRequest, Rcode> read_update(const Request& request);

// NOERROR if all prerequisites hold for the draft (RFC 2136 §3.2).
Rcode check_prerequisites(const UpdateRequest& request, Draft& draft);

// Makes the changes on the draft, leaving out those that RFC 2136 §3.4.2 ignores; a sentence if one cannot be.
std::optional<std::string> make_update(const UpdateRequest& request, Draft& draft);

}  // namespace axfrd::zones
