// Makes a manual page when axfrd is built: the prose of a template, and in place of its lines @OPTIONS@, @VERBS@
// and @COUNTERS@ what the tables say.
//
// usage: manual TEMPLATE
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

void print_line(const std::string& line) {
  if (line == "@OPTIONS@") {
    print_options();
  } else if (line == "@VERBS@") {
    print_verbs();
  } else if (line == "@COUNTERS@") {
    print_counters();
  } else {
    std::cout << line << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::ifstream page(argc == 2 ? argv[1] : "");
  if (!page) {
    std::cerr << "usage: manual TEMPLATE\n";
    return 2;
  }
  for (std::string line; std::getline(page, line);) print_line(line);
}
