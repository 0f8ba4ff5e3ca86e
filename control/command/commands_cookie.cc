// Commands about the secrets of DNS Cookies.
#include "control/command/commands.h"
#include "control/command/commands_support.h"

namespace axfrd::control {

namespace {

Failure nothing_staged() { return {FailureCode::failed, "there is no staged secret; cookie add brings one"}; }

}  // namespace

zones::CookieSecrets Commands::cookie_secrets() const {
  const dataplane::ReadSection section(reader_);
  return server_.cookies.current();
}

void Commands::cookie_show(Json&, RpcDone done) { done(RpcResult(to_json(cookie_secrets()))); }

void Commands::cookie_add(Json& params, RpcDone done) {
  const auto secret =
      or_refuse(done, [&] { return parse_cookie_secret(params["secret"].get_ref<const std::string&>()); });
  if (!secret) return;
  const zones::CookieSecrets known = cookie_secrets();
  if (known.active == *secret || known.staged == *secret) {
    Json result = to_json(known);
    result["changed"] = false;
    return done(RpcResult(std::move(result)));
  }
  const auto stage = [secret = *secret](const zones::CookieSecrets& current) -> Outcome<zones::CookieSecrets> {
    return zones::CookieSecrets{current.active, secret};
  };
  server_.committer.change_cookies(stage, in_loop<zones::CookieSecrets>(loop_, std::move(done)));
}

void Commands::cookie_activate(Json&, RpcDone done) {
  const auto swap = [](const zones::CookieSecrets& current) -> Outcome<zones::CookieSecrets> {
    if (!current.staged) return nothing_staged();
    return zones::CookieSecrets{*current.staged, current.active};
  };
  server_.committer.change_cookies(swap, in_loop<zones::CookieSecrets>(loop_, std::move(done)));
}

void Commands::cookie_drop(Json&, RpcDone done) {
  const auto drop = [](const zones::CookieSecrets& current) -> Outcome<zones::CookieSecrets> {
    if (!current.staged) return nothing_staged();
    return zones::CookieSecrets{current.active, {}};
  };
  server_.committer.change_cookies(drop, in_loop<zones::CookieSecrets>(loop_, std::move(done)));
}

}  // namespace axfrd::control
