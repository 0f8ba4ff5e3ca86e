#include "zones/text/rdata_reader.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <vector>

#include "zones/data/record.h"
#include "zones/text/loc.h"
#include "zones/text/rdata_field.h"
#include "zones/wire/number.h"
#include "zones/wire/rdata_check.h"
#include "zones/wire/service_parameters.h"

namespace axfrd::zones {
namespace {

using Reason = std::optional<std::string>;

// RFC 4398 §2.1 reserves type 0. Other servers take it; ldns refuses it, and loses the memory of what it has read.
bool is_reserved_cert(uint16_t type, Tokens fields) {
  return type == rrtype::CERT && number_in<uint16_t>(fields.next()) == 0;
}

constexpr const char* kOctetsOnly = "data of this type is written as octets, \\# SIZE HEXADECIMAL (RFC 3597 section 5)";

bool is_letter_or_digit(char c) { return std::isalnum(static_cast<uint8_t>(c)) != 0; }

// Text of that size may be a string of more than 255 octets.
constexpr size_t kLongString = 255;

// Whether the data is any number of strings.
bool has_strings(uint16_t type) {
  const Form* form = form_of(type);
  return form != nullptr && form->fields.front() == Field::texts;
}

std::string_view take_rest(Tokens& fields) {
  const std::string_view rest = fields.rest();
  fields = Tokens({});
  return rest;
}

// A <character-string> of any length, quoted or not; nothing if an escape is malformed (RFC 1035 §5.1).
std::optional<std::string> unescaped(std::string_view token) {
  if (token.starts_with('"')) {
    if (token.size() < 2 || !token.ends_with('"')) return std::nullopt;
    token = token.substr(1, token.size() - 2);
  }
  if (find_quote(token)) return std::nullopt;
  std::string octets;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '\\') {
      octets += token[i];
      continue;
    }
    if (++i == token.size()) return std::nullopt;
    if (std::isdigit(static_cast<uint8_t>(token[i])) == 0) {
      octets += token[i];
      continue;
    }
    const auto octet = i + 3 <= token.size() ? number_in<uint8_t>(token.substr(i, 3)) : std::nullopt;
    if (!octet) return std::nullopt;
    octets += static_cast<char>(*octet);
    i += 2;
  }
  return octets;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> items;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    items.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return items;
}

// mandatory: names of keys, in any order (RFC 9460 §8).
Reason read_keys(std::string_view text, std::string& octets) {
  std::set<uint16_t> keys;
  for (const std::string& name : split(text, ',')) {
    const auto key = service_key_named(name);
    if (!key) return "there is no parameter " + quoted(name);
    if (!keys.insert(*key).second) return quoted(name) + " stands twice";
  }
  for (const uint16_t key : keys) {
    octets += static_cast<char>(key >> 8);
    octets += static_cast<char>(key);
  }
  return std::nullopt;
}

// alpn: names with commas between them; a backslash takes a comma or a backslash into a name (RFC 9460 appendix A.1).
Reason read_protocols(std::string_view text, std::string& octets) {
  std::vector<std::string> names(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      names.emplace_back();
      continue;
    }
    if (text[i] == '\\' && ++i == text.size()) return "a backslash at the end";
    names.back() += text[i];
  }
  for (const std::string& name : names) {
    if (name.empty() || name.size() > UINT8_MAX) return "a name of 1 to 255 octets stands between commas";
    octets += static_cast<char>(name.size());
    octets += name;
  }
  return std::nullopt;
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

// What the data of the types that people write most is.
std::string_view form_in_words(uint16_t number) {
  switch (number) {
    case rrtype::A:
      return "an IPv4 address, as in 192.0.2.1";
    case rrtype::AAAA:
      return "an IPv6 address, as in 2001:db8::1";
    case rrtype::NS:
    case rrtype::CNAME:
    case rrtype::DNAME:
    case rrtype::PTR:
      return "one name";
    case rrtype::MX:
      return "a preference and a name, as in 10 mail.example.com.";
    case rrtype::SRV:
      return "priority, weight, port and a name, as in 10 5 5060 sip.example.com.";
    case rrtype::SOA:
      return "two names, serial, refresh, retry, expire and minimum";
    case rrtype::DS:
      return "key tag, algorithm, digest type and digest";
    default:
      return {};
  }
}

