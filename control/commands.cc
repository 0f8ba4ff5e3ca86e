#include "control/commands.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
#include <charconv>
#include <optional>

#include "control/stats_json.h"
#include "control/zone_json.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;

std::optional<RpcError> check(const Verb& verb, const Json& params) {
  for (const auto& [name, value] : params.items()) {
    const bool known = std::ranges::any_of(verb.parameters, [&](const Parameter& p) { return p.name == name; });
    if (!known) return RpcError{RpcError::invalid_params, verb.method + (": unknown parameter \"" + name + "\"")};
    if (!value.is_string()) return RpcError{RpcError::invalid_params, "\"" + name + "\" must be a string"};
  }
  for (const Parameter& parameter : verb.parameters) {
    if (parameter.required && !params.contains(parameter.name)) {
      return RpcError{RpcError::invalid_params, std::string(verb.method) + " needs \"" + parameter.name + "\""};
    }
  }
  return std::nullopt;
}

// The name that params[`parameter`] holds. @pre check() passed for a verb that requires it.
std::variant<zones::Name, RpcError> name_in(const Json& params, const char* parameter) {
  const auto& text = params[parameter].get_ref<const std::string&>();
  if (auto name = zones::Name::from_text(text)) return std::move(*name);
  return RpcError{RpcError::invalid_params, "'" + text + "' is not a domain name"};
}

std::variant<zones::Name, RpcError> zone_name(const Json& params) { return name_in(params, "zone"); }

std::optional<uint32_t> number(const std::string& digits) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// Takes back what happened since the version with `serial`. ALIAS and URL records have no history, and stay.
std::optional<Failure> roll_back(zones::Draft& draft, uint32_t serial) {
  const zones::HistoryRef& history = draft.base()->history();
  const auto since = history ? history->since(serial) : std::nullopt;
  if (!since) {
    return Failure{FailureCode::failed, "the history of zone " + draft.base()->apex().name.to_text() +
                                            " does not go back to serial " + std::to_string(serial) +
                                            "; zone history shows how far it goes"};
  }
  using Kind = zones::Edit::Kind;
  for (const zones::OwnedRecord& r : since->delta.added) draft.apply(zones::Edit(Kind::remove_record, r));
  for (const zones::OwnedRecord& r : since->delta.removed) draft.apply(zones::Edit(Kind::add, r));
  draft.apply(zones::Edit(Kind::add, since->soa));
  return std::nullopt;
}

Failure no_such_zone(const zones::Name& apex) {
  return {FailureCode::no_such_zone, "there is no zone " + apex.to_text()};
}

Failure no_such_key(const zones::Name& name) { return {FailureCode::failed, "there is no key " + name.to_text()}; }

// Brings an outcome from the updater's thread to the control loop, as JSON.
template <class T>
Done<T> in_loop(asio::io_context& loop, RpcDone done) {
  return [&loop, done = std::move(done)](Outcome<T> outcome) {
    asio::post(loop, [done, outcome = std::move(outcome)] {
      if (const auto* failure = std::get_if<Failure>(&outcome)) return done(*failure);
      done(RpcResult(to_json(std::get<T>(outcome))));
    });
  };
}

const char* text_of(ServerState state) {
  switch (state) {
    case ServerState::starting:
      return "starting";
    case ServerState::serving:
      return "serving";
    case ServerState::stopping:
      break;
  }
  return "stopping";
}

}  // namespace

