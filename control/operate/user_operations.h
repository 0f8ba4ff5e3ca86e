// Operations on the users of the console. All take an administrator, but for one's own password.
//
// Threads, errors. As context.h says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/operate/context.h"

namespace axfrd::control {

struct AddUser {
  std::string name;
  Role role;
  std::vector<std::string> zones = {};       // patterns; empty: all zones
  std::optional<std::string> password = {};  // none: it is drawn
};
struct PasswordSet {
  UserRef user;
  std::string drawn;  // shown only here; empty if a password was stated
};

class UserOperations {
 public:
  explicit UserOperations(const Context& context) : context_(context) {}

  // Refused if there is a user of that name. A password that is drawn is a secret, which only people get.
  void add(const Principal& who, const AddUser& request, const Done<PasswordSet>& done);
  Outcome<std::vector<UserRef>> list(const Principal& who) const;
  void remove(const Principal& who, const std::string& name, Done<UserRef> done);
  // Ends the user's sessions. Without a password, one is drawn.
  void set_password(const Principal& who, const std::string& name, std::optional<std::string> password,
                    const Done<PasswordSet>& done);
  // The same for the principal's own password. The old one is checked.
  void change_own(const Principal& who, const UserRef& user, const std::string& old, const std::string& password,
                  const Done<PasswordSet>& done);
  // Whether that is the password of that user; the user, or null. Without such a user it takes as long. A Failure if
  // too many passwords are being checked.
  void authenticate(const std::string& name, std::string password, const Done<UserRef>& done) const;

 private:
  struct Hashed {
    std::string hash, drawn;
  };
  // Hashes a password, stated or drawn; `done` is called in the loop's thread.
  void hash(std::optional<std::string> password, const Done<Hashed>& done) const;
  void store_password(const Act& act, const std::string& name, std::optional<std::string> password,
                      const Done<PasswordSet>& done);

  const Context& context_;
};

}  // namespace axfrd::control
