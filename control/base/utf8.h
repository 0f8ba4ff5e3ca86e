// UTF-8, which JSON strings are and zone files mostly are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace axfrd::control {

// Where the first octet stands that is no part of a character of UTF-8 (RFC 3629 §4).
std::optional<size_t> find_non_utf8(std::string_view text);

// `text` as it is when that is UTF-8. Otherwise with each octet beyond ASCII written as \DDD, which means the same
// octet to whoever reads a zone file (RFC 1035 §5.1).
std::string as_utf8(std::string text);

}  // namespace axfrd::control
