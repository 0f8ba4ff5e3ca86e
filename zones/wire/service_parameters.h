// The parameters of SVCB and HTTPS (RFC 9460 §2.2), as octets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "zones/wire/wire.h"

namespace axfrd::zones {

// The keys, by name (RFC 9460 §14.3.2, RFC 9461 §5).
namespace service {
enum Key : uint16_t { mandatory, alpn, no_default_alpn, port, ipv4hint, ech, ipv6hint, dohpath };
}

// Why the parameters in this RDATA are malformed or contradict each other; nothing if they do not.
// @pre priority and target are there
std::optional<std::string> check_service_parameters(Bytes rdata);

// The parameters in presentation format, each behind a blank. @pre check_service_parameters() found nothing
std::string service_parameters_to_text(Bytes parameters);

// The number of a key, by its name or as keyNNNNN; nothing if there is none.
std::optional<uint16_t> service_key_named(std::string_view name);

}  // namespace axfrd::zones
