// Authenticator: who sent a request, by its token; and how often an address may try one that is wrong.
//
// A valid token is never turned away, however many wrong ones came from its address before. A wrong one is 401, and 429
// once there were kMostFailures within a minute from one IPv4 address or IPv6 /64.
//
// Threads. That of the loop.
#pragma once

#include <chrono>

#include "control/access/settings.h"
#include "control/base/log.h"
#include "control/http/failure_counter.h"
#include "control/http/message.h"
#include "control/operate/principal.h"
#include "zones/wire/result.h"

namespace axfrd::control {

class Authenticator {
 public:
  static constexpr unsigned kMostFailures = 20;

  Authenticator(const CurrentSettings& settings, const Log& log) : settings_(settings), log_(log) {}

  // Whether it carries a valid token, without that counting for anything.
  bool knows(const HttpRequest& request) const { return token_of(request) != nullptr; }
  // The principal, or the response to who is none. `now`: of the steady clock.
  using Clock = FailureCounter::Clock;
  zones::Result<Principal, HttpResponse> identify(const HttpRequest& request, Clock::time_point now = Clock::now());

 private:
  TokenRef token_of(const HttpRequest& request) const;

  const CurrentSettings& settings_;
  const Log& log_;
  FailureCounter failures_;  // by network_text()
};

}  // namespace axfrd::control
