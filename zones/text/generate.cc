#include "zones/text/generate.h"

#include <limits>

#include "zones/text/tokens.h"
#include "zones/wire/number.h"

namespace axfrd::zones {
namespace {

constexpr uint32_t kMaxNumber = std::numeric_limits<int32_t>::max();  // as in BIND
constexpr uint32_t kMaxWidth = 127;                                   // likewise

// What stands in braces behind a $.
struct NumberFormat {
  int32_t offset = 0;
  uint32_t width = 0;
  char base = 'd';
};

std::optional<NumberFormat> parse_format(std::string_view text) {
  NumberFormat format;
  const size_t comma = text.find(',');
  std::string_view offset = text.substr(0, comma);
  if (offset.starts_with('+')) offset.remove_prefix(1);
  const auto number = number_in<int32_t>(offset, std::numeric_limits<int32_t>::min());
  if (!number) return std::nullopt;
  format.offset = *number;
  if (comma == std::string_view::npos) return format;
  text.remove_prefix(comma + 1);
  const size_t second = text.find(',');
  const auto width = number_in<uint32_t>(text.substr(0, second));
  if (!width || *width > kMaxWidth) return std::nullopt;
  format.width = *width;
  if (second == std::string_view::npos) return format;
  text.remove_prefix(second + 1);
  if (text.size() != 1 || std::string_view("doxXnN").find(text.front()) == std::string_view::npos) return std::nullopt;
  format.base = text.front();
  return format;
}

// The digits of `value`, the lowest first, one at least.
std::string digits_upwards(uint32_t value, unsigned base, bool upper) {
  const char* const digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string text;
  do {
    text += digits[value % base];
    value /= base;
  } while (value != 0);
  return text;
}

void append_number(std::string& out, uint32_t value, const NumberFormat& format) {
  if (format.base == 'n' || format.base == 'N') {
    // Nibbles, as ip6.arpa has them: the lowest first, a dot between two. The width counts the dots.
    std::string digits = digits_upwards(value, 16, format.base == 'N');
    while (digits.size() * 2 < format.width) digits += '0';
    for (size_t i = 0; i < digits.size(); ++i) {
      out += digits[i];
      // An even width ends in a dot.
      if (i + 1 < digits.size() || digits.size() * 2 == format.width) out += '.';
    }
    return;
  }
  const unsigned base = format.base == 'o' ? 8 : format.base == 'd' ? 10 : 16;
  std::string digits = digits_upwards(value, base, format.base == 'X');
  while (digits.size() < format.width) digits += '0';
  out.append(digits.rbegin(), digits.rend());
}

}  // namespace

Result<GenerateRange> parse_range(std::string_view text) {
  const std::string shown = quoted(text);
  const size_t dash = text.find('-'), slash = text.find('/');
  const auto start = number_in<uint32_t>(text.substr(0, dash));
  std::optional<uint32_t> stop, step = 1;
  if (dash != std::string_view::npos) {
    stop = number_in<uint32_t>(text.substr(dash + 1, slash == std::string_view::npos ? slash : slash - dash - 1));
  }
  if (slash != std::string_view::npos) step = number_in<uint32_t>(text.substr(slash + 1));
  if (!start || !stop || !step) return "$GENERATE needs a range such as 1-254 or 0-100/2, not " + shown;
  if (*stop > kMaxNumber || *step > kMaxNumber) return "the range " + shown + " goes beyond 2147483647";
  if (*start > *stop) return "the range " + shown + " ends before it begins";
  if (*step == 0) return "the range " + shown + " has a step of 0";
  return GenerateRange{*start, *stop, *step};
}

std::optional<std::string> generate(std::string_view pattern, uint32_t number, std::string& out) {
  for (size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '\\') {
      out += c;
      if (++at < pattern.size()) out += pattern[at];
    } else if (c != '$') {
      out += c;
    } else if (at + 1 < pattern.size() && pattern[at + 1] == '$') {
      out += c;
      ++at;
    } else if (at + 1 < pattern.size() && pattern[at + 1] == '{') {
      const size_t end = pattern.find('}', at);
      const std::string_view braces = pattern.substr(at + 1, end == std::string_view::npos ? end : end - at);
      const auto format =
          end != std::string_view::npos ? parse_format(braces.substr(1, braces.size() - 2)) : std::nullopt;
      if (!format)
        return quoted(braces) +
               " behind $; it is {OFFSET}, {OFFSET,WIDTH} or {OFFSET,WIDTH,BASE}, and BASE one of doxXnN";
      const int64_t value = int64_t{number} + format->offset;
      if (value < 0 || value > kMaxNumber) return quoted(braces) + " takes " + std::to_string(number) + " out of range";
      append_number(out, static_cast<uint32_t>(value), *format);
      at = end;
    } else {
      append_number(out, number, {});
    }
  }
  return std::nullopt;
}

}  // namespace axfrd::zones
