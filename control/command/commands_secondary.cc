// Verbs about secondaries and their providers.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "control/command/commands.h"
#include "control/command/commands_support.h"

namespace axfrd::control {

namespace {

Json settings_json(const zones::ZoneVersion& version) {
  const auto& settings = version.attributes().secondary_dns;
  Json json = to_json(settings ? *settings : zones::SecondaryDns{});
  json["zone"] = version.apex().name.to_text();
  json["serial"] = version.serial();
  return json;
}

Json names_json(const std::vector<zones::Name>& names) {
  Json list = Json::array();
  for (const zones::Name& name : names) list.push_back(name.to_text());
  return list;
}

Json set_json(const SecondarySet& result) {
  Json json = to_json(result.set);
  json["ns_before"] = names_json(result.ns_before);
  json["ns_after"] = names_json(result.ns_after);
  if (const auto doubts = result.doubts(); !doubts.empty()) json["warnings"] = doubts;
  return json;
}

void set_secondary(SetSecondary::How how, Operations& operations, const Principal& who, const Json& params,
                   RpcDone done) {
  SetSecondary request{zone_in(params), how, wish_from(params)};
  if (params.contains("provider")) request.provider = text_in(params, "provider");
  request.add_ns = optional_text(params, "add-ns");
  request.remove_ns = optional_text(params, "remove-ns");
  request.add_allow = optional_text(params, "add-allow");
  request.remove_allow = optional_text(params, "remove-allow");
  if ((!request.wish.ns.empty() && !(request.add_ns + request.remove_ns).empty()) ||
      (!request.wish.allow.empty() && !(request.add_allow + request.remove_allow).empty()))
    throw std::invalid_argument("state a whole list, or what is to be added to it and removed from it, and not both");
  operations.secondaries.set(who, request, answering<SecondarySet>(std::move(done), set_json));
}

void secondary_enable(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  set_secondary(SetSecondary::How::enable, operations, who, params, std::move(done));
}

void secondary_edit(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  set_secondary(SetSecondary::How::edit, operations, who, params, std::move(done));
}

void secondary_disable(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.secondaries.disable(who, zone_in(params), flag_in(params, "when-undelegated"),
                                 answering<SecondarySet>(std::move(done), set_json));
}

void secondary_show(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto picture = [](const SecondaryOperations::Shown& shown) {
    Json result = settings_json(*shown.version);
    if (!shown.configuration.empty()) {
      result["configuration"] = shown.configuration;
      return result;
    }
    Json addresses = Json::array(), sources = Json::array(), keys = Json::array();
    for (const IpAddress& address : shown.primary.addresses) addresses.push_back(address.to_string());
    for (const IpAddress& source : shown.primary.notify_sources) sources.push_back(source.to_string());
    for (const PeerKey& key : shown.keys) {
      keys.push_back(
          {{"key", key.name.to_text()}, {"algorithm", key.algorithm.empty() ? Json() : Json(key.algorithm)}});
    }
    result["primary"] = {{"addresses", std::move(addresses)},
                         {"port", shown.primary.port},
                         {"notify_sources", std::move(sources)},
                         {"keys", std::move(keys)}};
    result["ledger"] = shown.ledger;
    result["strangers"] = shown.strangers;
    if (!shown.ending.is_null()) result["ending"] = shown.ending;
    return result;
  };
  const SecondaryOperations::Show request{zone_in(params), optional_text(params, "format"),
                                          optional_place(params, "secondary")};
  operations.secondaries.show(who, request, answering<SecondaryOperations::Shown>(std::move(done), picture));
}

void secondary_list(Operations& operations, const Principal& who, Json&, RpcDone done) {
  done(RpcResult(list_stream(
      operations.zones.list(who, {.prefix = {}, .after = {}, .limit = {}, .with_secondaries = true}), settings_json)));
}

// ---- the ledger ----

// The lines that were asked for, or what they come to for each host.
class LedgerView {
 public:
  explicit LedgerView(const Json& params)
      : behind_(flag_in(params, "behind")),
        secondary_(optional_place(params, "secondary")),
        state_(optional_text(params, "state")),
        sums_up_(flag_in(params, "summary")) {}

  bool behind() const { return behind_; }
  // Takes lines, and appends those that are to be shown to a list of a JSON text.
  void take(const Json& lines, std::string& text) {
    for (const Json& line : lines) {
      if (secondary_ && !is_of(*secondary_, line["secondary"].get_ref<const std::string&>())) continue;
      if (!state_.empty() && line["state"].get_ref<const std::string&>().find(state_) == std::string::npos) continue;
      if (sums_up_) {
        count(line);
      } else {
        add(text, line);
      }
    }
  }
  std::string begin() const { return sums_up_ ? R"({"hosts":[)" : R"({"ledger":[)"; }
  // `endings`: how many zones are ending; none: that is not asked for.
  std::string end(const Json& strangers, std::optional<size_t> endings = {}) {
    std::string text;
    for (const auto& [secondary, host] : hosts_) {
      add(text, {{"secondary", secondary},
                 {"zones", host.zones},
                 {"behind", host.behind},
                 {"behind_seconds", host.behind_seconds},
                 {"last_seen", host.last_seen != 0 ? Json(host.last_seen) : Json()}});
    }
    text += R"(],"strangers":)" + dump(strangers);
    if (endings) text += R"(,"endings":)" + std::to_string(*endings);
    return text + "}";
  }

 private:
  struct Host {
    size_t zones = 0, behind = 0;
    int64_t behind_seconds = 0;  // the longest
    int64_t last_seen = 0;       // 0: never
  };

