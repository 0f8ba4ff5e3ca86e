// Verbs: what an operator can ask a running axfrd to do.
//
// One table, known to both sides of the control socket: the daemon checks requests against it, axfrctl takes its
// command line and its help from it. On the socket a verb is a JSON-RPC method ("zone.import"), on the command line its
// words ("zone import").
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace axfrd::control {

inline constexpr const char* kDefaultControlSocket = "/run/axfrd/control.sock";

struct Parameter {
  // How axfrctl is given the value.
  enum class Source : uint8_t {
    argument,           // the next argument
    optional_argument,  // the next argument, if there is one
    rest,               // all remaining arguments, as a list
    flag,               // --name, without a value; "yes" on the socket
    secret,             // the next argument, or the first line of standard input if that is -
    path,               // the next argument, a path that is made absolute
    files,              // the content of each file named by the remaining arguments, one request a file
    option,             // --name VALUE
    list,               // --name VALUE, which may be repeated; values with commas between them
    client              // axfrctl fills it in by itself
  };
  const char* name;  // in the JSON object
  Source source;
  bool required;  // by the daemon
  const char* placeholder;
  const char* help;

  std::string written() const;  // "--zone NAME", "FILE"
};

struct Verb {
  const char* method;
  const char* summary;
  std::span<const Parameter> parameters;

  std::string words() const;                // "zone import"
  std::string usage() const;                // "zone import [--zone NAME] FILE..."
  std::vector<std::string> usages() const;  // "[--zone NAME]", "FILE..."
};

std::span<const Verb> verbs();

// Verbs that belong together, for the help.
struct VerbGroup {
  const char* title;
  std::span<const Verb> verbs;
};
std::vector<VerbGroup> verb_groups();

// nullptr if there is none.
const Verb* find_verb(std::string_view method);

}  // namespace axfrd::control
