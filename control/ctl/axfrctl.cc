// axfrctl, the operator's client.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <new>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "control/base/outcome.h"
#include "control/base/utf8.h"
#include "control/base/zone_file_name.h"
#include "control/base/zone_reader.h"
#include "control/base/zone_source_json.h"
#include "control/ctl/arguments.h"
#include "control/ctl/client.h"
#include "control/ctl/print.h"
#include "control/ctl/reply_reader.h"
#include "control/ctl/standard_input.h"
#include "control/ctl/zone_file_check.h"

namespace {

using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

// What ends with kFound did what it was asked to, and found what scripts want to know of.
constexpr int kFailed = 1, kUnusable = 2, kFound = 3;
// Codes of errors that are not axfrd's, in what --json prints: of JSON-RPC's invalid params, and of its server's own.
constexpr int kBadUsage = -32602, kNoServer = -32000;
constexpr const char* kForeignReply =
    "axfrd's reply is not to be understood; its version may be another (axfrctl --version)";
constexpr auto kStopPatience = std::chrono::seconds(30);

// What a full disk did not take is no success.
int check_output(int status) {
  std::cout.flush();
  if (std::cout) return status;
  std::cerr << "axfrctl: standard output could not be written\n";
  return kFailed;
}

// What is printed on standard error stands behind what was printed before on standard output.
void print_remarks(const Json& result) {
  std::ostringstream remarks;
  print_errors(remarks, result);
  print_warnings(remarks, result);
  if (remarks.view().empty()) return;
  std::cout.flush();
  std::cerr << remarks.view();
}

void print(const CtlCommand& command, const Json& params, const Json& result) {
  if (command.json) {
    std::cout << dump(result) << '\n';
  } else {
    print_result(std::cout, command.verb->method, params, result, command.local_time ? TimeZone::local : TimeZone::utc);
    print_remarks(result);
  }
}

// Shows that a request goes on, once that has taken a second: on one line of a terminal; elsewhere, in lines that come
// more and more seldom.
class Waiting {
 public:
  explicit Waiting(const CtlCommand& command) : command_(command) {}
  ~Waiting() {
    if (shown_ && terminal_) std::cerr << "\r\033[K";  // erases the line
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  void show() {
    const auto elapsed = Clock::now() - begun_;
    if (elapsed < next_) return;
    next_ = terminal_ ? Clock::duration() : 2 * elapsed;
    shown_ = true;
    std::cerr << (terminal_ ? "\r" : "axfrctl: ") << state() << (terminal_ ? "" : "\n") << std::flush;
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Asked for over a connection of its own: the other one waits.
  std::string state() const {
    if (command_.verb->method != std::string_view("zone.import-dir")) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begun_).count();
      return "axfrd is at it, " + human_duration(static_cast<uint64_t>(seconds));
    }
    CtlClient other(command_.socket);
    const Json progress = other.call("status", Json::object())["import"];
    if (terminal_) return progress_bar(progress["done"], progress["files"]);
    return progress["done"].dump() + " of " + progress["files"].dump() + " files are done";
  }

