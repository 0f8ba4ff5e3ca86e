// HttpTarget: what a request is about: the segments of its path, and the parameters behind the question mark.
//
// Threads. Values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace axfrd::control {

struct HttpTarget {
  std::vector<std::string> path;  // between slashes, each without its %XX; one slash at the end makes no difference
  std::vector<std::pair<std::string, std::string>> query;

  // The first of that name.
  std::optional<std::string> parameter(std::string_view name) const;
};

// Nothing if it is no path of ours: it does not begin with a slash, or has an octet 0 or a broken %XX.
std::optional<HttpTarget> parse_target(std::string_view target);

}  // namespace axfrd::control