std::string not_understood(std::string_view type, uint16_t number) {
  const std::string_view form = form_in_words(number);
  std::string reason("that is not what a record of type ");
  reason.append(type).append(" holds");
  return form.empty() ? reason : reason.append(": ").append(form);
}

}  // namespace

void RdataReader::set_origin(const Name& origin) {
  const Bytes octets = origin.view().bytes();
  origin_.reset(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, octets.size(), octets.data()));
}

Reason RdataReader::read(std::string_view type, uint16_t number, std::string_view text) {
  warnings_.clear();
  if (auto reason = read_unchecked(type, number, Tokens(text))) return reason;
  return allows_refused_ ? std::nullopt : check_rdata(number, octets());
}

Reason RdataReader::read_unchecked(std::string_view type, uint16_t number, Tokens fields) {
  if (fields.peek() == "\\#") return read_octets(fields);
  if (number == rrtype::IPSECKEY) return read_ipseckey(fields);
  if (number == rrtype::AMTRELAY) return read_amtrelay(fields);
  if (number == rrtype::A6) return read_a6(fields);
  if (number == rrtype::ATMA) return read_atma(fields);
  if (number == rrtype::SVCB || number == rrtype::HTTPS) return read_service(fields);
  if (number == rrtype::WKS) return read_wks(fields);
  if (number == rrtype::LOC) return read_loc(fields, octets_);
  if (is_reserved_cert(number, fields)) return read_reserved_cert(type, fields);
  const Form* form = form_of(number);
  if (form == nullptr) return kOctetsOnly;
  if (!form->name.empty()) return read_form(*form, fields);
  return read_by_ldns(type, number, fields);
}

Reason RdataReader::read_by_ldns(std::string_view type, uint16_t number, Tokens fields) {
  if (auto reason = compose_line(type, number, fields)) return reason;
  ldns_rr* raw = nullptr;
  const ldns_status status = ldns_rr_new_frm_str(&raw, line_.c_str(), 0, origin_.get(), nullptr);
  const LdnsRr rr(raw);
  if (status != LDNS_STATUS_OK) return not_understood(type, number);
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
    // RFC 7553 §4.4; what would be the target without is not clear.
    if (number == rrtype::URI && field == LDNS_RDF_TYPE_LONG_STR && !token.starts_with('"'))
      return "the target of a URI stands in quotes (RFC 7553 section 4.4)";
    if (field == LDNS_RDF_TYPE_TAG && (token.empty() || !std::ranges::all_of(token, is_letter_or_digit)))
      return "a tag of CAA is letters and digits, at least one (RFC 8659 section 4.1)";
    if (field == LDNS_RDF_TYPE_HEX) hexadecimal += token.size();
    if (field == LDNS_RDF_TYPE_STR && token.size() > kLongString) {
      if (auto reason = append_strings(token, has_strings(number))) return reason;
    } else {
      append_token(field, token);
    }
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
  if (field == LDNS_RDF_TYPE_TYPE || field == LDNS_RDF_TYPE_NSEC) {
    if (const uint16_t newer = newer_type_named(token); newer != 0) {
      line_.append("TYPE").append(std::to_string(newer));
      return;
    }
  }
  if (token.starts_with("\\#")) {  // ldns would take it for the beginning of octets wherever it stands
    line_ += "\\035";
    token.remove_prefix(2);
  }
  line_.append(token);
}

// A string that may have more octets than its length can say. Where several strings may stand, it becomes several, for
// such lines are common and what they mean is plain.
Reason RdataReader::append_strings(std::string_view token, bool may_split) {
  constexpr size_t most = 255;  // RFC 1035 §3.3
  if (token.starts_with('"')) token = token.substr(1, token.size() - 2);
  std::string strings;
  size_t octets = 0;
  for (; !token.empty(); ++octets) {
    if (octets != 0 && octets % most == 0) strings += "\" \"";
    const bool is_escape = token.size() > 1 && token.front() == '\\';
    const size_t size = !is_escape ? 1 : std::isdigit(static_cast<uint8_t>(token[1])) != 0 ? 4 : 2;
    strings += token.substr(0, size);
    token.remove_prefix(std::min(size, token.size()));
  }
  if (octets > most) {
    const std::string count = "a string of " + std::to_string(octets) + " octets";
    if (!may_split) return count + "; it has 255 at most (RFC 1035 section 3.3)";
    warnings_.push_back(count + " was split into strings of 255 octets and less (RFC 1035 section 3.3)");
  }
  line_.append(" \"").append(strings).append("\"");
  return std::nullopt;
}

