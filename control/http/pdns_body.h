// The bodies of requests of PowerDNS's API, read into what operations take. Sentences are PowerDNS's where a client
// reads them.
//
// Threads. Any. Errors. PdnsError, which does not leave this room.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/base/json.h"
#include "control/http/message.h"
#include "control/operate/rrset_changes.h"
#include "zones/data/origin.h"

namespace axfrd::control {

// What is wrong with a request.
struct PdnsError {
  unsigned status;
  std::string reason;
};

// A JSON object; 400.
Json pdns_body(const HttpRequest& request);

// A name that ends in a dot; 422.
zones::Name canonical_name(const std::string& text);
// The member, a string; 422.
const std::string& text_member(const Json& object, const char* member);

// Of a PATCH: all of "rrsets".
ChangeRRsets read_changes(const Json& body, const zones::Name& apex);

// What PUT and POST say about a zone as a whole. What axfrd does not do (signing, following, …) is refused, if it is
// asked for.
struct PdnsZoneSettings {
  std::optional<zones::SerialPolicy> policy;  // of soa_edit_api; none: it says nothing
};
PdnsZoneSettings read_zone_settings(const Json& body, bool is_new);

struct PdnsNewZone {
  zones::Name apex;
  std::string text;  // a zone file
  PdnsZoneSettings settings;
};
// `now`: for the serial of a SOA that has to be made up.
PdnsNewZone read_new_zone(const Json& body, int64_t now);
// The zone file that "rrsets" are, for a zone that is there; a SOA is required.
std::string read_whole_zone(const Json& body, const zones::Name& apex);

}  // namespace axfrd::control
