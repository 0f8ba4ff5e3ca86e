// Domain names as an operator writes them.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "zones/name.h"

namespace axfrd::control {

// Throws std::invalid_argument, which tells the operator what is wrong.
inline zones::Name parse_name(const std::string& text) {
  if (auto name = zones::Name::from_text(text)) return std::move(*name);
  throw std::invalid_argument("'" + text + "' is not a domain name");
}

}  // namespace axfrd::control
