#include "zones/rdata_reader.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "zones/number.h"
#include "zones/record.h"

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

Reason check_number(std::string_view token, uint32_t largest) {
  const auto number = number_in<uint32_t>(token);
  if (number && *number <= largest) return std::nullopt;
  return "'" + std::string(token) + "' is not a number from 0 to " + std::to_string(largest);
}

// ldns takes 65537 for 1 and -1 for 65535, for type 0 what is no type, and a padded hash for one that has no octets.
Reason check_field(ldns_rdf_type field, std::string_view token) {
  constexpr std::string_view port = "port=";
  switch (field) {
    case LDNS_RDF_TYPE_PERIOD:
      if (parse_time(token, UINT32_MAX)) return std::nullopt;
      return "'" + std::string(token) + "' is not a time below 2^32 seconds";
    case LDNS_RDF_TYPE_TYPE:
    case LDNS_RDF_TYPE_NSEC:
      if (type_from_text(std::string(token)) != 0 || equals_ignoring_case(token, "TYPE0")) return std::nullopt;
      return "there is no record type '" + std::string(token) + "'";
    case LDNS_RDF_TYPE_NSEC3_NEXT_OWNER:
      if (token.find('=') == std::string_view::npos) return std::nullopt;
      return "a hashed owner is written without '=' (RFC 5155 section 3.3)";
    case LDNS_RDF_TYPE_SVCPARAMS:
      if (!token.starts_with(port) || token.substr(port.size()).starts_with('"')) return std::nullopt;
      return check_number(token.substr(port.size()), UINT16_MAX);
    default:  // some take words, too
      if (largest_in(field) == 0 || std::isalpha(static_cast<uint8_t>(token.front()))) return std::nullopt;
      return check_number(token, largest_in(field));
  }
}

// RFC 4398 §2.1 reserves type 0. Other servers take it; ldns refuses it, and loses the memory of what it has read.
bool is_reserved_cert(uint16_t type, Tokens fields) {
  return type == rrtype::CERT && number_in<uint16_t>(fields.next()) == 0;
}

// ldns does not count again when it has put the origin behind a name.
bool is_overlong_name(const ldns_rdf& field) {
  return ldns_rdf_get_type(&field) == LDNS_RDF_TYPE_DNAME && ldns_rdf_size(&field) > kMaxName;
}

// Of the fields that are there, only texts and sets of types may be empty.
bool is_empty_in_error(const ldns_rdf& field) {
  if (ldns_rdf_size(&field) != 0) return false;
  const ldns_rdf_type type = ldns_rdf_get_type(&field);
  return type != LDNS_RDF_TYPE_LONG_STR && type != LDNS_RDF_TYPE_NSEC && type != LDNS_RDF_TYPE_SVCPARAMS;
}

}  // namespace

void RdataReader::set_origin(const Name& origin) {
  const Bytes octets = origin.view().bytes();
  origin_.reset(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, octets.size(), octets.data()));
}

Reason RdataReader::read(std::string_view type, uint16_t number, std::string_view text) {
  const Tokens fields(text);
  if (fields.peek() == "\\#") return read_octets(number, fields);
  if (number == rrtype::IPSECKEY) return read_ipseckey(fields);
  if (is_reserved_cert(number, fields)) return read_reserved_cert(type, fields);
  if (auto reason = compose_line(type, number, fields)) return reason;
  ldns_rr* raw = nullptr;
  const ldns_status status = ldns_rr_new_frm_str(&raw, line_.c_str(), 0, origin_.get(), nullptr);
  const LdnsRr rr(raw);
  if (status != LDNS_STATUS_OK) return ldns_get_errorstr_by_id(status);
  if (any_field(*rr, is_overlong_name)) return "a name of more than 255 octets";
  if (any_field(*rr, is_empty_in_error)) return "a field is empty";
  octets_ = rdata_of(*rr);
  return std::nullopt;
}

