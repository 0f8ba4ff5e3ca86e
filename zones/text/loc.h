// LOC: a place on Earth as people write it, to RDATA (RFC 1876 §3).
//
// ldns misreads angles without seconds, knows no bounds, and takes anything behind the altitude.
#pragma once

#include <optional>
#include <string>

#include "zones/text/tokens.h"

namespace axfrd::zones {

// Sets `octets` to the RDATA. Returns why these fields are no place; nothing if they are.
std::optional<std::string> read_loc(Tokens fields, std::string& octets);

}  // namespace axfrd::zones
