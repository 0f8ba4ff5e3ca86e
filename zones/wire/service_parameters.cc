#include "zones/wire/service_parameters.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "zones/wire/ldns.h"
#include "zones/wire/name.h"
#include "zones/wire/number.h"
#include "zones/wire/rdata_form.h"

namespace axfrd::zones {
namespace {

using Reason = std::optional<std::string>;

using namespace service;

// The place of a name is its number.
constexpr std::array<std::string_view, 8> kNames{"mandatory", "alpn", "no-default-alpn", "port",
                                                 "ipv4hint",  "ech",  "ipv6hint",        "dohpath"};

struct Parameter {
  uint16_t key;
  Bytes value;
};

Reason check_addresses(std::string_view name, Bytes value, size_t size) {
  if (!value.empty() && value.size() % size == 0) return std::nullopt;
  return std::string(name) + " holds addresses of " + std::to_string(size) +
         " octets, at least one (RFC 9460 section 7.3)";
}

// A list of names, each with its length before it, none empty.
Reason check_protocols(Bytes value) {
  FieldReader reader(value);
  do {
    const auto protocol = reader.take_text();
    if (!protocol || protocol->empty()) return "alpn is malformed (RFC 9460 section 7.1.1)";
  } while (!reader.left().empty());
  return std::nullopt;
}

// RFC 3629 §4.
bool is_utf8(Bytes text) {
  for (size_t i = 0; i < text.size();) {
    const uint8_t first = text[i++];
    if (first < 0x80) continue;
    const unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC2 || first > 0xF4 || text.size() - i < more) return false;
    const uint8_t second = text[i];
    const uint8_t least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const uint8_t most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (second < least || second > most) return false;
    for (unsigned k = 1; k < more; ++k) {
      if ((text[i + k] & 0xC0) != 0x80) return false;
    }
    i += more;
  }
  return true;
}

// A URI template (RFC 6570 §2), as BIND reads it: without the operators that are reserved, and without dots in names.
class TemplateReader {
 public:
  explicit TemplateReader(std::string_view text) : left_(text) {}

  // Whether it is one with a variable "dns".
  bool has_dns() {
    while (!left_.empty()) {
      if (left_[0] == '{' ? !take_expression() : !take_character()) return false;
    }
    return has_dns_;
  }

 private:
  bool take(char c) {
    if (!left_.starts_with(c)) return false;
    left_.remove_prefix(1);
    return true;
  }
  // A percent sign begins an octet in hexadecimal.
  bool take_character() {
    const size_t size = left_[0] == '%' ? 3 : 1;
    if (size > left_.size() || (size == 3 && !(is_hexadecimal(left_[1]) && is_hexadecimal(left_[2])))) return false;
    left_.remove_prefix(size);
    return true;
  }
  bool take_expression() {
    left_.remove_prefix(1);
    if (!left_.empty() && kOperators.find(left_[0]) != std::string_view::npos) left_.remove_prefix(1);
    do {
      if (!take_variable()) return false;
    } while (take(','));
    return take('}');
  }
  bool take_variable() {
    const std::string_view begin = left_;
    while (!left_.empty() && (is_of_name(left_[0]) || left_[0] == '%')) {
      if (!take_character()) return false;
    }
    const std::string_view name = begin.substr(0, begin.size() - left_.size());
    has_dns_ = has_dns_ || name == "dns";
    return !name.empty() && (take(':') ? take_length() : take('*') || true);
  }
  // From 1 to 9999.
  bool take_length() {
    constexpr size_t most = 4;
    size_t digits = 0;
    while (digits < left_.size() && is_digit(left_[digits])) ++digits;
    const bool fits = digits >= 1 && digits <= most && left_[0] != '0';
    left_.remove_prefix(digits);
    return fits;
  }

