#include "zones/text/rdata_field.h"

#include <algorithm>
#include <cctype>

#include "zones/text/tokens.h"
#include "zones/wire/number.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {
namespace {

using Reason = std::optional<std::string>;

// The largest number that a field holds; 0 if no plain number stands there.
uint32_t largest_in(ldns_rdf_type field) {
  switch (field) {
    case LDNS_RDF_TYPE_INT8:
    case LDNS_RDF_TYPE_ALG:
    case LDNS_RDF_TYPE_CERTIFICATE_USAGE:
    case LDNS_RDF_TYPE_SELECTOR:
    case LDNS_RDF_TYPE_MATCHING_TYPE:
      return UINT8_MAX;
    case LDNS_RDF_TYPE_INT16:
    case LDNS_RDF_TYPE_CERT_ALG:
      return UINT16_MAX;
    case LDNS_RDF_TYPE_INT32:
      return UINT32_MAX;
    default:
      return 0;
  }
}

// YYYYMMDDHHMMSS, or seconds since 1970 (RFC 4034 §3.2).
bool is_point_in_time(std::string_view token) {
  constexpr size_t digits = 14;
  const auto number = number_in<uint64_t>(token);
  return number && (token.size() == digits || *number <= UINT32_MAX);
}

// [!]FAMILY:ADDRESS/BITS (RFC 3123 §5). ldns reads the address itself well.
bool is_prefix(std::string_view token) {
  if (token.starts_with('!')) token.remove_prefix(1);
  const size_t colon = token.find(':'), slash = token.find('/');
  if (colon == std::string_view::npos || slash == std::string_view::npos) return false;
  const auto family = number_in<uint8_t>(token.substr(0, colon), 1, 2);
  return family && number_in<uint8_t>(token.substr(slash + 1), 0, *family == 1 ? 32 : 128);
}

// ldns does not count again when it has put the origin behind a name.
bool is_overlong_name(const ldns_rdf& field) {
  return ldns_rdf_get_type(&field) == LDNS_RDF_TYPE_DNAME && ldns_rdf_size(&field) > kMaxName;
}

// Of the fields that are there, only texts and sets of types may be empty.
bool is_empty_in_error(const ldns_rdf& field) {
  if (ldns_rdf_size(&field) != 0) return false;
  const ldns_rdf_type type = ldns_rdf_get_type(&field);
  return type != LDNS_RDF_TYPE_LONG_STR && type != LDNS_RDF_TYPE_NSEC;
}

// Whether what stands behind a string, without a blank, has quotation marks within, as in "a"b"c".
bool goes_on_behind_string(std::string_view token) {
  while (token.starts_with('"')) {
    const auto end = find_quote(token.substr(1));
    if (!end) return false;
    token.remove_prefix(*end + 2);
  }
  return !token.empty() && find_quote(token).has_value();
}
}  // namespace

Reason check_number(std::string_view token, uint32_t largest) {
  const auto number = number_in<uint32_t>(token);
  if (number && *number <= largest) return std::nullopt;
  return quoted(token) + " is not a number from 0 to " + std::to_string(largest);
}

// ldns takes 65537 for 1 and -1 for 65535, for type 0 what is no type, and a padded hash for one that has no octets.
Reason check_token(ldns_rdf_type field, std::string_view token) {
  switch (field) {
    case LDNS_RDF_TYPE_DNAME:
      if (find_quote(token)) return quoted(token) + ": a name does not stand in quotes";
      if (token.size() == 1 || !token.starts_with('@')) return std::nullopt;
      return quoted(token) + ": @ is the origin only where it stands alone, not at the begin of a name";
    case LDNS_RDF_TYPE_STR:
    case LDNS_RDF_TYPE_LONG_STR:  // servers differ in what that is
      if (find_quote(token).value_or(0) == 0 && !goes_on_behind_string(token)) return std::nullopt;
      return quoted(token) + " has a quotation mark within; put a \\ before it";
    case LDNS_RDF_TYPE_PERIOD:
      if (parse_time(token, UINT32_MAX)) return std::nullopt;
      return quoted(token) + " is not a time below 2^32 seconds";
    case LDNS_RDF_TYPE_TIME:
      if (is_point_in_time(token)) return std::nullopt;
      return quoted(token) + " is neither YYYYMMDDHHMMSS nor seconds since 1970";
    case LDNS_RDF_TYPE_TYPE:
    case LDNS_RDF_TYPE_NSEC:
      if (type_from_text(std::string(token)) != 0 || equals_ignoring_case(token, "TYPE0")) return std::nullopt;
      return "there is no record type " + quoted(token);
    case LDNS_RDF_TYPE_NSEC3_NEXT_OWNER:
      if (token.find('=') == std::string_view::npos) return std::nullopt;
      return "a hashed owner is written without '=' (RFC 5155 section 3.3)";
    case LDNS_RDF_TYPE_APL:
      if (is_prefix(token)) return std::nullopt;
      return quoted(token) + " is not [!]1:IPV4-ADDRESS/BITS or [!]2:IPV6-ADDRESS/BITS";
    case LDNS_RDF_TYPE_NSAP:  // 0x, and dots among the digits
      if ((token.size() - static_cast<size_t>(std::ranges::count(token, '.'))) % 2 == 0) return std::nullopt;
      return "an odd number of hexadecimal digits";
    case LDNS_RDF_TYPE_HIP:  // what stands behind the algorithm comes as further fields
      return check_number(token, UINT8_MAX);
    default:  // some take words, too
      if (largest_in(field) == 0 || std::isalpha(static_cast<uint8_t>(token.front()))) return std::nullopt;
      return check_number(token, largest_in(field));
  }
}

Reason check_octets(const ldns_rdf& field) {
  if (is_overlong_name(field)) return "a name of more than 255 octets";
  if (is_empty_in_error(field)) return "a field is empty";
  return std::nullopt;
}

}  // namespace axfrd::zones