  const CtlCommand& command_;
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  const Clock::time_point begun_ = Clock::now();
  Clock::duration next_ = std::chrono::seconds(1);
  bool shown_ = false;
};

// What a result says by the exit status.
int status_of(const CtlCommand& command, const Json& result) {
  if (result.value("failed", 0) != 0) return kFailed;  // of an import of many files, some may have failed
  switch (command.verb->shown) {
    case Shown::ledger:
      return command.params.contains("behind") && !result.value("ledger", result.value("hosts", Json())).empty()
                 ? kFound
                 : 0;
    case Shown::checked:
      return result["sound"] == true ? 0 : kFound;
    case Shown::explained:
      return result["allowed"] == true ? 0 : kFound;
    case Shown::promoted:
      return result["zones_left"].empty() ? 0 : kFound;
    case Shown::findings:
      for (const Json& zone : result["zones"]) {
        const bool warned = command.strict && !zone.value("warnings", Json::array()).empty();
        if (!zone["refused"].empty() || !zone["faults"].empty() || warned) return kFound;
      }
      return 0;
    default:
      return 0;
  }
}

// A result that is a long list is printed while it comes, and never held as a whole.
int call_for_list(CtlClient& client, const CtlCommand& command, const Json& params, ListPicture& picture) {
  const auto add = [&](std::string_view item) {
    if (!command.json) picture.add(item);
  };
  const auto print_text = [](std::string_view text) { std::cout << text; };
  ReplyReader reader(picture.member(), add, command.json ? print_text : ReplyReader::Take());
  const Json rest = client.call(command.verb->method, params, reader);
  if (command.json) {
    std::cout << '\n';
  } else {
    picture.end(rest);
    print_remarks(rest);
  }
  const bool found = command.verb->shown == Shown::ledger && command.params.contains("behind") && reader.items() != 0;
  return found ? kFound : status_of(command, rest);
}

bool takes_long(const Verb& verb) {
  return std::string_view(verb.method).starts_with("zone.import") || verb.shown == Shown::backup_loaded ||
         verb.shown == Shown::promoted;
}

int call(CtlClient& client, const CtlCommand& command, const Json& params) {
  if (const auto picture = list_picture(std::cout, command.verb->method, params))
    return call_for_list(client, command, params, *picture);
  Json result;
  {
    Waiting waiting(command);
    result = client.call(command.verb->method, params,
                         takes_long(*command.verb) ? [&] { waiting.show(); } : std::function<void()>());
  }
  print(command, params, result);
  return status_of(command, result);
}

// One line, or one JSON object, on standard error.
void report(bool json, int code, const std::string& message) {
  std::cout.flush();
  if (json) {
    std::cerr << dump(Json{{"code", code}, {"message", message}}) << '\n';
  } else {
    std::cerr << "axfrctl: " << message << '\n';
  }
}

void report(const CtlCommand& command, const RefusedError& error) {
  report(command.json, error.error.value("code", 0), error.what());
}

// The zone that a file is named after. `option`: what says it if the name does not.
std::string zone_named_by(const std::string& file, const char* option) {
  if (file == "-")
    throw CtlUsageError(std::string("standard input does not say which zone it is: ") + option + " NAME is missing");
  const std::string name = std::filesystem::path(file).filename().string();
  if (find_non_utf8(name)) {
    throw CtlUsageError(as_utf8(file) + ": the file's name is not UTF-8 and names no zone: " + option +
                        " NAME is missing");
  }
  return zone_of_any_file(name).value_or(name);
}

// A file's content and what it includes. Whoever names a FIFO wants it to be read.
axfrd::zones::ZoneSource content_of(const std::string& file) {
  return file == "-" ? read_zone(STDIN_FILENO, "standard input") : read_zone(file, {.plain_only = false});
}

// What one file adds to the parameters: its content, and unless told the zone it is named after.
Json with_file(const CtlCommand& command, const std::string& file) {
  Json params = command.params;
  if (!params.contains("zone")) params["zone"] = zone_named_by(file, "--zone");
  params["parts"] = to_json(content_of(file));
  return params;
}

// The same result as axfrd gives of a zone.
int check_file(const CtlCommand& command, const std::string& file) {
  const std::string zone = command.origin.empty() ? zone_named_by(file, "--origin") : command.origin;
  const Json result{{"zones", Json::array({check_zone_file(content_of(file), zone)})}};
  print(command, command.params, result);
  return status_of(command, result);
}

// One bad file does not keep the others from being looked at, or sent.
int do_files(const CtlCommand& command, const std::function<int(const std::string& file)>& work) {
  int result = 0;
  for (const std::string& file : command.files) {
    try {
      result = std::max(result, work(file));
    } catch (const RefusedError& error) {
      report(command, error);
      result = kFailed;
    } catch (const ZoneReadError& error) {
      report(command.json, static_cast<int>(FailureCode::failed), error.what());
      result = kFailed;
    }
  }
  return result;
}

int send_files(CtlClient& client, const CtlCommand& command) {
  return do_files(command, [&](const std::string& file) { return call(client, command, with_file(command, file)); });
}

int check_files(const CtlCommand& command) {
  return do_files(command, [&](const std::string& file) { return check_file(command, file); });
}

int status_of(const RefusedError& error) { return error.error.value("code", 0) < 0 ? kUnusable : kFailed; }

bool is_unconfirmed(const RefusedError& error) {
  return error.error.value("code", 0) == static_cast<int>(FailureCode::unconfirmed);
}

// Asks whoever sits at the terminal. Elsewhere nobody can be asked, and the answer is no.
bool confirms(const std::string& question) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) return false;
  std::cerr << "axfrctl: " << question << "\nGo on? [y/N] " << std::flush;
  const auto line = StandardInput::get().line();
  return line == "y" || line == "Y" || line == "yes";
}

