#include "control/access/cookie.h"

#include <openssl/sha.h>

#include <algorithm>
#include <boost/algorithm/hex.hpp>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include "zones/disk/tagged.h"

namespace axfrd::control {

namespace {

using zones::CookieSecret;
using zones::CookieSecrets;

std::string to_hex(zones::Bytes octets) {
  std::string text;
  boost::algorithm::hex_lower(octets.begin(), octets.end(), std::back_inserter(text));
  return text;
}

std::string fingerprint(const CookieSecret& secret) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(secret.data(), secret.size(), digest.data());
  return to_hex(zones::Bytes(digest).first(4));
}

}  // namespace

CookieSecret parse_cookie_secret(std::string_view text) {
  CookieSecret secret;
  bool good = text.size() == 2 * secret.size();
  if (good) {
    try {
      boost::algorithm::unhex(text.begin(), text.end(), secret.begin());
    } catch (const boost::algorithm::hex_decode_error&) {
      good = false;
    }
  }
  if (!good) throw std::invalid_argument("a cookie secret has 32 hexadecimal digits");
  return secret;
}

Json to_json(const CookieSecrets& secrets) {
  return {{"active", fingerprint(secrets.active)},
          {"staged", secrets.staged ? Json(fingerprint(*secrets.staged)) : Json()}};
}

namespace {

enum class CookieTag : uint16_t { active = 1, staged };

CookieSecret secret_of(zones::Bytes value) {
  CookieSecret secret;
  if (value.size() != secret.size()) throw std::invalid_argument("a cookie secret of another size");
  std::ranges::copy(value, secret.begin());
  return secret;
}

// Format 6.
CookieSecrets cookies_from_hex(std::string_view text) {
  const size_t blank = text.find(' ');
  CookieSecrets secrets{parse_cookie_secret(text.substr(0, blank)), {}};
  if (blank != std::string_view::npos) secrets.staged = parse_cookie_secret(text.substr(blank + 1));
  return secrets;
}

}  // namespace

std::string cookies_to_stored(const CookieSecrets& secrets) {
  zones::TagWriter out;
  out.put(CookieTag::active, zones::text_of(secrets.active));
  if (secrets.staged) out.put(CookieTag::staged, zones::text_of(*secrets.staged));
  return std::move(out).finish();
}

StoredCookies cookies_from_stored(std::string_view stored) {
  if (!stored.empty() && stored.front() != '\0') return {cookies_from_hex(stored), true};
  std::optional<CookieSecret> active, staged;
  bool knows_all = true;
  zones::TagReader in(zones::bytes_of(stored));
  while (in.next()) {
    switch (in.tag<CookieTag>()) {
      case CookieTag::active:
        active = secret_of(in.value());
        break;
      case CookieTag::staged:
        staged = secret_of(in.value());
        break;
      default:
        knows_all = false;
    }
  }
  return {{zones::required(std::move(active), "active secret"), staged}, knows_all};
}

}  // namespace axfrd::control
