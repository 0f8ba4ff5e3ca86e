// What the commands share: reading parameters, and bringing outcomes back to the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>

#include "control/access/cookie.h"
#include "control/base/outcome.h"
#include "control/base/parse_name.h"
#include "control/command/rpc.h"
#include "control/command/zone_json.h"
#include "zones/name.h"

namespace axfrd::control {

// The name that params[`parameter`] holds. @pre check() passed for a verb that requires it.
inline std::variant<zones::Name, RpcError> name_in(const Json& params, const char* parameter) {
  try {
    return parse_name(params[parameter].get_ref<const std::string&>());
  } catch (const std::invalid_argument& error) {
    return RpcError{RpcError::invalid_params, error.what()};
  }
}

inline std::variant<zones::Name, RpcError> zone_name(const Json& params) { return name_in(params, "zone"); }

inline Failure no_such_zone(const zones::Name& apex) {
  return {FailureCode::no_such_zone, "there is no zone " + apex.to_text()};
}

// Brings an outcome from the committer's thread to the control loop, as JSON.
template <class T>
Done<T> in_loop(boost::asio::io_context& loop, RpcDone done) {
  return [&loop, done = std::move(done)](Outcome<T> outcome) {
    boost::asio::post(loop, [done, outcome = std::move(outcome)] {
      if (const auto* failure = std::get_if<Failure>(&outcome)) return done(*failure);
      done(RpcResult(to_json(std::get<T>(outcome))));
    });
  };
}

// What the operator may have mistyped is told as it is thrown.
template <class Work>
auto or_refuse(const RpcDone& done, Work&& work) -> std::optional<decltype(work())> {
  try {
    return work();
  } catch (const std::invalid_argument& error) {
    done(RpcError{RpcError::invalid_params, error.what()});
    return std::nullopt;
  }
}

}  // namespace axfrd::control