Commands::Commands(asio::io_context& loop, const Server& server, dataplane::Rcu::Reader& reader)
    : loop_(loop),
      server_(server),
      reader_(reader),
      transactions_(server.transaction_timeout),
      handlers_{{"status", &Commands::status},
                {"stats", &Commands::stats},
                {"stop", &Commands::stop},
                {"zone.import", &Commands::zone_import},
                {"zone.list", &Commands::zone_list},
                {"zone.show", &Commands::zone_show},
                {"zone.export", &Commands::zone_export},
                {"zone.remove", &Commands::zone_remove},
                {"zone.import-dir", &Commands::zone_import_directory},
                {"zone.begin", &Commands::zone_begin},
                {"zone.set", &Commands::zone_set},
                {"zone.unset", &Commands::zone_unset},
                {"zone.diff", &Commands::zone_diff},
                {"zone.commit", &Commands::zone_commit},
                {"zone.abort", &Commands::zone_abort},
                {"zone.status", &Commands::zone_status},
                {"zone.history", &Commands::zone_history},
                {"zone.rollback", &Commands::zone_rollback},
                {"zone.config", &Commands::zone_config},
                {"key.add", &Commands::key_add},
                {"key.generate", &Commands::key_generate},
                {"key.list", &Commands::key_list},
                {"key.remove", &Commands::key_remove},
                {"key.grant", &Commands::key_grant},
                {"key.revoke", &Commands::key_revoke}} {}

void Commands::run(RpcRequest request, RpcDone done) {
  const Verb* verb = find_verb(request.method);
  if (verb == nullptr) return done(RpcError{RpcError::unknown_method, "there is no method \"" + request.method + "\""});
  if (auto error = check(*verb, request.params)) return done(std::move(*error));
  (this->*handlers_.at(verb->method))(request.params, std::move(done));
}

// ---- the server ----

void Commands::status(Json&, RpcDone done) {
  using std::chrono::duration_cast, std::chrono::seconds;
  const Json tcp = to_json(server_.service.tcp_counters());
  Json result{{"version", AXFRD_VERSION},
              {"pid", getpid()},
              {"state", text_of(server_.state.load(std::memory_order_relaxed))},
              {"uptime_seconds", duration_cast<seconds>(std::chrono::steady_clock::now() - start_).count()},
              {"zones", zone_count()},
              {"tcp_sessions", tcp["sessions"]},
              {"transfers_under_way", tcp["transfers"].get<uint64_t>() - tcp["transfers_finished"].get<uint64_t>()},
              {"retired_versions", server_.updater.retired_count()},
              {"import", to_json(server_.importer.progress())}};
  Json ports = Json::array();
  if (server_.dataplane != nullptr) ports = to_json(server_.dataplane->stats())["ports"];
  result["ports"] = std::move(ports);
  done(RpcResult(std::move(result)));
}

void Commands::stats(Json&, RpcDone done) {
  Json result = to_json(server_.dataplane != nullptr ? server_.dataplane->stats() : dataplane::DataplaneStats{});
  result["udp"] = to_json(server_.service.udp_counters());
  result["tcp"] = to_json(server_.service.tcp_counters());
  result["zones"] = {{"count", zone_count()},
                     {"retired_versions", server_.updater.retired_count()},
                     {"history_octets", server_.updater.history_octets()}};
  done(RpcResult(std::move(result)));
}

void Commands::stop(Json&, RpcDone done) {
  server_.stop();
  done(RpcResult(Json{{"stopping", true}}));
}

// ---- zones ----

size_t Commands::zone_count() const {
  const dataplane::ReadSection section(reader_);
  return server_.zones.size();
}

zones::VersionRef Commands::find(const zones::Name& apex) const {
  const dataplane::ReadSection section(reader_);
  const zones::Zone* zone = server_.zones.find(zones::NameHash::process().of(apex), apex);
  return zone != nullptr ? zones::VersionRef(zone->current()) : nullptr;
}

void Commands::zone_import(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  auto& apex = std::get<zones::Name>(name);
  const std::string file = params.value("file", "the zone file");
  server_.importer.import_text({std::move(apex), std::move(params["text"].get_ref<std::string&>()), file},
                               in_loop<Updater::Imported>(loop_, std::move(done)));
}

void Commands::zone_remove(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  server_.updater.remove_zone(std::move(std::get<zones::Name>(name)),
                              in_loop<Updater::Removed>(loop_, std::move(done)));
}

// The zones of one moment: what is collected in the read section is held, and written out at leisure.
void Commands::zone_list(Json&, RpcDone done) {
  std::vector<zones::VersionRef> versions;
  {
    const dataplane::ReadSection section(reader_);
    versions.reserve(server_.zones.size());
    server_.zones.for_each([&](const zones::Zone& zone) { versions.emplace_back(zone.current()); });
  }
  done(RpcResult(list_stream(std::move(versions))));
}