  static constexpr std::string_view kOperators = "+#./;?&";
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
  static bool is_of_name(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

  std::string_view left_;
  bool has_dns_ = false;
};

// A URI template relative to the host, with a variable "dns" (RFC 9461 §5).
Reason check_path(Bytes value) {
  const std::string_view path = text_of(value);
  if (is_utf8(value) && path.starts_with('/') && TemplateReader(path).has_dns()) return std::nullopt;
  return "dohpath is a URI template in UTF-8 that begins with / and has a variable dns, as in /dns-query{?dns} "
         "(RFC 9461 section 5)";
}

Reason check_value(const Parameter& parameter) {
  const Bytes value = parameter.value;
  switch (parameter.key) {
    case alpn:
      return check_protocols(value);
    case no_default_alpn:
      return value.empty() ? std::nullopt : Reason("no-default-alpn has no value (RFC 9460 section 7.1.1)");
    case port:
      return value.size() == 2 ? std::nullopt : Reason("port has 2 octets (RFC 9460 section 7.2)");
    case ipv4hint:
      return check_addresses("ipv4hint", value, 4);
    case ech:
      return value.empty() ? Reason("ech is empty (RFC 9460 section 7)") : std::nullopt;
    case ipv6hint:
      return check_addresses("ipv6hint", value, 16);
    case dohpath:
      return check_path(value);
    default:
      return std::nullopt;
  }
}

bool has(const std::vector<Parameter>& parameters, uint16_t key) {
  for (const Parameter& p : parameters) {
    if (p.key == key) return true;
  }
  return false;
}

// RFC 9460 §8: keys that ascend, none of them "mandatory" itself, all of them there.
Reason check_mandatory(Bytes value, const std::vector<Parameter>& parameters) {
  if (value.empty() || value.size() % 2 != 0) return "mandatory is a list of keys, at least one (RFC 9460 section 8)";
  int last = -1;
  for (size_t at = 0; at < value.size(); at += 2) {
    const uint16_t key = load16(&value[at]);
    if (key == mandatory) return "mandatory names itself (RFC 9460 section 8)";
    if (key <= last) return "the keys in mandatory do not ascend (RFC 9460 section 8)";
    if (!has(parameters, key)) return "a parameter that is mandatory is missing (RFC 9460 section 8)";
    last = key;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint16_t> service_key_named(std::string_view name) {
  constexpr std::string_view prefix = "key";
  if (const auto* known = std::ranges::find(kNames, name); known != kNames.end())
    return static_cast<uint16_t>(known - kNames.begin());
  return name.starts_with(prefix) ? number_in<uint16_t>(name.substr(prefix.size())) : std::nullopt;
}

Reason check_service_parameters(Bytes rdata) {
  FieldReader reader(rdata);
  reader.take(2);
  reader.take_name();
  std::vector<Parameter> parameters;
  while (!reader.left().empty()) {
    const auto head = reader.take(4);
    const auto value = head ? reader.take(load16(&(*head)[2])) : std::nullopt;
    if (!value) return "the data ends before the end of a parameter";
    const Parameter parameter{load16(head->data()), *value};
    if (!parameters.empty() && parameter.key == parameters.back().key)
      return "a parameter stands twice (RFC 9460 section 2.2)";
    if (!parameters.empty() && parameter.key < parameters.back().key)
      return "the keys of parameters do not ascend (RFC 9460 section 2.2)";
    if (auto reason = check_value(parameter)) return reason;
    parameters.push_back(parameter);
  }
  if (!parameters.empty() && parameters.front().key == mandatory) {
    if (auto reason = check_mandatory(parameters.front().value, parameters)) return reason;
  }
  if (has(parameters, no_default_alpn) && !has(parameters, alpn))
    return "no-default-alpn stands without alpn (RFC 9460 section 7.1.1)";
  return std::nullopt;
}

namespace {

std::string key_text(uint16_t key) {
  return key < kNames.size() ? std::string(kNames.at(key)) : "key" + std::to_string(key);
}

// A value in quotes, or without where it has nothing that would want them.
std::string quoted_if_needed(std::string_view octets) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<uint8_t>(c)) != 0 ||
           std::string_view("-._/:+,={}?").find(c) != std::string_view::npos;
  };
  if (!octets.empty() && std::ranges::all_of(octets, is_plain)) return std::string(octets);
  std::string text = "\"";
  for (const char c : octets) {
    const auto octet = static_cast<uint8_t>(c);
    if (octet < 0x20 || octet >= 0x7F) {
      text += '\\';
      for (const unsigned unit : {100U, 10U, 1U}) text += static_cast<char>('0' + octet / unit % 10);
      continue;
    }
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

template <class TextOf>
std::string list_text(Bytes value, size_t size, TextOf&& text_of_one) {
  std::string text;
  for (; value.size() >= size; value = value.subspan(size)) {
    if (!text.empty()) text += ',';
    text += text_of_one(value.first(size));
  }
  return text;
}

// A comma within a name has a backslash before it (RFC 9460 appendix A.1).
std::string protocols_text(Bytes value) {
  std::string text;
  for (FieldReader reader(value); !reader.left().empty();) {
    if (!text.empty()) text += ',';
    for (const char c : text_of(*reader.take_text())) {
      if (c == ',' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text;
}

std::string value_text(uint16_t key, Bytes value) {
  switch (key) {
    case mandatory:
      return list_text(value, 2, [](Bytes one) { return key_text(load16(one.data())); });
    case alpn:
      return quoted_if_needed(protocols_text(value));
    case port:
      return std::to_string(load16(value.data()));
    case ipv4hint:
      return list_text(value, 4, [](Bytes one) { return ldns_text(LDNS_RDF_TYPE_A, one); });
    case ipv6hint:
      return list_text(value, 16, [](Bytes one) { return ldns_text(LDNS_RDF_TYPE_AAAA, one); });
    case ech:
      return ldns_text(LDNS_RDF_TYPE_B64, value);
    default:
      return quoted_if_needed(text_of(value));
  }
}

}  // namespace

std::string service_parameters_to_text(Bytes parameters) {
  std::string text;
  for (FieldReader reader(parameters); !reader.left().empty();) {
    const Bytes head = *reader.take(4), value = *reader.take(load16(&head[2]));
    const uint16_t key = load16(head.data());
    text += " " + key_text(key);
    if (!value.empty()) text += "=" + value_text(key, value);
  }
  return text;
}

}  // namespace axfrd::zones
