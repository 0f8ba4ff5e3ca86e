// Comparing RDATA: the one rule by which two records are the same data, and the order of records in an RRset.
//
// Names in the RDATA of the older types count without case (RFC 4034 §6.2, as corrected by RFC 6840 §5.1: RRSIG is one
// of these types, NSEC is not). The RDATA of all other types, SVCB, HTTPS and unknown types among them, is compared
// octet by octet (RFC 3597 §6). Octets are stored, and sent, as they were first written.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "zones/wire/wire.h"

namespace axfrd::zones {

// The canonical order of RDATA in an RRset of `type` (RFC 4034 §6.3). Malformed RDATA has an order, too.
std::strong_ordering rdata_order(uint16_t type, Bytes a, Bytes b);

// Whether two records of `type` have the same data.
bool same_rdata(uint16_t type, Bytes a, Bytes b);

// Appends `rdata` in canonical form: names whose case does not count are in lower case.
void append_canonical_rdata(std::string& out, uint16_t type, Bytes rdata);

}  // namespace axfrd::zones
