// What PowerDNS's API has beside zones: the server, its keys, and metadata.
#include "control/http/pdns_api.h"
#include "control/http/pdns_search.h"
#include "control/http/pdns_zone.h"

namespace axfrd::control {

namespace {

constexpr const char* kServerUrl = "/api/v1/servers/localhost";
// Clients decide by it what they may send: this is the version whose API it is.
constexpr const char* kPdnsVersion = "4.9.0";

Json server_object() {
  const std::string url = kServerUrl;
  return {{"autoprimaries_url", url + "/autoprimaries{/autoprimary}"},
          {"config_url", url + "/config{/config_setting}"},
          {"daemon_type", "authoritative"},
          {"id", "localhost"},
          {"type", "Server"},
          {"url", url},
          {"version", kPdnsVersion},
          {"zones_url", url + "/zones{/zone}"}};
}

std::string key_id(const TsigKey& key) { return key.name().to_text(); }

std::string bare(std::string name) {
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  return name;
}

// Never its secret.
Json key_object(const TsigKey& key) {
  return {{"algorithm", to_text(key.algorithm())},
          {"id", key_id(key)},
          {"key", ""},
          {"name", bare(key_id(key))},
          {"type", "TSIGKey"}};
}

Json metadata_object(const char* kind, const Json& values) {
  return {{"kind", kind}, {"metadata", values}, {"type", "Metadata"}};
}

// What the settings of secondaries are in PowerDNS's words.
Json metadata_of(const axfrd::zones::ZoneVersion& version) {
  Json list = Json::array();
  const auto* settings = version.attributes().enabled_secondaries();
  if (settings == nullptr) return list;
  Json from = Json::array(), notified = Json::array(), keys = Json::array();
  for (const axfrd::zones::Secondary& secondary : settings->secondaries) {
    if (secondary.transfers) from.push_back(to_text(secondary));
    if (secondary.notified) notified.push_back(to_text(secondary));
    for (const auto& key : secondary.keys) keys.push_back(bare(key.to_text()));
  }
  list.push_back(metadata_object("ALLOW-AXFR-FROM", from));
  list.push_back(metadata_object("ALSO-NOTIFY", notified));
  list.push_back(metadata_object("TSIG-ALLOW-AXFR", keys));
  return list;
}

}  // namespace

void PdnsApi::server(const CallRef& call, const std::string& what) {
  if (what == "tsigkeys" || what.starts_with("tsigkeys/")) return tsig_keys(call);
  if (what == "cache/flush") {
    if (!call->is("PUT")) call->refuse_method();
    return call->respond(json_response(200, {{"count", 0}, {"result", "Flushed cache."}}));
  }
  const size_t depth = call->target.path.size();
  if (what == "search-data") return search(call);
  const bool is_known = what.empty() || what == "config" || what == "statistics" || what == "autoprimaries";
  if (!is_known) throw PdnsError{404, "Not Found"};
  if (!call->looks()) call->refuse_method();
  if (what == "config")
    return call->respond(
        json_response(200, Json::array({Json{{"name", "primary"}, {"type", "ConfigSetting"}, {"value", "yes"}}})));
  if (what == "statistics") return statistics(call);
  if (what == "autoprimaries") return call->respond(json_response(200, Json::array()));
  if (depth == 2) {  // /api/v1
    return call->respond(
        json_response(200, {{"server_url", "/api/v1/servers{/server}"}, {"api_features", Json::array()}}));
  }
  call->respond(json_response(200, depth == 3 ? Json::array({server_object()}) : server_object()));
}

void PdnsApi::search(const CallRef& call) {
  if (!call->looks()) call->refuse_method();
  constexpr uint32_t kMostHits = 1000;
  PdnsSearch search{call->target.parameter("q").value_or("")};
  if (search.pattern.empty()) throw PdnsError{422, "Query q can't be blank"};
  const auto most = number_parameter(call->target, "max", kMostHits);
  if (most && *most == 0) throw PdnsError{422, "Maximum entries must be larger than 0"};
  search.most = most.value_or(search.most);
  const std::string what = call->target.parameter("object_type").value_or("all");
  if (what != "all" && what != "zone" && what != "record" && what != "comment")
    throw PdnsError{422, "object_type must be one of the following options: all, zone, record, comment"};
  search.zones = what == "all" || what == "zone";
  search.records = what == "all" || what == "record";
  if (what == "comment") return call->respond(json_response(200, Json::array()));
  search_zones(loop_, operations_.zones.list(call->who, {}), search,
               [call](const Json& hits) { call->respond(json_response(200, hits)); });
}

void PdnsApi::statistics(const CallRef& call) {
  const auto status = operations_.server.status(call->who);
  if (const auto* failure = std::get_if<Failure>(&status)) return call->fail(*failure);
  const auto item = [](const char* name, uint64_t value) {
    return Json{{"name", name}, {"type", "StatisticItem"}, {"value", std::to_string(value)}};
  };
  const auto& now = std::get<ServerStatus>(status);
  call->respond(json_response(
      200, Json::array({item("uptime", static_cast<uint64_t>(now.uptime.count())), item("zones", now.zones)})));
}

void PdnsApi::metadata(const CallRef& call, const axfrd::zones::Name& apex) {
  if (!call->looks()) {
    throw PdnsError{422,
                    "axfrd has no metadata to be set: who may transfer a zone, and is notified, is said by "
                    "/api/axfrd/v1/secondary.enable and secondary.edit"};
  }
  const auto found = operations_.zones.find(call->who, apex);
  if (const auto* failure = std::get_if<Failure>(&found)) return call->fail(*failure);
  const Json all = metadata_of(*std::get<axfrd::zones::VersionRef>(found));
  if (call->target.path.size() == 7) return call->respond(json_response(200, all));
  const std::string& kind = call->target.path[7];
  for (const Json& each : all) {
    if (each["kind"] == kind) return call->respond(json_response(200, each));
  }
  call->respond(json_response(200, metadata_object(kind.c_str(), Json::array())));
}

void PdnsApi::tsig_keys(const CallRef& call) {
  const bool is_list = call->target.path.size() == 5;
  if (call->looks()) {
    const auto listed = operations_.keys.list(call->who);
    if (const auto* failure = std::get_if<Failure>(&listed)) return call->fail(*failure);
    Json all = Json::array();
    const auto wanted = is_list ? std::nullopt : axfrd::zones::Name::from_text(call->target.path[5]);
    for (const KeyRef& key : std::get<std::vector<KeyRef>>(listed)) {
      if (is_list || (wanted && key->tsig->name() == *wanted)) all.push_back(key_object(*key->tsig));
    }
    if (is_list) return call->respond(json_response(200, all));
    if (all.empty()) throw PdnsError{404, "Not Found"};
    return call->respond(json_response(200, all.front()));
  }
  if (!is_list) {
    if (!call->is("DELETE")) call->refuse_method();
    const auto name = axfrd::zones::Name::from_text(call->target.path[5]);
    if (!name) throw PdnsError{404, "Not Found"};
    return operations_.keys.remove(call->who, *name, false, [call](const Outcome<KeyOperations::Changed>& outcome) {
      if (const auto* failure = std::get_if<Failure>(&outcome)) return call->fail(*failure);
      call->respond({204});
    });
  }
  if (!call->is("POST")) call->refuse_method();
  const Json body = pdns_body(call->request);
  const auto name = axfrd::zones::Name::from_text(text_member(body, "name"));
  if (!name) throw PdnsError{422, "Unable to parse the name of the key"};
  if (!body.contains("key") || text_member(body, "key").empty())
    throw PdnsError{422, "state the key, in base64: axfrd shows no secret over HTTP; axfrctl key generate makes one"};
  TsigKeyRef key;
  try {
    key = std::make_shared<const TsigKey>(*name, parse_tsig_algorithm(text_member(body, "algorithm")),
                                          decode_secret(text_member(body, "key")));
  } catch (const std::invalid_argument& error) {
    throw PdnsError{422, error.what()};
  }
  operations_.keys.add(call->who, key, [call, key](const Outcome<KeyOperations::Changed>& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) return call->fail(*failure);
    const auto& changed = std::get<KeyOperations::Changed>(outcome);
    if (changed.before == changed.after) return call->fail(409, "Conflict: there is such a key already");
    call->respond(json_response(201, key_object(*key)));
  });
}

}  // namespace axfrd::control
