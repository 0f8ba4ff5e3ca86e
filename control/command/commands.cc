#include "control/command/commands.h"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "control/base/parse_name.h"

namespace axfrd::control {

namespace {

bool is_list_of_strings(const Json& value) {
  return value.is_array() && std::ranges::all_of(value, [](const Json& item) { return item.is_string(); });
}

// What a program writes as true, false, a list or a number is what axfrctl sends as a string, or leaves out.
void make_strings(const Verb& verb, Json& params) {
  for (const Parameter& parameter : verb.parameters) {
    const auto value = params.find(parameter.name);
    if (value == params.end()) continue;
    if (parameter.source == Parameter::Source::list && is_list_of_strings(*value)) {
      std::string text;
      for (const Json& item : *value) text += (text.empty() ? "" : ",") + item.get_ref<const std::string&>();
      *value = std::move(text);
    } else if (parameter.takes_number() && value->is_number_integer()) {
      *value = value->dump();
    } else if (parameter.is_flag() && value->is_boolean()) {
      if (value->get<bool>()) {
        *value = "yes";
      } else {
        params.erase(value);
      }
    }
  }
}

std::optional<RpcError> check(const Verb& verb, const Json& params) {
  for (const auto& [name, value] : params.items()) {
    const auto parameter = std::ranges::find_if(
        verb.parameters, [&key = name](const Parameter& p) { return p.name == key && p.is_sent(); });
    if (parameter == verb.parameters.end())
      return RpcError{RpcError::invalid_params, verb.method + (": unknown parameter \"" + name + "\"")};
    if (parameter->source == Parameter::Source::files) {
      if (!value.is_array()) return RpcError{RpcError::invalid_params, "\"" + name + "\" must be an array"};
      continue;
    }
    // A variable that a script has not set would otherwise be a limit less.
    if (parameter->is_option() && !parameter->is_flag() && parameter->empty == Parameter::Empty::refused && value == "")
      return RpcError{RpcError::invalid_params, "\"" + name + "\" is empty; leave it out if that is meant"};
    const bool may_be_list = parameter->source == Parameter::Source::rest;
    if (value.is_string() || (may_be_list && is_list_of_strings(value))) continue;
    return RpcError{RpcError::invalid_params,
                    "\"" + name + "\" must be a string" + (may_be_list ? " or a list of strings" : "")};
  }
  for (const Parameter& parameter : verb.parameters) {
    if (parameter.required && !params.contains(parameter.name)) {
      return RpcError{RpcError::invalid_params, std::string(verb.method) + " needs \"" + parameter.name + "\""};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> zone_of(const RpcRequest& request) {
  const Verb* verb = find_verb(request.method);
  if (verb == nullptr || verb->reach != Reach::zone || request.params.contains("wait")) return std::nullopt;
  const auto name = request.params.find("zone");
  if (name == request.params.end() || !name->is_string()) return std::nullopt;
  try {
    return zones::sort_key(parse_name(name->get_ref<const std::string&>()));
  } catch (const std::invalid_argument&) {
    return std::nullopt;  // the request will be refused
  }
}

Commands::Commands(Operations& operations) : operations_(operations) {
  for (const auto handlers : {server_handlers(), zone_handlers(), secondary_handlers(), key_handlers()}) {
    for (const VerbHandler& handler : handlers) handlers_.emplace(handler.method, handler);
  }
  for (const Verb& verb : verbs()) {
    if (!handlers_.contains(verb.method)) throw std::logic_error(std::string("nothing handles ") + verb.method);
  }
}

void Commands::run(RpcRequest request, RpcDone done) {
  const Verb* verb = find_verb(request.method);
  if (verb == nullptr) return done(RpcError{RpcError::unknown_method, "there is no method \"" + request.method + "\""});
  make_strings(*verb, request.params);
  if (auto error = check(*verb, request.params)) return done(std::move(*error));
  try {
    handlers_.at(verb->method).run(operations_, request.who, request.params, done);
  } catch (const std::invalid_argument& error) {
    done(RpcError{RpcError::invalid_params, error.what()});
  }
}

}  // namespace axfrd::control
