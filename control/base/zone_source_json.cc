#include "control/base/zone_source_json.h"

#include <stdexcept>
#include <utility>

#include "control/base/utf8.h"

namespace axfrd::control {

namespace {

template <class T>
T take(Json& object, const char* name) {
  try {
    return std::move(object.at(name).get_ref<T&>());
  } catch (const Json::exception&) {
    throw std::invalid_argument(std::string("a part of the zone has no ") + name);
  }
}

uint32_t number(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return 0;
  if (!found->is_number_unsigned() || found->get<uint64_t>() > UINT32_MAX)
    throw std::invalid_argument(std::string("a part of the zone has no number as its ") + name);
  return found->get<uint32_t>();
}

std::string text(Json& object, const char* name) {
  return object.contains(name) ? take<std::string>(object, name) : std::string();
}

}  // namespace

Json to_json(zones::ZoneSource source) {
  Json parts = Json::array();
  for (zones::ZoneSource::Part& part : source.parts) {
    Json includes = Json::array();
    for (const auto& include : part.includes) {
      Json line{{"line", include.line}};
      if (include.part != 0) line["part"] = include.part;
      if (include.part == 0) line["problem"] = as_utf8(include.problem);
      includes.push_back(std::move(line));
    }
    Json json{{"file", as_utf8(part.file)}, {"text", as_utf8(std::move(part.text))}, {"includes", std::move(includes)}};
    if (!part.remark.empty()) {
      json["remark"] = part.remark;
      json["remark_line"] = part.remark_line;
    }
    parts.push_back(std::move(json));
  }
  return parts;
}

zones::ZoneSource zone_source_from(Json& parts) {
  if (!parts.is_array() || parts.empty() || parts.size() > zones::kMaxParts)
    throw std::invalid_argument("\"parts\" is not an array of 1 to " + std::to_string(zones::kMaxParts) + " texts");
  zones::ZoneSource source;
  for (Json& json : parts) {
    if (!json.is_object()) throw std::invalid_argument("a part of the zone is no object");
    zones::ZoneSource::Part part;
    part.file = take<std::string>(json, "file");
    part.text = take<std::string>(json, "text");
    part.remark = text(json, "remark");
    part.remark_line = number(json, "remark_line");
    if (json.contains("includes")) {
      Json& includes = json["includes"];
      if (!includes.is_array()) throw std::invalid_argument("\"includes\" is no array");
      for (Json& include : includes) {
        if (!include.is_object()) throw std::invalid_argument("one of \"includes\" is no object");
        part.includes.push_back({number(include, "line"), number(include, "part"), text(include, "problem")});
      }
    }
    source.parts.push_back(std::move(part));
  }
  return source;
}

}  // namespace axfrd::control
