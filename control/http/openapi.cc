// The OpenAPI document, made of the table of verbs.
#include "control/command/verbs.h"
#include "control/http/verb_api.h"

namespace axfrd::control {

namespace {

Json strings() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }

// What a program may write for a parameter; Commands makes the socket's form of it.
Json schema_of(const Parameter& parameter) {
  using Source = Parameter::Source;
  if (parameter.is_flag()) return {{"type", "boolean"}};
  switch (parameter.source) {
    case Source::rest:
    case Source::list:
      return {{"oneOf", Json::array({Json{{"type", "string"}}, strings()})}};
    case Source::files:
      return {{"type", "array"}, {"items", {{"type", "object"}}}};
    case Source::option:
    case Source::argument:
    case Source::optional_argument:
      return {{"type", Json::array({"string", "integer"})}};
    default:
      return {{"type", "string"}};
  }
}

Json described(const Parameter& parameter) {
  Json schema = schema_of(parameter);
  schema["description"] = parameter.help;
  return schema;
}

Json body_of(const Verb& verb) {
  Json properties = Json::object(), needed = Json::array();
  for (const Parameter& parameter : verb.parameters) {
    if (!parameter.is_sent()) continue;
    properties[parameter.name] = described(parameter);
    if (parameter.required) needed.push_back(parameter.name);
  }
  const bool is_needed = !needed.empty();
  Json schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (is_needed) schema["required"] = std::move(needed);
  return {{"required", is_needed}, {"content", {{"application/json", {{"schema", std::move(schema)}}}}}};
}

Json query_of(const Verb& verb) {
  Json list = Json::array();
  for (const Parameter& parameter : verb.parameters) {
    if (!parameter.is_sent()) continue;
    list.push_back({{"name", parameter.name},
                    {"in", "query"},
                    {"required", parameter.required},
                    {"description", parameter.help},
                    {"schema", {{"type", "string"}}}});
  }
  return list;
}

Json reference(const char* what) { return {{"$ref", std::string("#/components/") + what}}; }

Json operation_of(const Verb& verb, const char* suffix) {
  Json operation{{"operationId", std::string(verb.method) + suffix},
                 {"summary", verb.summary},
                 {"description", std::string("Takes the role ") + to_text(verb.needs) + "."}};
  operation["responses"] = {
      {"200", {{"description", "done"}, {"content", {{"application/json", {{"schema", {{"type", "object"}}}}}}}}},
      {"default", reference("responses/error")}};
  return operation;
}

Json path_of(const Verb& verb) {
  Json path = Json::object();
  if (verb.looks) {
    path["get"] = operation_of(verb, ".get");
    path["get"]["parameters"] = query_of(verb);
  }
  path["post"] = operation_of(verb, "");
  path["post"]["requestBody"] = body_of(verb);
  return path;
}

Json text_in(const char* place, const char* name, const char* help) {
  return {{"name", name}, {"in", place}, {"description", help}, {"schema", {{"type", "string"}}}};
}

// What is no verb: event_stream.h.
Json events_path() {
  Json operation{{"operationId", "events"},
                 {"summary", "tell what happens, as server-sent events, until the client goes"},
                 {"description", "Takes the role reader."}};
  operation["parameters"] = Json::array({text_in("query", "zone", "only what concerns this zone"),
                                         text_in("query", "secondary", "only what concerns this address"),
                                         text_in("header", "Last-Event-ID", "go on behind the event with this id")});
  operation["responses"] = {
      {"200", {{"description", "events"}, {"content", {{"text/event-stream", {{"schema", {{"type", "string"}}}}}}}}},
      {"default", reference("responses/error")}};
  return {{"get", std::move(operation)}};
}

}  // namespace

Json openapi_document() {
  Json paths = Json::object();
  paths["/events"] = events_path();
  for (const Verb& verb : verbs()) paths[std::string("/") + verb.method] = path_of(verb);
  const Json error{{"type", "object"},
                   {"properties", {{"error", {{"type", "string"}}}, {"code", {{"type", "integer"}}}}},
                   {"required", Json::array({"error"})}};
  return {{"openapi", "3.1.0"},
          {"info", {{"title", "axfrd"}, {"version", AXFRD_VERSION}}},
          {"servers", Json::array({Json{{"url", "/api/axfrd/v1"}}})},
          {"security", Json::array({Json{{"key", Json::array()}}, Json{{"bearer", Json::array()}}})},
          {"paths", std::move(paths)},
          {"components",
           {{"responses",
             {{"error",
               {{"description", "a sentence that says why not"},
                {"content", {{"application/json", {{"schema", error}}}}}}}}},
            {"securitySchemes",
             {{"key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"}}},
              {"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
}

}  // namespace axfrd::control