  // Without a port it is every port of that address.
  static bool is_of(const HostPort& place, const std::string& secondary) {
    return place.port ? secondary == place.to_text() : secondary.starts_with(place.to_text() + "@");
  }
  void add(std::string& text, const Json& line) { text += (std::exchange(begun_, true) ? "," : "") + dump(line); }
  void count(const Json& line) {
    Host& host = hosts_[line["secondary"].get<std::string>()];
    ++host.zones;
    host.behind += line["behind"] != 0 ? 1 : 0;
    if (line["behind"] != 0)
      host.behind_seconds = std::max(host.behind_seconds, line.value("behind_seconds", int64_t{0}));
    for (const char* time : {"notify_answered_at", "polled_at", "transferred_at", "proven_at"}) {
      const auto at = line.find(time);
      if (at != line.end() && at->is_number()) host.last_seen = std::max(host.last_seen, at->get<int64_t>());
    }
  }

  const bool behind_;
  const std::optional<HostPort> secondary_;
  const std::string state_;
  const bool sums_up_;
  bool begun_ = false;
  std::map<std::string, Host> hosts_;
};

void secondary_status(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  auto view = std::make_shared<LedgerView>(params);
  if (params.contains("zone")) {
    const auto picture = [view](const SecondaryOperations::Status& status) {
      std::string text = view->begin();
      view->take(status.ledger, text);
      Json result = Json::parse(text + view->end(status.strangers));
      if (!status.ending.is_null()) result["ending"] = status.ending;
      return result;
    };
    return operations.secondaries.status(who, zone_in(params), view->behind(),
                                         answering<SecondaryOperations::Status>(std::move(done), picture));
  }
  auto may = operations.secondaries.may_list(who);
  if (auto* failure = std::get_if<Failure>(&may)) return refuse(done, std::move(*failure));
  const auto place = std::make_shared<std::optional<std::string>>();
  done(RpcResult(JsonStream([&operations, who, view, place](JsonPiece piece) {
    operations.secondaries.status_page(who, *place, view->behind(),
                                       [view, place, piece = std::move(piece)](const SecondaryOperations::Page& page) {
                                         std::string text = *place ? "" : view->begin();
                                         view->take(page.lines, text);
                                         *place = page.last;
                                         if (!page.more) text += view->end(page.strangers, page.endings);
                                         piece(std::move(text), page.more);
                                       });
  })));
}

void secondary_check(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.secondaries.check(who, zone_in(params),
                               answering<Json>(std::move(done), [](const Json& report) { return report; }));
}

void notify(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto picture = [](size_t count) { return Json{{"secondaries", count}}; };
  if (params.contains("zone") == params.contains("secondary"))
    throw std::invalid_argument("state a zone, or --secondary ADDRESS for all zones of that host");
  if (params.contains("zone"))
    return operations.secondaries.notify(who, zone_in(params), answering<size_t>(std::move(done), picture));
  operations.secondaries.notify_host(who, HostPort::parse(text_in(params, "secondary")),
                                     answering<size_t>(std::move(done), picture));
}

void explain(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const Explain request{zone_in(params), parse_address(text_in(params, "address")), optional_name(params, "key")};
  operations.secondaries.explain(who, request, answering<Explained>(std::move(done), [](const Explained& explained) {
                                   return Json{{"allowed", explained.decision.allowed},
                                               {"why", explained.decision.why},
                                               {"next", explained.next},
                                               {"seen", explained.seen}};
                                 }));
}

// ---- providers ----

void provider_set(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const SetProvider request{text_in(params, "provider"), wish_from(params), flag_in(params, "dry-run")};
  operations.secondaries.set_provider(who, request, answering<ProviderSet>(std::move(done), [](const ProviderSet& set) {
                                        Json result = to_json(set.wish);
                                        result["changed"] = set.changed;
                                        result["ns_before"] = set.ns_before;
                                        result["ns_after"] = split_list(set.wish.ns);
                                        result["zones"] = set.zones;
                                        result["failed"] = set.failed;
                                        return result;
                                      }));
}

void provider_list(Operations& operations, const Principal& who, Json&, RpcDone done) {
  answer<ProvidersRef>(done, operations.secondaries.providers(who), [](const ProvidersRef& known) {
    Json providers = Json::array();
    for (const auto& [name, wish] : *known) {
      Json row{{"provider", name}};
      row.update(to_json(wish));
      providers.push_back(std::move(row));
    }
    return Json{{"providers", std::move(providers)}};
  });
}

void provider_remove(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const std::string name = text_in(params, "provider");
  operations.secondaries.remove_provider(who, name, answering<std::monostate>(std::move(done), [name](std::monostate) {
                                           return Json{{"removed", name}};
                                         }));
}

}  // namespace

std::span<const VerbHandler> secondary_handlers() {
  static constexpr std::array kHandlers{
      VerbHandler{"secondary.enable", secondary_enable},
      VerbHandler{"secondary.edit", secondary_edit},
      VerbHandler{"secondary.disable", secondary_disable},
      VerbHandler{"secondary.show", secondary_show},
      VerbHandler{"secondary.list", secondary_list},
      VerbHandler{"secondary.status", secondary_status},
      VerbHandler{"secondary.check", secondary_check},
      VerbHandler{"provider.set", provider_set},
      VerbHandler{"provider.list", provider_list},
      VerbHandler{"provider.remove", provider_remove},
      VerbHandler{"notify", notify},
      VerbHandler{"explain", explain},
  };
  return kHandlers;
}

}  // namespace axfrd::control
