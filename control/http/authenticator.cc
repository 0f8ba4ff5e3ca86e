#include "control/http/authenticator.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cctype>

#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

// What stands behind "Bearer", in any case (RFC 9110 §11.1).
std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() < kScheme.size()) return {};
  const bool is_bearer = std::equal(kScheme.begin(), kScheme.end(), authorization.begin(),
                                    [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
  if (!is_bearer) return {};
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' ', kScheme.size()), authorization.size()));
  return authorization;
}

}  // namespace

TokenRef Authenticator::token_of(const HttpRequest& request) const {
  std::string_view text = request.field("x-api-key");
  if (text.empty()) text = bearer_of(request.field("authorization"));
  return text.empty() ? nullptr : settings_.get()->tokens->authenticate(text, unix_time());
}

zones::Result<Principal, HttpResponse> Authenticator::identify(const HttpRequest& request, Clock::time_point now) {
  if (const TokenRef token = token_of(request)) {
    token->used->store(unix_time(), std::memory_order_relaxed);
    return token_principal(*token, request.client ? request.client->to_string() : std::string());
  }
  HttpResponse response = text_response(401, "Unauthorized");
  response.fields = {{"WWW-Authenticate", "X-API-Key realm=\"PowerDNS\""}};
  if (request.field("x-api-key").empty() && request.field("authorization").empty()) return response;
  const unsigned failures = failures_.add(network_text(request.client), now);
  if (failures <= kMostFailures) return response;
  if (failures == kMostFailures + 1)
    log_.warning("HTTP: more than ", kMostFailures, " wrong tokens within a minute from ",
                 request.client ? request.client->to_string() : "the Unix socket");
  response = text_response(429, "Too Many Requests");
  response.fields = {{"Retry-After", "60"}};
  return response;
}

}  // namespace axfrd::control
