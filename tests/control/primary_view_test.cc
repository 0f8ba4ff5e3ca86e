// What a secondary is told to write into its configuration. That servers take it, tests/system/test_snippets.py shows.
#include "control/operate/primary_view.h"

#include <gtest/gtest.h>

#include "control/access/secondary.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

PrimaryView primary() { return {{parse_address("192.0.2.53"), parse_address("2001:db8::53")}, 53, {}}; }
const PeerKey kKey{test::name("k.example."), "hmac-sha512"};

TEST(PeerConfiguration, StatesEachAddressWithItsPortAndKey) {
  const std::string bind = peer_configuration("bind", test::name("example.org."), primary(), kKey);
  for (const char* part : {"algorithm hmac-sha512;", "192.0.2.53 port 53 key \"k.example.\";", "2001:db8::53 port 53"})
    EXPECT_NE(bind.find(part), std::string::npos) << part << " in\n" << bind;
  const std::string nsd = peer_configuration("nsd", test::name("example.org."), primary(), std::nullopt);
  EXPECT_NE(nsd.find("request-xfr: 2001:db8::53@53 NOKEY"), std::string::npos) << nsd;
  const std::string powerdns = peer_configuration("powerdns", test::name("example.org."), primary(), kKey);
  EXPECT_NE(powerdns.find("'[2001:db8::53]:53'"), std::string::npos) << powerdns;
}

TEST(PeerConfiguration, NamesNotifySourcesThatAreNoneOfTheAddresses) {
  PrimaryView view = primary();
  view.notify_sources = {parse_address("192.0.2.54"), parse_address("2001:db8::53")};
  const auto text = [&](const char* software) {
    return peer_configuration(software, test::name("example.org."), view, std::nullopt);
  };
  EXPECT_NE(text("bind").find("allow-notify { 192.0.2.54; };"), std::string::npos) << text("bind");
  EXPECT_NE(text("nsd").find("allow-notify: 192.0.2.54 NOKEY"), std::string::npos);
  EXPECT_EQ(text("nsd").find("allow-notify: 192.0.2.53"), std::string::npos);
  EXPECT_NE(text("knot").find("[ \"192.0.2.54\", \"2001:db8::53\" ]"), std::string::npos) << text("knot");
  EXPECT_NE(text("powerdns").find("allow-notify-from=192.0.2.54\n"), std::string::npos) << text("powerdns");
}

TEST(PeerConfiguration, AFileNameIsPlainAndFitsAFileSystem) {
  const auto file_of = [](const std::string& apex) {
    const auto text = peer_configuration("nsd", test::name(apex), primary(), std::nullopt);
    const size_t begin = text.find("zonefile: \"") + 11;
    return text.substr(begin, text.find('"', begin) - begin);
  };
  EXPECT_EQ(file_of("0/25.2.0.192.in-addr.arpa."), "0_2f25.2.0.192.in-addr.arpa.zone");
  EXPECT_EQ(file_of("a%s\\\"\\032.example."), "a_25s_22_20.example.zone");
  EXPECT_EQ(file_of("."), "root.zone");
  const std::string label(60, 'a'), end = label + "." + label + "." + label + ".example.";
  EXPECT_LT(file_of("x." + end).size(), 255U);
  EXPECT_LT(file_of("\\001\\001\\001\\001." + end).size(), 255U);
  EXPECT_NE(file_of(label + "." + end), file_of(label + "." + std::string("b") + end.substr(1)));
}

// A customer chooses the name of a zone, and an operator pastes what is printed.
TEST(PeerConfiguration, ANameIsOneWordWhateverItsOctetsAre) {
  const zones::Name apex = test::name("it's`id`\\\"\\;.example."), key = test::name("a\\\" b\\\\.key.");
  const auto text = [&](const char* software) {
    return peer_configuration(software, apex, primary(), PeerKey{key, "hmac-sha256"});
  };
  const std::string name = "it\\039s\\096id\\096\\034\\059.example";
  EXPECT_NE(text("bind").find("zone \"" + name + ".\" {"), std::string::npos) << text("bind");
  EXPECT_NE(text("knot").find("domain: \"" + name + ".\"\n"), std::string::npos) << text("knot");
  EXPECT_NE(text("nsd").find("name: \"" + name + ".\"\n"), std::string::npos) << text("nsd");
  EXPECT_NE(text("powerdns").find(" '" + name + "' "), std::string::npos) << text("powerdns");
  EXPECT_NE(peer_configuration("powerdns", test::name("-x.example."), primary(), {}).find(" '\\045x.example' "),
            std::string::npos);
  for (const char* software : {"bind", "knot", "nsd", "powerdns"})
    EXPECT_NE(text(software).find("a\\034\\032b\\092.key"), std::string::npos) << text(software);
}

TEST(PeerConfiguration, OtherSoftwareIsRefusedByName) {
  EXPECT_THROW((void)peer_configuration("djbdns", test::name("a."), primary(), std::nullopt), std::invalid_argument);
}

TEST(ChosenSecondary, WantsAnAddressOnlyWhereKeysDiffer) {
  zones::SecondaryDns settings;
  const auto at = [&](const char* place) { return to_text(chosen_secondary(settings, HostPort::parse(place))); };
  EXPECT_THROW((void)chosen_secondary(settings, {}), std::invalid_argument);
  settings.secondaries = {parse_secondary("192.0.2.1=a"), parse_secondary("192.0.2.2=a")};
  EXPECT_EQ(to_text(chosen_secondary(settings, {})), to_text(settings.secondaries[0]));
  settings.secondaries.push_back(parse_secondary("192.0.2.3=b"));
  EXPECT_THROW((void)chosen_secondary(settings, {}), std::invalid_argument);
  EXPECT_EQ(at("192.0.2.3"), to_text(settings.secondaries[2]));
  EXPECT_THROW((void)at("192.0.2.4"), std::invalid_argument);
  settings.secondaries.push_back(parse_secondary("192.0.2.3@5353=c"));
  EXPECT_EQ(at("192.0.2.3:5353"), to_text(settings.secondaries[3]));
  EXPECT_THROW((void)at("192.0.2.3:54"), std::invalid_argument);
}

}  // namespace
}  // namespace axfrd::control
