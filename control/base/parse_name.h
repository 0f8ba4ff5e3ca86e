// Domain names as an operator writes them.
//
// An internationalised name may be written in UTF-8, and stands for its A-labels (RFC 5891 §5; mapped by UTS 46, not
// transitional). Octets that are no text are written as \DDD.
//
// Errors. std::invalid_argument with a sentence that tells the operator what is wrong.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "zones/wire/name.h"

namespace axfrd::control {

zones::Name parse_name(std::string_view text);

// `text`, a name in presentation format, with each label that is not ASCII as its A-label.
std::string with_a_labels(std::string_view text);

inline bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace axfrd::control
