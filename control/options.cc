#include "control/options.h"

#include <sys/un.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "control/access/secondary.h"
#include "control/base/parse_name.h"
#include "control/http/console_pack.h"
#include "control/notify/transfer_log.h"
#include "control/option_table.h"
#include "dataplane/eal.h"
#include "zones/wire/number.h"

namespace axfrd::control {

namespace {

namespace po = boost::program_options;
using Strings = std::vector<std::string>;

// ---- what there is ----

// Meaningless without a DPDK port.
constexpr std::array kPortOnly{"port",         "tap",     "vhost-net", "workers",   "worker-cpus",
                               "control-cpus", "no-huge", "memory",    "idle-sleep"};

void add(po::options_description& group, const Option& spec) {
  po::options_description_easy_init options = group.add_options();
  if (spec.kind == Option::Kind::toggle) {
    options(spec.name, po::bool_switch(), spec.help);
  } else if (spec.kind == Option::Kind::list) {
    options(spec.name, po::value<Strings>()->value_name(spec.placeholder), spec.help);
  } else {
    auto* value = po::value<std::string>()->value_name(spec.placeholder);
    if (spec.preset != nullptr) value->default_value(spec.preset);
    options(spec.name, value, spec.help);
  }
}

constexpr unsigned kHelpWidth = 80;

void add_group(po::options_description& all, const OptionGroup& group) {
  po::options_description options(group.title, kHelpWidth);
  for (const Option& spec : group.options) add(options, spec);
  all.add(options);
}

po::options_description file_options() {
  po::options_description all(kHelpWidth);
  for (const OptionGroup& group : option_groups()) {
    if (group.in_file) add_group(all, group);
  }
  return all;
}

po::options_description command_line_options() {
  po::options_description all(kHelpWidth);
  for (const OptionGroup& group : option_groups()) add_group(all, group);
  return all;
}

std::string help_text() {
  std::ostringstream text;
  text << "axfrd answers DNS on DPDK ports and serves zones to secondaries.\n\n"
          "usage: axfrd --port INTERFACE|DEVARGS... [--address ADDR/LEN...] [OPTION...]\n"
          "             [-- EAL-ARGUMENT...]\n"
          "       axfrd --no-port [OPTION...]\n"
       << command_line_options();
  return std::move(text).str();
}

// ---- reading ----

[[noreturn]] void fail(const std::string& sentence) { throw OptionsError(sentence); }

// A sentence that begins with the option.
[[noreturn]] void fail(const std::string& option, const std::string& rest, const std::string& value = "") {
  throw OptionsError("--" + option + rest, option, value);
}

// Values by option, with errors that name the option.
class Values {
 public:
  explicit Values(const po::variables_map& map) : map_(map) {}

  bool given(const char* name) const {
    const auto at = map_.find(name);
    return at != map_.end() && !at->second.defaulted();
  }
  bool on(const char* name) const { return map_[name].as<bool>(); }
  std::string text(const char* name) const { return map_.count(name) != 0 ? map_[name].as<std::string>() : ""; }
  Strings list(const char* name) const { return map_.count(name) != 0 ? map_[name].as<Strings>() : Strings{}; }

  unsigned number(const char* name, unsigned least, unsigned most) const {
    const std::string digits = text(name);
    if (const auto value = zones::number_in<unsigned>(digits, least, most)) return *value;
    fail(name, ": '" + digits + "' is not a number from " + std::to_string(least) + " to " + std::to_string(most),
         digits);
  }

  // `parse` of one value; what it throws is told with the option's name.
  template <class Parse>
  static auto parsed(const char* name, const std::string& value, Parse&& parse) {
    try {
      return parse(value);
    } catch (const std::invalid_argument& error) {
      fail(name, std::string(": ") + error.what(), value);
    }
  }

