// Tokens: credentials of the clients of the HTTP API, and what the holder of each may do.
//
//   axfrd_ID_SECRET     ID: 16 hexadecimal digits, by which the token is found; SECRET: 64 of them, 256 random bits
//
// The text is shown once, when the token is made. Only the SHA-256 of the secret is kept. A slow hash is not needed,
// because the secret has 256 random bits. Hashes are compared in constant time, and an unknown id costs as much as a
// known one.
//
// Threads. A book is immutable and shared. Of a token, only the time of its last use changes. Any thread may set it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/access/grant.h"
#include "control/access/role.h"

namespace axfrd::control {

using TokenHash = std::array<uint8_t, 32>;

struct Token {
  std::string name;  // as in commands and audit records
  std::string id;
  TokenHash hash = {};
  Role role = Role::reader;
  std::vector<std::string> zones = {};   // patterns, as ZoneScope::of() reads them
  std::vector<UpdateGrant> limits = {};  // which records it may change; empty: all
  int64_t created = 0;                   // Unix seconds
  std::optional<int64_t> expires = {};   // likewise; none: never
  int64_t stored_use = 0;                // last use, likewise, as stored; 0: never
  std::shared_ptr<std::atomic<int64_t>> used = std::make_shared<std::atomic<int64_t>>(0);  // since start
  // The stored form, if a later axfrd stored tags that this one does not know. Such a token is not accepted, because an
  // unknown tag may be a limit, and it is not edited. Null: all tags are known.
  std::shared_ptr<const std::string> kept = nullptr;

  bool has_expired(int64_t now) const { return expires && *expires <= now; }
  int64_t last_used() const { return std::max(stored_use, used->load(std::memory_order_relaxed)); }
};
using TokenRef = std::shared_ptr<const Token>;

// All but the hash: {"token", "id", "role", "zones", "limits": [{"names", "types"}…], "created", "expires",
// "last_used"}.
Json to_json(const Token& token);

// Throws std::invalid_argument unless the name, of a token or a user, has 1 to 64 characters, all of which are safe in
// tables, logs and paths.
void check_credential_name(const std::string& name);
// One limit for each of `names` ("*", NAME, *.NAME, LABEL.*), each for `types`. No limits if both are empty. Throws
// std::invalid_argument.
std::vector<UpdateGrant> parse_limits(const std::vector<std::string>& names, const std::string& types);
// Reads a date, "2027-01-31", or a time from `now` on, "90d" or "12h". Throws std::invalid_argument.
int64_t parse_expiry(const std::string& text, int64_t now);

// So many random hexadecimal digits; an even number.
std::string random_digits(size_t digits);
// Draws an id and a secret at random, sets the id and the hash of the token, and returns the text to be shown.
std::string draw_secret(Token& token);

// Tagged values.
std::string token_to_stored(const Token& token);
// Throws std::invalid_argument.
Token token_from_stored(const std::string& name, const std::string& stored);

class TokenBook {
 public:
  TokenBook() = default;
  // The tokens of `base`, with those named in `changed` replaced; null: removed.
  TokenBook(const TokenBook& base, const std::map<std::string, TokenRef>& changed);

  const std::map<std::string, TokenRef>& by_name() const { return by_name_; }
  TokenRef find(const std::string& name) const;
  // The token that `text` belongs to. Null if there is none, or it has expired or is not accepted.
  TokenRef authenticate(std::string_view text, int64_t now) const;

 private:
  std::map<std::string, TokenRef> by_name_;
  std::map<std::string, TokenRef, std::less<>> by_id_;
};
using TokenBookRef = std::shared_ptr<const TokenBook>;

}  // namespace axfrd::control
