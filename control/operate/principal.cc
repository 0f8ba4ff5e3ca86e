#include "control/operate/principal.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <utility>

namespace axfrd::control {

namespace {

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

bool Principal::may_change(zones::NameView owner, uint16_t type) const {
  return limits.empty() ||
         std::ranges::any_of(limits, [&](const UpdateGrant& limit) { return limit.covers(owner, type); });
}

Principal token_principal(const Token& token, std::string from) {
  return {"token " + token.name, token.role, ZoneScope::of(token.zones), std::nullopt, std::move(from), token.limits};
}

Principal user_principal(const User& user, std::string from) {
  return {"user " + user.name, user.role, ZoneScope::of(user.zones), std::nullopt, std::move(from), {}, true};
}

Principal local_principal(uint32_t uid) {
  return {name_of_user(uid), Role::admin, ZoneScope::all_zones(), uid, {}, {}, true};
}

}  // namespace axfrd::control
