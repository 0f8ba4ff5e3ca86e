// What RDATA must be before anything of it reaches a secondary.
//
// A secondary that is strict about one record refuses the whole zone, and with it every later change. So whatever BIND
// or Knot take for malformed is refused here, wherever it comes from: zone text, octets in it (RFC 3597), DNS UPDATE,
// transactions, rollbacks. tests/system/test_rdata.py compares.
#pragma once

#include <optional>
#include <string>

#include "zones/wire/wire.h"

namespace axfrd::zones {

// Why these octets, with every name uncompressed, are no RDATA of `type`; nothing if they are. Data of a type that is
// not known may be anything (RFC 3597 §4). Any thread.
std::optional<std::string> check_rdata(uint16_t type, Bytes rdata);

}  // namespace axfrd::zones
