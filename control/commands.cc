#include "control/commands.h"

#include <unistd.h>

#include <boost/asio/post.hpp>
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

// The zone that params speak of. @pre check() passed for a verb that requires "zone".
std::variant<zones::Name, RpcError> zone_name(const Json& params) {
  const auto& text = params["zone"].get_ref<const std::string&>();
  if (auto name = zones::Name::from_text(text)) return std::move(*name);
  return RpcError{RpcError::invalid_params, "'" + text + "' is not a domain name"};
}

Failure no_such_zone(const zones::Name& apex) {
  return {FailureCode::no_such_zone, "there is no zone " + apex.to_text()};
}

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
      handlers_{{"status", &Commands::status},
                {"stats", &Commands::stats},
                {"stop", &Commands::stop},
                {"zone.import", &Commands::zone_import},
                {"zone.list", &Commands::zone_list},
                {"zone.show", &Commands::zone_show},
                {"zone.export", &Commands::zone_export},
                {"zone.remove", &Commands::zone_remove}} {}

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
              {"retired_versions", server_.updater.retired_count()}};
  Json ports = Json::array();
  if (server_.dataplane != nullptr) ports = to_json(server_.dataplane->stats())["ports"];
  result["ports"] = std::move(ports);
  done(RpcResult(std::move(result)));
}

void Commands::stats(Json&, RpcDone done) {
  Json result = to_json(server_.dataplane != nullptr ? server_.dataplane->stats() : dataplane::DataplaneStats{});
  result["udp"] = to_json(server_.service.udp_counters());
  result["tcp"] = to_json(server_.service.tcp_counters());
  result["zones"] = {{"count", zone_count()}, {"retired_versions", server_.updater.retired_count()}};
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
  server_.updater.import_zone({std::move(apex), std::move(params["text"].get_ref<std::string&>()), file},
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

}  // namespace axfrd::control