void Commands::zone_show(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto& apex = std::get<zones::Name>(name);
  const zones::VersionRef version = find(apex);
  if (!version) return done(no_such_zone(apex));
  done(RpcResult(details(*version)));
}

void Commands::zone_export(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto& apex = std::get<zones::Name>(name);
  zones::VersionRef version = find(apex);
  if (!version) return done(no_such_zone(apex));
  done(RpcResult(export_stream(std::move(version))));
}

void Commands::zone_import_directory(Json& params, RpcDone done) {
  const std::filesystem::path directory = params["directory"].get<std::string>();
  if (!directory.is_absolute())
    return done(RpcError{RpcError::invalid_params, "\"directory\" must be an absolute path"});
  server_.importer.import_directory(directory, params.contains("only-newer"),
                                    in_loop<Importer::Loaded>(loop_, std::move(done)));
}

void Commands::zone_history(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const zones::VersionRef version = find(std::get<zones::Name>(name));
  if (!version) return done(no_such_zone(std::get<zones::Name>(name)));
  done(RpcResult(history(*version)));
}

void Commands::zone_rollback(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto serial = number(params["serial"].get_ref<const std::string&>());
  if (!serial) return done(RpcError{RpcError::invalid_params, "\"serial\" is not a number below 2^32"});
  server_.updater.change_zone(
      std::move(std::get<zones::Name>(name)), "rollback to " + std::to_string(*serial),
      [serial = *serial](zones::Draft& draft) { return roll_back(draft, serial); },
      in_loop<Updater::Changed>(loop_, std::move(done)));
}

void Commands::zone_config(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto policy = serial_policy_from(params["serial"].get_ref<const std::string&>());
  if (!policy) return done(RpcError{RpcError::invalid_params, "\"serial\" is none of unixtime, increment, keep"});
  server_.updater.set_serial_policy(std::move(std::get<zones::Name>(name)), *policy,
                                    in_loop<Updater::Configured>(loop_, std::move(done)));
}

// ---- keys ----

// What the operator may have mistyped is told as it is thrown.
template <class Work>
auto or_refuse(const RpcDone& done, Work&& work) -> std::optional<decltype(work())> {
  try {
    return work();
  } catch (const std::invalid_argument& error) {
    done(RpcError{RpcError::invalid_params, error.what()});
    return std::nullopt;
  }
}

void Commands::new_key(const zones::Name& name, TsigKeyRef tsig, Done<Updater::KeyChanged> done) {
  const auto add = [tsig = std::move(tsig)](const KeyRef& current) -> Outcome<KeyRef> {
    if (current == nullptr) return std::make_shared<const Key>(Key{tsig, {}});
    return Failure{FailureCode::conflict, "there is a key " + tsig->name().to_text() +
                                              " already; add one of another name, and remove this one"};
  };
  server_.updater.change_key(name, add, std::move(done));
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
  if (tsig) new_key(std::get<zones::Name>(name), *tsig, in_loop<Updater::KeyChanged>(loop_, std::move(done)));
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
  new_key(std::get<zones::Name>(name), *tsig, in_loop<Updater::KeyChanged>(loop_, with_secret));
}

void Commands::key_list(Json&, RpcDone done) {
  Json keys = Json::array();
  for (const KeyRef& key : server_.keys.book()->keys()) keys.push_back(to_json(*key));
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
  server_.updater.change_key(key, remove, in_loop<Updater::KeyChanged>(loop_, std::move(done)));
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
    auto next = std::make_shared<Key>(*current);
    next->grants.push_back(grant);
    return KeyRef(std::move(next));
  };
  server_.updater.change_key(key, add, in_loop<Updater::KeyChanged>(loop_, std::move(done)));
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
  server_.updater.change_key(key, remove, in_loop<Updater::KeyChanged>(loop_, std::move(done)));
}

// ---- transactions ----