 private:
  const po::variables_map& map_;
};

unsigned parse_cpu(std::string_view digits, const std::string& whole) {
  if (const auto cpu = zones::number_in<unsigned>(digits, 0, 4095)) return *cpu;
  throw std::invalid_argument("'" + whole + "' is no list of CPUs such as 1,3-5");
}

std::vector<unsigned> parse_cpus(const std::string& text) {
  std::vector<unsigned> cpus;
  std::istringstream items(text);
  for (std::string item; std::getline(items, item, ',');) {
    const size_t dash = item.find('-');
    const unsigned first = parse_cpu(std::string_view(item).substr(0, dash), text);
    const unsigned last = dash == std::string::npos ? first : parse_cpu(std::string_view(item).substr(dash + 1), text);
    if (last < first) throw std::invalid_argument("'" + item + "' counts backwards");
    for (unsigned cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  if (cpus.empty() || text.back() == ',')
    throw std::invalid_argument("'" + text + "' is no list of CPUs such as 1,3-5");
  if (std::set<unsigned>(cpus.begin(), cpus.end()).size() != cpus.size()) {
    throw std::invalid_argument("'" + text + "' names a CPU twice");
  }
  return cpus;
}

dataplane::IdleSleep parse_idle_sleep(const std::string& text) {
  if (text == "auto") return dataplane::IdleSleep::automatic;
  if (text == "on") return dataplane::IdleSleep::on;
  if (text == "off") return dataplane::IdleSleep::off;
  throw std::invalid_argument("'" + text + "' is none of auto, on, off");
}

unsigned worker_count(const Values& values, const std::vector<unsigned>& cpus) {
  const auto one_each = static_cast<unsigned>(cpus.size());
  if (!values.given("workers")) return cpus.empty() ? 1 : one_each;
  const unsigned workers = values.number("workers", 1, 128);
  if (!cpus.empty() && workers != one_each) {
    fail("workers",
         " " + std::to_string(workers) + " contradicts --worker-cpus, which names " + std::to_string(one_each));
  }
  return workers;
}

dataplane::DataplaneOptions read_dataplane(const Values& values, const Strings& eal_arguments) {
  dataplane::DataplaneOptions options;
  options.ports = values.list("port");
  options.addresses = values.list("address");
  options.tap = values.text("tap");
  if (values.on("vhost-net")) options.carrier = dataplane::Carrier::vhost_net;
  if (values.given("worker-cpus")) {
    options.worker_cpus = Values::parsed("worker-cpus", values.text("worker-cpus"), parse_cpus);
  }
  if (values.given("control-cpus")) {
    options.control_cpus = Values::parsed("control-cpus", values.text("control-cpus"), parse_cpus);
  }
  options.workers = worker_count(values, options.worker_cpus);
  options.huge_pages = !values.on("no-huge");
  options.memory_mib = values.number("memory", 16, 1U << 20);
  options.idle_sleep = Values::parsed("idle-sleep", values.text("idle-sleep"), parse_idle_sleep);
  options.eal_arguments = eal_arguments;
  const bool has_interface = std::any_of(options.ports.begin(), options.ports.end(), &dataplane::is_interface);
  if (options.addresses.empty() && !has_interface)
    fail("port",
         " needs at least one --address ADDR/LEN to serve, unless it is an interface of the kernel, whose own "
         "addresses are served");
  return options;
}

void check_no_port(const Values& values, const Strings& eal_arguments) {
  for (const char* name : kPortOnly) {
    if (values.given(name)) fail("no-port", " contradicts --" + std::string(name) + ", which is about DPDK ports");
  }
  if (!eal_arguments.empty()) fail("no-port", " contradicts the EAL arguments after --");
}

Prefix parse_served_address(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return Prefix::parse_interface(text);
  const IpAddress address = parse_address(text);
  return {address, address_bits(address)};
}

std::vector<IpAddress> read_addresses(const Values& values) {
  std::vector<IpAddress> addresses;
  for (const std::string& text : values.list("address")) {
    // Without a port there is no interface whose prefix it would be.
    const Prefix prefix = values.on("no-port") ? Values::parsed("address", text, &parse_served_address)
                                               : Values::parsed("address", text, &Prefix::parse_interface);
    if (std::find(addresses.begin(), addresses.end(), prefix.address) != addresses.end()) {
      fail("address", ": " + prefix.address.to_string() + " is given twice", text);
    }
    addresses.push_back(prefix.address);
  }
  return addresses;
}

std::optional<std::filesystem::path> read_zones_dir(const Values& values) {
  if (!values.given("zones-dir")) return std::nullopt;
  std::filesystem::path directory = values.text("zones-dir");
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error))
    fail("zones-dir", ": there is no directory " + directory.string());
  return directory;
}

// What the rate limit takes for secondaries: no more than it takes for one network, or everybody might be one.
std::optional<dataplane::Network> network_of(const Prefix& prefix) {
  const bool v4 = prefix.address.is_v4();
  if (prefix.length < (v4 ? 24U : 56U)) return std::nullopt;
  dataplane::Network network;
  network.address = v4 ? boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, prefix.address.to_v4()).to_bytes()
                       : prefix.address.to_v6().to_bytes();
  network.bits = prefix.length + (v4 ? 96U : 0U);
  return network;
}

void read_service(const Values& values, Options& options) {
  options.addresses = read_addresses(values);
  options.dns_port = static_cast<uint16_t>(values.number("dns-port", 1, 65535));
  options.store = values.text("store");
  if (options.store.empty()) fail("store", ": a directory is wanted");
  options.recover = values.on("recover");
  options.standby = values.on("standby");
  if (const auto backup = values.text("restore"); !backup.empty()) options.restore = backup;
  options.redo_log_octets = uint64_t{values.number("redo-log", 64, 1U << 20)} << 10;
  options.zones_dir = read_zones_dir(values);
  if (values.given("transfer-log")) options.transfer_log = values.text("transfer-log");
  if (options.transfer_log == "journal") options.transfer_log = kJournalSocket;
  if (values.given("audit-log")) options.audit_log = values.text("audit-log");
  for (const std::string& text : values.list("notify-source"))
    options.notify_sources.push_back(Values::parsed("notify-source", text, &parse_address));
  for (const std::string& text : values.list("primary-name"))
    options.primary_names.push_back(Values::parsed("primary-name", text, &parse_name));
  for (const bool v6 : {false, true}) {
    if (std::ranges::count(options.notify_sources, v6, [](const IpAddress& a) { return a.is_v6(); }) > 1)
      fail("notify-source", ": one address of each family");
  }
  options.behind_alarm = std::chrono::seconds(values.number("behind-alarm", 0, 30 * 86400));
  options.ending.interval = std::chrono::seconds(values.number("undelegated-interval", 1, 86400));
  options.ending.floor = std::chrono::seconds(values.number("undelegated-wait", 0, 7 * 86400));
  options.history_octets = size_t{values.number("history-memory", 0, 1U << 20)} << 20;
  options.transaction_timeout = std::chrono::seconds(values.number("transaction-timeout", 1, 86400));
  for (const std::string& text : values.list("allow-transfer")) {
    const Prefix prefix = Values::parsed(
        "allow-transfer", text, [](const std::string& rule) { return Prefix::parse(rule.substr(0, rule.find('='))); });
    options.allow_transfer.allow(prefix, Values::parsed("allow-transfer", text, &keys_behind));
    if (const auto network = network_of(prefix)) options.rate_limit.secondaries.push_back(*network);
  }
  options.responder.udp_payload = static_cast<uint16_t>(values.number("udp-payload", 512, 4096));
  options.rate_limit.rate = values.number("rate-limit", 0, 1'000'000);
  options.rate_limit.slip = values.number("rate-limit-slip", 0, 100);
  if (options.dataplane) options.dataplane->rate_limit = options.rate_limit;
  options.responder.nsid = values.text("nsid");
  options.responder.id_server = values.text("id-server");
  options.responder.version = values.text("version-text");
}

// The redirector's addresses, as URL records have them: with no TTL of their own to lower the record's.
zones::Addresses read_url_addresses(const Values& values) {
  std::set<std::string> v4, v6;
  for (const std::string& text : values.list("url-address")) {
    const IpAddress address = Values::parsed("url-address", text, &parse_address);
    if (address.is_v4()) {
      const auto bytes = address.to_v4().to_bytes();
      v4.emplace(bytes.begin(), bytes.end());
    } else {
      const auto bytes = address.to_v6().to_bytes();
      v6.emplace(bytes.begin(), bytes.end());
    }
  }
  zones::Addresses addresses;
  if (v4.empty() && v6.empty()) return addresses;
  constexpr uint32_t longest = 0x7FFFFFFF;  // RFC 2181 §8
  addresses.a = {true, longest, {}};
  addresses.aaaa = {true, longest, {}};
  for (const std::string& octets : v4) addresses.a.octets += octets;
  for (const std::string& octets : v6) addresses.aaaa.octets += octets;
  return addresses;
}

void read_alias(const Values& values, Options& options) {
  for (const std::string& text : values.list("resolver"))
    options.resolvers.push_back(Values::parsed("resolver", text, &HostPort::parse).to_text());
  options.alias.floor = std::chrono::seconds(values.number("alias-floor", 1, 86400));
  options.alias.rate = values.number("alias-rate", 1, 100000);
  options.alias.hold = std::chrono::seconds(values.number("alias-hold", 0, 7 * 86400));
  options.alias.max_addresses = values.number("alias-max-addresses", 1, 1000);
  options.alias.changes_an_hour = values.number("alias-changes", 1, 3600);
  options.alias.allow_special = values.on("alias-special");
  options.alias.url = read_url_addresses(values);
}

void read_tcp(const Values& values, TcpLimits& limits) {
  limits.max_sessions = values.number("tcp-max-sessions", 1, 1U << 20);
  limits.max_per_client = values.number("tcp-max-per-client", 1, 1U << 20);
  limits.max_per_prefix = values.number("tcp-max-per-prefix", 1, 1U << 20);
  limits.max_per_secondary = values.number("tcp-max-per-secondary", 0, 1U << 20);
  limits.idle = std::chrono::seconds(values.number("tcp-idle-timeout", 1, 86400));
}

std::filesystem::path read_control_socket(const Values& values) {
  std::string path = values.text("control-socket");
  if (path.empty()) fail("control-socket", ": a path is wanted");
  constexpr size_t most = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > most) fail("control-socket", ": the path is longer than " + std::to_string(most) + " octets");
  return path;
}

