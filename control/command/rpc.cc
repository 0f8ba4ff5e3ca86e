#include "control/command/rpc.h"

#include <utility>

namespace axfrd::control {

namespace {

bool is_id(const Json& id) { return id.is_string() || id.is_number() || id.is_null(); }

RpcError invalid(const char* why) { return {RpcError::invalid_request, why}; }

constexpr size_t kPiece = 256 * 1024;

}  // namespace

JsonStream stream_of(std::function<bool(std::string&)> write) {
  return [write = std::move(write)](const JsonPiece& piece) {
    std::string text;
    bool more = true;
    while (more && text.size() < kPiece) more = write(text);
    piece(std::move(text), more);
  };
}

std::variant<RpcRequest, RpcError> parse_request(std::string_view line) {
  Json message = Json::parse(line, nullptr, false);
  if (message.is_discarded()) return RpcError{RpcError::parse_error, "the line is not JSON"};
  if (!message.is_object()) return invalid("a request is a JSON object; batches are not supported");
  RpcRequest request;
  if (const auto id = message.find("id"); id != message.end()) {
    if (!is_id(*id)) return invalid("\"id\" must be a string, a number or null");
    request.id = std::move(*id);
  }
  if (message.value("jsonrpc", Json()) != "2.0") return invalid("\"jsonrpc\" must be \"2.0\"");
  const auto method = message.find("method");
  if (method == message.end() || !method->is_string()) return invalid("\"method\" must be a string");
  request.method = method->get<std::string>();
  const auto params = message.find("params");
  request.params = params != message.end() ? std::move(*params) : Json::object();
  if (!request.params.is_object()) return RpcError{RpcError::invalid_params, "\"params\" must be an object"};
  return request;
}

std::string error_reply(const Json& id, int code, std::string_view message) {
  return dump({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}}) + "\n";
}

std::string result_reply(const Json& id, const Json& result) { return reply_head(id) + dump(result) + reply_tail(); }

std::string reply_head(const Json& id) { return R"({"jsonrpc":"2.0","id":)" + dump(id) + R"(,"result":)"; }

std::string reply_tail() { return "}\n"; }

}  // namespace axfrd::control
