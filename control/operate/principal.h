// Principal: the user or token that requests an operation, and its rights.
//
// The role (access/role.h) says what they may do, the scope in which zones. Keys, providers and the server need a scope
// of all zones. Peers of the control socket are administrators of all zones; tokens of the HTTP API and users of the
// console have any role.
//
// A principal may be limited to some records. Then they may edit these one by one, and nothing else of a zone.
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
#include "control/access/user.h"

namespace axfrd::control {

struct Principal {
  std::string name = {};  // as in the audit log: "root", "uid 1000", "token NAME", "user NAME"
  Role role = Role::reader;
  ZoneScope scope = {};                  // no zone
  std::optional<uint32_t> uid = {};      // of a local user
  std::string from = {};                 // the address of the request; empty: this host
  std::vector<UpdateGrant> limits = {};  // records that they may change; empty: all
  bool is_person = false;                // who signed in by a password, or uses the control socket

  bool is_limited() const { return !limits.empty(); }
  bool may_change(zones::NameView owner, uint16_t type) const;
  std::string shown() const { return name.empty() ? "this client" : name; }
};

// The peer of the control socket with this user id. Its name comes from /etc/passwd alone, because another source of
// users may be a server that does not answer, and the control thread must not wait.
Principal local_principal(uint32_t uid);
// The holder of a token, at that address.
Principal token_principal(const Token& token, std::string from);
// A user of the console, at that address.
Principal user_principal(const User& user, std::string from);

}  // namespace axfrd::control