void read_http(const Values& values, HttpOptions& http) {
  for (const std::string& text : values.list("http")) {
    if (!text.starts_with('/')) {
      http.endpoints.push_back(Values::parsed("http", text, &Endpoint::parse));
    } else if (http.socket) {
      fail("http", ": one Unix socket is enough", text);
    } else if (text.size() >= sizeof(sockaddr_un::sun_path)) {
      fail("http", ": the path is too long", text);
    } else {
      http.socket = text;
    }
  }
  if (values.given("http-cert")) http.certificate = values.text("http-cert");
  if (values.given("http-key")) {
    if (!http.certificate) fail("http-key", " goes with --http-cert");
    http.key = values.text("http-key");
  }
  for (const Endpoint& endpoint : http.endpoints) {
    if (http.certificate || values.on("http-plain") || endpoint.address.is_loopback()) continue;
    fail("http", ": tokens can be read on the way to " + endpoint.address.to_string() +
                     ", which is not loopback: name a certificate by --http-cert, or say --http-plain");
  }
  http.open_metrics = values.on("http-open-metrics");
  http.console.is_on = values.on("console");
  if (http.console.is_on && !http.is_on()) fail("console", " goes with --http, which says where");
  if (http.console.is_on && ConsolePack::built_in().empty())
    fail("console", ": this axfrd was built without it, because npm was not there");
  for (const Endpoint& endpoint : http.endpoints) {
    if (!http.console.is_on || http.certificate || endpoint.address.is_loopback()) continue;
    fail("console", ": passwords can be read on the way to " + endpoint.address.to_string() +
                        ", which is not loopback: name a certificate by --http-cert");
  }
  for (std::string origin : values.list("console-origin")) {
    if (!origin.starts_with("https://") && !origin.starts_with("http://"))
      fail("console-origin", " begins with https:// or http://", origin);
    if (origin.find('/', origin.find("://") + 3) != std::string::npos)
      fail("console-origin", " has no path, and no slash at its end", origin);
    http.console.origins.push_back(std::move(origin));
  }
  for (const std::string& text : values.list("http-trusted-proxy"))
    http.console.trusted_proxies.push_back(Values::parsed(
        "http-trusted-proxy", text, [](const std::string& address) { return normalised(parse_address(address)); }));
  http.max_connections = values.number("http-max-connections", 1, 1U << 20);
  http.max_per_client = values.number("http-max-per-client", 1, 1U << 20);
}

