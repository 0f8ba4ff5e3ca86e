// Zone names in PowerDNS's paths: letters, digits, dots and hyphens as they are, any other octet as =XX; a final dot;
// the root is =2E.
//
// Threads. Any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "zones/wire/name.h"

namespace axfrd::control {

std::string zone_id(zones::NameView apex);
// As clients write it: with the final dot or without, and with octets that need not be escaped. Nothing if it is no
// name.
std::optional<zones::Name> zone_of_id(std::string_view id);

}  // namespace axfrd::control