// Whoever disables secondary DNS by hand is told first what comes before that; scripts have said it all. All zones at
// once are nothing that a word too few should end.
bool disables_unasked(const CtlCommand& command) {
  const Json& params = command.params;
  if (command.verb->method != std::string_view("secondary.disable") || params.contains("yes") ||
      params.contains("when-undelegated"))
    return false;
  if (command.all_zones && isatty(STDIN_FILENO) == 0) throw CtlUsageError("--all ends them all: say --yes as well");
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) return false;
  const std::string zone = command.is_bulk() ? "each of these zones" : params.value("zone", "the zone");
  return !confirms("the secondaries of " + zone +
                   " may transfer no more from now on, and their NS names leave the zone. Take\nthese names out of the "
                   "delegation first, at the registrar, and wait for its TTL; or say --when-undelegated,\nand axfrd "
                   "waits for that");
}

int call_or_report(CtlClient& client, const CtlCommand& command, const Json& params) {
  try {
    return call(client, command, params);
  } catch (const RefusedError& error) {
    if (is_unconfirmed(error) && !command.json && confirms(error.what())) {
      Json meant = params;
      meant["yes"] = "yes";
      return call_or_report(client, command, meant);
    }
    report(command, error);
    return status_of(error);
  }
}

// ---- a verb for many zones ----

constexpr const char* kZonesAtOnce = "1000";

std::vector<std::string> zones_of_server(CtlClient& client) {
  std::vector<std::string> zones;
  Json page;
  do {
    Json params{{"limit", kZonesAtOnce}};
    if (!zones.empty()) params["after"] = zones.back();
    page = client.call("zone.list", params);
    for (const Json& zone : page["zones"]) zones.push_back(zone["zone"]);
  } while (page.value("more", false));
  return zones;
}

// A name a line; what follows # is a remark.
std::vector<std::string> zones_of_file(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) throw CtlUsageError(path + ": " + std::strerror(errno));
  }
  const auto next = [&]() -> std::optional<std::string> {
    if (path == "-") return StandardInput::get().line();
    std::string line;
    return std::getline(file, line) ? std::optional(line) : std::nullopt;
  };
  std::vector<std::string> zones;
  while (const auto line = next()) {
    std::istringstream words(line->substr(0, line->find('#')));
    std::string zone, more;
    if (!(words >> zone)) continue;
    if (words >> more) throw CtlUsageError(path + ": '" + *line + "' is more than the name of a zone");
    if (find_non_utf8(zone)) throw CtlUsageError(path + ": '" + as_utf8(*line) + "' is not UTF-8");
    zones.push_back(zone);
  }
  return zones;
}

