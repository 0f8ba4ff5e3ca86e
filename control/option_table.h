// The options of axfrd: one table, from which the parser, the help text and the manual page are made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace axfrd::control {

struct Option {
  enum class Kind : uint8_t { toggle, value, list };
  const char* name;
  Kind kind;
  const char* placeholder;
  const char* preset;  // nullptr: none
  const char* help;
};

struct OptionGroup {
  const char* title;
  std::span<const Option> options;
  bool in_file;  // may stand in the configuration file, too
};

std::span<const OptionGroup> option_groups();

// An option as axfrd runs with it.
struct StatedOption {
  std::string option;
  std::vector<std::string> values;  // of a toggle, "on" or "off"; empty: there is none
  std::string by;                   // the configuration file, or "command line"; empty: it is as nobody said otherwise
};

}  // namespace axfrd::control
