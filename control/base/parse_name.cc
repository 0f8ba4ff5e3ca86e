#include "control/base/parse_name.h"

#include <idn2.h>

#include <memory>
#include <stdexcept>

namespace axfrd::control {

namespace {

[[noreturn]] void refuse_name(std::string_view text, const char* why) {
  throw std::invalid_argument("'" + std::string(text) + "' " + why);
}

// Where the label that begins at `begin` ends.
size_t end_of_label(std::string_view text, size_t begin) {
  size_t at = begin;
  for (; at < text.size() && text[at] != '.'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at, text.size());
}

std::string a_label(std::string_view label) {
  const std::string in_utf8(label);
  char* made = nullptr;
  const int status = idn2_to_ascii_8z(in_utf8.c_str(), &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> owner(made, idn2_free);
  const std::string text = status == IDN2_OK ? made : "";
  if (text.empty() || label.find('\\') != std::string_view::npos) {
    refuse_name(label, "is no label of an internationalised name; write its A-label (xn--...), or its octets as \\DDD");
  }
  return text;
}

// What would be taken for something else, or for nothing, wherever names are written.
void check_characters(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\\' && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) > ' ') {
      ++i;
    } else if (c <= ' ' || c == 0x7F) {
      refuse_name(text, "has a blank or a control character in it, which a name has as \\DDD");
    } else if (c == '"' || c == ';' || c == '(' || c == ')') {
      refuse_name(text, "has one of \" ; ( ) in it, before which a name has a backslash");
    }
  }
}

}  // namespace

std::string with_a_labels(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string name;
  for (size_t at = 0; at < text.size();) {
    const size_t end = end_of_label(text, at);
    const std::string_view label = text.substr(at, end - at);
    name += is_ascii(label) ? std::string(label) : a_label(label);
    if (end < text.size()) name += '.';
    at = end + 1;
  }
  return name;
}

zones::Name parse_name(std::string_view text) {
  if (text.empty()) throw std::invalid_argument("the name is empty; the root is written .");
  check_characters(text);
  if (auto name = zones::Name::from_text(with_a_labels(text))) return std::move(*name);
  refuse_name(text, "is not a domain name");
}

}  // namespace axfrd::control
