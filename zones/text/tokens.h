// The parts of an entry of a zone file (RFC 1035 §5.1): blank-separated tokens, and times among them.
#pragma once

#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zones/data/record.h"
#include "zones/wire/ascii.h"

namespace axfrd::zones {

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// A token, as an error shows it.
inline std::string quoted(std::string_view token) { return "'" + std::string(token) + "'"; }

// Where the first quotation mark stands that has no backslash before it.
inline std::optional<size_t> find_quote(std::string_view token) {
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '"') return i;
    if (token[i] == '\\') ++i;
  }
  return std::nullopt;
}

// Takes blank-separated tokens off the front of an entry.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}
  std::string_view next() {
    skip_blanks();
    size_t end = 0;
    bool quoted = false;
    for (; end < rest_.size() && (quoted || !is_blank(rest_[end])); ++end) {
      if (rest_[end] == '\\') ++end;
      else if (rest_[end] == '"') quoted = !quoted;
    }
    const std::string_view token = rest_.substr(0, std::min(end, rest_.size()));
    rest_.remove_prefix(token.size());
    return token;
  }
  std::string_view peek() const { return Tokens(*this).next(); }
  std::string_view rest() {
    skip_blanks();
    return rest_;
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

// A time in seconds, or with units as in 1h30m; nothing if it is none, or more than `most`.
inline std::optional<uint32_t> parse_time(std::string_view token, uint32_t most) {
  uint64_t total = 0;
  const char* at = token.data();
  const char* end = at + token.size();
  if (at == end) return std::nullopt;
  while (at < end) {
    uint32_t number = 0;
    const auto [stop, error] = std::from_chars(at, end, number);
    if (error != std::errc{}) return std::nullopt;
    uint64_t unit = 1;
    at = stop;
    if (at < end) {
      switch (std::tolower(static_cast<uint8_t>(*at++))) {
        case 's':
          break;
        case 'm':
          unit = 60;
          break;
        case 'h':
          unit = 3600;
          break;
        case 'd':
          unit = 86400;
          break;
        case 'w':
          unit = 604800;
          break;
        default:
          return std::nullopt;
      }
    }
    total += number * unit;
    if (total > most) return std::nullopt;
  }
  return static_cast<uint32_t>(total);
}
inline std::optional<uint32_t> parse_ttl(std::string_view token) { return parse_time(token, kMaxTtl); }

}  // namespace axfrd::zones
