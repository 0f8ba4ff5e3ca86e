#include "control/verbs.h"

#include <algorithm>
#include <array>

namespace axfrd::control {

namespace {

using Source = Parameter::Source;

constexpr std::array kZone{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
};
constexpr std::array kImport{
    Parameter{"zone", Source::option, true, "NAME", "name of the zone (default: the file's name less .zone)"},
    Parameter{"text", Source::files, true, "FILE", "zone file; - is standard input"},
    Parameter{"file", Source::client, false, "", "where the text is from, for messages"},
};

constexpr std::array kVerbs{
    Verb{"status", "show what the server is doing", {}},
    Verb{"stats", "show the counters of packet path, kernel path, UDP and TCP", {}},
    Verb{"stop", "stop the server", {}},
    Verb{"zone.import", "add zones, or replace them, from zone files", kImport},
    Verb{"zone.list", "list all zones", {}},
    Verb{"zone.show", "show one zone: serial, size, memory", kZone},
    Verb{"zone.export", "print one zone as a zone file", kZone},
    Verb{"zone.remove", "remove one zone", kZone},
};

std::string usage_of(const Parameter& parameter) {
  switch (parameter.source) {
    case Source::argument:
      return std::string(" ") + parameter.placeholder;
    case Source::files:
      return std::string(" ") + parameter.placeholder + "...";
    case Source::option:
      return std::string(" [--") + parameter.name + " " + parameter.placeholder + "]";
    case Source::client:
      break;
  }
  return "";
}

}  // namespace

std::string Verb::words() const {
  std::string text = method;
  std::replace(text.begin(), text.end(), '.', ' ');
  return text;
}

std::string Verb::usage() const {
  std::string text = words();
  for (const Parameter& parameter : parameters) text += usage_of(parameter);
  return text;
}

std::span<const Verb> verbs() { return kVerbs; }

const Verb* find_verb(std::string_view method) {
  const auto verb = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& v) { return v.method == method; });
  return verb != kVerbs.end() ? &*verb : nullptr;
}

}  // namespace axfrd::control