Reason RdataReader::compose_line(std::string_view type, uint16_t number, Tokens fields) {
  line_.assign(". 0 IN ").append(type);
  const ldns_rr_descriptor* form = ldns_rr_descript(number);
  ldns_rdf_type field = LDNS_RDF_TYPE_NONE;
  for (size_t at = 0; !fields.rest().empty(); ++at) {
    // The last one goes on over what is left.
    if (at < ldns_rr_descriptor_maximum(form)) field = ldns_rr_descriptor_field_type(form, at);
    const std::string_view token = fields.next();
    if (auto reason = check_field(field, token)) return reason;
    append_token(token);
  }
  return std::nullopt;
}

void RdataReader::append_token(std::string_view token) {
  line_ += ' ';
  if (token.starts_with("\\#")) {  // ldns would take it for the beginning of octets wherever it stands
    line_ += "\\035";
    token.remove_prefix(2);
  }
  line_.append(token);
}

// As one of another type.
Reason RdataReader::read_reserved_cert(std::string_view type, Tokens fields) {
  fields.next();
  if (auto reason = read(type, rrtype::CERT, "1 " + std::string(fields.rest()))) return reason;
  octets_.replace(0, 2, 2, '\0');
  return std::nullopt;
}

// PRECEDENCE TYPE ALGORITHM GATEWAY KEY (RFC 4025 §3). ldns takes larger numbers, and loses the memory of gateway and
// key, so that it reads only these, as data of other types.
Reason RdataReader::read_ipseckey(Tokens fields) {
  struct Gateway {
    std::string_view type;
    uint16_t number;
  };
  constexpr std::array<Gateway, 3> gateways{{{"A", rrtype::A}, {"AAAA", rrtype::AAAA}, {"NS", rrtype::NS}}};
  std::array<uint8_t, 3> head{};
  for (uint8_t& number : head) {
    const std::string_view token = fields.next();
    if (auto reason = check_number(token, UINT8_MAX)) return reason;
    number = *number_in<uint8_t>(token);
  }
  const auto [precedence, kind, algorithm] = head;
  if (kind > gateways.size()) return "a gateway of type " + std::to_string(kind) + "; there are 0 to 3";
  std::string rdata(text_of(head));
  const std::string_view gateway = fields.next();
  if (kind == 0) {
    if (gateway != ".") return "no gateway (type 0) is written '.'";
  } else {
    const auto [type, number] = gateways.at(kind - 1U);
    if (auto reason = read(type, number, gateway)) return reason;
    rdata.append(octets_);
  }
  if (algorithm != 0 || !fields.rest().empty()) {
    if (auto reason = read("OPENPGPKEY", rrtype::OPENPGPKEY, fields.rest())) return reason;
    rdata.append(octets_);
  }
  octets_ = std::move(rdata);
  return std::nullopt;
}

// \# SIZE OCTETS (RFC 3597 §5).
Reason RdataReader::read_octets(uint16_t type, Tokens fields) {
  fields.next();
  const auto size = number_in<uint16_t>(fields.next());
  if (!size) return "behind \\# stands the number of octets (RFC 3597 section 5)";
  std::string digits;
  while (!fields.rest().empty()) digits += fields.next();
  const size_t expected = size_t{2} * *size;
  if (digits.size() != expected)
    return std::to_string(*size) + " octets are " + std::to_string(expected) + " hexadecimal digits";
  octets_.clear();
  for (size_t i = 0; i < digits.size(); i += 2) {
    const auto octet = number_in<uint8_t>(std::string_view(digits).substr(i, 2), 0, UINT8_MAX, 16);
    if (!octet) return "'" + digits.substr(i, 2) + "' is no octet in hexadecimal digits";
    octets_ += static_cast<char>(*octet);
  }
  if (!rrtype::is_meta(type) && !is_well_formed({NameView(), type, 0, octets()}))
    return "the data does not have the form of its type";
  return std::nullopt;
}

}  // namespace axfrd::zones
