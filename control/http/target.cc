#include "control/http/target.h"

#include <charconv>

namespace axfrd::control {

namespace {

// Without %XX; in a query, a plus is a blank.
std::optional<std::string> unescaped(std::string_view text, bool in_query) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && in_query) {
      plain += ' ';
    } else if (text[i] != '%') {
      plain += text[i];
    } else {
      unsigned octet = 0;
      const std::string_view digits = text.substr(i + 1, 2);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
      if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2 || octet == 0) return std::nullopt;
      plain += static_cast<char>(octet);
      i += 2;
    }
  }
  return plain;
}

}  // namespace

std::optional<std::string> HttpTarget::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<HttpTarget> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  std::string_view path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  if (path.ends_with('/')) path.remove_suffix(1);
  HttpTarget result;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    auto segment = unescaped(path.substr(0, slash), false);
    if (!segment) return std::nullopt;
    result.path.push_back(std::move(*segment));
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  std::string_view query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    const size_t equals = item.find('=');
    auto key = unescaped(item.substr(0, equals), true);
    auto value = unescaped(equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1), true);
    if (!key || !value) return std::nullopt;
    result.query.emplace_back(std::move(*key), std::move(*value));
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
  }
  return result;
}

}  // namespace axfrd::control
