#include "control/http/pdns_names.h"

#include <charconv>

namespace axfrd::control {

namespace {

bool stands_as_it_is(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

}  // namespace

std::string zone_id(zones::NameView apex) {
  constexpr const char* kDigits = "0123456789ABCDEF";
  if (apex.is_root()) return "=2E";
  std::string id;
  for (const char c : apex.to_text()) {
    if (stands_as_it_is(c)) {
      id += c;
    } else {
      id += {'=', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[static_cast<unsigned char>(c) & 0xF]};
    }
  }
  return id;
}

std::optional<zones::Name> zone_of_id(std::string_view id) {
  std::string text;
  for (size_t i = 0; i < id.size(); ++i) {
    unsigned octet = 0;
    const std::string_view digits = id[i] == '=' ? id.substr(i + 1, 2) : std::string_view();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
    if (digits.size() == 2 && error == std::errc() && end == digits.data() + 2) {
      text += static_cast<char>(octet);
      i += 2;
    } else {
      text += id[i];
    }
  }
  return text.empty() ? std::nullopt : zones::Name::from_text(text);
}

}  // namespace axfrd::control
