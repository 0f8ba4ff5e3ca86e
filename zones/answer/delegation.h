// Delegation: what a name server of the parent zone says of a zone, when it is asked for the zone's NS RRset.
//
// Threads. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "zones/wire/name.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

struct Delegation {
  const char* problem = nullptr;  // why the message says nothing of the zone; null: it does
  Rcode rcode = Rcode::noerror;   // other than NOERROR and NXDOMAIN: that is the problem
  // The NS names: those of a referral, or of an answer, if the server has the zone itself. Empty: the zone is not
  // delegated, which only a server with authority may say (NXDOMAIN, or no such records).
  std::vector<Name> servers;
  uint32_t ttl = 0;     // the highest of these records
  bool cached = false;  // they stand in an answer without authority: the parent may have others by now
};

// Reads a response that may be anything.
Delegation read_delegation(Bytes message, NameView zone);

}  // namespace axfrd::zones
