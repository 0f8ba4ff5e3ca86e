#include "control/http/site.h"

#include "control/command/metrics.h"
#include "control/command/stats_json.h"

namespace axfrd::control {

namespace {

constexpr size_t kMostBodyOfNobody = 64 * 1024;

bool is_under(const HttpTarget& target, std::initializer_list<std::string_view> path) {
  return target.path.size() >= path.size() && std::equal(path.begin(), path.end(), target.path.begin());
}

}  // namespace

HttpSite::HttpSite(boost::asio::io_context& loop, Operations& operations, Commands& commands, const Server& server,
                   bool open_metrics, const Log& log)
    : operations_(operations),
      server_(server),
      open_metrics_(open_metrics),
      authenticator_(server.settings, log),
      verbs_(commands),
      pdns_(operations, loop) {}

size_t HttpSite::most_body(const HttpRequest& head) const {
  return authenticator_.knows(head) ? RequestReader::kMostBody : kMostBodyOfNobody;
}

void HttpSite::serve(const HttpRequest& request, HttpRespond respond) {
  auto target = parse_target(request.target);
  if (!target) return respond(text_response(400, "that is no path\n"));
  const bool looks = request.method == "GET" || request.method == "HEAD";
  if (target->path.size() == 1 && (target->path[0] == "healthz" || target->path[0] == "readyz"))
    return looks ? health(*target, respond) : respond(text_response(405, "Method Not Allowed"));
  const bool is_metrics = target->path == std::vector<std::string>{"metrics"};
  if (is_metrics && !looks) return respond(text_response(405, "Method Not Allowed"));
  if (is_metrics && open_metrics_) return metrics({}, std::move(respond));
  auto identified = authenticator_.identify(request);
  if (auto* response = std::get_if<HttpResponse>(&identified)) {
    if (accepts_json(request) && response->status == 401) {
      response->content_type = kJsonType;
      response->body = R"({"error": "Unauthorized"})";
    }
    return respond(std::move(*response));
  }
  auto& who = std::get<Principal>(identified);
  if (is_metrics) return metrics(who, std::move(respond));
  if (is_under(*target, {"api", "axfrd", "v1"})) return verbs_.serve(who, request, *target, std::move(respond));
  if (is_under(*target, {"api"})) return pdns_.serve(who, request, *target, std::move(respond));
  respond(text_response(404, "Not Found"));
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
