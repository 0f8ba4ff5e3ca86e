// Verbs about secondaries and their providers.
#include <algorithm>
#include <array>
#include <memory>
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
    Json names = Json::array();
    for (const zones::Name& name : shown.primary.names) names.push_back(name.to_text());
    result["primary"] = {{"names", std::move(names)},
                         {"addresses", std::move(addresses)},
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

Json summary_json(const SecondaryOperations::Summary& summary) {
  Json hosts = Json::array();
  for (const auto& [secondary, sum] : summary.hosts) {
    hosts.push_back({{"secondary", secondary},
                     {"zones", sum.zones},
                     {"behind", sum.behind},
                     {"behind_seconds", sum.behind_seconds},
                     {"last_seen", sum.last_seen != 0 ? Json(sum.last_seen) : Json()}});
  }
  Json result{{"hosts", std::move(hosts)}, {"strangers", summary.strangers}};
  if (!summary.ending.is_null()) result["ending"] = summary.ending;
  if (summary.endings) result["endings"] = *summary.endings;
  return result;
}

// {"ledger": [lines…], "strangers": […], "endings": n}, as fast as the client reads it.
class LedgerWriter : public std::enable_shared_from_this<LedgerWriter> {
 public:
  LedgerWriter(Operations& operations, Principal who, SecondaryOperations::Wanted wanted)
      : operations_(operations), who_(std::move(who)), wanted_(std::move(wanted)) {}

  void write(JsonPiece piece) {
    operations_.secondaries.status_page(
        who_, last_, wanted_, [self = shared_from_this(), piece = std::move(piece)](SecondaryOperations::Page page) {
          std::string text = self->last_ ? "" : R"({"ledger":[)";
          if (!page.lines.empty() && std::exchange(self->has_lines_, true)) text += ',';
          text += page.lines;
          self->last_ = std::move(page.last);
          if (!page.more)
            text += R"(],"strangers":)" + dump(page.strangers) + R"(,"endings":)" + std::to_string(page.endings) + "}";
          piece(std::move(text), page.more);
        });
  }

 private:
  Operations& operations_;
  const Principal who_;
  const SecondaryOperations::Wanted wanted_;
  std::optional<std::string> last_;  // where the last page has ended
  bool has_lines_ = false;
};

void secondary_status(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const SecondaryOperations::Wanted wanted{flag_in(params, "behind"), optional_place(params, "secondary"),
                                           optional_text(params, "state")};
  const auto zone = optional_name(params, "zone");
  if (flag_in(params, "summary")) {
    return operations.secondaries.summary(who, zone, wanted,
                                          answering<SecondaryOperations::Summary>(std::move(done), summary_json));
  }
  if (zone) {
    const auto picture = [](const SecondaryOperations::Status& status) {
      Json result{{"ledger", status.ledger}, {"strangers", status.strangers}};
      if (!status.ending.is_null()) result["ending"] = status.ending;
      return result;
    };
    return operations.secondaries.status(who, *zone, wanted,
                                         answering<SecondaryOperations::Status>(std::move(done), picture));
  }
  auto may = operations.secondaries.may_list(who);
  if (auto* failure = std::get_if<Failure>(&may)) return refuse(done, std::move(*failure));
  const auto writer = std::make_shared<LedgerWriter>(operations, who, wanted);
  done(RpcResult(JsonStream([writer](JsonPiece piece) { writer->write(std::move(piece)); })));
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
                                        result["ns_before"] = names_json(set.ns_before);
                                        result["ns_after"] = names_json(set.ns_after);
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
