#include "control/http/console_api.h"

#include <algorithm>
#include <utility>

#include "control/base/unix_time.h"
#include "control/command/commands_support.h"
#include "control/http/verb_api.h"
#include "zones/data/integrity.h"

namespace axfrd::control {

namespace {

constexpr JsonLimits kConsoleLimits{8, 32, 4};
// Where nobody can read along, the browser itself sees to it that the cookie is ours alone (RFC 6265bis §4.1.3.2).
constexpr const char *kCookie = "__Host-axfrd", *kPlainCookie = "axfrd";

// Whether the browser speaks TLS, with us or with a proxy before us.
bool is_https(const HttpRequest& request) {
  return request.is_secure || request.field("origin").starts_with("https://");
}

std::string cookie(const HttpRequest& request, const std::string& value, bool ends) {
  return std::string(is_https(request) ? kCookie : kPlainCookie) + "=" + value + "; Path=/; HttpOnly; SameSite=Strict" +
         (is_https(request) ? "; Secure" : "") + (ends ? "; Max-Age=0" : "");
}

// The value of a cookie; empty if there is none.
std::string_view cookie_in(const HttpRequest& request, std::string_view name) {
  std::string_view rest = request.field("cookie");
  while (!rest.empty()) {
    std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  }
  return {};
}

// Empty if there is none. Over TLS, a plain cookie is none: another program of the host may have set it.
std::string_view session_id(const HttpRequest& request) {
  const std::string_view id = cookie_in(request, kCookie);
  return id.empty() && !request.is_secure ? cookie_in(request, kPlainCookie) : id;
}

bool looks(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

std::string address_of(const HttpRequest& request) { return request.client ? request.client->to_string() : ""; }

HttpResponse sentence(unsigned status, FailureCode code, const std::string& why) {
  return json_response(status, {{"error", why}, {"code", static_cast<int>(code)}});
}

HttpResponse throttled() {
  HttpResponse response =
      sentence(429, FailureCode::forbidden, "there were too many failures to sign in; try again in a minute");
  response.fields = {{"Retry-After", "60"}};
  return response;
}

HttpResponse no_such_page() { return sentence(404, FailureCode::failed, "there is no such thing"); }

// An object whose members are strings; or the response to what is none.
zones::Result<Json, HttpResponse> strings_in(const HttpRequest& request) {
  auto read = parse_json(request.body, kConsoleLimits);
  if (auto* json = std::get_if<Json>(&read)) {
    const auto is_string = [](const Json& value) { return value.is_string(); };
    if (json->is_object() && std::ranges::all_of(*json, is_string)) return std::move(*json);
  }
  return sentence(400, FailureCode::bad_request, "the body must be a JSON object of strings");
}

std::string member(const Json& object, const char* name) { return object.value(name, std::string()); }

// "https" and "dns.example.net:8443"; nothing if it is no origin.
std::optional<std::pair<std::string, std::string>> parts_of_origin(std::string_view origin) {
  const size_t colon = origin.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  return std::pair(std::string(origin.substr(0, colon)), std::string(origin.substr(colon + 3)));
}

// Without the port.
std::string host_of(const std::string& authority) {
  if (authority.starts_with('[')) return authority.substr(1, std::min(authority.find(']'), authority.size()) - 1);
  return authority.substr(0, authority.find(':'));
}

bool is_address(const std::string& host) {
  boost::system::error_code error;
  (void)boost::asio::ip::make_address(host, error);
  return !error;
}

Json chart_json(const ReplicationChart& chart) {
  Json behind = Json::array(), oldest = Json::array();
  for (const ReplicationSample& sample : chart.samples) {
    behind.push_back(sample.behind);
    oldest.push_back(sample.oldest_seconds);
  }
  return {{"step", chart.step.count()}, {"end", chart.end}, {"behind", behind}, {"oldest", oldest}};
}

Json zone_line(const ReplicationOperations::ZoneLine& line) {
  const zones::ZoneVersion& version = *line.version;
  const auto& history = version.history();
  const bool has_steps = history && !history->steps().empty();
  return {{"zone", version.apex().name.to_text()},
          {"serial", version.serial()},
          {"records", version.counts().records + 1},
          {"changed_at", has_steps ? Json(history->steps().back()->time()) : Json()},
          {"enabled", version.attributes().enabled_secondaries() != nullptr},
          {"secondaries", line.count.secondaries},
          {"behind", line.count.behind},
          {"behind_since", line.count.behind_since != 0 ? Json(line.count.behind_since) : Json()},
          {"has_servers", zones::has_apex_servers(version)}};
}

}  // namespace

// ---- who ----

std::optional<ConsoleApi::Identity> ConsoleApi::identify(const HttpRequest& request) {
  if (!options_.is_on) return std::nullopt;
  const bool from_proxy =
      request.client && std::ranges::find(options_.trusted_proxies, *request.client) != options_.trusted_proxies.end();
  if (from_proxy && !request.field("x-remote-user").empty()) {
    const UserRef user = server_.settings.get()->user(std::string(request.field("x-remote-user")));
    if (!user || user->kept) return std::nullopt;
    return Identity{user_principal(*user, address_of(request)), user, user->zones, "proxy", ConsoleSessions::kLongest};
  }
  const std::string_view id = session_id(request);
  if (id.empty()) return std::nullopt;
  // Pages that stay fresh by themselves say so, and a stream of events opens itself again.
  const bool acts = request.field("x-axfrd-background").empty() && !request.target.starts_with("/api/axfrd/v1/events");
  auto found = sessions_.find(id, acts, address_of(request));
  if (!found) return std::nullopt;
  const char* by = found->user ? "password" : "token";
  return Identity{std::move(found->who), std::move(found->user), std::move(found->zones), by, found->left};
}

// A name that others could let point to us is no proof that the page is ours, unless it is one of ours.
bool ConsoleApi::is_our_origin(const HttpRequest& request) const {
  const std::string_view origin = request.field("origin");
  if (std::ranges::find(options_.origins, origin) != options_.origins.end()) return true;
  const auto parts = parts_of_origin(origin);
  if (!parts || parts->first != (request.is_secure ? "https" : "http") || parts->second != request.field("host"))
    return false;
  const std::string host = host_of(parts->second);
  return host == "localhost" || is_address(host) || std::ranges::any_of(server_.names, [&](const zones::Name& name) {
           const auto own = zones::Name::from_text(host + ".");
           return own && *own == name;
         });
}

std::optional<HttpResponse> ConsoleApi::refuse_foreign(const HttpRequest& request) const {
  const std::string_view site = request.field("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none")
    return sentence(403, FailureCode::forbidden, "that comes from a page of another site");
  if (looks(request)) return std::nullopt;
  if (request.field("content-type") != kJsonType)
    return sentence(415, FailureCode::bad_request, "the Content-Type must be application/json");
  if (is_our_origin(request)) return std::nullopt;
  return sentence(403, FailureCode::forbidden,
                  "that comes from a page of \"" + std::string(request.field("origin")) +
                      "\", which is not one of ours; --console-origin names others");
}

// ---- signing in ----

bool ConsoleApi::serve_stranger(const HttpRequest& request, const HttpTarget& target, const HttpRespond& respond) {
  const bool signs_in = options_.is_on && request.method == "POST" && target.path.size() == 5 &&
                        target.path[3] == "console" && target.path[4] == "session";
  if (!signs_in) return false;
  if (auto refusal = refuse_foreign(request)) {
    respond(std::move(*refusal));
  } else {
    sign_in(request, respond);
  }
  return true;
}

bool ConsoleApi::is_throttled(const HttpRequest& request, const std::string& user) const {
  const auto now = FailureCounter::Clock::now();
  return by_client_.count(network_text(request.client), now) >= kMostOfClient ||
         (!user.empty() && by_user_.count(user, now) >= kMostOfUser);
}

HttpResponse ConsoleApi::wrong(const HttpRequest& request, const std::string& user) {
  const auto now = FailureCounter::Clock::now();
  const unsigned failures = by_client_.add(network_text(request.client), now);
  if (!user.empty()) by_user_.add(user, now);
  if (failures == kMostOfClient)
    log_.warning("console: ", kMostOfClient, " failures to sign in within a minute from ",
                 request.client ? request.client->to_string() : "the Unix socket");
  return sentence(401, FailureCode::forbidden, user.empty() ? "that is no valid token" : "user or password is wrong");
}

void ConsoleApi::sign_in(const HttpRequest& request, const HttpRespond& respond) {
  auto read = strings_in(request);
  if (auto* refusal = std::get_if<HttpResponse>(&read)) return respond(std::move(*refusal));
  const Json& params = std::get<Json>(read);
  if (is_throttled(request, member(params, "user"))) return respond(throttled());
  if (params.contains("token")) return sign_in_by_token(request, member(params, "token"), respond);
  sign_in_by_password(request, params, respond);
}

void ConsoleApi::sign_in_by_token(const HttpRequest& request, const std::string& text, const HttpRespond& respond) {
  const TokenRef token = server_.settings.get()->tokens->authenticate(text, unix_time());
  if (!token) return respond(wrong(request, {}));
  token->used->store(unix_time(), std::memory_order_relaxed);
  const std::string id = sessions_.begin(*token);
  const Identity identity{token_principal(*token, address_of(request)), nullptr, token->zones, "token",
                          ConsoleSessions::kLongest};
  respond(signed_in(request, identity, id));
}

void ConsoleApi::sign_in_by_password(const HttpRequest& request, const Json& params, const HttpRespond& respond) {
  const std::string name = member(params, "user");
  operations_.users.authenticate(
      name, member(params, "password"), [this, request, name, respond](Outcome<UserRef> outcome) {
        if (const auto* failure = std::get_if<Failure>(&outcome)) return respond(failure_response(*failure));
        const UserRef& user = std::get<UserRef>(outcome);
        if (!user) return respond(wrong(request, name));
        const std::string id = sessions_.begin(*user);
        const Identity identity{user_principal(*user, address_of(request)), user, user->zones, "password",
                                ConsoleSessions::kLongest};
        log_.info("console: user ", user->name, " signed in from ", request.client ? address_of(request) : "this host");
        respond(signed_in(request, identity, id));
      });
}

HttpResponse ConsoleApi::signed_in(const HttpRequest& request, const Identity& identity, const std::string& id) const {
  HttpResponse response = json_response(200, session_json(identity));
  response.fields = {{"Set-Cookie", cookie(request, id, false)}};
  return response;
}

Json ConsoleApi::session_json(const Identity& identity) const {
  return {{"user", identity.user ? identity.user->name : identity.who.name},
          {"role", to_text(identity.who.role)},
          {"zones", identity.zones},
          {"by", identity.by},
          {"expires", unix_time() + identity.left.count()},
          {"idle_seconds", std::chrono::seconds(ConsoleSessions::kIdle).count()},
          {"version", AXFRD_VERSION},
          {"zone_count", identity.who.scope.is_all() ? Json(server_.zones.size()) : Json()},
          {"standby", server_.committer.is_standby()}};
}

// ---- what a session asks for ----

void ConsoleApi::serve(const Identity& identity, const HttpRequest& request, const HttpTarget& target,
                       const HttpRespond& respond) {
  if (target.path.size() != 5) return respond(no_such_page());
  const std::string& page = target.path[4];
  const std::string request_line = request.method + " " + page;
  if (page == "session" && looks(request)) return respond(json_response(200, session_json(identity)));
  if (request_line == "POST session") return sign_in(request, respond);
  if (request_line == "DELETE session") {
    if (target.parameter("everywhere")) sessions_.end_all_like(session_id(request), false);
    sessions_.end(session_id(request));
    HttpResponse response{204};
    response.fields = {{"Set-Cookie", cookie(request, "", true)}};
    return respond(std::move(response));
  }
  if (request_line == "POST password") return change_password(identity, request, respond);
  if (page == "replication" && looks(request)) return replication(identity.who, respond);
  if (page == "zones" && looks(request)) return zones(identity.who, target, respond);
  respond(no_such_page());
}

void ConsoleApi::change_password(const Identity& identity, const HttpRequest& request, const HttpRespond& respond) {
  if (!identity.user)
    return respond(sentence(400, FailureCode::bad_request, "who signed in by a token has no password"));
  auto read = strings_in(request);
  if (auto* refusal = std::get_if<HttpResponse>(&read)) return respond(std::move(*refusal));
  const Json& params = std::get<Json>(read);
  if (is_throttled(request, identity.user->name)) return respond(throttled());
  const auto changed = [this, request, name = identity.user->name, respond](Outcome<PasswordSet> outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
      if (failure->code == FailureCode::forbidden) (void)wrong(request, name);
      return respond(failure_response(*failure));
    }
    // The password was the evidence of all sessions; this one goes on under a new id.
    sessions_.end(session_id(request));
    HttpResponse response{204};
    response.fields = {{"Set-Cookie", cookie(request, sessions_.begin(*std::get<PasswordSet>(outcome).user), false)}};
    respond(std::move(response));
  };
  operations_.users.change_own(identity.who, identity.user, member(params, "old"), member(params, "new"), changed);
}

void ConsoleApi::replication(const Principal& who, const HttpRespond& respond) const {
  using Replication = ReplicationOperations::Replication;
  operations_.replication.replication(who, [this, respond](Outcome<Replication> outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) return respond(failure_response(*failure));
    auto& found = std::get<Replication>(outcome);
    Json result{{"time", unix_time()}};
    if (const auto& sums = found.overview) {
      result["zones"] = sums->zones;
      result["behind_zones"] = sums->behind_zones ? Json(*sums->behind_zones) : Json();
      result["pairs"] = sums->pairs;
      result["behind_pairs"] = sums->behind_pairs;
      result["charts"] = {{"hour", chart_json(operations_.replication.hour())},
                          {"day", chart_json(operations_.replication.day())}};
    }
    result["hosts"] = std::move(found.hosts);
    result["debts"] = std::move(found.debts);
    respond(json_response(200, result));
  });
}

