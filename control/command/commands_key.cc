// Verbs about keys, tokens and users.
#include <array>

#include "control/access/secondary.h"
#include "control/base/unix_time.h"
#include "control/command/commands.h"
#include "control/command/commands_support.h"

namespace axfrd::control {

namespace {

TsigAlgorithm algorithm_in(const Json& params) {
  return parse_tsig_algorithm(params.value("algorithm", std::string(to_text(kDefaultTsigAlgorithm))));
}

Role role_in(const Json& params) {
  const auto role = role_from(text_in(params, "role"));
  if (!role) throw std::invalid_argument("\"role\" is none of reader, editor, secondary-manager, admin");
  return *role;
}

void key_add(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  const auto algorithm = algorithm_in(params);
  const auto key = std::make_shared<const TsigKey>(name, algorithm, decode_secret(text_in(params, "secret")),
                                                   flag_in(params, "allow-md5") ? Md5::allowed : Md5::refused);
  operations.keys.add(who, key, answering<Committer::KeyChanged>(std::move(done)));
}

// The one time that a secret is told: to who asked for its making.
void key_generate(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  const auto algorithm = algorithm_in(params);
  using Generated = KeyOperations::KeyGenerated;
  const auto with_secret = [](const Generated& generated) {
    Json result = to_json(generated.changed);
    result["secret"] = encode_secret(generated.key->secret());
    return result;
  };
  operations.keys.generate(who, name, algorithm, answering<Generated>(std::move(done), with_secret));
}

void key_list(Operations& operations, const Principal& who, Json&, RpcDone done) {
  answer<std::vector<KeyRef>>(done, operations.keys.list(who), [](const std::vector<KeyRef>& all) {
    Json keys = Json::array();
    for (const KeyRef& key : all) keys.push_back(to_json(*key));
    return Json{{"keys", std::move(keys)}};
  });
}

void key_remove(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.keys.remove(who, name_in(params, "key"), flag_in(params, "force"),
                         answering<Committer::KeyChanged>(std::move(done)));
}

void key_grant(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  const auto grant = parse_grant(text_in(params, "zone"), params.value("names", "*"), params.value("types", ""));
  // It may be made before its zone, and it may be a typing error.
  const bool is_for_none = grant.zone && std::holds_alternative<Failure>(operations.zones.find(who, *grant.zone));
  operations.keys.grant(
      who, name, grant,
      answering<Committer::KeyChanged>(std::move(done), [grant, is_for_none](const Committer::KeyChanged& changed) {
        Json result = to_json(changed);
        if (is_for_none) result["warnings"] = {"there is no zone " + grant.zone->to_text() + " yet"};
        return result;
      }));
}

void key_revoke(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  const auto zone = parse_grant(text_in(params, "zone"), "*", "").zone;
  operations.keys.revoke(who, name, zone, answering<Committer::KeyChanged>(std::move(done)));
}

// ---- tokens ----

void token_add(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  AddToken request{text_in(params, "token"), role_in(params)};
  check_credential_name(request.name);
  request.zones = split_list(optional_text(params, "zones"));
  (void)ZoneScope::of(request.zones);
  request.limits = parse_limits(split_list(optional_text(params, "names")), optional_text(params, "types"));
  if (params.contains("expires")) request.expires = parse_expiry(text_in(params, "expires"), unix_time());
  operations.tokens.add(who, std::move(request), answering<TokenAdded>(std::move(done), [](const TokenAdded& added) {
                          return Json{{"token", to_json(*added.token)}, {"secret", added.text}};
                        }));
}

void token_list(Operations& operations, const Principal& who, Json&, RpcDone done) {
  answer<std::vector<TokenRef>>(done, operations.tokens.list(who), [](const std::vector<TokenRef>& all) {
    Json tokens = Json::array();
    for (const TokenRef& token : all) tokens.push_back(to_json(*token));
    return Json{{"tokens", std::move(tokens)}};
  });
}

void token_remove(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.tokens.remove(who, text_in(params, "token"),
                           answering<TokenRef>(std::move(done), [](const TokenRef& token) {
                             return Json{{"token", to_json(*token)}};
                           }));
}

// ---- users ----

Json password_json(const PasswordSet& set) {
  Json result{{"user", to_json(*set.user)}};
  if (!set.drawn.empty()) result["password"] = set.drawn;
  return result;
}

std::optional<std::string> password_in(const Json& params) {
  return params.contains("password") ? std::optional(text_in(params, "password")) : std::nullopt;
}

void user_add(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const AddUser request{text_in(params, "user"), role_in(params), split_list(optional_text(params, "zones")),
                        password_in(params)};
  check_credential_name(request.name);
  (void)ZoneScope::of(request.zones);
  operations.users.add(who, request, answering<PasswordSet>(std::move(done), password_json));
}

void user_list(Operations& operations, const Principal& who, Json&, RpcDone done) {
  answer<std::vector<UserRef>>(done, operations.users.list(who), [](const std::vector<UserRef>& all) {
    Json users = Json::array();
    for (const UserRef& user : all) users.push_back(to_json(*user));
    return Json{{"users", std::move(users)}};
  });
}

void user_password(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.users.set_password(who, text_in(params, "user"), password_in(params),
                                answering<PasswordSet>(std::move(done), password_json));
}

void user_remove(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.users.remove(who, text_in(params, "user"), answering<UserRef>(std::move(done), [](const UserRef& user) {
                            return Json{{"user", to_json(*user)}};
                          }));
}

}  // namespace

std::span<const VerbHandler> key_handlers() {
  static constexpr std::array kHandlers{
      VerbHandler{"key.add", key_add},           VerbHandler{"key.generate", key_generate},
      VerbHandler{"key.list", key_list},         VerbHandler{"key.remove", key_remove},
      VerbHandler{"key.grant", key_grant},       VerbHandler{"key.revoke", key_revoke},
      VerbHandler{"token.add", token_add},       VerbHandler{"token.list", token_list},
      VerbHandler{"token.remove", token_remove}, VerbHandler{"user.add", user_add},
      VerbHandler{"user.list", user_list},       VerbHandler{"user.password", user_password},
      VerbHandler{"user.remove", user_remove},
  };
  return kHandlers;
}

}  // namespace axfrd::control
