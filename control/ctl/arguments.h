// The command line of axfrctl, read with the help of the table of verbs.
#pragma once

#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "control/command/verbs.h"

namespace axfrd::control {

struct CtlCommand {
  std::filesystem::path socket;
  bool json = false;
  const Verb* verb = nullptr;
  std::map<std::string, std::string> params;
  std::vector<std::string> files;  // of a verb that takes files
};

// Text to be printed, which is all that was asked for.
struct CtlText {
  std::string text;
};

struct CtlUsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws CtlUsageError.
std::variant<CtlCommand, CtlText> parse_ctl_arguments(const std::vector<std::string>& arguments);

}  // namespace axfrd::control
