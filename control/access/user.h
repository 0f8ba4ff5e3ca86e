// Users: people who sign in at the console, and what each may do there.
//
// A password is kept as the hash that crypt(5) calls yescrypt, which is slow by design. So hash_password() and
// is_password() are called in a thread that nobody waits for (operate/password_thread.h).
//
// Threads. Values; a user is immutable and shared. The functions: any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/access/role.h"
#include "control/base/json.h"

namespace axfrd::control {

struct User {
  std::string name;
  std::string hash;  // crypt(5); it changes whenever the password is set, even to the same one
  Role role = Role::reader;
  std::vector<std::string> zones = {};  // patterns, as ZoneScope::of() reads them
  int64_t created = 0, changed = 0;     // Unix seconds; changed: when the password was set
  // The stored form, if a later axfrd stored tags that this one does not know. Such a user cannot sign in, because an
  // unknown tag may be a limit, and is not edited. Null: all tags are known.
  std::shared_ptr<const std::string> kept = nullptr;
};
using UserRef = std::shared_ptr<const User>;
using Users = std::map<std::string, UserRef>;  // by name
using UsersRef = std::shared_ptr<const Users>;

// All but the hash: {"user", "role", "zones", "created", "password_set"}.
Json to_json(const User& user);

// Throws std::invalid_argument unless the password has 10 to 256 octets.
void check_password(const std::string& password);
// Twenty random letters and digits, some 100 bits, in groups.
std::string draw_password();
// Takes some hundredths of a second, and several megabytes. Throws std::runtime_error.
std::string hash_password(const std::string& password);
// The same for a user who does not exist (`hash` is empty), so that the time does not tell.
bool is_password(const std::string& hash, const std::string& password);

// Tagged values.
std::string user_to_stored(const User& user);
// Throws std::invalid_argument.
User user_from_stored(const std::string& name, const std::string& stored);

}  // namespace axfrd::control
