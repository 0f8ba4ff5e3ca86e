// axfrctl, the operator's client.
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "control/base/file.h"
#include "control/ctl/arguments.h"
#include "control/ctl/client.h"
#include "control/ctl/print.h"
#include "control/ctl/text.h"

namespace {

using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

constexpr int kFailed = 1, kUnusable = 2;
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
    std::cout << result.dump() << '\n';
  } else {
    print_result(std::cout, command.verb->method, params, result);
    std::cout.flush();
    print_warnings(std::cerr, result);
  }
}

// How far an import has come, on one line of a terminal. Asked over a connection of its own: the other one waits.
void show_progress(const CtlCommand& command) {
  CtlClient other(command.socket);
  const Json progress = other.call("status", Json::object())["import"];
  std::cerr << '\r' << progress_bar(progress["done"], progress["files"]) << std::flush;
}

void call(CtlClient& client, const CtlCommand& command, const Json& params) {
  const bool lasting = command.verb->method == std::string_view("zone.import-dir") && isatty(STDERR_FILENO) != 0;
  if (!lasting) return print(command, params, client.call(command.verb->method, params));
  const Json result = client.call(command.verb->method, params, [&] { show_progress(command); });
  std::cerr << "\r\033[K";  // erases the line
  print(command, params, result);
}

// What one file adds to the parameters: its content, its name, and unless told the zone it is named after.
Json with_file(const CtlCommand& command, const std::string& file) {
  Json params = command.params;
  const bool standard_input = file == "-";
  if (!params.contains("zone")) {
    if (standard_input) throw CtlUsageError("standard input does not say which zone it is: --zone NAME is missing");
    const std::filesystem::path name = std::filesystem::path(file).filename();
    params["zone"] = name.extension() == ".zone" ? name.stem().string() : name.string();
  }
  params["text"] = as_utf8(standard_input ? read_all(STDIN_FILENO, "standard input") : read_file(file));
  params["file"] = standard_input ? "standard input" : as_utf8(file);
  return params;
}

void report(const CtlCommand& command, const RefusedError& error) {
  if (command.json) {
    std::cerr << error.error.dump() << '\n';
  } else {
    std::cerr << "axfrctl: " << error.what() << '\n';
  }
}

// One bad file does not keep the others from being sent.
int send_files(CtlClient& client, const CtlCommand& command) {
  int result = 0;
  for (const std::string& file : command.files) {
    try {
      call(client, command, with_file(command, file));
    } catch (const RefusedError& error) {
      report(command, error);
      result = kFailed;
    } catch (const std::system_error& error) {
      std::cerr << "axfrctl: " << error.what() << '\n';
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
  try {
    call(client, command, Json(command.params));
  } catch (const RefusedError& error) {
    report(command, error);
    return error.error.value("code", 0) < 0 ? kUnusable : kFailed;
  }
  if (command.verb->method == std::string_view("stop") && !client.wait_for_end(kStopPatience)) {
    std::cerr << "axfrctl: axfrd was told to stop, but is still there\n";
    return kFailed;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = parse_ctl_arguments({argv + 1, argv + argc});
    if (const auto* text = std::get_if<CtlText>(&parsed)) {
      std::cout << text->text;
      return check_output(0);
    }
    return check_output(run(std::get<CtlCommand>(parsed)));
  } catch (const std::exception& error) {
    std::cerr << "axfrctl: " << error.what() << '\n';
    return kUnusable;
  }
}
