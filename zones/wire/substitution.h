// The REGEXP of NAPTR: a substitution expression (RFC 3402 §3.2).
#pragma once

#include <optional>
#include <string>

#include "zones/wire/wire.h"

namespace axfrd::zones {

// Why `text`, which may be empty, is no substitution expression; nothing if it is one.
std::optional<std::string> check_substitution(Bytes text);

}  // namespace axfrd::zones
