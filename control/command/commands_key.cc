// Commands about keys.
#include <algorithm>

#include "control/command/commands.h"
#include "control/command/commands_support.h"

namespace axfrd::control {

namespace {

Failure no_such_key(const zones::Name& name) { return {FailureCode::failed, "there is no key " + name.to_text()}; }

}  // namespace

void Commands::new_key(const zones::Name& name, TsigKeyRef tsig, Done<Committer::KeyChanged> done) {
  const auto add = [tsig = std::move(tsig)](const KeyRef& current) -> Outcome<KeyRef> {
    if (current == nullptr) return std::make_shared<const Key>(Key{tsig, {}});
    const TsigKey& known = *current->tsig;
    if (known.algorithm() == tsig->algorithm() && std::ranges::equal(known.secret().bytes(), tsig->secret().bytes()))
      return current;
    return Failure{FailureCode::conflict, "there is a key " + tsig->name().to_text() +
                                              " already; add one of another name, and remove this one"};
  };
  server_.committer.change_key(name, add, std::move(done));
}

void Commands::key_add(Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto tsig = or_refuse(done, [&] {
    const auto algorithm = parse_tsig_algorithm(params.value("algorithm", std::string(to_text(kDefaultTsigAlgorithm))));
    return std::make_shared<const TsigKey>(std::get<zones::Name>(name), algorithm,
                                           decode_secret(params["secret"].get_ref<const std::string&>()),
                                           params.contains("allow-md5") ? Md5::allowed : Md5::refused);
  });
  if (tsig) new_key(std::get<zones::Name>(name), *tsig, in_loop<Committer::KeyChanged>(loop_, std::move(done)));
}

// The one time that a secret is told: to who asked for its making.
void Commands::key_generate(Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto tsig = or_refuse(done, [&] {
    const auto algorithm = parse_tsig_algorithm(params.value("algorithm", std::string(to_text(kDefaultTsigAlgorithm))));
    return std::make_shared<const TsigKey>(std::get<zones::Name>(name), algorithm, random_secret(algorithm));
  });
  if (!tsig) return;
  const RpcDone with_secret = [done = std::move(done), tsig = *tsig](auto outcome) {
    if (auto* result = std::get_if<RpcResult>(&outcome)) {
      if (auto* json = std::get_if<Json>(result)) (*json)["secret"] = encode_secret(tsig->secret());
    }
    done(std::move(outcome));
  };
  new_key(std::get<zones::Name>(name), *tsig, in_loop<Committer::KeyChanged>(loop_, with_secret));
}

void Commands::key_list(Json&, RpcDone done) {
  Json keys = Json::array();
  const KeyBookRef book = server_.settings.keys();
  for (const KeyRef& key : book->keys()) keys.push_back(to_json(*key));
  done(RpcResult(Json{{"keys", std::move(keys)}}));
}

void Commands::key_remove(Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto& key = std::get<zones::Name>(name);
  const auto remove = [key](const KeyRef& current) -> Outcome<KeyRef> {
    if (current != nullptr) return KeyRef();
    return no_such_key(key);
  };
  server_.committer.change_key(key, remove, in_loop<Committer::KeyChanged>(loop_, std::move(done)));
}

void Commands::key_grant(Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto& key = std::get<zones::Name>(name);
  const auto grant = or_refuse(done, [&] {
    return parse_grant(params["zone"].get<std::string>(), params.value("names", "*"), params.value("types", ""));
  });
  if (!grant) return;
  const auto add = [key, grant = *grant](const KeyRef& current) -> Outcome<KeyRef> {
    if (current == nullptr) return no_such_key(key);
    if (std::ranges::find(current->grants, grant) != current->grants.end()) return current;
    auto next = std::make_shared<Key>(*current);
    next->grants.push_back(grant);
    return KeyRef(std::move(next));
  };
  server_.committer.change_key(key, add, in_loop<Committer::KeyChanged>(loop_, std::move(done)));
}

void Commands::key_revoke(Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto& key = std::get<zones::Name>(name);
  const auto revoked = or_refuse(done, [&] { return parse_grant(params["zone"].get<std::string>(), "*", ""); });
  if (!revoked) return;
  const auto remove = [key, zone = revoked->zone](const KeyRef& current) -> Outcome<KeyRef> {
    if (current == nullptr) return no_such_key(key);
    auto next = std::make_shared<Key>(*current);
    const auto gone = std::erase_if(next->grants, [&](const UpdateGrant& grant) { return grant.zone == zone; });
    if (gone != 0) return KeyRef(std::move(next));
    return Failure{FailureCode::failed,
                   "key " + key.to_text() + " has no grant for " + (zone ? "zone " + zone->to_text() : "all zones")};
  };
  server_.committer.change_key(key, remove, in_loop<Committer::KeyChanged>(loop_, std::move(done)));
}

}  // namespace axfrd::control
