// Result: a value, or the reason why there is none. A caller takes it apart with std::get_if.
//
// Threads. A value.
#pragma once

#include <string>
#include <variant>

namespace axfrd::zones {

// `Reason` is a sentence for people unless a function states another one: an RCODE, a place in a file.
template <class T, class Reason = std::string>
using Result = std::variant<T, Reason>;

}  // namespace axfrd::zones