// A line for each zone; what is to be said at the registrar is that of each zone's own `secondary show`.
int call_for_zones(CtlClient& client, const CtlCommand& command) {
  const auto zones = command.all_zones ? zones_of_server(client) : zones_of_file(command.zones_from);
  size_t changed = 0, unchanged = 0, failed = 0;
  std::map<std::string, size_t> delegations;  // what is to be changed at the registrar, and of how many zones
  const auto tell = [&](const std::string& zone, const CtlClient::Reply& reply) {
    const auto* refused = std::get_if<RefusedError>(&reply);
    if (refused != nullptr) {
      ++failed;
    } else {
      const Json& result = std::get<Json>(reply);
      ++(result.value("changed", true) ? changed : unchanged);
      if (const std::string change = delegation_change(result); !change.empty()) ++delegations[change];
    }
    if (command.json) {
      std::cout << dump(refused != nullptr ? Json{{"zone", zone}, {"error", refused->error}}
                                           : Json{{"zone", zone}, {"result", std::get<Json>(reply)}})
                << '\n';
    } else if (refused != nullptr) {
      std::cerr << "axfrctl: " << zone << ": " << refused->what() << '\n';
    }
  };
  for (const std::string& zone : zones) {
    Json params = command.params;
    params["zone"] = zone;
    client.send_ahead(command.verb->method, params, [&](const CtlClient::Reply& reply) { tell(zone, reply); });
  }
  client.await_all();
  if (!command.json) {
    std::cout << zones.size() << " zones: " << changed << " changed, " << unchanged << " so already, " << failed
              << " failed\n";
    for (const auto& [change, count] : delegations)
      std::cout << "at the registrar, for " << count << (count == 1 ? " zone: " : " zones: ") << change << '\n';
  }
  return failed == 0 ? 0 : kFailed;
}

// ---- verbs from standard input ----

// The words of a line: blanks part them, but not within quotation marks of either kind; a backslash quotes the next
// character, but not within single ones, and not before a digit, so that \DDD of a record stays.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool begun = false;
  char quote = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      if (begun) words.push_back(std::exchange(word, {}));
      begun = false;
      continue;
    }
    if (quote == 0 && !begun && c == '#') break;
    begun = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size() && (line[i + 1] < '0' || line[i + 1] > '9')) {
      word += line[++i];
    } else {
      word += c;
    }
  }
  if (quote != 0) throw CtlUsageError(std::string("a quotation mark is missing: ") + quote);
  if (begun) words.push_back(word);
  return words;
}

// The verbs of standard input, over the connection that all share.
//
// A verb is sent without waiting for the results of those before it, for axfrd serves them in their order; so what is
// to be seen is what would be if each waited, but for the time. There is one result for each verb, in the order of the
// lines, and the worst status in the end. A verb that fails does not keep the others from being done. It is waited
// where somebody types the lines, before verbs that read or print for themselves, and for nothing while the next line
// has not come: its results may be what that depends on.
class Batch {
 public:
  Batch(CtlClient& client, const CtlCommand& options) : client_(client), options_(options) {}

  int run() {
    try {
      while (const auto line = next_line()) {
        ++number_;
        take(*line);
      }
      client_.await_all();
    } catch (const ConnectionError& error) {
      if (sent_.empty()) throw;
      const std::string which = "line " + std::to_string(sent_.front()) +
                                (sent_.size() == 1 ? "" : " to line " + std::to_string(sent_.back()));
      throw ConnectionError(std::string(error.what()) + "; what " + which + " asked for may have been done or not");
    }
    return worst_;
  }

 private:
  std::optional<std::string> next_line() {
    StandardInput& input = StandardInput::get();
    while (!input.has_line() && client_.under_way() != 0) client_.await_input(STDIN_FILENO);
    if (!input.has_line()) std::cout.flush();
    return input.line();
  }

  void take(const std::string& line) {
    try {
      const auto words = words_of(line);
      if (!words.empty()) run_words(words);
    } catch (const CtlUsageError& error) {
      client_.await_all();
      report(options_.json, kBadUsage, "line " + std::to_string(number_) + ": " + error.what());
      note(kUnusable);
    }
  }

  void run_words(const std::vector<std::string>& words) {
    auto parsed = parse_ctl_arguments(words);
    if (const auto* text = std::get_if<CtlText>(&parsed)) {
      client_.await_all();
      std::cout << text->text;
      return;
    }
    auto& command = std::get<CtlCommand>(parsed);
    if (command.how != CtlCommand::How::verb) throw CtlUsageError("that is no verb of a batch");
    if (std::ranges::find(command.files, "-") != command.files.end())
      throw CtlUsageError("standard input has the verbs of the batch: name a file");
    command.json = command.json || options_.json;
    command.local_time = command.local_time || options_.local_time;
    if (!is_sent_ahead(command)) {
      client_.await_all();
      return note(run_now(command));
    }
    sent_.push_back(number_);
    client_.send_ahead(command.verb->method, command.params, [this, command](const CtlClient::Reply& reply) {
      sent_.pop_front();
      note(tell(command, reply));
    });
  }

