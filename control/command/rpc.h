// JSON-RPC 2.0: requests taken apart, replies put together.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "control/base/json.h"
#include "control/base/outcome.h"
#include "control/operate/principal.h"
#include "zones/wire/result.h"

namespace axfrd::control {

// The JSON text of a result, piece by piece, so that nobody waits for the whole of a large one. Asked for the next
// piece, it gives it, at once or later, in the loop's thread, and says whether more is to come.
using JsonPiece = std::function<void(std::string text, bool more)>;
using JsonStream = std::function<void(JsonPiece)>;
// Made of a function that appends a little to the text, and returns whether more is to come.
JsonStream stream_of(std::function<bool(std::string&)> write);

using RpcResult = std::variant<Json, JsonStream>;

// What JSON-RPC itself says of a request that it cannot pass on.
struct RpcError {
  enum Code : int { parse_error = -32700, invalid_request = -32600, unknown_method = -32601, invalid_params = -32602 };
  Code code;
  std::string message;
  Json id = nullptr;  // of the request, where it could be read
};

struct RpcRequest {
  std::optional<Json> id;  // none: a notification, which gets no reply
  std::string method;
  Json params;      // an object
  Principal who{};  // who asks, as the connection knows
};

// Takes a request; calls `done` once, at once or later, in the loop's thread. RpcError tells of a request that fits no
// method.
using RpcDone = std::function<void(std::variant<RpcResult, Failure, RpcError>)>;
using RpcHandler = std::function<void(RpcRequest request, RpcDone done)>;
// Which zone a request concerns: one that concerns another zone does and says the same whether it is served before it,
// behind it or beside it. None: nobody can say that.
using RpcReach = std::function<std::optional<std::string>(const RpcRequest&)>;

// Makes a value of JSON text, if it is within some limits: what is beyond them is refused when that shows, at a cost
// that does not grow with what follows. No member stands twice. Any thread.
struct JsonLimits {
  size_t members;  // of an object
  size_t values;   // in all
  size_t depth;
};
zones::Result<Json, RpcError> parse_json(std::string_view text, const JsonLimits& limits);

// Reads one line. A request that is larger than any that we have a method for is refused when that shows, at a cost
// that does not grow with what follows: an object of more than kMaxMembers members, more than kMaxValues values in all,
// one member twice, or more than kMaxDepth levels. Strings may be of any length. Any thread.
inline constexpr size_t kMaxMembers = 64, kMaxValues = 65536, kMaxDepth = 8;
zones::Result<RpcRequest, RpcError> parse_request(std::string_view line);

// Each ends with a newline.
std::string error_reply(const Json& id, int code, std::string_view message);
std::string result_reply(const Json& id, const Json& result);
// A reply whose result is streamed between these two.
std::string reply_head(const Json& id);
std::string reply_tail();

}  // namespace axfrd::control
