#include "control/http/site.h"

#include "control/command/metrics.h"
#include "control/command/stats_json.h"
#include "control/http/console_pack.h"

namespace axfrd::control {

namespace {

constexpr size_t kMostBodyOfNobody = 64 * 1024;

bool is_under(const HttpTarget& target, std::initializer_list<std::string_view> path) {
  return target.path.size() >= path.size() && std::equal(path.begin(), path.end(), target.path.begin());
}

}  // namespace

HttpSite::HttpSite(boost::asio::io_context& loop, Operations& operations, Commands& commands, const Server& server,
                   const HttpOptions& options, const Log& log)
    : loop_(loop),
      operations_(operations),
      server_(server),
      options_(options),
      authenticator_(server.settings, log),
      console_(operations, server, options.console, log),
      verbs_(commands),
      pdns_(operations, loop) {}

size_t HttpSite::most_body(const HttpRequest& head) {
  const bool is_known = authenticator_.knows(head) || console_.identify(head);
  return is_known ? RequestReader::kMostBody : kMostBodyOfNobody;
}

void HttpSite::serve(const HttpRequest& request, HttpRespond respond) {
  auto target = parse_target(request.target);
  if (!target) return respond(text_response(400, "that is no path\n"));
  const bool looks = request.method == "GET" || request.method == "HEAD";
  if (target->path.size() == 1 && (target->path[0] == "healthz" || target->path[0] == "readyz"))
    return looks ? health(*target, respond) : respond(text_response(405, "Method Not Allowed"));
  const bool is_metrics = target->path == std::vector<std::string>{"metrics"};
  if (is_metrics && !looks) return respond(text_response(405, "Method Not Allowed"));
  if (is_metrics && options_.open_metrics) return metrics({}, std::move(respond));
  if (!is_metrics && !is_under(*target, {"api"}) && options_.console.is_on && looks) {
    const std::string_view path = std::string_view(request.target).substr(0, request.target.find('?'));
    return respond(ConsolePack::built_in().response(request, path));
  }
  const auto who = identify(request, *target, respond);
  if (!who) return;
  if (is_metrics) return metrics(*who, std::move(respond));
  if (target->path == std::vector<std::string>{"api", "axfrd", "v1", "events"} && looks)
    return events(*who, request, *target, respond);
  if (is_under(*target, {"api", "axfrd", "v1"})) return verbs_.serve(*who, request, *target, std::move(respond));
  if (is_under(*target, {"api"})) return pdns_.serve(*who, request, *target, std::move(respond));
  respond(text_response(404, "Not Found"));
}

std::optional<Principal> HttpSite::identify(const HttpRequest& request, const HttpTarget& target,
                                            const HttpRespond& respond) {
  const bool has_token = !request.field("x-api-key").empty() || !request.field("authorization").empty();
  if (!has_token && is_under(target, {"api", "axfrd", "v1"})) {
    const bool is_console = is_under(target, {"api", "axfrd", "v1", "console"});
    if (const auto identity = console_.identify(request)) {
      if (auto refusal = console_.refuse_foreign(request)) {
        respond(std::move(*refusal));
        return std::nullopt;
      }
      if (!is_console) return identity->who;
      console_.serve(*identity, request, target, respond);
      return std::nullopt;
    }
    if (is_console && console_.serve_stranger(request, target, respond)) return std::nullopt;
  }
  auto identified = authenticator_.identify(request);
  if (auto* who = std::get_if<Principal>(&identified)) return std::move(*who);
  auto& response = std::get<HttpResponse>(identified);
  if (accepts_json(request) && response.status == 401) {
    response.content_type = kJsonType;
    response.body = R"({"error": "Unauthorized"})";
  }
  respond(std::move(response));
  return std::nullopt;
}

void HttpSite::events(const Principal& who, const HttpRequest& request, const HttpTarget& target,
                      const HttpRespond& respond) {
  EventStream::Wanted wanted{.secondary = target.parameter("secondary").value_or(""),
                             .last_id = std::string(request.field("last-event-id"))};
  if (const auto zone = target.parameter("zone")) {
    wanted.zone = axfrd::zones::Name::from_text(*zone);
    if (!wanted.zone) return respond(text_response(400, "\"zone\" is no name\n"));
    if (const auto failure = Context::refuse(who, Role::reader, *wanted.zone))
      return respond(failure_response(*failure));
  }
  if (*streams_ >= kMostStreams) return respond(text_response(503, "too many watch already\n"));
  HttpResponse response{200, "text/event-stream"};
  // A proxy between us shall not gather events before it hands them on.
  response.fields = {{"X-Accel-Buffering", "no"}};
  const auto may_go_on = [this, request] { return authenticator_.knows(request) || console_.identify(request); };
  ++*streams_;
  const std::shared_ptr<void> counted(nullptr, [streams = streams_](void*) { --*streams; });
  response.stream = [counted, stream = event_stream(loop_, server_.events, who, wanted, may_go_on)](JsonPiece piece) {
    stream(std::move(piece));
  };
  respond(std::move(response));
}

void HttpSite::health(const HttpTarget& target, const HttpRespond& respond) const {
  const ServerState state = server_.state;
  const bool fine = target.path[0] == "healthz" || state == ServerState::serving;
  respond(text_response(fine ? 200 : 503, std::string(fine ? "ok" : to_text(state)) + "\n"));
}

void HttpSite::metrics(const Principal& who, HttpRespond respond) const {
  operations_.server.stats(who, [respond = std::move(respond)](const Outcome<ServerStats>& outcome) {
    if (const auto* failure = std::get_if<Failure>(&outcome))
      return respond(text_response(403, failure->reason + "\n"));
    respond({200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(to_json(std::get<ServerStats>(outcome)))});
  });
}

}  // namespace axfrd::control
