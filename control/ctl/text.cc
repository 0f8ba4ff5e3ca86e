#include "control/ctl/text.h"

#include "control/base/json.h"

namespace axfrd::control {

namespace {

bool is_utf8(const std::string& text) {
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

std::string digits(unsigned char octet) { return std::to_string(1000U + octet).substr(1); }

}  // namespace

std::string as_utf8(std::string text) {
  if (is_utf8(text)) return text;
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
