// Tokens: what the clients of the HTTP API show, and what the holder of each may do.
//
//   axfrd_ID_SECRET     ID: 16 hexadecimal digits, by which the token is found; SECRET: 64 of them, 256 random bits
//
// The text is told once, to who has the token made. What is kept of the secret is its SHA-256: of 256 random bits no
// slow hash is needed. It is compared in constant time, and an unknown id costs as much as a known one.
//
// Threads. A book is immutable and shared; of a token only the time of its last use changes, which any thread may note.
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
  std::string name;  // as operators and the audit call it
  std::string id;
  TokenHash hash = {};
  Role role = Role::reader;
  std::vector<std::string> zones = {};   // patterns, as ZoneScope::of() reads them
  std::vector<UpdateGrant> limits = {};  // of the records that it may change; empty: all
  int64_t created = 0;                   // Unix seconds
  std::optional<int64_t> expires = {};   // likewise; none: never
  int64_t stored_use = 0;                // when it was last used, as the store has it; 0: never
  std::shared_ptr<std::atomic<int64_t>> used = std::make_shared<std::atomic<int64_t>>(0);  // since the start
  // As the store keeps it, if a later axfrd has stored more than this one knows: the token is not honoured, for that
  // may be a limit, and is not edited. Null: all is known.
  std::shared_ptr<const std::string> kept = nullptr;

  bool has_expired(int64_t now) const { return expires && *expires <= now; }
  int64_t last_used() const { return std::max(stored_use, used->load(std::memory_order_relaxed)); }
};
using TokenRef = std::shared_ptr<const Token>;

// All but the hash: {"token", "id", "role", "zones", "names", "types", "created", "expires", "last_used"}.
Json to_json(const Token& token);

// Throws std::invalid_argument: 1 to 64 octets that tables, logs and paths can show.
void check_token_name(const std::string& name);
// Limits of all pairs of `names` ("*", NAME, *.NAME, LABEL.*) and `types`; none, if both say nothing. Throws
// std::invalid_argument.
std::vector<UpdateGrant> parse_limits(const std::vector<std::string>& names, const std::string& types);
// A point in time: "2027-01-31", or so long from `now` on: "90d", "12h". Throws std::invalid_argument.
int64_t parse_expiry(const std::string& text, int64_t now);

// Gives the token an id and a secret, drawn at random; returns the text to be shown.
std::string draw_secret(Token& token);

// Tagged values.
std::string token_to_stored(const Token& token);
// Throws std::invalid_argument.
Token token_from_stored(const std::string& name, const std::string& stored);

class TokenBook {
 public:
  TokenBook() = default;
  // The tokens of `base`, but for those named here, which become these; null: it goes.
  TokenBook(const TokenBook& base, const std::map<std::string, TokenRef>& changed);

  const std::map<std::string, TokenRef>& by_name() const { return by_name_; }
  TokenRef find(const std::string& name) const;
  // The token that this is the text of; null if there is none, or it has expired.
  TokenRef authenticate(std::string_view text, int64_t now) const;

 private:
  std::map<std::string, TokenRef> by_name_;
  std::map<std::string, TokenRef, std::less<>> by_id_;
};
using TokenBookRef = std::shared_ptr<const TokenBook>;

}  // namespace axfrd::control
