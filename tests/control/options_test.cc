#include "control/options.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using Words = std::vector<std::string>;
const test::TemporaryDirectory& directory() {
  static const test::TemporaryDirectory made;
  return made;
}

Options options_of(const Words& arguments) { return std::get<Options>(parse_options(arguments)); }

std::string words_of(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Words with_port(Words more) {
  Words all{"--port", "net_ring0", "--address", "192.0.2.53/24"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Words without_port(Words more) {
  more.insert(more.begin(), "--no-port");
  return more;
}

TEST(Options, DefaultsAreThoseOfTheHelp) {
  const Options options = options_of({"--no-port"});
  EXPECT_FALSE(options.dataplane.has_value());
  EXPECT_TRUE(options.allow_transfer.empty());
  EXPECT_EQ(options.dns_port, 53);
  EXPECT_EQ(options.responder.udp_payload, 1232);
  EXPECT_EQ(options.tcp.max_sessions, 4096U);
  EXPECT_EQ(options.tcp.max_per_client, 256U);
  EXPECT_EQ(options.tcp.idle, std::chrono::seconds(30));
  EXPECT_EQ(options.control_socket, "/run/axfrd/control.sock");
  EXPECT_TRUE(options.resolvers.empty());
  EXPECT_EQ(options.alias.floor, std::chrono::seconds(30));
  EXPECT_EQ(options.alias.rate, 200U);
  EXPECT_FALSE(options.alias.url.a.known);
}

TEST(Options, ItIsKnownWhatWasSaidAndByWhom) {
  const auto file = directory() / "said.conf";
  std::ofstream(file) << "no-port = on\nresolver = 192.0.2.1\nresolver = 192.0.2.2\nlog-level = debug\n";
  const Options options = options_of({"--config", file.string(), "--log-level", "error"});
  const auto of = [&](const std::string& name) {
    const auto at = std::ranges::find(options.stated, name, &StatedOption::option);
    return at != options.stated.end() ? words_of(at->values) + " by " + at->by : "";
  };
  EXPECT_EQ(of("no-port"), "on by " + file.string());
  EXPECT_EQ(of("resolver"), "192.0.2.1 192.0.2.2 by " + file.string());
  EXPECT_EQ(of("log-level"), "error by command line");
  EXPECT_EQ(of("dns-port"), "53 by ");
  EXPECT_EQ(of("zones-dir"), " by ");
  EXPECT_EQ(of("help"), "");
  EXPECT_EQ(summary(options).find("axfrd "), 0U);
  EXPECT_NE(summary(options).find(", configuration " + file.string()), std::string::npos);
}

TEST(Options, ACheckFindsWhatIsNotThere) {
  const auto refusal = [](const Words& words) -> std::string {
    Words all{"--no-port", "--check"};
    all.insert(all.end(), words.begin(), words.end());
    try {
      (void)parse_options(all);
    } catch (const OptionsError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({"--audit-log", (directory() / "audit").string(), "--transfer-log", "journal"}), "");
  EXPECT_EQ(refusal({"--audit-log", "/nowhere/audit"}), "--audit-log: there is no directory /nowhere");
  EXPECT_EQ(refusal({"--transfer-log", "/nowhere/log"}), "--transfer-log: there is no directory /nowhere");
  EXPECT_EQ(refusal({"--http-cert", "/nowhere/cert"}), "--http-cert: there is no /nowhere/cert");
}

TEST(Options, ATransferRuleMayWantAKey) {
  const AccessList rules = options_of({"--no-port", "--allow-transfer", "192.0.2.0/24=new.key+old.key"}).allow_transfer;
  const zones::Name key = test::name("Old.Key.");
  EXPECT_TRUE(rules.match(parse_address("192.0.2.7"), &key)->allows);
  EXPECT_FALSE(rules.match(parse_address("192.0.2.7"), nullptr)->allows);
  EXPECT_THROW(parse_options({"--no-port", "--allow-transfer", "192.0.2.0/24="}), OptionsError);
  EXPECT_THROW(parse_options({"--no-port", "--allow-transfer", "192.0.2.0/24=a..b"}), OptionsError);
}

TEST(Options, ReadsWhereMetricsAreServed) {
  EXPECT_FALSE(options_of(without_port({})).metrics);
  const Options options = options_of(without_port({"--metrics", "2001:db8::1@9353"}));
  ASSERT_TRUE(options.metrics);
  EXPECT_EQ(options.metrics->address.to_string(), "2001:db8::1");
  EXPECT_EQ(options.metrics->port, 9353U);
}

TEST(Options, ReadsResolversAndTheRedirectorsAddresses) {
  const Options options = options_of(
      without_port({"--resolver", "192.0.2.1", "--resolver", "2001:db8::1@5353", "--alias-floor", "5", "--alias-rate",
                    "7", "--url-address", "10.0.0.2", "--url-address", "10.0.0.1", "--url-address", "2001:db8::80"}));
  EXPECT_EQ(options.resolvers, (Words{"192.0.2.1", "2001:db8::1@5353"}));
  EXPECT_EQ(options.alias.floor, std::chrono::seconds(5));
  EXPECT_EQ(options.alias.rate, 7U);
  EXPECT_EQ(options.alias.url.a.octets, (std::string{10, 0, 0, 1, 10, 0, 0, 2}));
  EXPECT_EQ(options.alias.url.aaaa.octets.size(), 16U);
}

TEST(Options, ReadsEverythingAboutPorts) {
  const Options options = options_of(with_port({"--port",
                                                "0000:01:00.0",
                                                "--address",
                                                "2001:db8::53/64",
                                                "--tap",
                                                "dns",
                                                "--workers",
                                                "3",
                                                "--worker-cpus",
                                                "1,3-4",
                                                "--control-cpus",
                                                "0",
                                                "--no-huge",
                                                "--memory",
                                                "64",
                                                "--idle-sleep",
                                                "off",
                                                "--",
                                                "--log-level=8",
                                                "-v"}));
  ASSERT_TRUE(options.dataplane.has_value());
  EXPECT_EQ(options.dataplane->ports, (Words{"net_ring0", "0000:01:00.0"}));
  EXPECT_EQ(options.dataplane->addresses, (Words{"192.0.2.53/24", "2001:db8::53/64"}));
  EXPECT_EQ(options.dataplane->tap, "dns");
  EXPECT_EQ(options.dataplane->workers, 3U);
  EXPECT_EQ(options.dataplane->worker_cpus, (std::vector<unsigned>{1, 3, 4}));
  EXPECT_EQ(options.dataplane->control_cpus, std::vector<unsigned>{0});
  EXPECT_FALSE(options.dataplane->huge_pages);
  EXPECT_EQ(options.dataplane->memory_mib, 64U);
  EXPECT_EQ(options.dataplane->idle_sleep, dataplane::IdleSleep::off);
  EXPECT_EQ(options.dataplane->eal_arguments, (Words{"--log-level=8", "-v"}));
  ASSERT_EQ(options.addresses.size(), 2U);
  EXPECT_EQ(options.addresses[1], parse_address("2001:db8::53"));
}

TEST(Options, AnInterfaceServesItsOwnAddressesUnlessTold) {
  const Options options = options_of({"--port", "eth1"});
  EXPECT_EQ(options.dataplane->ports, Words{"eth1"});
  EXPECT_TRUE(options.dataplane->addresses.empty());
  EXPECT_TRUE(options.addresses.empty());
}

TEST(Options, ReadsEverythingAboutTheService) {
  const Options options = options_of({"--no-port",
                                      "--address",
                                      "127.0.0.5/8",
                                      "--dns-port",
                                      "5353",
                                      "--zones-dir",
                                      directory().path(),
                                      "--allow-transfer",
                                      "10.0.0.0/8",
                                      "--allow-transfer",
                                      "::1",
                                      "--udp-payload",
                                      "512",
                                      "--rate-limit",
                                      "50",
                                      "--rate-limit-slip",
                                      "3",
                                      "--nsid",
                                      "here",
                                      "--id-server",
                                      "me",
                                      "--version-text",
                                      "old",
                                      "--tcp-max-sessions",
                                      "7",
                                      "--tcp-max-per-client",
                                      "2",
                                      "--tcp-idle-timeout",
                                      "9",
                                      "--control-socket",
                                      "/tmp/c",
                                      "--log-level",
                                      "debug"});
  EXPECT_EQ(options.addresses, std::vector<IpAddress>{parse_address("127.0.0.5")});
  EXPECT_EQ(options.dns_port, 5353);
  EXPECT_EQ(options.zones_dir, directory().path());
  EXPECT_TRUE(options.allow_transfer.match(parse_address("10.1.2.3"), nullptr));
  EXPECT_TRUE(options.allow_transfer.match(parse_address("::1"), nullptr));
  EXPECT_EQ(options.responder.udp_payload, 512);
  EXPECT_EQ(options.rate_limit.rate, 50U);
  EXPECT_EQ(options.rate_limit.slip, 3U);
  EXPECT_EQ(options.responder.tcp_keepalive, 90U);
  EXPECT_EQ(options.responder.nsid, "here");
  EXPECT_EQ(options.responder.id_server, "me");
  EXPECT_EQ(options.responder.version, "old");
  EXPECT_EQ(options.tcp.max_sessions, 7U);
  EXPECT_EQ(options.tcp.max_per_client, 2U);
  EXPECT_EQ(options.tcp.idle, std::chrono::seconds(9));
  EXPECT_EQ(options.control_socket, "/tmp/c");
  EXPECT_EQ(options.log_level, LogLevel::debug);
}

TEST(Options, OneWorkerForEachOfItsCpus) {
  EXPECT_EQ(options_of(with_port({"--worker-cpus", "2-3"})).dataplane->workers, 2U);
  EXPECT_EQ(options_of(with_port({})).dataplane->workers, 1U);
}

struct Mistake {
  const char* what;
  Words arguments;
  const char* named;  // in the error
};

const Mistake kMistakes[] = {
    {"an unknown option", without_port({"--bogus"}), "bogus"},
    {"an abbreviation", without_port({"--allow", "::1"}), "allow"},
    {"a stray word", without_port({"nonsense"}), "'nonsense'"},
    {"an option without its value", {"--port"}, "port"},
    {"neither a port nor none", {}, "--no-port"},
    {"a port and none", with_port({"--no-port"}), "--port"},
    {"workers without a port", without_port({"--workers", "2"}), "--workers"},
    {"memory without a port", without_port({"--memory", "64"}), "--memory"},
    {"no huge pages without a port", without_port({"--no-huge"}), "--no-huge"},
    {"EAL arguments without a port", without_port({"--", "-v"}), "EAL"},
    {"a port without addresses", {"--port", "net_ring0"}, "--address"},
    {"an address that is none", with_port({"--address", "192.0.2.256/24"}), "192.0.2.256/24"},
    {"an address without its length", with_port({"--address", "192.0.2.1"}), "192.0.2.1"},
    {"a length that is too long", without_port({"--address", "192.0.2.1/33"}), "192.0.2.1/33"},
    {"an address twice", without_port({"--address", "192.0.2.1/24", "--address", "192.0.2.1/25"}), "twice"},
    {"a transfer rule that is none", without_port({"--allow-transfer", "example.com"}), "example.com"},
    {"a resolver that is no address", without_port({"--resolver", "dns.example"}), "dns.example"},
    {"metrics without a port", without_port({"--metrics", "192.0.2.1"}), "192.0.2.1@PORT"},
    {"metrics at no address", without_port({"--metrics", "localhost@9353"}), "localhost"},
    {"a resolver's port that is none", without_port({"--resolver", "192.0.2.1@x"}), "'x' is not a port"},
    {"a redirector that is no address", without_port({"--url-address", "www.example"}), "www.example"},
    {"a transfer rule with bits behind it", without_port({"--allow-transfer", "192.0.2.1/24"}), "192.0.2.0/24"},
    {"no workers", with_port({"--workers", "0"}), "--workers"},
    {"workers that are no number", with_port({"--workers", "many"}), "many"},
    {"workers below zero", with_port({"--workers", "-1"}), "--workers"},
    {"more workers than their CPUs", with_port({"--workers", "3", "--worker-cpus", "1,2"}), "--worker-cpus"},
    {"a CPU twice", with_port({"--worker-cpus", "1,1-2"}), "twice"},
    {"CPUs that count backwards", with_port({"--worker-cpus", "3-1"}), "backwards"},
    {"a list of CPUs that ends too soon", with_port({"--control-cpus", "1,"}), "1,"},
    {"CPUs that are none", with_port({"--control-cpus", "a"}), "'a'"},
    {"too little memory", with_port({"--memory", "1"}), "--memory"},
    {"an unknown idle mode", with_port({"--idle-sleep", "maybe"}), "maybe"},
    {"a payload below DNS's own", without_port({"--udp-payload", "511"}), "511"},
    {"a payload that is too large", without_port({"--udp-payload", "4097"}), "4097"},
    {"a port number of zero", without_port({"--dns-port", "0"}), "--dns-port"},
    {"a port number that is too large", without_port({"--dns-port", "65536"}), "65536"},
    {"no session at all", without_port({"--tcp-max-sessions", "0"}), "--tcp-max-sessions"},
    {"an idle time of nothing", without_port({"--tcp-idle-timeout", "0"}), "--tcp-idle-timeout"},
    {"an idle time that is no number", without_port({"--tcp-idle-timeout", "30s"}), "30s"},
    {"an unknown log level", without_port({"--log-level", "loud"}), "loud"},
    {"a zones directory that is not there", without_port({"--zones-dir", "/nowhere"}), "/nowhere"},
    {"a socket path that is too long", without_port({"--control-socket", std::string(200, 'a')}), "107"},
    {"a configuration file that is not there", {"--config", "/nowhere/axfrd.conf"}, "/nowhere/axfrd.conf"},
};

TEST(Options, EachMistakeIsNamed) {
  for (const Mistake& mistake : kMistakes) {
    SCOPED_TRACE(mistake.what);
    try {
      parse_options(mistake.arguments);
      ADD_FAILURE() << "accepted";
    } catch (const OptionsError& error) {
      EXPECT_NE(std::string(error.what()).find(mistake.named), std::string::npos) << error.what();
    }
  }
}

TEST(Options, AFileHasTheSameOptions) {
  directory().write("axfrd.conf",
                    "# a comment\nport = net_af_packet0,iface=x,qpairs=1\nport = net_ring0\naddress = 192.0.2.1/24\n"
                    "no-huge = true\nworkers = 2\n");
  const Options options = options_of({"--config", directory() / "axfrd.conf"});
  EXPECT_EQ(options.dataplane->ports, (Words{"net_af_packet0,iface=x,qpairs=1", "net_ring0"}));
  EXPECT_FALSE(options.dataplane->huge_pages);
  EXPECT_EQ(options.dataplane->workers, 2U);
}

TEST(Options, TheCommandLineReplacesWhatTheFileSays) {
  directory().write("replaced.conf", "no-port = yes\nallow-transfer = 10.0.0.0/8\nudp-payload = 600\nnsid = file\n");
  const Options options = options_of(
      {"--config", directory() / "replaced.conf", "--allow-transfer", "192.0.2.0/24", "--udp-payload", "900"});
  EXPECT_EQ(options.responder.udp_payload, 900);
  EXPECT_EQ(options.responder.nsid, "file");
  EXPECT_TRUE(options.allow_transfer.match(parse_address("192.0.2.1"), nullptr));
  EXPECT_FALSE(options.allow_transfer.match(parse_address("10.0.0.1"), nullptr));
}

TEST(Options, AMistakeInAFileIsToldWithItsName) {
  directory().write("bad.conf", "no-port = true\nbogus = 1\n");
  const std::string file = directory() / "bad.conf";
  try {
    parse_options({"--config", file});
    FAIL() << "accepted";
  } catch (const OptionsError& error) {
    EXPECT_NE(std::string(error.what()).find(file), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("bogus"), std::string::npos) << error.what();
  }
}

TEST(Options, AMistakeInAFileIsToldWithItsLine) {
  static const struct {
    const char *text, *told;
  } kFiles[] = {
      {"no-port = true\nbogus = 1\n", ":2: there is no option --bogus"},
      {"no-port = true\n\n# port = 1\nudp-payload = 99999\n", ":4: --udp-payload: '99999' is not a number"},
      {"no-port = true\nallow-transfer = 192.0.2.1\nallow-transfer = 192.0.2.1/24 # bits\n", ":3: --allow-transfer:"},
      {"no-port = true\n  what is this\n", ":2: 'what is this' is neither"},
      {"no-port = true\nno-huge = true\n", ":1: --no-port contradicts --no-huge"},
      {"no-port = true\naddress = 192.0.2.1\nnsid = 192.0.2.1\naddress=192.0.2.1\n", ":4: --address: 192.0.2.1 is"},
      {"no-port = true\nnsid = resolver\nresolver = x\n", ":3: --resolver: 'x'"},
      {"[part]\nudp-payload = 1\n", ": there is no option --part.udp-payload"},
  };
  const std::string file = directory() / "placed.conf";
  for (const auto& [text, told] : kFiles) {
    directory().write("placed.conf", text);
    try {
      parse_options({"--config", file, "--check"});
      ADD_FAILURE() << text;
    } catch (const OptionsError& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with(file + told)) << error.what();
    }
  }
  // What the command line says is no line of the file's.
  directory().write("placed.conf", "no-port = true\nudp-payload = 700\n");
  try {
    parse_options({"--config", file, "--udp-payload", "1"});
    ADD_FAILURE();
  } catch (const OptionsError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("--udp-payload")) << error.what();
  }
}

TEST(Options, ACheckStartsNothing) {
  const auto checked =
      parse_options({"--no-port", "--address", "192.0.2.53", "--metrics", "127.0.0.1:9153", "--check"});
  EXPECT_EQ(std::get<PrintAndExit>(checked).text, "the configuration is sound\n");
}

TEST(Options, AnErrorSaysWhichOptionAndValueItIsAbout) {
  try {
    parse_options(without_port({"--address", "192.0.2.1", "--address", "x"}));
    ADD_FAILURE();
  } catch (const OptionsError& error) {
    EXPECT_EQ(error.option, "address");
    EXPECT_EQ(error.value, "x");
  }
}

// All that read an address with a port, or without one, read it alike.
TEST(Options, APortStandsBehindAnAddressInAnyOfThreeWays) {
  const auto text_of = [](std::string_view text) { return HostPort::parse(text).to_text(); };
  for (const char* text :
       {"192.0.2.1@5353", "192.0.2.1:5353", "[192.0.2.1]:5353", "[192.0.2.1]@5353", "[::ffff:192.0.2.1]:5353"}) {
    EXPECT_EQ(Endpoint::parse(text).address.to_string(), "192.0.2.1") << text;
    EXPECT_EQ(Endpoint::parse(text).port, 5353) << text;
    EXPECT_EQ(text_of(text), "192.0.2.1@5353") << text;
    EXPECT_EQ(to_text(parse_secondary(text)), "192.0.2.1@5353") << text;
  }
  for (const char* text : {"2001:db8::1@53", "[2001:db8::1]:53", "[2001:db8::1]@53", "[2001:DB8:0::1]:53"}) {
    EXPECT_EQ(Endpoint::parse(text).address.to_string(), "2001:db8::1") << text;
    EXPECT_EQ(text_of(text), "2001:db8::1@53") << text;
  }
  for (const char* text : {"2001:db8::1", "[2001:db8::1]", "192.0.2.1", "[192.0.2.1]", "::"})
    EXPECT_FALSE(HostPort::parse(text).port) << text;
  EXPECT_EQ(to_text(parse_secondary("192.0.2.0/24@54=k")), "192.0.2.0/24@54=k.");
  for (const char* text :
       {"", "[", "[]", "]", "[::1", "[::1]x", "192.0.2.1:", "192.0.2.1@", ":53", "@53", "192.0.2.1:0",
        "192.0.2.1:65536", "[::1]:53:54", "192.0.2.1@53@54", "192.0.2.0/24:53", "x"}) {
    EXPECT_THROW((void)HostPort::parse(text), std::invalid_argument) << text;
    EXPECT_THROW((void)Endpoint::parse(text), std::invalid_argument) << text;
  }
  for (const char* text : {"2001:db8::1", "[2001:db8::1]", "::", "192.0.2.1"})
    EXPECT_THROW((void)Endpoint::parse(text), std::invalid_argument) << text;
  EXPECT_EQ(
      options_of({"--no-port", "--resolver", "[::1]:54", "--resolver", "192.0.2.1:55", "--resolver", "::1"}).resolvers,
      (Words{"::1@54", "192.0.2.1@55", "::1"}));
}

TEST(Options, HelpGroupsEveryOption) {
  const std::string text = std::get<PrintAndExit>(parse_options({"--help"})).text;
  for (const char* part : {"Packet path", "DNS service", "TCP", "Operation", "--port", "--allow-transfer", "--config",
                           "--control-socket", "EAL-ARGUMENT"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(text.find("stray"), std::string::npos);
  EXPECT_NE(std::get<PrintAndExit>(parse_options({"--version"})).text.find("axfrd 0."), std::string::npos);
}

}  // namespace
}  // namespace axfrd::control
