#include "control/http/pdns_api.h"

#include <utility>

#include "control/base/unix_time.h"
#include "control/http/pdns_names.h"
#include "control/http/pdns_zone.h"
#include "control/http/verb_api.h"
#include "zones/wire/number.h"

namespace axfrd::control {

namespace {

using axfrd::zones::Name;
using axfrd::zones::VersionRef;

constexpr unsigned kNoContent = 204, kNotFound = 404, kNotAllowed = 405, kUnprocessed = 422;

std::string entity_tag(const axfrd::zones::ZoneVersion& version) { return "\"" + version_tag(version) + "\""; }

// The tag of If-Match, without quotation marks; empty: in any case. A list, or one that is weak, is none of ours.
std::string wanted_tag(const HttpRequest& request) {
  std::string_view tag = request.field("if-match");
  if (tag.empty() || tag == "*") return {};
  if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) tag = tag.substr(1, tag.size() - 2);
  return std::string(tag);
}

bool says_false(const HttpTarget& target, const char* parameter) {
  const auto value = target.parameter(parameter);
  return value && (*value == "false" || *value == "0");
}

// The pieces of a list of zones, each with the serials that were proven at that time.
class ZonesStream : public std::enable_shared_from_this<ZonesStream> {
 public:
  ZonesStream(SecondaryOperations& secondaries, ZoneList list) : secondaries_(secondaries), list_(std::move(list)) {}

  void next(JsonPiece piece) {
    std::vector<VersionRef> versions = list_.next();
    std::string begin = std::exchange(begun_, true) ? "" : "[";
    if (versions.empty()) return piece(begin + "]", false);
    secondaries_.lowest_proven(versions, [self = shared_from_this(), versions, begin = std::move(begin),
                                          piece = std::move(piece)](const std::vector<uint32_t>& serials) {
      std::string text = begin;
      for (size_t i = 0; i < versions.size(); ++i)
        text += (self->count_++ != 0 ? "," : "") + dump(pdns_zone(*versions[i], serials[i]));
      piece(std::move(text), true);
    });
  }

 private:
  SecondaryOperations& secondaries_;
  ZoneList list_;
  bool begun_ = false;
  size_t count_ = 0;
};

}  // namespace

bool accepts_json(const HttpRequest& request) {
  const std::string_view accepted = request.field("accept");
  if (accepted.empty()) return request.field("content-type").find("application/json") != std::string_view::npos;
  return accepted.find("application/json") != std::string_view::npos || accepted.find("*/*") != std::string_view::npos;
}

std::optional<uint32_t> number_parameter(const HttpTarget& target, const char* parameter, uint32_t most) {
  const auto text = target.parameter(parameter);
  if (!text) return std::nullopt;
  const auto number = axfrd::zones::number_in<uint32_t>(*text);
  if (!number || *number > most)
    throw PdnsError{kUnprocessed, std::string(parameter) + " is a number up to " + std::to_string(most)};
  return number;
}

void PdnsApi::Call::fail(unsigned status, const std::string& reason) const {
  if (status == kUnprocessed || accepts_json(request)) return respond(json_response(status, {{"error", reason}}));
  respond(text_response(status, reason_of_status(status)));
}

// As PowerDNS words it where a client reads it, with our sentence behind.
void PdnsApi::Call::fail(const Failure& failure) const {
  switch (failure.code) {
    case FailureCode::no_such_zone:
      return fail(kNotFound, "Not Found: " + failure.reason);
    case FailureCode::conflict:
      return fail(409, "Conflict: " + failure.reason);
    default:
      return fail(status_of(failure.code), failure.reason);
  }
}

void PdnsApi::Call::refuse_method() const { throw PdnsError{kNotAllowed, "Method Not Allowed"}; }

void PdnsApi::serve(const Principal& who, const HttpRequest& request, const HttpTarget& target, HttpRespond respond) {
  const auto call = std::make_shared<const Call>(Call{who, request, target, std::move(respond)});
  try {
    route(call);
  } catch (const PdnsError& error) {
    call->fail(error.status, error.reason);
  }
}

// ---- routes ----

void PdnsApi::route(const CallRef& call) {
  const auto& path = call->target.path;
  const auto is_at = [&](size_t place, const char* what) { return path.size() > place && path[place] == what; };
  if (path.size() == 1) {
    if (!call->looks()) call->refuse_method();
    return call->respond(json_response(200, Json::array({Json{{"url", "/api/v1"}, {"version", 1}}})));
  }
  if (!is_at(1, "v1") || (path.size() > 2 && path[2] != "servers") || (path.size() > 3 && path[3] != "localhost"))
    throw PdnsError{kNotFound, "Not Found"};
  if (path.size() < 5 || path[4] != "zones") {
    std::string what;
    for (size_t i = 4; i < path.size(); ++i) what += (i == 4 ? "" : "/") + path[i];
    return server(call, what);
  }
  if (path.size() == 5) return zones(call);
  const auto apex = zone_of_id(path[5]);
  if (!apex) throw PdnsError{kNotFound, "Could not find domain '" + path[5] + "'"};
  if (path.size() == 6) return zone(call, *apex);
  return part_of_zone(call, *apex, path[6]);
}