Options read(const Values& values, const Strings& eal_arguments) {
  Options options;
  if (values.on("no-port")) {
    check_no_port(values, eal_arguments);
  } else {
    if (!values.given("port")) fail("port", " says where to serve DNS; --no-port does without DPDK");
    options.dataplane = read_dataplane(values, eal_arguments);
  }
  read_service(values, options);
  read_alias(values, options);
  read_tcp(values, options.tcp);
  options.responder.tcp_keepalive =
      static_cast<uint16_t>(std::min<int64_t>(options.tcp.idle / std::chrono::milliseconds(100), 0xFFFF));
  options.control_socket = read_control_socket(values);
  if (values.given("metrics")) options.metrics = Values::parsed("metrics", values.text("metrics"), &Endpoint::parse);
  read_http(values, options.http);
  options.log_level = Values::parsed("log-level", values.text("log-level"), &parse_log_level);
  return options;
}

// What a start would find out later: files that are not there, or that have no place to be made in. The backup of
// --restore may come after the check.
void check_paths(const Options& options) {
  std::error_code error;
  const auto needs_directory = [&](const char* name, const std::optional<std::filesystem::path>& file) {
    if (!file || *file == kJournalSocket) return;
    const auto parent = std::filesystem::absolute(*file).parent_path();
    if (!std::filesystem::is_directory(parent, error)) fail(name, ": there is no directory " + parent.string());
  };
  const auto needs_file = [&](const char* name, const std::optional<std::filesystem::path>& file) {
    if (file && !std::filesystem::exists(*file, error)) fail(name, ": there is no " + file->string());
  };
  needs_directory("transfer-log", options.transfer_log);
  needs_directory("audit-log", options.audit_log);
  needs_file("http-cert", options.http.certificate);
  needs_file("http-key", options.http.key);
}