// As one of another type.
Reason RdataReader::read_reserved_cert(std::string_view type, Tokens fields) {
  fields.next();
  const std::string rest = "1 " + std::string(fields.rest());
  if (auto reason = read_unchecked(type, rrtype::CERT, Tokens(rest))) return reason;
  octets_.replace(0, 2, 2, '\0');
  return std::nullopt;
}

// Nothing, an address, or a name (RFC 4025 §3.1, RFC 8777 §4.3).
Reason RdataReader::read_gateway(unsigned kind, std::string_view gateway, std::string& rdata) {
  struct Gateway {
    std::string_view type;
    uint16_t number;
  };
  constexpr std::array<Gateway, 3> gateways{{{"A", rrtype::A}, {"AAAA", rrtype::AAAA}, {"NS", rrtype::NS}}};
  if (kind > gateways.size()) return "a gateway of type " + std::to_string(kind) + "; there are 0 to 3";
  if (kind == 0) return gateway == "." ? std::nullopt : Reason("no gateway (type 0) is written '.'");
  const auto [type, number] = gateways.at(kind - 1U);
  if (auto reason = read_by_ldns(type, number, Tokens(gateway))) return reason;
  rdata.append(octets_);
  return std::nullopt;
}

// PRECEDENCE TYPE ALGORITHM GATEWAY KEY (RFC 4025 §3). ldns takes larger numbers, and loses the memory of gateway and
// key, so that it reads only these, as data of other types.
Reason RdataReader::read_ipseckey(Tokens fields) {
  std::string rdata;
  for (int i = 0; i < 3; ++i) {
    if (auto reason = read_field(Field::int8, fields, rdata)) return reason;
  }
  const auto kind = static_cast<uint8_t>(rdata[1]);
  if (auto reason = read_gateway(kind, fields.next(), rdata)) return reason;
  if (auto reason = read_field(Field::maybe_base64, fields, rdata)) return reason;
  octets_ = std::move(rdata);
  return std::nullopt;
}

// PRECEDENCE DISCOVERY TYPE RELAY (RFC 8777 §4.3).
Reason RdataReader::read_amtrelay(Tokens fields) {
  std::string rdata;
  if (auto reason = read_field(Field::int8, fields, rdata)) return reason;
  const std::string_view discovery = fields.next(), type = fields.next();
  if (auto reason = check_number(discovery, 1)) return reason;
  if (auto reason = check_number(type, 3)) return reason;
  const unsigned kind = *number_in<uint8_t>(type);
  rdata += static_cast<char>(kind | (*number_in<uint8_t>(discovery) << 7));
  if (auto reason = read_gateway(kind, fields.next(), rdata)) return reason;
  if (!fields.rest().empty()) return quoted(fields.rest()) + " behind the relay";
  octets_ = std::move(rdata);
  return std::nullopt;
}

// PREFIX [SUFFIX] [NAME] (RFC 2874 §3.2): no suffix behind a prefix of 128 bits, no name behind one of 0.
Reason RdataReader::read_a6(Tokens fields) {
  constexpr unsigned most = 128;
  const std::string_view token = fields.next();
  if (auto reason = check_number(token, most)) return reason;
  const unsigned prefix = *number_in<uint8_t>(token);
  std::string rdata(1, static_cast<char>(prefix));
  if (prefix != most) {
    if (auto reason = read_by_ldns("AAAA", rrtype::AAAA, Tokens(fields.next()))) return reason;
    octets_.erase(0, prefix / 8);
    octets_.front() = static_cast<char>(octets_.front() & (0xFF >> prefix % 8));
    rdata += octets_;
  }
  if (prefix != 0) {
    if (auto reason = read_field(Field::name, fields, rdata)) return reason;
  }
  if (!fields.rest().empty()) return quoted(fields.rest()) + " behind the address";
  octets_ = std::move(rdata);
  return std::nullopt;
}

