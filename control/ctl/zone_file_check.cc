#include "control/ctl/zone_file_check.h"

#include <stdexcept>
#include <vector>

#include "control/base/parse_name.h"
#include "control/base/utf8.h"
#include "control/ctl/arguments.h"
#include "zones/text/file_check.h"

namespace axfrd::control {

namespace {

// They quote the file, whose octets may be any.
Json printable(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const std::string& text : texts) list.push_back(as_utf8(text));
  return list;
}

}  // namespace

Json check_zone_file(const zones::ZoneSource& source, const std::string& zone) {
  const std::string file = as_utf8(source.parts.front().file);
  try {
    const zones::Name apex = parse_name(zone);
    const zones::FileFindings found = zones::check_file(source, apex);
    return {{"zone", apex.to_text()},
            {"file", file},
            {"serial", found.serial ? Json(*found.serial) : Json()},
            {"records", found.records},
            {"refused", printable(found.refused)},
            {"faults", printable(found.faults)},
            {"warnings", printable(found.warnings.texts())},
            {"warnings_left_out", found.warnings.left_out()}};
  } catch (const std::invalid_argument& error) {
    throw CtlUsageError(file + ": " + error.what() + "; --origin NAME says which zone it is");
  }
}

}  // namespace axfrd::control
