// Which zone a file is named after.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace axfrd::control {

// NAME of "NAME.zone"; nothing if the file is not named so.
inline std::optional<std::string> zone_of_file(std::string_view file) {
  constexpr std::string_view suffix = ".zone";
  if (file.size() <= suffix.size() || !file.ends_with(suffix)) return std::nullopt;
  return std::string(file.substr(0, file.size() - suffix.size()));
}

// The same, or NAME of "db.NAME" or "NAME.db", as zone files of BIND are often named. Nothing for "db.NAME.db", which
// may be either.
inline std::optional<std::string> zone_of_any_file(std::string_view file) {
  constexpr std::string_view prefix = "db.", suffix = ".db";
  if (auto name = zone_of_file(file)) return name;
  const bool front = file.size() > prefix.size() && file.starts_with(prefix);
  const bool back = file.size() > suffix.size() && file.ends_with(suffix);
  if (front == back) return std::nullopt;
  return std::string(front ? file.substr(prefix.size()) : file.substr(0, file.size() - suffix.size()));
}

}  // namespace axfrd::control
