// JSON-RPC 2.0: requests taken apart, replies put together.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "control/base/json.h"
#include "control/base/outcome.h"

namespace axfrd::control {

// The JSON text of a result, piece by piece: appends the next piece to the string, and returns whether more is to come.
using JsonStream = std::function<bool(std::string&)>;
using RpcResult = std::variant<Json, JsonStream>;

// What JSON-RPC itself says of a request that it cannot pass on.
struct RpcError {
  enum Code : int { parse_error = -32700, invalid_request = -32600, unknown_method = -32601, invalid_params = -32602 };
  Code code;
  std::string message;
};

struct RpcRequest {
  std::optional<Json> id;  // none: a notification, which gets no reply
  std::string method;
  Json params;  // an object
};

// Takes a request; calls `done` once, at once or later, in the loop's thread. RpcError tells of a request that fits no
// method.
using RpcDone = std::function<void(std::variant<RpcResult, Failure, RpcError>)>;
using RpcHandler = std::function<void(RpcRequest request, RpcDone done)>;

// Reads one line.
std::variant<RpcRequest, RpcError> parse_request(std::string_view line);

// Each ends with a newline.
std::string error_reply(const Json& id, int code, std::string_view message);
std::string result_reply(const Json& id, const Json& result);
// A reply whose result is streamed between these two.
std::string reply_head(const Json& id);
std::string reply_tail();

}  // namespace axfrd::control
