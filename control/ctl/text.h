// Zone files as JSON strings, which are UTF-8.
#pragma once

#include <string>

namespace axfrd::control {

// `text` as it is when that is UTF-8. Otherwise with each octet beyond ASCII written as \DDD, which means the same
// octet to whoever reads a zone file (RFC 1035 §5.1).
std::string as_utf8(std::string text);

}  // namespace axfrd::control
