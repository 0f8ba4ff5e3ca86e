#include "control/operate/principal.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "control/base/parse_name.h"

namespace axfrd::control {

namespace {

struct RoleName {
  Role role;
  const char* text;
};
constexpr std::array kRoles{RoleName{Role::reader, "reader"}, RoleName{Role::editor, "editor"},
                            RoleName{Role::secondary_manager, "secondary-manager"}, RoleName{Role::admin, "admin"}};

std::string name_of_user(uint32_t uid) {
  constexpr size_t kLongestEntry = 4096;
  const auto close = [](FILE* file) { std::fclose(file); };
  const std::unique_ptr<FILE, decltype(close)> users(std::fopen("/etc/passwd", "re"), close);
  std::array<char, kLongestEntry> room{};
  passwd entry{};
  passwd* found = nullptr;
  while (users && fgetpwent_r(users.get(), &entry, room.data(), room.size(), &found) == 0) {
    if (found->pw_uid == uid) return found->pw_name;
  }
  return "uid " + std::to_string(uid);
}

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

Principal local_principal(uint32_t uid) { return {name_of_user(uid), Role::admin, ZoneScope::all_zones(), uid}; }

}  // namespace axfrd::control
