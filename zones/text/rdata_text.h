// The text of RDATA that ldns does not print.
#pragma once

#include <optional>
#include <string>

#include "zones/wire/wire.h"

namespace axfrd::zones {

// RDATA in presentation format; nothing if ldns is to print it, or if it does not have the form of its type.
std::optional<std::string> newer_rdata_to_text(uint16_t type, Bytes rdata);

}  // namespace axfrd::zones