// +DIGITS is a number of E.164, hexadecimal digits an address of AESA; dots among them do not count.
Reason RdataReader::read_atma(Tokens fields) {
  std::string address(fields.next());
  if (!fields.rest().empty()) return quoted(fields.rest()) + " behind the address";
  std::erase(address, '.');
  const bool is_e164 = address.starts_with('+');
  if (is_e164) {
    octets_ = address.substr(1);
  } else if (auto reason = read_digits(address)) {
    return reason;
  }
  octets_.insert(octets_.begin(), is_e164 ? '\1' : '\0');
  return std::nullopt;
}

// PRIORITY TARGET PARAMETER... (RFC 9460 §2.1).
Reason RdataReader::read_service(Tokens fields) {
  std::string rdata;
  if (auto reason = read_field(Field::int16, fields, rdata)) return reason;
  if (auto reason = read_field(Field::name, fields, rdata)) return reason;
  std::map<uint16_t, std::string> parameters;  // they ascend in RDATA
  while (!fields.rest().empty()) {
    const std::string_view token = fields.next();
    const size_t sign = std::min(token.find('='), token.size());
    const std::string_view name = token.substr(0, sign);
    const auto key = service_key_named(name);
    if (!key) return "there is no parameter " + quoted(name);
    std::optional<std::string> value;
    if (sign != token.size()) {
      value = unescaped(token.substr(sign + 1));
      if (!value) return quoted(token) + " has a malformed value";
    }
    std::string octets;
    if (auto reason = read_service_value(name, *key, value, octets)) return std::string(name) + ": " + *reason;
    if (!parameters.emplace(*key, std::move(octets)).second)
      return "the parameter " + quoted(name) + " stands twice (RFC 9460 section 2.2)";
  }
  for (const auto& [key, octets] : parameters) {
    std::array<uint8_t, 4> head;
    store16(head.data(), key);
    store16(&head[2], static_cast<unsigned>(octets.size()));
    rdata.append(text_of(head)).append(octets);
  }
  octets_ = std::move(rdata);
  return std::nullopt;
}

// A key that is written as a number has its value in octets (RFC 9460 §2.1).
Reason RdataReader::read_service_value(std::string_view name, uint16_t key, const std::optional<std::string>& value,
                                       std::string& octets) {
  const auto append_each = [&](std::string_view type, uint16_t number) -> Reason {
    for (const std::string& item : split(*value, ',')) {
      if (auto reason = read_by_ldns(type, number, Tokens(item))) return reason;
      octets += octets_;
    }
    return std::nullopt;
  };
  if (name.starts_with("key") || !value) {
    octets = value.value_or("");
    return std::nullopt;
  }
  switch (key) {
    case service::mandatory:
      return read_keys(*value, octets);
    case service::alpn:
      return read_protocols(*value, octets);
    case service::port: {
      if (auto reason = check_number(*value, UINT16_MAX)) return reason;
      std::array<uint8_t, 2> port;
      store16(port.data(), *number_in<uint16_t>(*value));
      octets = text_of(port);
      return std::nullopt;
    }
    case service::ipv4hint:
      return append_each("A", rrtype::A);
    case service::ipv6hint:
      return append_each("AAAA", rrtype::AAAA);
    case service::ech:
      if (auto reason = read_by_ldns("OPENPGPKEY", rrtype::OPENPGPKEY, Tokens(*value))) return reason;
      octets = octets_;
      return std::nullopt;
    default:
      octets = *value;
      return std::nullopt;
  }
}

Reason RdataReader::read_form(const Form& form, Tokens fields) {
  std::string rdata;
  for (const Field field : form.fields) {
    if (field == Field::none) break;
    if (auto reason = read_field(field, fields, rdata)) return reason;
  }
  if (!fields.rest().empty()) return quoted(fields.rest()) + " behind the last field";
  octets_ = std::move(rdata);
  return std::nullopt;
}

