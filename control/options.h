// Options: what axfrd is told at start-up, by command line and configuration file.
//
// The file has `key = value` lines, keys being option names without dashes; `#` starts a comment. What the command line
// says of an option replaces what the file says of it, repeated options included.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "control/access/acl.h"
#include "control/alias/alias.h"
#include "control/base/log.h"
#include "control/dns/tcp_limits.h"
#include "control/ending/endings.h"
#include "control/http/options.h"
#include "control/option_table.h"
#include "dataplane/dataplane.h"
#include "zones/answer/respond.h"

namespace axfrd::control {

struct Options {
  // Empty: --no-port, DNS is served by kernel sockets alone.
  std::optional<dataplane::DataplaneOptions> dataplane;
  // Where we serve. Empty: on the ports' own addresses; without a port, on every address of the host.
  std::vector<IpAddress> addresses;
  uint16_t dns_port = 53;  // of the kernel sockets

  zones::ResponderOptions responder;
  dataplane::RateLimitOptions rate_limit;  // of the kernel's sockets; the dataplane has it, too
  std::filesystem::path store;
  uint64_t redo_log_octets = 0;
  std::optional<std::filesystem::path> restore;  // a backup that the store is to be made of
  bool recover = false;                          // go on if acknowledged changes are lost
  bool standby = false;
  std::optional<std::filesystem::path> zones_dir;
  size_t history_octets = size_t{512} << 20;
  std::chrono::seconds transaction_timeout{600};
  AccessList allow_transfer;
  TcpLimits tcp;
  std::optional<std::filesystem::path> transfer_log;
  std::optional<std::filesystem::path> audit_log;
  std::vector<IpAddress> notify_sources;   // before those that we serve
  std::vector<zones::Name> primary_names;  // of ours, for secondaries
  std::chrono::seconds behind_alarm{300};  // 0: none
  AliasSettings alias;
  EndingSettings ending;
  std::vector<std::string> resolvers;  // ADDR or ADDR@PORT

  std::filesystem::path control_socket;
  std::optional<Endpoint> metrics;
  HttpOptions http;
  LogLevel log_level = LogLevel::info;

  std::vector<StatedOption> stated;  // all of them, as the operator knows them
};

// A sentence for the operator: what is wrong with the options.
struct OptionsError : std::runtime_error {
  explicit OptionsError(const std::string& sentence, std::string about = "", std::string which = "")
      : std::runtime_error(sentence), option(std::move(about)), value(std::move(which)) {}
  std::string option;  // that it is about, without dashes; empty: it is about none alone
  std::string value;   // of several, the one that is wrong
};

// What --help or --version print.
struct PrintAndExit {
  std::string text;
};

// Throws OptionsError. `arguments` are without the program's name.
std::variant<Options, PrintAndExit> parse_options(const std::vector<std::string>& arguments);

// What the first line of a log says: who writes it, and of what.
std::string summary(const Options& options);

}  // namespace axfrd::control
