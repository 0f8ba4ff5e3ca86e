#include "control/access/cookie.h"

#include <openssl/sha.h>

#include <boost/algorithm/hex.hpp>
#include <iterator>
#include <stdexcept>

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

std::string cookies_to_text(const CookieSecrets& secrets) {
  return to_hex(secrets.active) + (secrets.staged ? " " + to_hex(*secrets.staged) : "");
}

CookieSecrets cookies_from_text(std::string_view text) {
  const size_t blank = text.find(' ');
  CookieSecrets secrets{parse_cookie_secret(text.substr(0, blank)), {}};
  if (blank != std::string_view::npos) secrets.staged = parse_cookie_secret(text.substr(blank + 1));
  return secrets;
}

}  // namespace axfrd::control