// Appends what the field says to `rdata`.
Reason RdataReader::read_field(Field field, Tokens& fields, std::string& rdata) {
  const auto as = [&](std::string_view type, uint16_t number, std::string_view text) -> Reason {
    if (auto reason = read_by_ldns(type, number, Tokens(text))) return reason;
    rdata.append(octets_);
    return std::nullopt;
  };
  const bool may_be_missing = field == Field::maybe_base64 || field == Field::maybe_types;
  if (fields.rest().empty()) return may_be_missing ? std::nullopt : Reason("a field is missing");
  switch (field) {
    case Field::anything:
      return kOctetsOnly;
    case Field::base64_or_dash:
      if (fields.peek() != "-") return read_field(Field::base64, fields, rdata);
      fields.next();
      return std::nullopt;
    case Field::hex:
      if (auto reason = read_digits(take_rest(fields))) return reason;
      rdata.append(octets_);
      return std::nullopt;
    case Field::maybe_types: {  // those of an NSEC, without its name
      const std::string next_and_types = ". " + std::string(take_rest(fields));
      if (auto reason = read_by_ldns("NSEC", rrtype::NSEC, Tokens(next_and_types))) return reason;
      rdata.append(octets_, 1);
      return std::nullopt;
    }
    case Field::name:
      return as("NS", rrtype::NS, fields.next());
    case Field::text:
      return as("X25", rrtype::X25, fields.next());
    case Field::texts:
      return as("TXT", rrtype::TXT, take_rest(fields));
    case Field::base64:
    case Field::maybe_base64:
      return as("OPENPGPKEY", rrtype::OPENPGPKEY, take_rest(fields));
    default:
      break;
  }
  const std::string_view token = fields.next();
  const size_t octets = octets_in(field);
  const uint64_t most = octets == 8 ? UINT64_MAX : (uint64_t{1} << (8 * octets)) - 1;
  std::optional<uint64_t> number = number_in<uint64_t>(token, 0, most);
  if (field == Field::type) {
    number = type_from_text(std::string(token));
    if (number == 0U && !equals_ignoring_case(token, "TYPE0")) return "there is no record type " + quoted(token);
  }
  if (field == Field::scheme && equals_ignoring_case(token, "NOTIFY")) number = 1;
  if (!number) return quoted(token) + " is not a number from 0 to " + std::to_string(most);
  for (size_t i = octets; i-- > 0;) rdata += static_cast<char>(*number >> (8 * i));
  return std::nullopt;
}

// ADDRESS PROTOCOL SERVICE... (RFC 1035 §3.4.2). To ldns a service that this host does not know is port 0, and it asks
// the host in a way that is not for several threads.
Reason RdataReader::read_wks(Tokens fields) {
  if (auto reason = read_by_ldns("A", rrtype::A, Tokens(fields.next()))) return reason;
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
Reason RdataReader::read_octets(Tokens fields) {
  fields.next();
  const auto size = number_in<uint16_t>(fields.next());
  if (!size) return "behind \\# stands the number of octets (RFC 3597 section 5)";
  if (auto reason = read_digits(fields.rest())) return reason;
  if (octets_.size() == *size) return std::nullopt;
  return std::to_string(*size) + " octets are " + std::to_string(size_t{2} * *size) + " hexadecimal digits";
}

// Hexadecimal digits, in as many tokens as one likes.
Reason RdataReader::read_digits(std::string_view text) {
  std::string digits;
  for (Tokens tokens(text); !tokens.rest().empty();) digits += tokens.next();
  octets_.clear();
  if (digits.size() % 2 != 0) return "an odd number of hexadecimal digits";
  for (size_t i = 0; i < digits.size(); i += 2) {
    const auto octet = number_in<uint8_t>(std::string_view(digits).substr(i, 2), 0, UINT8_MAX, 16);
    if (!octet) return quoted(digits.substr(i, 2)) + " is no octet in hexadecimal digits";
    octets_ += static_cast<char>(*octet);
  }
  return std::nullopt;
}

}  // namespace axfrd::zones
