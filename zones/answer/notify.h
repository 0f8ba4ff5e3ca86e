// NOTIFY (RFC 1996) and SOA queries as messages: what a primary asks of a secondary, and what it says.
//
// Threads. Pure.
#pragma once

#include <optional>
#include <string>

#include "zones/data/version.h"

namespace axfrd::zones {

// "The zone is as of this SOA now" (RFC 1996 §3.7: the answer section may hold it).
std::string make_notify(uint16_t id, const ZoneVersion& version);
// "Which SOA do you have?"
std::string make_soa_query(uint16_t id, NameView apex);
// A query of any type; nobody is asked to recurse.
std::string make_query(uint16_t id, NameView name, uint16_t type);

struct SecondaryResponse {
  uint16_t id;
  Opcode opcode;
  Rcode rcode;  // without its EDNS extension
  bool authoritative;
  std::optional<uint32_t> serial;  // of the SOA in the answer section whose owner is the name asked for
};
// What a message says; nothing if it is malformed or no response.
std::optional<SecondaryResponse> read_response(Bytes message);
// Whether it repeats the question for the SOA of `apex`. @pre read_response() found it well-formed
bool is_about(Bytes message, NameView apex);

}  // namespace axfrd::zones