void Commands::zone_begin(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const zones::VersionRef version = find(std::get<zones::Name>(name));
  if (!version) return done(no_such_zone(std::get<zones::Name>(name)));
  if (auto failure = transactions_.begin(version)) return done(std::move(*failure));
  done(RpcResult(Json{{"zone", version->apex().name.to_text()}, {"serial", version->serial()}}));
}

// Finds the transaction that params speak of and calls work(apex, transaction), which answers.
template <class Work>
void Commands::in_transaction(const Json& params, const RpcDone& done, Work&& work) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  auto found = transactions_.open(std::get<zones::Name>(name));
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  work(std::get<zones::Name>(name), *std::get<Transactions::Transaction*>(found));
}

void Commands::zone_set(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name& apex, Transactions::Transaction& transaction) {
    // A record that states no TTL takes that of its RRset, or of the SOA.
    const auto default_ttl = [&](zones::NameView owner, uint16_t type) {
      const auto rrset = transaction.draft.rrset(owner, type);
      return rrset.empty() ? transaction.draft.soa().ttl : rrset.front().ttl;
    };
    edit(transaction, zones::parse_additions(params["record"].get<std::string>(), apex, default_ttl), done);
  });
}

void Commands::zone_unset(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name& apex, Transactions::Transaction& transaction) {
    edit(transaction, zones::parse_removals(params["record"].get<std::string>(), apex), done);
  });
}

void Commands::edit(Transactions::Transaction& transaction,
                    const std::variant<std::vector<zones::Edit>, std::string>& edits, const RpcDone& done) {
  if (const auto* reason = std::get_if<std::string>(&edits)) return done(Failure{FailureCode::bad_zone, *reason});
  if (auto failure = Transactions::apply(transaction, std::get<0>(edits))) return done(std::move(*failure));
  done(RpcResult(Json{{"edits", transaction.edits.size()}}));
}

void Commands::zone_diff(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name&, const Transactions::Transaction& transaction) {
    const auto result = transaction.draft.finish();
    if (const auto* reason = std::get_if<std::string>(&result)) return done(Failure{FailureCode::bad_zone, *reason});
    done(RpcResult(difference(*transaction.draft.base(), std::get<zones::Draft::Result>(result))));
  });
}

void Commands::zone_commit(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name& apex, Transactions::Transaction& transaction) {
    transaction.committing = true;
    const auto replay = [edits = transaction.edits](zones::Draft& draft) -> std::optional<Failure> {
      for (const zones::Edit& edit : edits) {
        if (auto reason = draft.apply(edit)) return Failure{FailureCode::bad_zone, std::move(*reason)};
      }
      return std::nullopt;
    };
    RpcDone end = [this, apex, done](auto outcome) {
      if (std::holds_alternative<Failure>(outcome)) {
        transactions_.reopen(apex);
      } else {
        transactions_.end(apex);
      }
      done(std::move(outcome));
    };
    server_.updater.change_zone(apex, "transaction", replay, in_loop<Updater::Changed>(loop_, std::move(end)));
  });
}

void Commands::zone_abort(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name& apex, const Transactions::Transaction& transaction) {
    const size_t edits = transaction.edits.size();
    transactions_.end(apex);
    done(RpcResult(Json{{"edits", edits}}));
  });
}

void Commands::zone_status(Json& params, RpcDone done) {
  std::optional<zones::Name> only;
  if (params.contains("zone")) {
    auto name = zone_name(params);
    if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
    only = std::move(std::get<zones::Name>(name));
  }
  Json open = Json::array();
  transactions_.for_each([&](const zones::Name& apex, const Transactions::Transaction& transaction) {
    if (only && !(*only == apex)) return;
    using std::chrono::duration_cast, std::chrono::seconds;
    const auto now = Transactions::Clock::now();
    open.push_back({{"zone", apex.to_text()},
                    {"serial", transaction.draft.base()->serial()},
                    {"edits", transaction.edits.size()},
                    {"age_seconds", duration_cast<seconds>(now - transaction.begun).count()},
                    {"idle_seconds", duration_cast<seconds>(now - transaction.touched).count()},
                    {"committing", transaction.committing}});
  });
  done(RpcResult(Json{{"transactions", std::move(open)}}));
}

}  // namespace axfrd::control
