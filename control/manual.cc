// Makes a manual page when axfrd is built: the prose of a template, and in place of its lines @OPTIONS@, @VERBS@,
// @METHODS@ and @COUNTERS@ what the tables say. Of README.md it makes the same with a table of all verbs between its
// two markers, in place of the one that stands there.
//
// usage: manual TEMPLATE|README
#include <fstream>
#include <iostream>

#include "control/command/metric_table.h"
#include "control/command/verbs.h"
#include "control/option_table.h"

namespace {

using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

// Text that roff takes as it stands: no escapes, no hyphens in place of minus signs, no requests.
std::string plain(std::string_view text) {
  std::string roff = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    if (c == '\\') {
      roff += "\\e";
    } else if (c == '-') {
      roff += "\\-";
    } else {
      roff += c;
    }
  }
  return roff;
}

// A term, and what it means.
void print_term(std::string_view term, std::string_view meaning) {
  std::cout << ".TP\n.B " << plain(term) << '\n' << plain(meaning) << '\n';
}

void print_options() {
  for (const OptionGroup& group : option_groups()) {
    std::cout << ".SS " << plain(group.title) << '\n';
    for (const Option& option : group.options) {
      const std::string value = option.placeholder != nullptr ? std::string(" ") + option.placeholder : "";
      const std::string preset = option.preset != nullptr ? std::string(" (default: ") + option.preset + ")" : "";
      print_term(std::string("--") + option.name + value, option.help + preset);
    }
  }
}

void print_verbs() {
  for (const Verb& verb : verbs()) {
    print_term(verb.usage(), verb.summary);
    std::cout << ".RS\n";
    for (const Parameter& parameter : verb.parameters) {
      if (parameter.source != Parameter::Source::client) print_term(parameter.written(), parameter.help);
    }
    std::cout << ".RE\n";
  }
}

// "zone; optional: behind (flag), state"
std::string parameters_of(const Verb& verb) {
  std::string required, optional;
  for (const Parameter& parameter : verb.parameters) {
    if (!parameter.is_sent()) continue;
    std::string& list = parameter.required ? required : optional;
    list += (list.empty() ? "" : ", ") + std::string(parameter.name) + (parameter.is_flag() ? " (flag)" : "");
  }
  if (optional.empty()) return required.empty() ? "no parameters" : required;
  return required + (required.empty() ? "" : "; ") + "optional: " + optional;
}

void print_methods() {
  for (const Verb& verb : verbs()) print_term(verb.method, parameters_of(verb));
}

// "udp, tcp: responses, by rcode"
std::string place_of(const Metric& metric) {
  std::string text;
  for (const Section& section : metric.sections) text += (text.empty() ? "" : ", ") + std::string(section.key);
  return text + ": " + metric.path + (metric.by != nullptr ? std::string(", by ") + metric.by : "");
}

void print_counters() {
  for (const Metric& metric : metric_table()) {
    print_term(place_of(metric), metric.help);
    std::cout << ".br\n" << plain(metric.name) << '\n';
  }
}

// A row is no wider than a line of a document may be; what options there are beyond that, `help VERB` says.
std::string row_of(const Verb& verb) {
  constexpr size_t kMostColumns = 120;
  const auto row = [&](const std::string& usage) {
    std::string text = "| `";
    // A bar ends a cell, even in code.
    for (const char c : usage) text += c == '|' ? "\\|" : std::string(1, c);
    return text + "` | " + verb.summary + " |";
  };
  if (std::string whole = row(verb.usage()); whole.size() <= kMostColumns) return whole;
  std::string usage = verb.words();
  for (const std::string& part : verb.usages()) {
    if (!part.starts_with("[--")) usage += " " + part;
  }
  return row(usage + " [OPTION...]");
}

void print_table() {
  std::cout << "| verb | |\n|---|---|\n";
  for (const VerbGroup& group : verb_groups()) {
    std::cout << "| **" << group.title << "** | |\n";
    for (const Verb& verb : group.verbs) std::cout << row_of(verb) << '\n';
  }
}

// Of docs/api.md.
void print_roles() {
  std::cout << "| endpoint | role | methods |\n|---|---|---|\n";
  for (const Verb& verb : verbs()) {
    std::cout << "| `" << verb.method << "` | " << to_text(verb.needs) << " | " << (verb.looks ? "GET, POST" : "POST")
              << " |\n";
  }
}

constexpr std::string_view kRolesBegin = "<!-- begin roles -->", kRolesEnd = "<!-- end roles -->";
constexpr std::string_view kTableBegins = "<!-- begin verbs -->", kTableEnds = "<!-- end verbs -->";

void print_line(const std::string& line) {
  if (line == "@OPTIONS@") {
    print_options();
  } else if (line == "@VERBS@") {
    print_verbs();
  } else if (line == "@METHODS@") {
    print_methods();
  } else if (line == "@COUNTERS@") {
    print_counters();
  } else {
    std::cout << line << '\n';
    if (line == kTableBegins) print_table();
    if (line == kRolesBegin) print_roles();
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::ifstream page(argc == 2 ? argv[1] : "");
  if (!page) {
    std::cerr << "usage: manual TEMPLATE|README\n";
    return 2;
  }
  bool is_replaced = false;
  for (std::string line; std::getline(page, line);) {
    is_replaced = is_replaced && line != kTableEnds && line != kRolesEnd;
    if (!is_replaced) print_line(line);
    is_replaced = is_replaced || line == kTableBegins || line == kRolesBegin;
  }
}
