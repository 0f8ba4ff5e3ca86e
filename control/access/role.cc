#include "control/access/role.h"

#include <algorithm>
#include <array>

#include "control/base/parse_name.h"

namespace axfrd::control {

namespace {

struct RoleName {
  Role role;
  const char* text;
};
constexpr std::array kRoles{RoleName{Role::reader, "reader"}, RoleName{Role::editor, "editor"},
                            RoleName{Role::secondary_manager, "secondary-manager"}, RoleName{Role::admin, "admin"}};

}  // namespace

const char* to_text(Role role) { return std::ranges::find(kRoles, role, &RoleName::role)->text; }

std::optional<Role> role_from(std::string_view text) {
  const auto* const found = std::ranges::find(kRoles, text, [](const RoleName& r) { return std::string_view(r.text); });
  return found != kRoles.end() ? std::optional(found->role) : std::nullopt;
}

ZoneScope ZoneScope::all_zones() {
  ZoneScope scope;
  scope.all_ = true;
  return scope;
}

ZoneScope ZoneScope::of(const std::vector<std::string>& patterns) {
  constexpr std::string_view kBelow = "*.";
  ZoneScope scope;
  for (const std::string& pattern : patterns) {
    if (pattern == "*") {
      scope.all_ = true;
    } else if (pattern.starts_with(kBelow)) {
      scope.patterns_.push_back({parse_name(pattern.substr(kBelow.size())), true});
    } else {
      scope.patterns_.push_back({parse_name(pattern), false});
    }
  }
  return scope;
}

bool ZoneScope::contains(zones::NameView apex) const {
  return all_ || std::ranges::any_of(patterns_, [&](const Pattern& pattern) {
           const bool same = apex.equals(pattern.name);
           return pattern.below ? !same && apex.is_at_or_below(pattern.name) : same;
         });
}

}  // namespace axfrd::control
