// The secrets of DNS Cookies (zones/answer/cookie.h) as operators and the store write them.
#pragma once

#include <string>
#include <string_view>

#include "control/base/json.h"
#include "zones/answer/cookie.h"

namespace axfrd::control {

// 32 hexadecimal digits. Throws std::invalid_argument, which does not quote the secret.
zones::CookieSecret parse_cookie_secret(std::string_view text);

// Fingerprints, by which people can compare the secrets of two servers: {"active": …, "staged": … or null}.
Json to_json(const zones::CookieSecrets& secrets);

// The stored form: tagged values (text until format 6).
std::string cookies_to_stored(const zones::CookieSecrets& secrets);
struct StoredCookies {
  zones::CookieSecrets secrets;
  bool knows_all;  // false: a later axfrd stored tags that this one does not know and must not overwrite
};
// Throws std::invalid_argument.
StoredCookies cookies_from_stored(std::string_view stored);

}  // namespace axfrd::control
