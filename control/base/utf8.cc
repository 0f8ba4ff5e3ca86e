#include "control/base/utf8.h"

#include <cstdint>

namespace axfrd::control {

namespace {

std::string digits(unsigned char octet) { return std::to_string(1000U + octet).substr(1); }

}  // namespace

std::optional<size_t> find_non_utf8(std::string_view text) {
  const auto octet = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0U; };
  for (size_t at = 0; at < text.size();) {
    const unsigned first = octet(at);
    if (first < 0x80) {
      ++at;
      continue;
    }
    const unsigned more = first >= 0xC2 && first < 0xE0   ? 1
                          : first >= 0xE0 && first < 0xF0 ? 2
                          : first >= 0xF0 && first < 0xF5 ? 3
                                                          : 0;
    const unsigned second = octet(at + 1);
    const bool too_long = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool no_character = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
    if (more == 0 || too_long || no_character) return at;
    for (unsigned i = 1; i <= more; ++i) {
      if ((octet(at + i) & 0xC0U) != 0x80) return at;
    }
    at += 1 + more;
  }
  return std::nullopt;
}

std::string as_utf8(std::string text) {
  if (!find_non_utf8(text)) return text;
  std::string escaped;
  bool behind_backslash = false;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x80) {
      escaped += c;
      behind_backslash = c == '\\' && !behind_backslash;
    } else {
      escaped += (behind_backslash ? "" : "\\") + digits(octet);
      behind_backslash = false;
    }
  }
  return escaped;
}

}  // namespace axfrd::control
