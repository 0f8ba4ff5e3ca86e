#include "control/operate/token_operations.h"

#include <algorithm>
#include <utility>

#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

Act token_act(const Principal& who, const char* verb, const std::string& name) {
  return Context::act(who, verb, {.kind = "settings"}, "token", name);
}

}  // namespace

void TokenOperations::add(const Principal& who, AddToken request, Done<TokenAdded> done) {
  const Act act = token_act(who, "token.add", request.name);
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  if (auto failure = context_.refuse_secret(who, act)) return done(std::move(*failure));
  Token token{.name = request.name, .id = {}};
  token.role = request.role;
  token.zones = request.zones.empty() ? std::vector<std::string>{"*"} : std::move(request.zones);
  token.limits = std::move(request.limits);
  token.created = unix_time();
  token.expires = request.expires;
  const std::string text = draw_secret(token);
  const auto fresh = std::make_shared<const Token>(std::move(token));
  const auto edit = [fresh](const TokenRef& current) -> Outcome<TokenRef> {
    if (current == nullptr) return fresh;
    return Failure{FailureCode::conflict,
                   "there is a token " + fresh->name + " already; remove it first, or choose another name"};
  };
  using Changed = Committer::TokenChanged;
  const auto added = [this, act, fresh, text, done = std::move(done)](Outcome<Changed> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    context_.record_change(act, std::string("added, ") + to_text(fresh->role));
    done(TokenAdded{fresh, text});
  };
  context_.server().committer.change_token(request.name, edit, context_.recorded<Changed>(act, added));
}

Outcome<std::vector<TokenRef>> TokenOperations::list(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::admin)) return std::move(*failure);
  std::vector<TokenRef> tokens;
  for (const auto& [name, token] : context_.server().settings.get()->tokens->by_name()) tokens.push_back(token);
  return tokens;
}

void TokenOperations::remove(const Principal& who, const std::string& name, Done<TokenRef> done) {
  const Act act = token_act(who, "token.remove", name);
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  const auto edit = [name](const TokenRef& current) -> Outcome<TokenRef> {
    if (current != nullptr) return TokenRef();
    return Failure{FailureCode::failed, "there is no token " + name};
  };
  using Changed = Committer::TokenChanged;
  const auto removed = [this, act, done = std::move(done)](Outcome<Changed> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    context_.record_change(act, "removed");
    done(std::get<Changed>(outcome).before);
  };
  context_.server().committer.change_token(name, edit, context_.recorded<Changed>(act, removed));
}

void TokenOperations::keep_uses(std::function<void()> done) {
  if (context_.refuse_standby()) return done();
  const TokenBookRef tokens = context_.server().settings.get()->tokens;
  const auto is_to_be_kept = [](const auto& each) {
    return !each.second->kept && each.second->last_used() != each.second->stored_use;
  };
  if (std::ranges::none_of(tokens->by_name(), is_to_be_kept)) return done();
  // A failure is not handled here: nothing can be stored then, and other changes report it.
  context_.server().committer.keep_token_uses([done = std::move(done)](const Outcome<size_t>&) { done(); });
}

}  // namespace axfrd::control
