// Roles and scopes: what a principal may do, and in which zones.
//
// Each role includes the one before it: a reader looks, an editor changes the content of zones, a secondary
// manager opens transfers of zones, an administrator changes the server.
//
// Threads. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zones/wire/name.h"

namespace axfrd::control {

enum class Role : uint8_t { reader, editor, secondary_manager, admin };
const char* to_text(Role role);
std::optional<Role> role_from(std::string_view text);

// Zones by their apexes: "*" is every zone, "*.NAME" every zone below NAME, "NAME" that one.
class ZoneScope {
 public:
  ZoneScope() = default;  // no zone
  static ZoneScope all_zones();
  // Throws std::invalid_argument.
  static ZoneScope of(const std::vector<std::string>& patterns);

  bool is_all() const { return all_; }
  bool contains(zones::NameView apex) const;

 private:
  struct Pattern {
    zones::Name name;
    bool below;  // the zones below it, and not its own
  };
  bool all_ = false;
  std::vector<Pattern> patterns_;
};

}  // namespace axfrd::control
