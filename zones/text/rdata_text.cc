#include "zones/text/rdata_text.h"

#include <algorithm>
#include <array>

#include "zones/data/record.h"
#include "zones/wire/ldns.h"
#include "zones/wire/name.h"
#include "zones/wire/rdata_check.h"
#include "zones/wire/rdata_form.h"
#include "zones/wire/service_parameters.h"

namespace axfrd::zones {
namespace {

std::string number_text(Bytes octets) {
  uint64_t number = 0;
  for (const uint8_t octet : octets) number = number << 8 | octet;
  return std::to_string(number);
}

std::string name_text(Bytes octets) { return NameView(octets.data(), static_cast<unsigned>(octets.size())).to_text(); }

// A sound bitmap of types (RFC 4034 §4.1.2).
std::string types_text(Bytes bitmap) {
  std::string text;
  for (FieldReader reader(bitmap); !reader.left().empty();) {
    const Bytes head = *reader.take(2), bits = *reader.take(head[1]);
    for (unsigned i = 0; i < 8 * bits.size(); ++i) {
      if ((bits[i / 8] & (0x80 >> i % 8)) == 0) continue;
      if (!text.empty()) text += ' ';
      text += type_to_text(static_cast<uint16_t>(head[0] << 8 | i));
    }
  }
  return text;
}

// The text of a field, which is there whole; moves `reader` behind it.
std::string take_field(Field field, FieldReader& reader) {
  switch (field) {
    case Field::type:
      return type_to_text(load16(reader.take(2)->data()));
    case Field::name:
      return name_text(*reader.take_name());
    case Field::texts: {
      std::string text;
      while (!reader.left().empty()) {
        const Bytes octets = reader.left().first(reader.left()[0] + 1U);
        text += (text.empty() ? "" : " ") + ldns_text(LDNS_RDF_TYPE_STR, *reader.take(octets.size()));
      }
      return text;
    }
    case Field::text: {
      const size_t size = reader.left()[0] + size_t{1};
      return ldns_text(LDNS_RDF_TYPE_STR, *reader.take(size));
    }
    case Field::maybe_types:
      return types_text(*reader.take(reader.left().size()));
    case Field::hex:
      return ldns_text(LDNS_RDF_TYPE_HEX, *reader.take(reader.left().size()));
    case Field::base64_or_dash:
      if (reader.left().empty()) return "-";
      [[fallthrough]];
    case Field::base64:
    case Field::maybe_base64:
      return ldns_text(LDNS_RDF_TYPE_B64, *reader.take(reader.left().size()));
    default:
      return number_text(*reader.take(octets_in(field)));
  }
}

// PRECEDENCE DISCOVERY TYPE RELAY (RFC 8777 §4.3). Nothing if there is no text for that type of relay.
std::optional<std::string> relay_to_text(Bytes rdata) {
  constexpr uint8_t discovery = 0x80;
  const unsigned type = rdata[1] & ~discovery;
  const Bytes relay = rdata.subspan(2);
  const std::string head =
      std::to_string(rdata[0]) + ((rdata[1] & discovery) != 0 ? " 1 " : " 0 ") + std::to_string(type) + " ";
  switch (type) {
    case 0:
      return head + ".";
    case 1:
      return head + ldns_text(LDNS_RDF_TYPE_A, relay);
    case 2:
      return head + ldns_text(LDNS_RDF_TYPE_AAAA, relay);
    case 3:
      return head + name_text(relay);
    default:
      return std::nullopt;
  }
}

// As RdataReader reads it; nothing if the address is of another kind.
std::optional<std::string> atma_to_text(Bytes rdata) {
  const Bytes address = rdata.subspan(1);
  if (rdata[0] == 0) return ldns_text(LDNS_RDF_TYPE_HEX, address);
  return rdata[0] == 1 ? std::optional("+" + std::string(text_of(address))) : std::nullopt;
}

// PRIORITY TARGET PARAMETER... (RFC 9460 §2.1).
std::string service_to_text(Bytes rdata) {
  FieldReader reader(rdata);
  const std::string priority = number_text(*reader.take(2));
  const std::string target = name_text(*reader.take_name());
  return priority + " " + target + service_parameters_to_text(reader.left());
}

// CAA and URI whose last string is empty, which ldns does not print; nothing for all else.
std::optional<std::string> empty_last_to_text(uint16_t type, Bytes rdata) {
  constexpr size_t numbers_of_uri = 4;
  if (check_rdata(type, rdata)) return std::nullopt;
  if (type == rrtype::CAA && rdata.size() == 2U + rdata[1])
    return std::to_string(rdata[0]) + " " + std::string(text_of(rdata.subspan(2))) + " \"\"";
  if (type == rrtype::URI && rdata.size() == numbers_of_uri)
    return number_text(rdata.first(2)) + " " + number_text(rdata.subspan(2)) + " \"\"";
  return std::nullopt;
}

// PREFIX [SUFFIX] [NAME] (RFC 2874 §3.2).
std::string a6_to_text(Bytes rdata) {
  constexpr unsigned most = 128, octets = 16;
  const unsigned prefix = rdata[0];
  FieldReader reader(rdata.subspan(1));
  std::string text = std::to_string(prefix);
  const Bytes suffix = *reader.take(octets - prefix / 8);
  std::array<uint8_t, octets> address{};
  std::ranges::copy_backward(suffix, address.end());
  if (prefix != most) text += " " + ldns_text(LDNS_RDF_TYPE_AAAA, address);
  if (prefix != 0) text += " " + name_text(reader.left());
  return text;
}

}  // namespace

std::optional<std::string> newer_rdata_to_text(uint16_t type, Bytes rdata) {
  const Form* form = form_of(type);
  if (type == rrtype::CAA || type == rrtype::URI) return empty_last_to_text(type, rdata);
  if (form == nullptr || form->name.empty() || check_rdata(type, rdata)) return std::nullopt;
  if (form->fields.front() == Field::anything) return std::nullopt;
  if (type == rrtype::AMTRELAY) return relay_to_text(rdata);
  if (type == rrtype::ATMA) return atma_to_text(rdata);
  if (type == rrtype::SVCB || type == rrtype::HTTPS) return service_to_text(rdata);
  if (type == rrtype::A6) return a6_to_text(rdata);
  FieldReader reader(rdata);
  std::string text;
  for (const Field field : form->fields) {
    if (field == Field::none) break;
    const std::string written = take_field(field, reader);
    if (!text.empty() && !written.empty()) text += ' ';
    text += written;
  }
  return text;
}

}  // namespace axfrd::zones
