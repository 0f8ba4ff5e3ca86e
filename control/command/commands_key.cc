// Verbs about keys.
#include <array>

#include "control/command/commands.h"
#include "control/command/commands_support.h"

namespace axfrd::control {

namespace {

TsigAlgorithm algorithm_in(const Json& params) {
  return parse_tsig_algorithm(params.value("algorithm", std::string(to_text(kDefaultTsigAlgorithm))));
}

void key_add(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  const auto algorithm = algorithm_in(params);
  const auto key = std::make_shared<const TsigKey>(name, algorithm, decode_secret(text_in(params, "secret")),
                                                   flag_in(params, "allow-md5") ? Md5::allowed : Md5::refused);
  operations.keys.add(who, "key.add", key, answering<Committer::KeyChanged>(std::move(done)));
}

// The one time that a secret is told: to who asked for its making.
void key_generate(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  const auto algorithm = algorithm_in(params);
  const auto key = std::make_shared<const TsigKey>(name, algorithm, random_secret(algorithm));
  const auto with_secret = [key](const Committer::KeyChanged& changed) {
    Json result = to_json(changed);
    result["secret"] = encode_secret(key->secret());
    return result;
  };
  operations.keys.add(who, "key.generate", key, answering<Committer::KeyChanged>(std::move(done), with_secret));
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
  operations.keys.grant(who, name, grant, answering<Committer::KeyChanged>(std::move(done)));
}

void key_revoke(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = name_in(params, "key");
  const auto zone = parse_grant(text_in(params, "zone"), "*", "").zone;
  operations.keys.revoke(who, name, zone, answering<Committer::KeyChanged>(std::move(done)));
}

}  // namespace

std::span<const VerbHandler> key_handlers() {
  static constexpr std::array kHandlers{
      VerbHandler{"key.add", key_add},     VerbHandler{"key.generate", key_generate},
      VerbHandler{"key.list", key_list},   VerbHandler{"key.remove", key_remove},
      VerbHandler{"key.grant", key_grant}, VerbHandler{"key.revoke", key_revoke},
  };
  return kHandlers;
}

}  // namespace axfrd::control
