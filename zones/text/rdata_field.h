// What a field of RDATA may say: where ldns takes something else for it, or does not look.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zones/wire/ldns.h"

namespace axfrd::zones {

// Each returns what is wrong, if anything is.

std::optional<std::string> check_number(std::string_view token, uint32_t largest);
// What stands in a field, before ldns reads it. @pre token is not empty
std::optional<std::string> check_token(ldns_rdf_type field, std::string_view token);
// What ldns has made of it.
std::optional<std::string> check_octets(const ldns_rdf& field);

}  // namespace axfrd::zones
