#include "control/ctl/arguments.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <sstream>

#include "control/ctl/completion.h"
#include "control/ctl/print.h"

namespace axfrd::control {

namespace {

using Source = Parameter::Source;

[[noreturn]] void refuse(const std::string& reason) { throw CtlUsageError(reason); }

// ---- help ----

constexpr const char* kGlobalHelp =
    "  --socket PATH  where axfrd listens (default: /run/axfrd/control.sock)\n"
    "  --json         print the result as JSON\n"
    "  --help         help; behind a verb: help on that verb\n"
    "  --version      print the version\n";

std::string verb_table(const std::string& first_word) {
  Table table{{}, {false, false}};
  for (const Verb& verb : verbs()) {
    const std::string words = verb.words();
    if (words.starts_with(first_word)) table.rows.push_back({"  " + verb.usage(), verb.summary});
  }
  if (first_word.empty()) table.rows.push_back({"  completion bash", "print a completion script for bash"});
  std::ostringstream text;
  table.print(text);
  return std::move(text).str();
}

std::string general_help() {
  return "axfrctl tells axfrd what to do.\n\nusage: axfrctl [OPTION...] VERB [ARGUMENT...]\n\nverbs:\n" +
         verb_table("") + "\noptions:\n" + kGlobalHelp;
}

std::string verb_help(const Verb& verb) {
  Table table{{}, {false, false}};
  for (const Parameter& p : verb.parameters) {
    if (p.source == Source::client) continue;
    table.rows.push_back({"  " + p.written(), p.help});
  }
  std::ostringstream text;
  text << "usage: axfrctl [OPTION...] " << verb.usage() << "\n\n" << verb.summary << ".\n\n";
  table.print(text);
  text << kGlobalHelp;
  return std::move(text).str();
}

// ---- reading ----

class ArgumentReader {
 public:
  explicit ArgumentReader(const std::vector<std::string>& arguments) : rest_(arguments.begin(), arguments.end()) {
    command_.socket = kDefaultControlSocket;
  }

  std::variant<CtlCommand, CtlText> read() {
    while (at_ < rest_.size()) take(rest_[at_++]);
    if (version_) return CtlText{"axfrctl " AXFRD_VERSION "\n"};
    if (words_ == std::vector<std::string>{"completion", "bash"}) return CtlText{bash_completion()};
    if (words_.empty()) {
      if (help_) return CtlText{general_help()};
      refuse("a verb is missing\n" + verb_table(""));
    }
    command_.verb = find_verb_in_words();
    if (help_) return CtlText{command_.verb != nullptr ? verb_help(*command_.verb) : general_help()};
    if (command_.verb == nullptr) fail_unknown_verb();
    assign();
    return std::move(command_);
  }

 private:
  void take(const std::string& argument) {
    if (options_ended_ || argument == "-" || !argument.starts_with("-")) {
      words_.push_back(argument);
    } else if (argument == "--") {
      options_ended_ = true;
    } else {
      take_option(argument);
    }
  }

  void take_option(const std::string& argument) {
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const auto value = equals != std::string::npos ? std::optional(argument.substr(equals + 1)) : std::nullopt;
    if (bool* flag = find_flag(name)) {
      if (value) refuse(name + " takes no value");
      *flag = true;
    } else if (!name.starts_with("--")) {
      refuse("there is no option " + name);
    } else if (has_source(name.substr(2), Source::flag)) {
      if (value) refuse(name + " takes no value");
      options_[name.substr(2)] = "yes";
    } else {
      std::string& stated = options_[name.substr(2)];
      if (!stated.empty() && !has_source(name.substr(2), Source::list)) refuse(name + " is given twice");
      stated += (stated.empty() ? "" : ",") + (value ? *value : next_of(name));
    }
  }

  // Whether any verb has it; which verb it will be is not known yet.
  static bool has_source(std::string_view name, Source source) {
    return std::ranges::any_of(verbs(), [&](const Verb& verb) {
      return std::ranges::any_of(verb.parameters,
                                 [&](const Parameter& p) { return p.source == source && p.name == name; });
    });
  }

