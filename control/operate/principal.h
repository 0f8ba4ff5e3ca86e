// Who asks for an operation, and what they may do.
//
// A role may do all that the role before it may: a reader looks, an editor changes the content of zones, a secondary
// manager opens transfers of zones, an administrator changes the server. The scope says in which zones. What concerns
// no zone alone (keys, providers, the server) wants a scope of all zones. The peers of the control socket are
// administrators of all zones; tokens of an API will be principals of other roles.
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

struct Principal {
  std::string name = {};  // as the audit tells it: "root", "uid 1000", a token's name
  Role role = Role::reader;
  ZoneScope scope = {};              // none, unless stated
  std::optional<uint32_t> uid = {};  // of a local user
};

// The peer of the control socket with this user id. Its name is that of /etc/passwd alone: another source of users may
// be a server that does not answer, and the control thread waits for nobody.
Principal local_principal(uint32_t uid);

}  // namespace axfrd::control
