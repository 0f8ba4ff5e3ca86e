// ConsoleApi: /api/axfrd/v1/console/, what the pages of the console ask for beside the verbs.
//
//   GET session              who is signed in; 401 if nobody is
//   POST session             signs in: {"user", "password"} or {"token"}; a cookie is the session
//   DELETE session           signs out; with ?everywhere=yes, all sessions of that user
//   POST password            {"old", "new"}: one's own
//   GET replication          who is behind, and how that has been
//   GET zones                a part of the list of zones, with what their secondaries have
//
// Passwords are guessed at 20 times a minute at most from one IPv4 address or IPv6 /64, and 60 times for one user.
//
// Threads. That of the loop.
#pragma once

#include <string>
#include <vector>

#include "control/http/authenticator.h"
#include "control/http/console_sessions.h"
#include "control/http/failure_counter.h"
#include "control/http/message.h"
#include "control/http/options.h"
#include "control/http/target.h"
#include "control/operate/operations.h"

namespace axfrd::control {

class ConsoleApi {
 public:
  static constexpr unsigned kMostOfClient = 20, kMostOfUser = 60;

  ConsoleApi(Operations& operations, const Server& server, const ConsoleOptions& options, const Log& log)
      : operations_(operations), server_(server), options_(options), log_(log), sessions_(server.settings) {}

  // Whose request it is, by the cookie of a session or the header of a proxy; nothing if it has neither.
  struct Identity {
    Principal who;
    UserRef user;                    // null: by a token
    std::vector<std::string> zones;  // patterns
    const char* by;                  // "password", "token" or "proxy"
    std::chrono::seconds left;
  };
  std::optional<Identity> identify(const HttpRequest& request);
  // Why a request that was identified so is refused: a page of somebody else may have made it. Nothing if it is not.
  std::optional<HttpResponse> refuse_foreign(const HttpRequest& request) const;

  // For requests without an identity. True if it was one: to sign in.
  bool serve_stranger(const HttpRequest& request, const HttpTarget& target, const HttpRespond& respond);
  void serve(const Identity& identity, const HttpRequest& request, const HttpTarget& target,
             const HttpRespond& respond);

 private:
  bool is_our_origin(const HttpRequest& request) const;
  void sign_in(const HttpRequest& request, const HttpRespond& respond);
  void sign_in_by_token(const HttpRequest& request, const std::string& text, const HttpRespond& respond);
  void sign_in_by_password(const HttpRequest& request, const Json& params, const HttpRespond& respond);
  HttpResponse signed_in(const HttpRequest& request, const Identity& identity, const std::string& id) const;
  HttpResponse wrong(const HttpRequest& request, const std::string& user);
  bool is_throttled(const HttpRequest& request, const std::string& user) const;
  Json session_json(const Identity& identity) const;
  void change_password(const Identity& identity, const HttpRequest& request, const HttpRespond& respond);
  void replication(const Principal& who, const HttpRespond& respond) const;
  void zones(const Principal& who, const HttpTarget& target, const HttpRespond& respond) const;

  Operations& operations_;
  const Server& server_;
  const ConsoleOptions& options_;
  const Log& log_;
  ConsoleSessions sessions_;
  FailureCounter by_client_, by_user_;
};

}  // namespace axfrd::control