// ---- collecting ----

// Takes the words that are no options, so that the error can name them.
constexpr const char* kStrayWords = "stray-words";

// What Boost.Program_options found wrong, in our words.
OptionsError in_our_words(const po::error& error) {
  // Such a line is no option with a value, but it stands where one would.
  if (const auto* line = dynamic_cast<const po::invalid_config_file_syntax*>(&error))
    return OptionsError("'" + line->tokens() + "' is neither 'option = value' nor a comment", line->tokens());
  const auto* with_name = dynamic_cast<const po::error_with_option_name*>(&error);
  const std::string known_as = with_name != nullptr ? with_name->get_option_name() : "";
  const std::string option = known_as.substr(std::min(known_as.find_first_not_of('-'), known_as.size()));
  const std::string name = known_as.starts_with('-') ? known_as : "--" + known_as;
  const auto sentence = [&]() -> std::string {
    if (dynamic_cast<const po::unknown_option*>(&error) != nullptr) return "there is no option " + name;
    if (dynamic_cast<const po::multiple_occurrences*>(&error) != nullptr) return name + " is given twice";
    if (dynamic_cast<const po::invalid_bool_value*>(&error) != nullptr) return name + " is on or off";
    const auto* syntax = dynamic_cast<const po::invalid_syntax*>(&error);
    if (syntax != nullptr && syntax->kind() == po::invalid_syntax::extra_parameter) return name + " takes no value";
    return name + " needs a value";
  };
  return OptionsError(sentence(), option);
}

