#include "control/http/verb_api.h"

#include <utility>

namespace axfrd::control {

namespace {

constexpr JsonLimits kVerbLimits{kMaxMembers, kMaxValues, kMaxDepth};

HttpResponse error_response(unsigned status, int code, const std::string& why) {
  return json_response(status, {{"error", why}, {"code", code}});
}

HttpResponse rpc_response(std::variant<RpcResult, Failure, RpcError> outcome) {
  if (const auto* error = std::get_if<RpcError>(&outcome))
    return error_response(error->code == RpcError::unknown_method ? 404 : 400, error->code, error->message);
  if (const auto* failure = std::get_if<Failure>(&outcome)) return failure_response(*failure);
  auto& result = std::get<RpcResult>(outcome);
  if (const auto* value = std::get_if<Json>(&result)) return json_response(200, *value);
  HttpResponse response{200, kJsonType};
  response.stream = std::move(std::get<JsonStream>(result));
  return response;
}

std::variant<Json, HttpResponse> parameters_of(const HttpRequest& request, const HttpTarget& target) {
  if (request.method != "POST") {
    Json params = Json::object();
    for (const auto& [name, value] : target.query) params[name] = value;
    return params;
  }
  if (request.body.find_first_not_of(" \t\r\n") == std::string::npos) return Json::object();
  auto read = parse_json(request.body, kVerbLimits);
  if (const auto* error = std::get_if<RpcError>(&read)) return error_response(400, error->code, error->message);
  Json& params = std::get<Json>(read);
  if (!params.is_object()) return error_response(400, RpcError::invalid_params, "the parameters must be a JSON object");
  return std::move(params);
}

}  // namespace

unsigned status_of(FailureCode code) {
  switch (code) {
    case FailureCode::no_such_zone:
      return 404;
    case FailureCode::forbidden:
      return 403;
    case FailureCode::conflict:
    case FailureCode::unconfirmed:
      return 409;
    case FailureCode::changed_meanwhile:
      return 412;
    case FailureCode::stopping:
    case FailureCode::standby:
      return 503;
    case FailureCode::timed_out:
      return 504;
    case FailureCode::bad_request:
      return 400;
    case FailureCode::failed:
    case FailureCode::bad_zone:
    case FailureCode::dry_run:
      break;
  }
  return 422;
}

HttpResponse failure_response(const Failure& failure) {
  return error_response(status_of(failure.code), static_cast<int>(failure.code), failure.reason);
}

void VerbApi::serve(const Principal& who, const HttpRequest& request, const HttpTarget& target, HttpRespond respond) {
  const bool looks = request.method == "GET" || request.method == "HEAD";
  const std::string method = target.path.size() == 4 ? target.path[3] : std::string();
  const bool is_document = method == "openapi.json" || method.empty();
  const Verb* verb = find_verb(method);
  if (!is_document && verb == nullptr)
    return respond(error_response(404, RpcError::unknown_method, "there is no verb \"" + method + "\""));
  const bool may_look = is_document || verb->looks;
  if ((looks && !may_look) || (!looks && (is_document || request.method != "POST"))) {
    HttpResponse response = error_response(405, RpcError::invalid_request, request.method + " is not for " + method);
    response.fields = {{"Allow", is_document ? "GET, HEAD" : may_look ? "GET, HEAD, POST" : "POST"}};
    return respond(std::move(response));
  }
  if (is_document) return respond(json_response(200, openapi_document()));
  auto params = parameters_of(request, target);
  if (auto* refusal = std::get_if<HttpResponse>(&params)) return respond(std::move(*refusal));
  commands_.run({.id = Json(), .method = method, .params = std::move(std::get<Json>(params)), .who = who},
                [respond = std::move(respond)](auto outcome) { respond(rpc_response(std::move(outcome))); });
}

}  // namespace axfrd::control
