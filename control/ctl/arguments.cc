#include "control/ctl/arguments.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "control/base/utf8.h"
#include "control/ctl/completion.h"
#include "control/ctl/help.h"
#include "control/ctl/standard_input.h"

namespace axfrd::control {

namespace {

using Source = Parameter::Source;

[[noreturn]] void refuse(const std::string& reason, const std::string& help = "") { throw CtlUsageError(reason, help); }

bool is_option(const Parameter& p) { return p.is_option(); }

// Whether an argument that may be the name of a zone is a file. What is printed of zones ends in a dot, and is none. A
// slash stands in some names, too (RFC 2317), which want their dot then.
bool is_file(const std::string& word) {
  if (word == "-") return true;
  if (word.ends_with('.')) return false;
  std::error_code error;
  const auto status = std::filesystem::status(word, error);
  return word.find('/') != std::string::npos || (exists(status) && !is_directory(status));
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
    if (words_.size() == 3 && words_[0] == "completion") return names();
    if (words_ == std::vector<std::string>{"batch"} && !help_) {
      command_.how = CtlCommand::How::batch;
      for (const auto& [name, value] : options_) {
        if (name != "socket") refuse("'batch' has no option --" + name);
        command_.socket = value;
      }
      return std::move(command_);
    }
    if (words_ == std::vector<std::string>{"completion", "bash"}) return CtlText{bash_completion()};
    if (!words_.empty() && words_[0] == "help") {
      help_ = true;
      words_.erase(words_.begin());
    }
    const bool is_own_verb =
        !words_.empty() && (words_[0] == "help" || words_[0] == "completion" || words_[0] == "batch");
    if (help_ && words_ == std::vector<std::string>{"batch"}) return CtlText{batch_help()};
    if (help_ && (words_.empty() || is_own_verb)) return CtlText{general_help()};
    if (words_.empty()) refuse("a verb is missing", "axfrctl help lists all verbs\n");
    command_.verb = find_verb_in_words();
    if (help_ && command_.verb != nullptr) return CtlText{verb_help(*command_.verb)};
    if (command_.verb == nullptr) return of_first_word();
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
    } else if (!is_known_option(name)) {
      refuse("there is no option " + name + did_you_mean(name, all_options()),
             "axfrctl help VERB lists those of a verb\n");
    } else if (is_flag(name.substr(2))) {
      if (value) refuse(name + " takes no value");
      options_[name.substr(2)] = "yes";
    } else {
      std::string& stated = options_[name.substr(2)];
      if (!stated.empty() && !has_source(name.substr(2), Source::list)) refuse(name + " is given twice");
      stated += (stated.empty() ? "" : ",") + (value ? *value : next_of(name));
    }
  }

  static bool is_flag(std::string_view name) {
    return std::ranges::any_of(verbs(), [&](const Verb& verb) {
      return std::ranges::any_of(verb.parameters, [&](const Parameter& p) { return p.is_flag() && p.name == name; });
    });
  }

  // `completion zones TEXT`: the zones whose names begin with that; likewise keys and providers.
  CtlCommand names() {
    const std::string& kind = words_[1];
    if (kind != "zones" && kind != "keys" && kind != "providers")
      refuse("there is no completion of '" + kind + "'; there is that of zones, keys and providers");
    const char* method = kind == "zones" ? "zone.list" : kind == "keys" ? "key.list" : "provider.list";
    command_.how = CtlCommand::How::names;
    command_.verb = find_verb(method);
    command_.prefix = words_[2];
    if (kind == "zones") command_.params = {{"limit", "500"}};
    if (kind == "zones" && !words_[2].empty()) command_.params["prefix"] = words_[2];
    for (const auto& [name, value] : options_) {
      if (name == "socket") command_.socket = value;
    }
    return std::move(command_);
  }

  // Whether any verb has it; which verb it will be is not known yet.
  static bool has_source(std::string_view name, Source source) {
    return std::ranges::any_of(verbs(), [&](const Verb& verb) {
      return std::ranges::any_of(verb.parameters,
                                 [&](const Parameter& p) { return p.source == source && p.name == name; });
    });
  }

