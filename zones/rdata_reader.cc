#include "zones/rdata_reader.h"

#include <algorithm>
#include <array>

#include "zones/loc.h"
#include "zones/number.h"
#include "zones/rdata_field.h"
#include "zones/record.h"

namespace axfrd::zones {
namespace {

using Reason = std::optional<std::string>;

// RFC 4398 §2.1 reserves type 0. Other servers take it; ldns refuses it, and loses the memory of what it has read.
bool is_reserved_cert(uint16_t type, Tokens fields) {
  return type == rrtype::CERT && number_in<uint16_t>(fields.next()) == 0;
}

std::optional<uint8_t> protocol_of(std::string_view text) {
  if (equals_ignoring_case(text, "tcp")) return 6;
  if (equals_ignoring_case(text, "udp")) return 17;
  return number_in<uint8_t>(text);
}

// A port by its number, or by one of the names that WKS records had when there were some.
std::optional<uint16_t> port_of(std::string_view service) {
  struct Service {
    std::string_view name;
    uint16_t port;
  };
  constexpr std::array<Service, 9> services{{{"ftp-data", 20},
                                             {"ftp", 21},
                                             {"telnet", 23},
                                             {"smtp", 25},
                                             {"time", 37},
                                             {"domain", 53},
                                             {"tftp", 69},
                                             {"finger", 79},
                                             {"http", 80}}};
  const auto named = [service](const Service& s) { return equals_ignoring_case(s.name, service); };
  const auto* found = std::ranges::find_if(services, named);
  return found != services.end() ? found->port : number_in<uint16_t>(service);
}

}  // namespace

void RdataReader::set_origin(const Name& origin) {
  const Bytes octets = origin.view().bytes();
  origin_.reset(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, octets.size(), octets.data()));
}

Reason RdataReader::read(std::string_view type, uint16_t number, std::string_view text) {
  warnings_.clear();
  const Tokens fields(text);
  if (fields.peek() == "\\#") return read_octets(number, fields);
  if (number == rrtype::IPSECKEY) return read_ipseckey(fields);
  if (number == rrtype::WKS) return read_wks(fields);
  if (number == rrtype::LOC) return read_loc(fields, octets_);
  if (is_reserved_cert(number, fields)) return read_reserved_cert(type, fields);
  if (auto reason = compose_line(type, number, fields)) return reason;
  ldns_rr* raw = nullptr;
  const ldns_status status = ldns_rr_new_frm_str(&raw, line_.c_str(), 0, origin_.get(), nullptr);
  const LdnsRr rr(raw);
  if (status != LDNS_STATUS_OK) return ldns_get_errorstr_by_id(status);
  for (size_t i = 0; i < ldns_rr_rd_count(rr.get()); ++i) {
    if (auto reason = check_octets(*ldns_rr_rdf(rr.get(), i))) return reason;
  }
  octets_ = rdata_of(*rr);
  return std::nullopt;
}

Reason RdataReader::compose_line(std::string_view type, uint16_t number, Tokens fields) {
  line_.assign(". 0 IN ").append(type);
  const ldns_rr_descriptor* form = ldns_rr_descript(number);
  ldns_rdf_type field = LDNS_RDF_TYPE_NONE;
  size_t hexadecimal = 0;
  for (size_t at = 0; !fields.rest().empty(); ++at) {
    // The last one goes on over what is left.
    if (at < ldns_rr_descriptor_maximum(form)) field = ldns_rr_descriptor_field_type(form, at);
    const std::string_view token = fields.next();
    if (auto reason = check_token(field, token)) return reason;
    if (field == LDNS_RDF_TYPE_HEX) hexadecimal += token.size();
    append_token(field, token);
  }
  if (hexadecimal % 2 != 0) return "an odd number of hexadecimal digits";
  return std::nullopt;
}

void RdataReader::append_token(ldns_rdf_type field, std::string_view token) {
  line_ += ' ';
  if (field == LDNS_RDF_TYPE_LONG_STR && !token.starts_with('"')) {  // ldns wants them always
    line_.append("\"").append(token).append("\"");
    return;
  }
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

// ADDRESS PROTOCOL SERVICE... (RFC 1035 §3.4.2). To ldns a service that this host does not know is port 0, and it asks
// the host in a way that is not for several threads.
Reason RdataReader::read_wks(Tokens fields) {
  if (auto reason = read("A", rrtype::A, fields.next())) return reason;
  const std::string_view token = fields.next();
  const auto protocol = protocol_of(token);
  if (!protocol) return quoted(token) + " is neither tcp, udp nor the number of a protocol";
  std::string ports;  // a bit for each
  while (!fields.rest().empty()) {
    const std::string_view service = fields.next();
    const auto port = port_of(service);
    if (!port) return "no port of that name: " + quoted(service) + "; write its number";
    const size_t octet = *port / 8;
    ports.resize(std::max(ports.size(), octet + 1));
    ports[octet] = static_cast<char>(ports[octet] | (0x80 >> *port % 8));
  }
  octets_.append(1, static_cast<char>(*protocol)).append(ports);
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
    if (!octet) return quoted(digits.substr(i, 2)) + " is no octet in hexadecimal digits";
    octets_ += static_cast<char>(*octet);
  }
  if (!rrtype::is_meta(type) && !is_well_formed({NameView(), type, 0, octets()}))
    return "the data does not have the form of its type";
  return std::nullopt;
}

}  // namespace axfrd::zones
