// IXFR requests (RFC 1995 §3).
#pragma once

#include <cstdint>
#include <optional>

#include "zones/query.h"

namespace axfrd::zones {

// The serial the requester has: that of the SOA which begins the authority section; nothing if there is none.
// @pre query.parse() found a well-formed IXFR question, and no response was written yet.
std::optional<uint32_t> ixfr_serial(const Query& query);

}  // namespace axfrd::zones
