// What the handlers of verbs share: reading parameters, and answering. Reading throws std::invalid_argument.
#pragma once

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "control/base/address.h"
#include "control/base/outcome.h"
#include "control/base/parse_name.h"
#include "control/command/rpc.h"
#include "control/command/zone_json.h"
#include "zones/wire/name.h"
#include "zones/wire/number.h"

namespace axfrd::control {

// ---- parameters; @pre the verb requires it, or it is there ----

inline const std::string& text_in(const Json& params, const char* parameter) {
  return params[parameter].get_ref<const std::string&>();
}

inline zones::Name name_in(const Json& params, const char* parameter) { return parse_name(text_in(params, parameter)); }

inline zones::Name zone_in(const Json& params) { return name_in(params, "zone"); }

inline uint32_t number_in(const Json& params, const char* parameter, const char* what,
                          uint32_t most = std::numeric_limits<uint32_t>::max()) {
  const auto number = zones::number_in<uint32_t>(text_in(params, parameter));
  if (!number || *number > most) throw std::invalid_argument(std::string("\"") + parameter + "\" is not " + what);
  return *number;
}

// ---- parameters that may be left out ----

inline bool flag_in(const Json& params, const char* parameter) { return params.contains(parameter); }

inline std::string optional_text(const Json& params, const char* parameter) {
  return params.contains(parameter) ? text_in(params, parameter) : std::string();
}

inline std::optional<zones::Name> optional_name(const Json& params, const char* parameter) {
  return params.contains(parameter) ? std::optional(name_in(params, parameter)) : std::nullopt;
}

inline std::optional<HostPort> optional_place(const Json& params, const char* parameter) {
  return params.contains(parameter) ? std::optional(HostPort::parse(text_in(params, parameter))) : std::nullopt;
}

inline std::optional<uint32_t> optional_number(const Json& params, const char* parameter, const char* what,
                                               uint32_t most = std::numeric_limits<uint32_t>::max()) {
  return params.contains(parameter) ? std::optional(number_in(params, parameter, what, most)) : std::nullopt;
}

// A list that may stand there as one text.
inline std::vector<std::string> words_in(const Json& params, const char* parameter) {
  const Json& words = params[parameter];
  return words.is_string() ? std::vector{words.get<std::string>()} : words.get<std::vector<std::string>>();
}

// ---- answers ----

inline void refuse(const RpcDone& done, Failure failure) {
  if (failure.code == FailureCode::bad_request) return done(RpcError{RpcError::invalid_params, failure.reason});
  done(std::move(failure));
}

// Answers with what `picture` makes of an outcome, or with its failure.
template <class T, class Picture>
void answer(const RpcDone& done, Outcome<T> outcome, Picture&& picture) {
  if (auto* failure = std::get_if<Failure>(&outcome)) return refuse(done, std::move(*failure));
  done(RpcResult(picture(std::get<T>(std::move(outcome)))));
}

// The same later.
template <class T, class Picture>
Done<T> answering(RpcDone done, Picture picture) {
  return [done = std::move(done), picture = std::move(picture)](Outcome<T> outcome) {
    answer<T>(done, std::move(outcome), picture);
  };
}
template <class T>
Done<T> answering(RpcDone done) {
  return answering<T>(std::move(done), [](const T& value) { return to_json(value); });
}

}  // namespace axfrd::control
