#include "control/access/token.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <stdexcept>

#include "zones/disk/tagged.h"
#include "zones/text/tokens.h"

namespace axfrd::control {

namespace {

constexpr std::string_view kTokenPrefix = "axfrd_";
constexpr size_t kTokenIdDigits = 16, kTokenSecretDigits = 64;

std::string hexadecimal(const uint8_t* octets, size_t size) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += kDigits[octets[i] >> 4];
    text += kDigits[octets[i] & 0xF];
  }
  return text;
}

// Hashes the digits themselves, so that nothing has to be decoded.
TokenHash hash_of(std::string_view secret) {
  TokenHash hash{};
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
  return hash;
}

enum class TokenTag : uint16_t { id = 1, hash, role, zone, limit, created, expires, used };

}  // namespace

Json to_json(const Token& token) {
  Json limits = Json::array();
  for (const UpdateGrant& limit : token.limits) {
    Json json = to_json(limit);
    json.erase("zone");
    limits.push_back(std::move(json));
  }
  const int64_t used = token.last_used();
  return {{"token", token.name},
          {"id", token.id},
          {"role", to_text(token.role)},
          {"zones", token.zones},
          {"limits", std::move(limits)},
          {"created", token.created},
          {"expires", token.expires ? Json(*token.expires) : Json()},
          {"last_used", used != 0 ? Json(used) : Json()}};
}

void check_credential_name(const std::string& name) {
  constexpr size_t kLongest = 64;
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == '@';
  };
  if (!name.empty() && name.size() <= kLongest && std::ranges::all_of(name, fits)) return;
  throw std::invalid_argument("'" + name +
                              "' is no name of a token or a user: that has 1 to 64 letters, digits, dots, hyphens, " +
                              "underscores and at signs");
}

std::vector<UpdateGrant> parse_limits(const std::vector<std::string>& names, const std::string& types) {
  std::vector<UpdateGrant> limits;
  for (const std::string& name : names) limits.push_back(parse_grant("*", name, types));
  if (names.empty() && !types.empty()) limits.push_back(parse_grant("*", "*", types));
  return limits;
}

int64_t parse_expiry(const std::string& text, int64_t now) {
  constexpr uint32_t kMost = 100U * 366 * 86400 / 2;
  if (const auto seconds = zones::parse_time(text, kMost); seconds && *seconds > 0) return now + *seconds;
  int year = 0;
  unsigned month = 0, day = 0;
  char dash = 0, other = 0;
  std::istringstream in(text);
  in >> year >> dash >> month >> other >> day;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!in || in.peek() != std::istringstream::traits_type::eof() || dash != '-' || other != '-' || !date.ok())
    throw std::invalid_argument("'" + text + "' is neither a date as in 2027-01-31 nor a time from now as in 90d");
  const int64_t seconds = std::chrono::sys_days(date).time_since_epoch() / std::chrono::seconds(1);
  if (seconds <= now) throw std::invalid_argument("'" + text + "' is over already");
  return seconds;
}

std::string random_digits(size_t digits) {
  std::vector<uint8_t> octets(digits / 2);
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1)
    throw std::runtime_error("OpenSSL has no random numbers");
  std::string text = hexadecimal(octets.data(), octets.size());
  OPENSSL_cleanse(octets.data(), octets.size());
  return text;
}

std::string draw_secret(Token& token) {
  token.id = random_digits(kTokenIdDigits);
  const std::string secret = random_digits(kTokenSecretDigits);
  token.hash = hash_of(secret);
  return std::string(kTokenPrefix) + token.id + "_" + secret;
}

std::string token_to_stored(const Token& token) {
  if (token.kept) return *token.kept;
  zones::TagWriter out;
  out.put(TokenTag::id, token.id);
  out.put(TokenTag::hash, zones::text_of(token.hash));
  out.put(TokenTag::role, to_text(token.role));
  for (const std::string& zone : token.zones) out.put(TokenTag::zone, zone);
  for (const UpdateGrant& limit : token.limits) out.put(TokenTag::limit, grant_to_stored(limit));
  out.put64(TokenTag::created, static_cast<uint64_t>(token.created));
  if (token.expires) out.put64(TokenTag::expires, static_cast<uint64_t>(*token.expires));
  if (const int64_t used = token.last_used(); used != 0) out.put64(TokenTag::used, static_cast<uint64_t>(used));
  return std::move(out).finish();
}

Token token_from_stored(const std::string& name, const std::string& stored) {
  Token token{.name = name, .id = {}};
  bool knows_all = true;
  std::optional<Role> role;
  zones::TagReader in(zones::bytes_of(stored));
  while (in.next()) {
    switch (in.tag<TokenTag>()) {
      case TokenTag::id:
        token.id = in.text();
        break;
      case TokenTag::hash:
        if (in.value().size() != token.hash.size()) throw std::invalid_argument("its hash is malformed");
        std::ranges::copy(in.value(), token.hash.begin());
        break;
      case TokenTag::role:
        role = role_from(in.text());
        if (!role) knows_all = false;
        break;
      case TokenTag::zone:
        token.zones.push_back(in.text());
        break;
      case TokenTag::limit:
        token.limits.push_back(grant_from_stored(in.value(), knows_all));
        break;
      case TokenTag::created:
        token.created = static_cast<int64_t>(in.number64());
        break;
      case TokenTag::expires:
        token.expires = static_cast<int64_t>(in.number64());
        break;
      case TokenTag::used:
        token.stored_use = static_cast<int64_t>(in.number64());
        break;
      default:
        knows_all = false;
    }
  }
  (void)ZoneScope::of(token.zones);  // throws if a pattern is malformed
  if (token.id.size() != kTokenIdDigits) throw std::invalid_argument("a token without its id");
  token.role = role.value_or(Role::reader);
  if (!knows_all) token.kept = std::make_shared<const std::string>(stored);
  return token;
}

TokenBook::TokenBook(const TokenBook& base, const std::map<std::string, TokenRef>& changed) : by_name_(base.by_name_) {
  for (const auto& [name, token] : changed) {
    if (token) {
      by_name_.insert_or_assign(name, token);
    } else {
      by_name_.erase(name);
    }
  }
  for (const auto& [name, token] : by_name_) by_id_.emplace(token->id, token);
}

TokenRef TokenBook::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found != by_name_.end() ? found->second : nullptr;
}

TokenRef TokenBook::authenticate(std::string_view text, int64_t now) const {
  static const TokenHash kNobodys{};
  constexpr size_t kSize = kTokenPrefix.size() + kTokenIdDigits + 1 + kTokenSecretDigits;
  const size_t separator = kTokenPrefix.size() + kTokenIdDigits;
  if (text.size() != kSize || !text.starts_with(kTokenPrefix) || text[separator] != '_') return nullptr;
  const auto found = by_id_.find(text.substr(kTokenPrefix.size(), kTokenIdDigits));
  const TokenHash hash = hash_of(text.substr(separator + 1));
  const TokenHash& wanted = found != by_id_.end() ? found->second->hash : kNobodys;
  const bool same = CRYPTO_memcmp(hash.data(), wanted.data(), hash.size()) == 0;
  if (found == by_id_.end() || !same || found->second->kept || found->second->has_expired(now)) return nullptr;
  return found->second;
}

}  // namespace axfrd::control
