// Numbers in text: digits and nothing else.
#pragma once

#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

namespace axfrd::zones {

// None if `text` is anything but a number from `least` to `most`, written to the base `base`.
template <class Number>
std::optional<Number> number_in(std::string_view text, Number least = 0,
                                Number most = std::numeric_limits<Number>::max(), int base = 10) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) return std::nullopt;
  return number;
}

}  // namespace axfrd::zones