void store_command_line(const Strings& arguments, po::variables_map& map) {
  // Abbreviations are not accepted: an option added later would make them ambiguous.
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  po::options_description known = command_line_options();
  known.add_options()(kStrayWords, po::value<Strings>());
  po::positional_options_description words;
  words.add(kStrayWords, -1);
  po::store(po::command_line_parser(arguments).options(known).positional(words).style(style).run(), map);
  if (map.count(kStrayWords) != 0) fail("'" + map[kStrayWords].as<Strings>().front() + "' is no option");
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

// The error with "FILE:LINE: " before it, of the line that it is about: that of the option, and of several the one with
// the value. With "FILE: " if there is none.
OptionsError placed(const std::string& name, const OptionsError& error) {
  std::ifstream file(name);
  size_t number = 0, found = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    line.resize(std::min(line.find('#'), line.size()));
    const size_t equals = line.find('=');
    if (error.option.empty() || trimmed(line.substr(0, equals)) != error.option) continue;
    const std::string value = equals == std::string::npos ? "" : trimmed(line.substr(equals + 1));
    if (found == 0 || value == error.value) found = number;
  }
  return OptionsError(name + (found != 0 ? ":" + std::to_string(found) : "") + ": " + error.what(), error.option,
                      error.value);
}

void store_file(const std::string& name, po::variables_map& map) {
  std::ifstream file(name);
  if (!file) fail("--config: cannot read " + name);
  try {
    po::store(po::parse_config_file(file, file_options()), map);
  } catch (const po::error& error) {
    throw placed(name, in_our_words(error));
  }
}

struct Collected {
  po::variables_map map;
  std::string file;                   // the configuration's; empty: there is none
  std::set<std::string> on_the_line;  // options of the command line, which come before those of the file
};

Collected collect(const Strings& arguments) {
  Collected collected;
  po::variables_map& map = collected.map;
  try {
    store_command_line(arguments, map);
  } catch (const po::error& error) {
    throw in_our_words(error);
  }
  if (map.count("config") == 0) return collected;
  for (const auto& [name, value] : map) {
    if (!value.defaulted()) collected.on_the_line.insert(name);
  }
  collected.file = map["config"].as<std::string>();
  store_file(collected.file, map);
  return collected;
}

bool is_of_file(const std::string& option, const Collected& collected) {
  return !collected.file.empty() && !collected.on_the_line.contains(option) && collected.map.count(option) != 0 &&
         !collected.map[option].defaulted();
}

std::vector<StatedOption> stated_options(const Collected& collected, const Strings& eal_arguments) {
  std::vector<StatedOption> all;
  const Values values(collected.map);
  for (const OptionGroup& group : option_groups()) {
    for (const Option& option : group.options) {
      if (!group.in_file && !values.given(option.name)) continue;  // --help, --version, ...
      StatedOption stated{option.name, {}, {}};
      if (option.kind == Option::Kind::toggle) {
        stated.values = {values.on(option.name) ? "on" : "off"};
      } else if (option.kind == Option::Kind::list) {
        stated.values = values.list(option.name);
      } else if (collected.map.count(option.name) != 0) {
        stated.values = {values.text(option.name)};
      }
      if (values.given(option.name)) stated.by = is_of_file(option.name, collected) ? collected.file : "command line";
      all.push_back(std::move(stated));
    }
  }
  if (!eal_arguments.empty()) all.push_back({"--", eal_arguments, "command line"});
  return all;
}

}  // namespace

std::string summary(const Options& options) {
  const auto config = std::ranges::find(options.stated, "config", &StatedOption::option);
  return "axfrd " AXFRD_VERSION ", store " + options.store.string() +
         (config != options.stated.end() ? ", configuration " + config->values.front() : ", no configuration file") +
         (options.dataplane ? "" : ", no port") + (options.standby ? ", standby" : "");
}

std::variant<Options, PrintAndExit> parse_options(const std::vector<std::string>& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  const Strings ours(arguments.begin(), end);
  const Strings eal_arguments(end == arguments.end() ? end : end + 1, arguments.end());
  const Collected collected = collect(ours);
  const Values values(collected.map);
  if (values.on("help")) return PrintAndExit{help_text()};
  if (values.on("version")) return PrintAndExit{"axfrd " AXFRD_VERSION "\n"};
  try {
    Options options = read(values, eal_arguments);
    if (values.on("check")) {
      check_paths(options);
      return PrintAndExit{"the configuration is sound\n"};
    }
    options.stated = stated_options(collected, eal_arguments);
    return options;
  } catch (const OptionsError& error) {
    if (is_of_file(error.option, collected)) throw placed(collected.file, error);
    throw;
  }
}

}  // namespace axfrd::control
