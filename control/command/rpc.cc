#include "control/command/rpc.h"

#include <utility>
#include <vector>

namespace axfrd::control {

namespace {

bool is_id(const Json& id) { return id.is_string() || id.is_number() || id.is_null(); }

RpcError invalid(const char* why) { return {RpcError::invalid_request, why}; }

constexpr const char* kNotJson = "it is not JSON";
constexpr size_t kPiece = 256 * 1024;

// Makes a value of JSON text, as long as it is within our limits.
class BoundedReader : public nlohmann::json_sax<Json> {
 public:
  Json value;
  RpcError problem{RpcError::parse_error, kNotJson};  // if the text was not taken

  explicit BoundedReader(const JsonLimits& limits) : limits_(limits) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool v) override { return add(v); }
  bool number_integer(number_integer_t v) override { return add(v); }
  bool number_unsigned(number_unsigned_t v) override { return add(v); }
  bool number_float(number_float_t v, const string_t&) override { return add(v); }
  bool string(string_t& v) override { return add(std::move(v)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(size_t) override { return add(Json::object(), true); }
  bool start_array(size_t) override { return add(Json::array(), true); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

  bool key(string_t& name) override {
    const Json& object = *open_.back();
    if (object.size() >= limits_.members)
      return fail("an object of more than " + std::to_string(limits_.members) + " members");
    if (object.contains(name)) return fail("the member \"" + name + "\" stands twice");
    key_ = std::move(name);
    return true;
  }

 private:
  bool add(Json item, bool opens = false) {
    if (++count_ > limits_.values) return fail("more than " + std::to_string(limits_.values) + " values");
    Json* place = &value;
    if (!open_.empty() && open_.back()->is_array()) {
      open_.back()->push_back(nullptr);
      place = &open_.back()->back();
    } else if (!open_.empty()) {
      place = &(*open_.back())[key_];
    }
    *place = std::move(item);
    if (!opens) return true;
    open_.push_back(place);  // what it is in does not grow until it ends, so that it stays where it is
    if (open_.size() <= limits_.depth) return true;
    problem.message = "JSON of more than " + std::to_string(limits_.depth) + " levels";
    return false;
  }

  bool end() {
    open_.pop_back();
    return true;
  }

  bool fail(std::string why) {
    problem = {RpcError::invalid_request, std::move(why)};
    return false;
  }

  const JsonLimits limits_;
  std::vector<Json*> open_;  // objects and arrays that have not ended
  std::string key_;
  size_t count_ = 0;
};

// The id of a request that was not read to its end.
Json id_of(const Json& message) {
  const auto id = message.is_object() ? message.find("id") : message.end();
  return id != message.end() && is_id(*id) ? *id : Json();
}

}  // namespace

JsonStream stream_of(std::function<bool(std::string&)> write) {
  return [write = std::move(write)](const JsonPiece& piece) {
    std::string text;
    bool more = true;
    while (more && text.size() < kPiece) more = write(text);
    piece(std::move(text), more);
  };
}

zones::Result<Json, RpcError> parse_json(std::string_view text, const JsonLimits& limits) {
  BoundedReader reader(limits);
  if (Json::sax_parse(text, &reader)) return std::move(reader.value);
  if (reader.problem.code != RpcError::parse_error) reader.problem.id = id_of(reader.value);
  return std::move(reader.problem);
}

zones::Result<RpcRequest, RpcError> parse_request(std::string_view line) {
  auto read = parse_json(line, {kMaxMembers, kMaxValues, kMaxDepth});
  if (auto* error = std::get_if<RpcError>(&read)) {
    if (error->message == kNotJson) error->message = "the line is not JSON";
    return std::move(*error);
  }
  Json& message = std::get<Json>(read);
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
