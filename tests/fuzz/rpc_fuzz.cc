// The control socket: a line to a request, and what operators write of secondaries and keys. Input: the line.
#include "control/command/rpc.h"

#include <stdexcept>

#include "control/access/key_book.h"
#include "control/access/provider.h"
#include "control/base/parse_name.h"
#include "control/base/utf8.h"
#include "control/base/zone_source_json.h"
#include "control/operate/record_arguments.h"
#include "tests/fuzz/fuzz.h"
#include "zones/text/zonefile.h"

using namespace axfrd;           // NOLINT(google-build-using-namespace)
using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

namespace {

// What is no secondary DNS or no grant is said by invalid_argument, and by nothing else.
template <class Work>
void or_refused(Work&& work) {
  try {
    work();
  } catch (const std::invalid_argument&) {
  }
}

// Arguments of `zone set` are one record, whatever they are.
void check_record(const Json& arguments) {
  std::vector<std::string> texts;
  for (const auto& argument : arguments) {
    if (argument.is_string()) texts.push_back(argument.get<std::string>());
  }
  or_refused([&] {
    const RecordLine line = record_line(texts);
    fuzz::require(line.text.find('\n') == std::string::npos, "a record is one line");
    const zones::Name apex = parse_name("example");
    (void)zones::parse_addition(line.text, apex, [](auto, auto) { return 60U; });
    (void)zones::parse_removal(line.text, apex);
  });
}

// How many values there are, and how deep they stand.
size_t count(const Json& value, size_t depth = 1) {
  fuzz::require(depth <= kMaxDepth + 1, "a request is not deep");
  size_t all = 1;
  if (value.is_object()) fuzz::require(value.size() <= kMaxMembers, "an object of a request is small");
  if (value.is_structured()) {
    for (const auto& item : value) all += count(item, depth + 1);
  }
  return all;
}

void check_params(const Json& params) {
  if (params.contains("parts")) {
    or_refused([&] {
      Json parts = params["parts"];
      const auto parsed =
          zones::parse_zone(zone_source_from(parts), *zones::Name::from_text("example"), {.max_generated = 64});
      if (const auto* zone = std::get_if<zones::ZoneText>(&parsed)) (void)dump(zone->warnings.texts());
    });
  }
  or_refused([&] { (void)to_json(refer(wish_from(params), {}, {}, {}, KeyBook{}, {})); });
  for (const auto& value : params) {
    if (value.is_array()) check_record(value);
    if (!value.is_string()) continue;
    check_record(Json::array({value}));
    const auto& text = value.get_ref<const std::string&>();
    or_refused([&] {
      const std::string written = control::to_text(parse_secondary(text));
      fuzz::require(control::to_text(parse_secondary(written)) == written, "a secondary reads as it is written");
    });
    or_refused([&] { (void)to_json(parse_grant("*", text, "")); });
    or_refused([&] { (void)to_json(parse_grant("*", "*", text)); });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  fuzz::require(!Json::parse(dump(as_utf8(std::string(line))), nullptr, false).is_discarded(), "text becomes JSON");
  const auto parsed = parse_request(line);
  if (const auto* error = std::get_if<RpcError>(&parsed)) {
    (void)error_reply(Json(), error->code, error->message);
    return 0;
  }
  const auto& request = std::get<RpcRequest>(parsed);
  fuzz::require(count(request.params) <= kMaxValues, "a request has few values");
  const std::string reply = result_reply(request.id.value_or(Json()), request.params);
  fuzz::require(!Json::parse(reply, nullptr, false).is_discarded(), "a reply is JSON");
  fuzz::require(reply.find('\n') == reply.size() - 1, "a reply is one line");
  check_params(request.params);
  return 0;
}