  bool is_sent_ahead(const CtlCommand& command) const {
    return !is_typed_ && !command.is_bulk() && !command.is_local && command.files.empty() &&
           !takes_long(*command.verb) && !list_picture(std::cout, command.verb->method, command.params);
  }

  int run_now(const CtlCommand& command) {
    if (command.is_bulk()) return call_for_zones(client_, command);
    if (command.is_local) return check_files(command);
    if (!command.files.empty()) return send_files(client_, command);
    return call_or_report(client_, command, command.params);
  }

  static int tell(const CtlCommand& command, const CtlClient::Reply& reply) {
    if (const auto* refused = std::get_if<RefusedError>(&reply)) {
      report(command, *refused);
      return status_of(*refused);
    }
    const Json& result = std::get<Json>(reply);
    print(command, command.params, result);
    return status_of(command, result);
  }

  void note(int status) { worst_ = std::max(worst_, status); }

  CtlClient& client_;
  const CtlCommand& options_;
  const bool is_typed_ = isatty(STDIN_FILENO) != 0;
  int worst_ = 0;
  size_t number_ = 0;        // of the line
  std::deque<size_t> sent_;  // lines whose results have not come
};

// Names for the completion of a word, a line each.
int print_names(CtlClient& client, const CtlCommand& command) {
  const Json result = client.call(command.verb->method, command.params);
  for (const auto& [list, member] : {std::pair{"zones", "zone"}, {"keys", "key"}, {"providers", "provider"}}) {
    for (const Json& item : result.value(list, Json::array())) {
      const auto name = item[member].get<std::string>();
      if (name.starts_with(command.prefix) || std::string_view(list) == "zones") std::cout << name << '\n';
    }
  }
  return 0;
}

int run(const CtlCommand& command) {
  if (command.files.size() > 1 && command.params.contains("zone")) {
    throw CtlUsageError("--zone NAME goes with one file, not with " + std::to_string(command.files.size()));
  }
  if (command.is_local) return check_files(command);
  CtlClient client(command.socket, [] { std::cout.flush(); });
  if (command.how == CtlCommand::How::batch) return Batch(client, command).run();
  if (command.how == CtlCommand::How::names) return print_names(client, command);
  if (disables_unasked(command)) return kFailed;
  if (command.is_bulk()) return call_for_zones(client, command);
  if (!command.files.empty()) return send_files(client, command);
  if (command.verb->shown == Shown::checked && !command.json)
    std::cerr << "asking the parent zone's servers, the secondaries and a resolver ..." << std::endl;
  const int status = call_or_report(client, command, command.params);
  if (status == 0 && command.verb->shown == Shown::stopping && !client.wait_for_end(kStopPatience)) {
    report(command.json, static_cast<int>(FailureCode::timed_out), "axfrd was told to stop, but is still there");
    return kFailed;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool json = wants_json(arguments);
  try {
    const auto parsed = parse_ctl_arguments(arguments);
    if (const auto* text = std::get_if<CtlText>(&parsed)) {
      std::cout << text->text;
      return check_output(0);
    }
    return check_output(run(std::get<CtlCommand>(parsed)));
  } catch (const CtlUsageError& error) {
    report(json, kBadUsage, error.what());
    if (!json) std::cerr << error.help;
  } catch (const ConnectionError& error) {
    report(json, kNoServer, error.what());
  } catch (const Json::exception&) {
    report(json, kNoServer, kForeignReply);
  } catch (const std::invalid_argument&) {
    report(json, kNoServer, kForeignReply);
  } catch (const std::bad_alloc&) {
    report(json, kNoServer, "there is not enough memory for that");
  }
  return kUnusable;
}
