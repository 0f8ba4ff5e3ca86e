#include "control/command/commands.h"

#include <unistd.h>

#include <algorithm>
#include <optional>

#include "control/command/stats_json.h"
#include "control/command/zone_json.h"

namespace axfrd::control {

namespace {

bool is_list_of_strings(const Json& value) {
  return value.is_array() && std::ranges::all_of(value, [](const Json& item) { return item.is_string(); });
}

std::optional<RpcError> check(const Verb& verb, const Json& params) {
  for (const auto& [name, value] : params.items()) {
    const auto parameter =
        std::ranges::find_if(verb.parameters, [&key = name](const Parameter& p) { return p.name == key; });
    if (parameter == verb.parameters.end())
      return RpcError{RpcError::invalid_params, verb.method + (": unknown parameter \"" + name + "\"")};
    if (parameter->source == Parameter::Source::files) {
      if (!value.is_array()) return RpcError{RpcError::invalid_params, "\"" + name + "\" must be an array"};
      continue;
    }
    const bool may_be_list = parameter->source == Parameter::Source::rest;
    if (value.is_string() || (may_be_list && is_list_of_strings(value))) continue;
    return RpcError{RpcError::invalid_params,
                    "\"" + name + "\" must be a string" + (may_be_list ? " or a list of strings" : "")};
  }
  for (const Parameter& parameter : verb.parameters) {
    if (parameter.required && !params.contains(parameter.name)) {
      return RpcError{RpcError::invalid_params, std::string(verb.method) + " needs \"" + parameter.name + "\""};
    }
  }
  return std::nullopt;
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

Commands::Commands(boost::asio::io_context& loop, const Server& server, dataplane::Rcu::Reader& reader)
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
                {"zone.check", &Commands::zone_check},
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
                {"key.revoke", &Commands::key_revoke},
                {"cookie.show", &Commands::cookie_show},
                {"cookie.add", &Commands::cookie_add},
                {"cookie.activate", &Commands::cookie_activate},
                {"cookie.drop", &Commands::cookie_drop},
                {"secondary.enable", &Commands::secondary_enable},
                {"secondary.edit", &Commands::secondary_edit},
                {"secondary.disable", &Commands::secondary_disable},
                {"secondary.show", &Commands::secondary_show},
                {"secondary.list", &Commands::secondary_list},
                {"secondary.status", &Commands::secondary_status},
                {"secondary.check", &Commands::secondary_check},
                {"provider.set", &Commands::provider_set},
                {"provider.list", &Commands::provider_list},
                {"provider.remove", &Commands::provider_remove},
                {"notify", &Commands::notify},
                {"explain", &Commands::explain}} {}

void Commands::run(RpcRequest request, RpcDone done) {
  const Verb* verb = find_verb(request.method);
  if (verb == nullptr) return done(RpcError{RpcError::unknown_method, "there is no method \"" + request.method + "\""});
  if (auto error = check(*verb, request.params)) return done(std::move(*error));
  (this->*handlers_.at(verb->method))(request.params, std::move(done));
}

// ---- the server ----

namespace {

Json store_json(const StoreHealth& health) {
  const bool fine = health.trouble.empty();
  return {{"writable", health.writable},
          {"trouble", fine ? Json() : Json(health.trouble)},
          {"since", fine ? Json() : Json(health.since)}};
}

}  // namespace

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
              {"retired_versions", server_.committer.retired_count()},
              {"store", store_json(server_.committer.store_health())},
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
                     {"without_servers", server_.committer.zones_without_servers()},
                     {"retired_versions", server_.committer.retired_count()},
                     {"history_octets", server_.committer.history_octets()}};
  result["notify"] = to_json(server_.notify.counters());
  result["alias"] = to_json(server_.aliases.counters());
  result["log"] = {{"dropped", server_.service.dropped_log_lines()},
                   {"transfers_dropped", server_.notify.dropped_log_lines()},
                   {"left_out", server_.notify.left_out_lines()}};
  result["store"] = {{"writable", server_.committer.store_health().writable}};
  server_.notify.run([this, result = std::move(result), done = std::move(done)](const NotifyService& notifier) {
    boost::asio::post(loop_, [result = Json(result), done, hosts = notifier.hosts()]() mutable {
      result["secondaries"] = std::move(hosts);
      done(RpcResult(std::move(result)));
    });
  });
}

void Commands::stop(Json&, RpcDone done) {
  server_.stop();
  done(RpcResult(Json{{"stopping", true}}));
}

zones::VersionRef Commands::find(const zones::Name& apex) const {
  const dataplane::ReadSection section(reader_);
  const zones::Zone* zone = server_.zones.find(zones::NameHash::process().of(apex), apex);
  return zone != nullptr ? zones::VersionRef(zone->current()) : nullptr;
}

// The zones of one moment: what is collected in the read section is held, and written out at leisure.
std::vector<zones::VersionRef> Commands::all_zones() const {
  std::vector<zones::VersionRef> versions;
  const dataplane::ReadSection section(reader_);
  versions.reserve(server_.zones.size());
  server_.zones.for_each([&](const zones::Zone& zone) { versions.emplace_back(zone.current()); });
  return versions;
}

size_t Commands::zone_count() const {
  const dataplane::ReadSection section(reader_);
  return server_.zones.size();
}

}  // namespace axfrd::control
