// The command line of axfrctl, read with the help of the table of verbs.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "control/base/json.h"
#include "control/command/verbs.h"

namespace axfrd::control {

struct CtlCommand {
  std::filesystem::path socket;
  bool json = false;
  bool local_time = false;  // times are printed so, and not in UTC
  const Verb* verb = nullptr;
  Json params = Json::object();    // strings and lists of strings, all UTF-8
  std::vector<std::string> files;  // of a verb that takes files
  // Of files that are looked at here, without axfrd.
  bool is_local = false;
  std::string origin{};  // the zone that they are of; empty: it is in the file's name
  bool strict = false;
  // Of a verb that is done to many zones: the file that names them, or all that axfrd has.
  std::string zones_from{};
  bool all_zones = false;
  bool is_bulk() const { return all_zones || !zones_from.empty(); }

  // Beside the verbs of axfrd: those of standard input, and names for the completion of a word.
  enum class How : uint8_t { verb, batch, names };
  How how = How::verb;
  std::string prefix{};  // of the names
};

// Text to be printed, which is all that was asked for.
struct CtlText {
  std::string text;
};

// What is wrong, in a sentence, and what is to be known beyond that.
struct CtlUsageError : std::runtime_error {
  explicit CtlUsageError(const std::string& reason, std::string help_text = "")
      : std::runtime_error(reason), help(std::move(help_text)) {}
  std::string help;  // lines, for people
};

// Whether errors are to be JSON, however wrong the rest of the command line is.
bool wants_json(const std::vector<std::string>& arguments);

// Throws CtlUsageError.
std::variant<CtlCommand, CtlText> parse_ctl_arguments(const std::vector<std::string>& arguments);

}  // namespace axfrd::control
