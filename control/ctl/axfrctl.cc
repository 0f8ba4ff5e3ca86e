// axfrctl, the operator's client.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <iostream>
#include <new>

#include "control/base/outcome.h"
#include "control/base/utf8.h"
#include "control/base/zone_file_name.h"
#include "control/base/zone_reader.h"
#include "control/base/zone_source_json.h"
#include "control/ctl/arguments.h"
#include "control/ctl/client.h"
#include "control/ctl/print.h"

namespace {

using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

constexpr int kFailed = 1, kUnusable = 2;
// Codes of errors that are not axfrd's, in what --json prints: of JSON-RPC's invalid params, and of its server's own.
constexpr int kBadUsage = -32602, kNoServer = -32000;
constexpr auto kStopPatience = std::chrono::seconds(30);

// What a full disk did not take is no success.
int check_output(int status) {
  std::cout.flush();
  if (std::cout) return status;
  std::cerr << "axfrctl: standard output could not be written\n";
  return kFailed;
}

void print(const CtlCommand& command, const Json& params, const Json& result) {
  if (command.json) {
    std::cout << dump(result) << '\n';
  } else {
    print_result(std::cout, command.verb->method, params, result);
    std::cout.flush();
    print_errors(std::cerr, result);
    print_warnings(std::cerr, result);
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

// Whether all went well: of an import of many files, some may have failed.
bool call(CtlClient& client, const CtlCommand& command, const Json& params) {
  Json result;
  {
    Waiting waiting(command);
    const bool lasting = std::string_view(command.verb->method).starts_with("zone.import");
    result = client.call(command.verb->method, params, lasting ? [&] { waiting.show(); } : std::function<void()>());
  }
  print(command, params, result);
  return result.value("failed", 0) == 0;
}

// One line, or one JSON object, on standard error.
void report(bool json, int code, const std::string& message) {
  if (json) {
    std::cerr << dump(Json{{"code", code}, {"message", message}}) << '\n';
  } else {
    std::cerr << "axfrctl: " << message << '\n';
  }
}

void report(const CtlCommand& command, const RefusedError& error) {
  report(command.json, error.error.value("code", 0), error.what());
}

// What one file adds to the parameters: its content and what it includes, and unless told the zone it is named after.
Json with_file(const CtlCommand& command, const std::string& file) {
  Json params = command.params;
  const bool standard_input = file == "-";
  if (!params.contains("zone")) {
    if (standard_input) throw CtlUsageError("standard input does not say which zone it is: --zone NAME is missing");
    const std::string name = std::filesystem::path(file).filename().string();
    if (find_non_utf8(name))
      throw CtlUsageError(as_utf8(file) + ": the file's name is not UTF-8 and names no zone: --zone NAME is missing");
    params["zone"] = zone_of_any_file(name).value_or(name);
  }
  // Whoever names a FIFO wants it to be read.
  params["parts"] =
      to_json(standard_input ? read_zone(STDIN_FILENO, "standard input") : read_zone(file, {.plain_only = false}));
  return params;
}

// One bad file does not keep the others from being sent.
int send_files(CtlClient& client, const CtlCommand& command) {
  int result = 0;
  for (const std::string& file : command.files) {
    try {
      if (!call(client, command, with_file(command, file))) result = kFailed;
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

int run(const CtlCommand& command) {
  if (command.files.size() > 1 && command.params.contains("zone")) {
    throw CtlUsageError("--zone NAME goes with one file, not with " + std::to_string(command.files.size()));
  }
  CtlClient client(command.socket);
  if (!command.files.empty()) return send_files(client, command);
  if (command.verb->method == std::string_view("secondary.check") && !command.json)
    std::cerr << "asking the parent zone's servers, the secondaries and a resolver ..." << std::endl;
  try {
    if (!call(client, command, command.params)) return kFailed;
  } catch (const RefusedError& error) {
    report(command, error);
    return error.error.value("code", 0) < 0 ? kUnusable : kFailed;
  }
  if (command.verb->method == std::string_view("stop") && !client.wait_for_end(kStopPatience)) {
    report(command.json, static_cast<int>(FailureCode::timed_out), "axfrd was told to stop, but is still there");
    return kFailed;
  }
  return 0;
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
    report(json, kNoServer, "axfrd's reply is not to be understood; its version may be another (axfrctl --version)");
  } catch (const std::bad_alloc&) {
    report(json, kNoServer, "there is not enough memory for that");
  }
  return kUnusable;
}
