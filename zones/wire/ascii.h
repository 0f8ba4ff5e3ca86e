// Letters of US-ASCII, in which mnemonics and units are written.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <string_view>

namespace axfrd::zones {

inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) {
    return std::tolower(static_cast<uint8_t>(x)) == std::tolower(static_cast<uint8_t>(y));
  });
}

}  // namespace axfrd::zones