void ConsoleApi::zones(const Principal& who, const HttpTarget& target, const HttpRespond& respond) const {
  constexpr size_t kMost = 500, kUsual = 50;
  ListZones request;
  request.within = target.parameter("search").value_or("");
  const auto limit = target.parameter("limit");
  const auto number = limit ? axfrd::zones::number_in<uint32_t>(*limit) : std::optional<uint32_t>(kUsual);
  if (!number || *number == 0 || *number > kMost)
    return respond(sentence(400, FailureCode::bad_request, "\"limit\" is a number of zones up to 500"));
  request.limit = *number;
  if (const auto after = target.parameter("after")) {
    request.after = axfrd::zones::Name::from_text(*after);
    if (!request.after) return respond(sentence(400, FailureCode::bad_request, "\"after\" is no name"));
  }
  using Zones = ReplicationOperations::Zones;
  const Done<Zones> done = [respond](Outcome<Zones> outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) return respond(failure_response(*failure));
    const auto& found = std::get<Zones>(outcome);
    Json lines = Json::array();
    for (const auto& line : found.lines) lines.push_back(zone_line(line));
    respond(json_response(200, {{"zones", std::move(lines)}, {"more", found.more}}));
  };
  if (target.parameter("behind")) return operations_.replication.behind(who, request, done);
  operations_.replication.zones(who, request, done);
}

}  // namespace axfrd::control