  bool* find_flag(const std::string& name) {
    if (name == "--json") return &command_.json;
    if (name == "--help" || name == "-h") return &help_;
    if (name == "--version") return &version_;
    return nullptr;
  }

  std::string next_of(const std::string& option) {
    if (at_ == rest_.size()) refuse(option + " needs a value, or does not exist");
    return rest_[at_++];
  }

  // The verb that the first words are; the words that follow are its arguments.
  const Verb* find_verb_in_words() {
    for (const size_t count : {size_t{2}, size_t{1}}) {
      if (words_.size() < count) continue;
      const std::string method = count == 2 ? words_[0] + "." + words_[1] : words_[0];
      if (const Verb* verb = find_verb(method)) {
        words_.erase(words_.begin(), words_.begin() + static_cast<ptrdiff_t>(count));
        return verb;
      }
    }
    return nullptr;
  }

  [[noreturn]] void fail_unknown_verb() const {
    const std::string some = verb_table(words_[0] + " ");
    if (!some.empty()) refuse("'" + words_[0] + "' needs one of these verbs:\n" + some);
    refuse("there is no verb '" + words_[0] + "'; these are:\n" + verb_table(""));
  }

  void assign() {
    for (const auto& [name, value] : options_) assign_option(name, value);
    size_t next = 0;
    for (const Parameter& parameter : command_.verb->parameters) assign_words(parameter, next);
    if (next < words_.size()) fail_usage("'" + words_[next] + "' is one argument too many");
  }

  // Gives `parameter` the words that are its, from `next` on.
  void assign_words(const Parameter& parameter, size_t& next) {
    using enum Parameter::Source;
    if (parameter.source == option || parameter.source == list || parameter.source == flag) return;
    if (parameter.source == client) return;
    if (next == words_.size()) {
      if (parameter.source == optional_argument) return;
      fail_usage(std::string(parameter.placeholder) + " is missing");
    }
    if (parameter.source == files) {
      command_.files.assign(words_.begin() + static_cast<ptrdiff_t>(next), words_.end());
      next = words_.size();
    } else if (parameter.source == rest) {
      std::string text = words_[next++];
      while (next < words_.size()) text += " " + words_[next++];
      command_.params[parameter.name] = text;
    } else if (parameter.source == secret) {
      command_.params[parameter.name] = words_[next] == "-" ? line_of_input(parameter.placeholder) : words_[next];
      ++next;
    } else if (parameter.source == path) {
      command_.params[parameter.name] = std::filesystem::absolute(words_[next++]).string();
    } else {
      command_.params[parameter.name] = words_[next++];
    }
  }

  // What would be seen in the list of processes if it were an argument.
  static std::string line_of_input(const char* what) {
    std::string line;
    if (!std::getline(std::cin, line) || line.empty()) refuse(std::string(what) + " is missing on standard input");
    return line;
  }

  void assign_option(const std::string& name, const std::string& value) {
    if (name == "socket") {
      command_.socket = value;
      return;
    }
    const auto& parameters = command_.verb->parameters;
    const bool known = std::any_of(parameters.begin(), parameters.end(), [&](const Parameter& p) {
      return (p.source == Source::option || p.source == Source::list || p.source == Source::flag) && p.name == name;
    });
    if (!known) fail_usage("there is no option --" + name);
    command_.params[name] = value;
  }

  [[noreturn]] void fail_usage(const std::string& reason) const {
    refuse(reason + "\nusage: axfrctl " + command_.verb->usage());
  }

  const std::vector<std::string> rest_;
  size_t at_ = 0;
  bool options_ended_ = false, help_ = false, version_ = false;
  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
  CtlCommand command_;
};

}  // namespace

std::variant<CtlCommand, CtlText> parse_ctl_arguments(const std::vector<std::string>& arguments) {
  return ArgumentReader(arguments).read();
}

}  // namespace axfrd::control
