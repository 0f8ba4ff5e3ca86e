// Who asks for an operation, and what they may do.
//
// The role says what (access/role.h), the scope in which zones. What concerns
// no zone alone (keys, providers, the server) wants a scope of all zones. The peers of the control socket are
// administrators of all zones; the tokens of the HTTP API are principals of any role.
//
// A principal may be limited to some records. Then they change these, one by one, and nothing else of a zone.
//
// Threads. Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/access/grant.h"
#include "control/access/role.h"
#include "control/access/token.h"

namespace axfrd::control {

struct Principal {
  std::string name = {};  // as the audit tells it: "root", "uid 1000", a token's name
  Role role = Role::reader;
  ZoneScope scope = {};                  // none, unless stated
  std::optional<uint32_t> uid = {};      // of a local user
  std::string from = {};                 // the address that they ask from; empty: this host
  std::vector<UpdateGrant> limits = {};  // records that they may change, if not all

  bool is_limited() const { return !limits.empty(); }
  bool may_change(zones::NameView owner, uint16_t type) const;
  std::string shown() const { return name.empty() ? "this client" : name; }
};

// The peer of the control socket with this user id. Its name is that of /etc/passwd alone: another source of users may
// be a server that does not answer, and the control thread waits for nobody.
Principal local_principal(uint32_t uid);
// Who holds a token, and asks from that address.
Principal token_principal(const Token& token, std::string from);

}  // namespace axfrd::control
