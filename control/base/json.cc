#include "control/base/json.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace axfrd::control {

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

void append_escaped(std::string& out, std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; });
  if (is_plain) {
    out += text;
    return;
  }
  const std::string quoted = dump(text);
  out.append(quoted, 1, quoted.size() - 2);
}

void JsonObjectWriter::append_number(int64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out_.append(digits.data(), end.ptr);
}

}  // namespace axfrd::control
