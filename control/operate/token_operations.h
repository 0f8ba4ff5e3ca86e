// Operations on the tokens of the HTTP API. All take an administrator.
//
// Threads, errors. As context.h says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/operate/context.h"

namespace axfrd::control {

struct AddToken {
  std::string name;
  Role role;
  std::vector<std::string> zones = {};   // patterns; empty: all zones
  std::vector<UpdateGrant> limits = {};  // records that it may change; empty: all
  std::optional<int64_t> expires = {};   // Unix seconds
};
struct TokenAdded {
  TokenRef token;
  std::string text;  // shown only here
};

class TokenOperations {
 public:
  explicit TokenOperations(const Context& context) : context_(context) {}

  // Refused if there is a token of that name; and by HTTP, because the text is a secret.
  void add(const Principal& who, AddToken request, Done<TokenAdded> done);
  Outcome<std::vector<TokenRef>> list(const Principal& who) const;
  void remove(const Principal& who, const std::string& name, Done<TokenRef> done);

  // Stores the last use of tokens that were used since the last call. It is not recorded as a change. `done` is called
  // in any thread.
  void keep_uses(std::function<void()> done);

 private:
  const Context& context_;
};

}  // namespace axfrd::control