void PdnsApi::zones(const CallRef& call) {
  if (call->looks()) return list(call);
  if (call->is("POST")) return create(call);
  call->refuse_method();
}

void PdnsApi::zone(const CallRef& call, const Name& apex) {
  if (call->looks()) return show(call, apex, 200, !says_false(call->target, "rrsets"));
  if (call->is("PATCH")) return patch(call, apex);
  if (call->is("PUT")) return put(call, apex);
  if (!call->is("DELETE")) call->refuse_method();
  operations_.zones.remove(call->who, apex, true, [call](const Outcome<Committer::Removed>& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) return call->fail(*failure);
    call->respond({kNoContent});
  });
}

void PdnsApi::part_of_zone(const CallRef& call, const Name& apex, const std::string& part) {
  const auto needs = [&](bool fits) {
    if (!fits) call->refuse_method();
  };
  auto found = operations_.zones.find(call->who, apex);
  if (const auto* failure = std::get_if<Failure>(&found)) return call->fail(*failure);
  auto& version = std::get<VersionRef>(found);
  if (part == "notify") {
    needs(call->is("PUT"));
    return notify(call, apex);
  }
  if (part == "rectify") {
    needs(call->is("PUT"));
    return call->respond(json_response(200, {{"result", "Rectified"}}));
  }
  if (part == "axfr-retrieve") {
    needs(call->is("PUT"));
    throw PdnsError{kUnprocessed,
                    "Domain '" + apex.to_text() + "' is not a secondary domain (or has no primary defined)"};
  }
  if (part == "export") {
    needs(call->looks());
    const bool as_json = call->request.field("accept").find("application/json") != std::string_view::npos;
    HttpResponse response{200, as_json ? kJsonType : "text/plain"};
    response.stream = pdns_export(std::move(version), as_json);
    return call->respond(std::move(response));
  }
  if (part == "metadata") return metadata(call, apex);
  if (part == "cryptokeys") {
    if (call->looks() && call->target.path.size() == 7) return call->respond(json_response(200, Json::array()));
    if (call->looks()) throw PdnsError{kNotFound, "Not Found"};
    throw PdnsError{kUnprocessed, "axfrd signs no zones, and has no keys for that; it serves zones that come signed"};
  }
  throw PdnsError{kNotFound, "Not Found"};
}

// ---- zones ----

void PdnsApi::list(const CallRef& call) {
  ListZones request;
  if (const auto wanted = call->target.parameter("zone")) {
    const auto apex = zone_of_id(*wanted);
    auto found = apex ? operations_.zones.find(call->who, *apex) : Failure{FailureCode::no_such_zone, ""};
    if (std::holds_alternative<Failure>(found)) return call->respond(json_response(200, Json::array()));
    const auto& version = std::get<VersionRef>(found);
    return operations_.secondaries.lowest_proven({version}, [call, version](const std::vector<uint32_t>& serials) {
      call->respond(json_response(200, Json::array({pdns_zone(*version, serials.front())})));
    });
  }
  if (const auto limit = number_parameter(call->target, "limit", UINT32_MAX)) request.limit = *limit;
  if (const auto after = call->target.parameter("after")) {
    request.after = zone_of_id(*after);
    if (!request.after) throw PdnsError{kUnprocessed, "after is the name of a zone"};
  }
  const auto stream =
      std::make_shared<ZonesStream>(operations_.secondaries, operations_.zones.list(call->who, request));
  HttpResponse response{200, kJsonType};
  response.stream = [stream](JsonPiece piece) { stream->next(std::move(piece)); };
  call->respond(std::move(response));
}

void PdnsApi::show(const CallRef& call, const Name& apex, unsigned status, bool with_rrsets) {
  auto found = operations_.zones.find(call->who, apex);
  if (const auto* failure = std::get_if<Failure>(&found)) return call->fail(*failure);
  const auto& version = std::get<VersionRef>(found);
  const std::string tag = entity_tag(*version);
  if (status == 200 && call->request.field("if-none-match") == tag) {
    HttpResponse same{304};
    same.fields = {{"ETag", tag}};
    return call->respond(std::move(same));
  }
  const auto owner_text = call->target.parameter("rrset_name");
  std::optional<Name> owner;
  if (owner_text) owner = canonical_name(owner_text->ends_with('.') ? *owner_text : *owner_text + ".");
  const std::string type = call->target.parameter("rrset_type").value_or("");
  operations_.secondaries.lowest_proven({version}, [=](const std::vector<uint32_t>& serials) {
    HttpResponse response{status, kJsonType};
    if (!with_rrsets) {
      response.body = dump(pdns_zone(*version, serials.front()));
    } else if (owner) {
      response.body = dump(pdns_zone_with(*version, serials.front(), *owner, type));
    } else {
      response.stream = pdns_zone_stream(version, serials.front());
    }
    response.fields = {{"ETag", tag}};
    call->respond(std::move(response));
  });
}

