// The help of axfrctl, made of the table of verbs. It fits a terminal of 80 columns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/command/verbs.h"

namespace axfrd::control {

inline constexpr size_t kTerminalWidth = 80;

// All verbs by group, a line each, and the options that all have.
std::string general_help();
// The arguments and options of one verb.
std::string verb_help(const Verb& verb);
std::string batch_help();
// "usage: axfrctl ..." of one verb.
std::string usage_of(const Verb& verb);
// A line for each verb that begins with this word; empty if there is none.
std::string verbs_that_begin_with(const std::string& first_word);

// "; did you mean ...?" with those of `known` that look like `wrong`; empty if none does.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& known);

}  // namespace axfrd::control