  static std::vector<std::string> all_options() {
    std::vector<std::string> all{"--socket", "--json", "--local-time", "--help", "--version"};
    for (const Verb& verb : verbs()) {
      for (const Parameter& p : verb.parameters) {
        if (is_option(p)) all.push_back(std::string("--") + p.name);
      }
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  static bool is_known_option(const std::string& name) {
    const auto all = all_options();
    return std::ranges::find(all, name) != all.end();
  }

  bool* find_flag(const std::string& name) {
    if (name == "--json") return &command_.json;
    if (name == "--local-time") return &command_.local_time;
    if (name == "--help" || name == "-h") return &help_;
    if (name == "--version") return &version_;
    return nullptr;
  }

  std::string next_of(const std::string& option) {
    if (at_ == rest_.size()) refuse(option + " needs a value");
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

  // No verb: the first word may be that of some, whose help was asked for, or mistyped.
  CtlText of_first_word() const {
    const std::string some = verbs_that_begin_with(words_[0]);
    if (help_ && words_.size() == 1 && !some.empty()) return {"verbs:\n" + some};
    const std::string wrong = words_.size() > 1 && !some.empty() ? words_[0] + " " + words_[1] : words_[0];
    if (words_.size() == 1 && !some.empty()) refuse("'" + wrong + "' needs one of these verbs", some);
    std::vector<std::string> known{"help", "batch", "completion bash"};
    for (const Verb& verb : verbs()) known.push_back(verb.words());
    refuse("there is no verb '" + wrong + "'" + did_you_mean(wrong, known),
           some.empty() ? "axfrctl help lists all verbs\n" : some);
  }

  void assign() {
    for (const auto& [name, value] : options_) assign_option(name, value);
    if (!command_.zones_from.empty() && command_.all_zones) fail_usage("--zones-from and --all do not go together");
    size_t next = 0;
    for (const Parameter& parameter : command_.verb->parameters) assign_words(parameter, next);
    if (next < words_.size()) fail_usage("'" + words_[next] + "' is one argument too many");
    if (command_.is_local && command_.params.contains("all")) fail_usage("--all is about zones, and not about files");
    if (command_.files.size() > 1 && !command_.origin.empty())
      fail_usage("--origin NAME goes with one file, not with " + std::to_string(command_.files.size()));
    if (!command_.is_local && (command_.strict || !command_.origin.empty()))
      fail_usage((command_.strict ? "--strict" : "--origin") + std::string(" is about files, and there is none"));
    for (const Parameter& p : command_.verb->parameters) {
      // The zone of an import may be in the file's name.
      if (is_option(p) && p.required && command_.files.empty() && !command_.params.contains(p.name))
        fail_usage(p.written() + " is missing");
    }
  }

  // Gives `parameter` the words that are its, from `next` on.
  void assign_words(const Parameter& parameter, size_t& next) {
    using enum Parameter::Source;
    if (is_option(parameter) || parameter.source == client) return;
    if (command_.is_bulk() && parameter.name == std::string_view("zone")) return;
    if (next == words_.size()) {
      if (parameter.source == optional_argument || parameter.source == optional_secret ||
          parameter.source == name_or_files)
        return;
      fail_usage(std::string(parameter.placeholder) + " is missing");
    }
    const bool is_local = parameter.source == name_or_files && (next + 1 < words_.size() || is_file(words_[next]));
    if (parameter.source == files || is_local) {
      command_.is_local = is_local;
      command_.files.assign(words_.begin() + static_cast<ptrdiff_t>(next), words_.end());
      next = words_.size();
    } else if (parameter.source == rest) {
      Json all = Json::array();
      while (next < words_.size()) all.push_back(in_utf8(words_[next++]));
      command_.params[parameter.name] = std::move(all);
    } else if (parameter.source == secret || parameter.source == optional_secret) {
      command_.params[parameter.name] =
          in_utf8(words_[next] == "-" ? line_of_input(parameter.placeholder) : words_[next]);
      ++next;
    } else if (parameter.source == path) {
      command_.params[parameter.name] = in_utf8(absolute(words_[next++]));
    } else {
      command_.params[parameter.name] = in_utf8(words_[next++]);
    }
  }

  // What axfrd is told is JSON, which is UTF-8.
  static std::string in_utf8(const std::string& argument) {
    if (find_non_utf8(argument))
      refuse("the argument '" + as_utf8(argument) + "' is not UTF-8; write octets as \\DDD, as they stand here");
    return argument;
  }

  static std::string absolute(const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::absolute(path, error);
    if (error) refuse(path + ": the directory that this is relative to is not there any more");
    return whole.string();
  }

  // What would be seen in the list of processes if it were an argument.
  static std::string line_of_input(const char* what) {
    const auto line = StandardInput::get().line();
    if (!line || line->empty()) refuse(std::string(what) + " is missing on standard input");
    return *line;
  }

  void assign_option(const std::string& name, const std::string& value) {
    if (name == "socket") {
      command_.socket = value;
      return;
    }
    const auto& parameters = command_.verb->parameters;
    const auto known =
        std::ranges::find_if(parameters, [&](const Parameter& p) { return is_option(p) && p.name == name; });
    if (known == parameters.end()) fail_usage("'" + command_.verb->words() + "' has no option --" + name);
    if (known->source == Source::bulk) {
      command_.zones_from = value;
    } else if (known->source == Source::bulk_flag) {
      command_.all_zones = true;
    } else if (known->source == Source::own) {
      command_.origin = in_utf8(value);
    } else if (known->source == Source::own_flag) {
      command_.strict = true;
    } else {
      command_.params[name] = in_utf8(value);
    }
  }

  [[noreturn]] void fail_usage(const std::string& reason) const { refuse(reason, usage_of(*command_.verb)); }

  const std::vector<std::string> rest_;
  size_t at_ = 0;
  bool options_ended_ = false, help_ = false, version_ = false;
  std::vector<std::string> words_;
  std::map<std::string, std::string> options_;
  CtlCommand command_;
};

}  // namespace

bool wants_json(const std::vector<std::string>& arguments) {
  const auto end = std::ranges::find(arguments, "--");
  return std::find(arguments.begin(), end, "--json") != end;
}

std::variant<CtlCommand, CtlText> parse_ctl_arguments(const std::vector<std::string>& arguments) {
  return ArgumentReader(arguments).read();
}

}  // namespace axfrd::control