void PdnsApi::create(const CallRef& call) {
  PdnsNewZone zone = read_new_zone(pdns_body(call->request), unix_time());
  ImportZone request{zone.apex, axfrd::zones::ZoneSource::of_text(std::move(zone.text), "the zone")};
  request.must_be_new = true;
  const bool with_rrsets = !says_false(call->target, "rrsets");
  operations_.zones.import(call->who, std::move(request), [=, this](const Outcome<ZoneImported>& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) return call->fail(*failure);
    configure(call, zone.apex, zone.settings, [=, this] { show(call, zone.apex, 201, with_rrsets); });
  });
}

// Makes the settings what the request says, if it says something, and goes on.
void PdnsApi::configure(const CallRef& call, const Name& apex, const PdnsZoneSettings& settings,
                        std::function<void()> next) {
  if (!settings.policy) return next();
  operations_.zones.configure(call->who, apex, *settings.policy,
                              [call, next = std::move(next)](const Outcome<Committer::Configured>& outcome) {
                                if (const auto* failure = std::get_if<Failure>(&outcome)) return call->fail(*failure);
                                next();
                              });
}

void PdnsApi::put(const CallRef& call, const Name& apex) {
  const Json body = pdns_body(call->request);
  const PdnsZoneSettings settings = read_zone_settings(body, false);
  auto found = operations_.zones.find(call->who, apex);
  if (const auto* failure = std::get_if<Failure>(&found)) return call->fail(*failure);
  const auto rrsets = body.find("rrsets");
  if (rrsets == body.end() || !rrsets->is_array())
    return configure(call, apex, settings, [call] { call->respond({kNoContent}); });
  ImportZone request{apex, axfrd::zones::ZoneSource::of_text(read_whole_zone(body, apex), "the zone")};
  operations_.zones.import(call->who, std::move(request), [=, this](const Outcome<ZoneImported>& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) return call->fail(*failure);
    configure(call, apex, settings, [call] { call->respond({kNoContent}); });
  });
}

void PdnsApi::patch(const CallRef& call, const Name& apex) {
  auto found = operations_.zones.find(call->who, apex);  // what is not there is 404, whatever the body says
  if (const auto* failure = std::get_if<Failure>(&found)) return call->fail(*failure);
  ChangeRRsets request = read_changes(pdns_body(call->request), apex);
  request.if_tag = wanted_tag(call->request);
  constexpr uint32_t kLongestWait = 3600;
  const auto patience = number_parameter(call->target, "wait", kLongestWait);
  operations_.zones.change(call->who, std::move(request), [=, this](const Outcome<Committer::Changed>& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) return call->fail(*failure);
    const auto& changed = std::get<Committer::Changed>(outcome);
    if (patience) return answer_when_proven(call, apex, changed, std::chrono::seconds(*patience));
    HttpResponse response{kNoContent};
    response.fields = {{"X-PDNS-Old-Serial", std::to_string(changed.old_serial)},
                       {"X-PDNS-New-Serial", std::to_string(changed.serial)}};
    const auto now = operations_.zones.find(call->who, apex);
    if (const auto* version = std::get_if<VersionRef>(&now);
        version != nullptr && (*version)->serial() == changed.serial)
      response.fields.emplace_back("ETag", entity_tag(**version));
    call->respond(std::move(response));
  });
}

// The change is made, whatever becomes of waiting: so this is never an error.
void PdnsApi::answer_when_proven(const CallRef& call, const Name& apex, const Committer::Changed& changed,
                                 std::chrono::seconds patience) {
  operations_.secondaries.wait_for(apex, changed.serial, patience, [=, this](const Outcome<Json>& outcome) {
    const bool complete = std::holds_alternative<Json>(outcome);
    const auto tell = [call, changed, complete](const Json& ledger) {
      HttpResponse response = json_response(200, {{"complete", complete},
                                                  {"old_serial", changed.old_serial},
                                                  {"serial", changed.serial},
                                                  {"secondaries", ledger}});
      response.fields = {{"X-PDNS-Old-Serial", std::to_string(changed.old_serial)},
                         {"X-PDNS-New-Serial", std::to_string(changed.serial)}};
      call->respond(std::move(response));
    };
    if (complete) return tell(std::get<Json>(outcome));
    operations_.secondaries.status(call->who, apex, {}, [tell](const Outcome<SecondaryOperations::Status>& status) {
      const auto* known = std::get_if<SecondaryOperations::Status>(&status);
      tell(known != nullptr ? known->ledger : Json::array());
    });
  });
}

// A zone without secondaries has nobody to be notified, which is no error to PowerDNS's clients.
void PdnsApi::notify(const CallRef& call, const Name& apex) {
  operations_.secondaries.notify(call->who, apex, [call](const Outcome<size_t>& outcome) {
    const auto* failure = std::get_if<Failure>(&outcome);
    if (failure != nullptr && failure->code != FailureCode::no_such_zone) return call->fail(*failure);
    call->respond(json_response(
        200, {{"result", failure != nullptr ? "Nobody to notify: " + failure->reason : "Notification queued"}}));
  });
}

}  // namespace axfrd::control
