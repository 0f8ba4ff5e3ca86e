// axfrctl without its main(): its command line, what it prints, and how it reads files.
#include <cstdlib>
#include <ctime>
#include <limits>
#include <sstream>

#include "control/base/utf8.h"
#include "control/ctl/arguments.h"
#include "control/ctl/completion.h"
#include "control/ctl/help.h"
#include "control/ctl/print.h"
#include "control/ctl/reply_reader.h"
#include "control/options.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using Words = std::vector<std::string>;

CtlCommand parsed(const Words& words) { return std::get<CtlCommand>(parse_ctl_arguments(words)); }
std::string text(const Words& words) { return std::get<CtlText>(parse_ctl_arguments(words)).text; }
Words words_of(const Verb& verb) {
  Words words;
  std::istringstream split(verb.words());
  for (std::string word; split >> word;) words.push_back(word);
  return words;
}
// The sentence, and the lines behind it.
std::string mistake(const Words& words) {
  try {
    parse_ctl_arguments(words);
  } catch (const CtlUsageError& error) {
    return error.what() + ("\n" + error.help);
  }
  return "accepted";
}

TEST(CtlArguments, VerbsAreWords) {
  EXPECT_STREQ(parsed({"status"}).verb->method, "status");
  const CtlCommand show = parsed({"--socket", "/tmp/s", "zone", "show", "example.com", "--json"});
  EXPECT_STREQ(show.verb->method, "zone.show");
  EXPECT_EQ(show.params.at("zone"), "example.com");
  EXPECT_EQ(show.socket, "/tmp/s");
  EXPECT_TRUE(show.json);
  EXPECT_EQ(parsed({"status"}).socket, "/run/axfrd/control.sock");
  EXPECT_EQ(parsed({"--socket=/x", "status"}).socket, "/x");
}

TEST(CtlArguments, ImportTakesFiles) {
  const CtlCommand import = parsed({"zone", "import", "a.zone", "-", "--", "--odd.zone"});
  EXPECT_EQ(import.files, (Words{"a.zone", "-", "--odd.zone"}));
  EXPECT_EQ(parsed({"zone", "import", "f", "--zone", "example.com"}).params.at("zone"), "example.com");
}

TEST(CtlArguments, AFileToBeCheckedIsToldFromAZone) {
  const test::TemporaryDirectory directory;
  directory.write("here", "x");
  const std::string file = directory / "here";
  for (const Words& files : {Words{file}, Words{"./not-there"}, Words{"-"}, Words{"a", "b"}}) {
    Words words{"zone", "check"};
    words.insert(words.end(), files.begin(), files.end());
    EXPECT_TRUE(parsed(words).is_local) << files[0];
    EXPECT_EQ(parsed(words).files, files);
  }
  for (const char* zone : {"example.com", "example.com.", "0/25.2.0.192.in-addr.arpa.", "."}) {
    EXPECT_FALSE(parsed({"zone", "check", zone}).is_local) << zone;
    EXPECT_EQ(parsed({"zone", "check", zone}).params["zone"], zone);
  }
  EXPECT_FALSE(parsed({"zone", "check", "--all"}).is_local);
  const CtlCommand check = parsed({"zone", "check", file, "--origin", "a.example", "--strict"});
  EXPECT_EQ(check.origin, "a.example");
  EXPECT_TRUE(check.strict);
  EXPECT_TRUE(check.params.empty()) << "axfrd is told nothing of it";
  EXPECT_NE(mistake({"zone", "check", file, file, "--origin", "a"}).find("one file"), std::string::npos);
  EXPECT_NE(mistake({"zone", "check", "a", "--origin", "a"}).find("--origin is about files"), std::string::npos);
  EXPECT_NE(mistake({"zone", "check", file, "--all"}).find("--all is about zones"), std::string::npos);
}

TEST(CtlArguments, MistakesAreNamed) {
  const std::pair<Words, const char*> mistakes[] = {
      {{}, "verb"},
      {{"nonsense"}, "nonsense"},
      {{"zone"}, "zone import"},
      {{"zone", "nonsense"}, "zone import"},
      {{"zone", "show"}, "NAME"},
      {{"zone", "show", "a", "b"}, "'b'"},
      {{"zone", "import"}, "FILE"},
      {{"status", "--zone", "x"}, "--zone"},
      {{"status", "--bogus"}, "--bogus"},
      {{"-x", "status"}, "-x"},
      {{"status", "--json=yes"}, "--json"},
  };
  for (const auto& [words, named] : mistakes)
    EXPECT_NE(mistake(words).find(named), std::string::npos) << mistake(words);
}

TEST(CtlArguments, AMistakeIsNamedForWhatItIs) {
  const std::pair<Words, const char*> mistakes[] = {
      {{"--bogus", "status"}, "there is no option --bogus\n"},
      {{"--bogus"}, "there is no option --bogus\n"},
      {{"status", "--jason"}, "there is no option --jason; did you mean '--json'?\n"},
      {{"--socket"}, "--socket needs a value\n"},
      {{"zone", "show", "a", "--behind"}, "'zone show' has no option --behind\n"},
      {{"stat"}, "there is no verb 'stat'; did you mean 'status', 'stats'?\n"},
      {{"list"},
       "there is no verb 'list'; did you mean 'zone list', 'secondary list', 'provider list', 'key list', "
       "'token list', 'user list'?\n"},
      {{"zone", "improt", "f"}, "there is no verb 'zone improt'; did you mean 'zone import'?\n"},
      {{"zone"}, "'zone' needs one of these verbs\n"},
      {{"help", "nonsense"}, "there is no verb 'nonsense'\n"},
      {{}, "a verb is missing\n"},
  };
  for (const auto& [words, said] : mistakes) EXPECT_TRUE(mistake(words).starts_with(said)) << mistake(words);
}

TEST(CtlArguments, ErrorsAreJsonWhereverThatIsAskedFor) {
  EXPECT_TRUE(wants_json({"--json", "foo"}));
  EXPECT_TRUE(wants_json({"--bogus", "--json"}));
  EXPECT_FALSE(wants_json({"zone", "import", "--", "--json"}));
  EXPECT_FALSE(wants_json({}));
}

TEST(CtlArguments, ARecordStaysInItsArguments) {
  EXPECT_EQ(parsed({"zone", "set", "example.com", "_dmarc", "TXT", "v=DMARC1; p=none"}).params["record"],
            Json({"_dmarc", "TXT", "v=DMARC1; p=none"}));
  EXPECT_EQ(parsed({"zone", "unset", "example.com", "www"}).params["record"], Json::array({"www"}));
}

TEST(CtlArguments, OctetsThatAreNotUtf8AreRefusedInOurWords) {
  const std::string said = "is not UTF-8; write octets as \\DDD, as they stand here";
  for (const Words& words :
       {Words{"zone", "show", "caf\xe9.example"}, Words{"zone", "set", "a", "caf\xe9", "A", "192.0.2.1"},
        Words{"zone", "set", "a", "b", "TXT", "\xff"}, Words{"key", "add", "k", "\xe9"},
        Words{"key", "grant", "k", "a", "--names", "\xe9"}, Words{"zone", "import-dir", "/\xe9"}}) {
    EXPECT_NE(mistake(words).find(said), std::string::npos) << mistake(words);
    EXPECT_FALSE(find_non_utf8(mistake(words)));
  }
  EXPECT_TRUE(mistake({"zone", "show", "caf\xe9"}).starts_with("the argument 'caf\\233' is"));
  EXPECT_EQ(parsed({"zone", "show", "caf\xc3\xa9.example"}).params["zone"], "caf\xc3\xa9.example");
}

TEST(CtlArguments, HelpComesFromTheTable) {
  const std::string all = text({"--help"});
  EXPECT_EQ(text({"help"}), all);
  for (const Verb& verb : verbs()) {
    EXPECT_NE(all.find("  " + verb.words() + "  "), std::string::npos) << verb.method;
    EXPECT_NE(all.find(verb.summary), std::string::npos) << verb.method << ": is it more than a line?";
    Words words = words_of(verb);
    words.emplace_back("--help");
    const std::string help = text(words);
    EXPECT_NE(help.find(verb.summary), std::string::npos) << verb.method;
    for (const std::string& part : verb.usages()) EXPECT_NE(help.find(part), std::string::npos) << part;
    words.pop_back();
    words.insert(words.begin(), "help");
    EXPECT_EQ(text(words), help);
  }
  EXPECT_NE(text({"zone", "--help"}).find("zone import"), std::string::npos);
  EXPECT_EQ(text({"help", "key"}).find("zone import"), std::string::npos);
  EXPECT_NE(text({"--version"}).find("axfrctl 0."), std::string::npos);
}

void expect_to_fit(const std::string& help) {
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kTerminalWidth) << line;
}

TEST(Help, FitsATerminalOf80Columns) {
  expect_to_fit(text({"help", "batch"}));
  expect_to_fit(text({"--help"}));
  for (const Verb& verb : verbs()) {
    expect_to_fit(verb_help(verb));
    expect_to_fit(verbs_that_begin_with(words_of(verb)[0]));
  }
  expect_to_fit(std::get<PrintAndExit>(parse_options({"--help"})).text);
}

TEST(Help, HasEveryVerbInAGroup) {
  size_t count = 0;
  for (const VerbGroup& group : verb_groups()) count += group.verbs.size();
  EXPECT_EQ(count, verbs().size());
}

TEST(CtlCompletion, KnowsEveryVerbAndOption) {
  EXPECT_EQ(text({"completion", "bash"}), bash_completion());
  const std::string script = bash_completion();
  for (const char* word : {"status", "zone) words='abort begin check commit ", "'zone show'", "'zone import'",
                           " --provider ", "--provider|"}) {
    EXPECT_NE(script.find(word), std::string::npos) << word;
  }
}

TEST(CtlPrint, ColumnsAreAligned) {
  std::ostringstream out;
  Table{{{"NAME", "N"}, {"a", "10"}, {"longer", "7"}}, {false, true}}.print(out);
  EXPECT_EQ(out.str(), "NAME     N\na       10\nlonger   7\n");
}

TEST(CtlPrint, UnitsAreForPeople) {
  EXPECT_EQ(human_size(1000), "1000 octets");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size(uint64_t{40} << 20), "40 MiB");
  EXPECT_EQ(human_duration(59), "59 s");
  EXPECT_EQ(human_duration(3599), "59 min 59 s");
  EXPECT_EQ(human_duration(90000), "1 d 1 h");
}

constexpr const char* kSettings =
    R"({"enabled":true,"ns":["n."],"old_serial":1,"serial":2,
        "secondaries":[{"address":"192.0.2.1","transfers":true,"notified":true}]})";

TEST(CtlPrint, EachVerbHasAPicture) {
  const std::pair<const char*, const char*> results[] = {
      {"status",
       R"({"state":"serving","version":"1","pid":1,"uptime_seconds":1,"zones":1,"tcp_sessions":0,
           "store":{"writable":false,"trouble":"its disk is full","since":1},
           "transfers_under_way":0,"ports":[{"device":"d","driver":"x","mac":"m","link_up":true,"tap":"t"},
           {"device":"d","driver":"x","mac":"m","link_up":true}]})"},
      {"stats",
       R"({"workers":[{"rx":1,"punted":{"tcp":0,"arp":2}}],"kernel_path":{"to_kernel":1},
           "ports":[{"rx":1,"tap":"t"},{"rx":2,"xdp":{"passed":3}}],
           "buffers":{"in_use":1},"udp":{"queries":1},"tcp":{"accepted":0},"zones":{"count":1},
           "alias":{"lookups":1},
           "secondaries":[{"host":"192.0.2.1@53","pairs":2,"behind":1,"ahead":0,"max_behind_seconds":9,
                           "oldest_debt":1,"oldest_zone":"a.","pending":1,"alive_at":0,"answers":true}]})"},
      {"backup", R"({"directory":"/b"})"},
      {"stop", "{}"},
      {"zone.import",
       R"({"old_serial":1,"serial":2,"records":3,"removed":0,"added":1,"changed":true,"warnings":["w"]})"},
      {"zone.check",
       R"({"zones":[{"zone":"a.","serial":1,"records":2,"refused":["d.a. DS: too short"],"faults":["no address"]}]})"},
      {"zone.list", R"({"zones":[{"zone":"b.","serial":1,"records":2},{"zone":"a.","serial":1,"records":2}]})"},
      {"zone.show",
       R"({"zone":"a.","serial":1,"soa":"s","records":1,"names":1,"pseudo_records":0,"pages":1,"memory":1,
           "has_servers":false,"signed":true,"serial_policy":"keep","history_steps":2,
           "aliases":[{"owner":"a.","type":"ALIAS","ttl":60,"target":"b.","state":"failing","age_seconds":70,
                       "failing_seconds":60,"addresses":["192.0.2.1"],"error":"A: NXDOMAIN"}]})"},
      {"zone.export", R"({"text":"t"})"},
      {"zone.remove", R"({"serial":1})"},
      {"zone.import-dir", R"({"files":3,"added":1,"changed":1,"unchanged":0,"failed":1,"errors":["e"]})"},
      {"cookie.show", R"({"active":"01234567","staged":null})"},
      {"cookie.add", R"({"active":"01234567","staged":"89abcdef"})"},
      {"cookie.activate", R"({"active":"89abcdef","staged":"01234567"})"},
      {"cookie.drop", R"({"active":"89abcdef","staged":null})"},
      {"zone.begin", R"({"zone":"a.","serial":1})"},
      {"zone.set", R"({"edits":1,"record":"r","changed":false,"warnings":["w"]})"},
      {"zone.unset", R"({"edits":2,"warnings":[]})"},
      {"zone.diff", R"({"serial":1,"removed":["r"],"added":["a"]})"},
      {"zone.commit", R"({"old_serial":1,"serial":2,"records":3,"removed":0,"added":1,"changed":true})"},
      {"zone.abort", R"({"edits":1})"},
      {"zone.status",
       R"({"transactions":[{"zone":"a.","serial":1,"edits":1,"age_seconds":1,"idle_seconds":1,"committing":false}]})"},
      {"zone.history", R"({"zone":"a.","serial":2,"steps":[{"from":1,"to":2,"time":0,"removed":0,"added":1}]})"},
      {"zone.rollback", R"({"old_serial":1,"serial":1,"records":3,"removed":0,"added":0,"changed":false})"},
      {"zone.config", R"({"serial":"keep"})"},
      {"secondary.enable", kSettings},
      {"secondary.edit", kSettings},
      {"secondary.disable", R"({"enabled":false,"ns":[],"secondaries":[],"old_serial":1,"serial":1})"},
      {"secondary.show",
       R"({"enabled":false,"ns":[],"secondaries":[],"zone":"a.","serial":1,"ledger":[],
           "primary":{"addresses":["192.0.2.53"],"port":53,"notify_sources":[],
                      "keys":[{"key":"k.","algorithm":"hmac-sha256"}]}})"},
      {"secondary.list", R"({"zones":[{"enabled":true,"ns":["n."],"secondaries":[],"zone":"a.","serial":1}]})"},
      {"secondary.status",
       R"({"ledger":[{"zone":"a.","serial":2,"secondary":"192.0.2.1@53","has_serial":1,"behind":1,"behind_seconds":3,
           "proof":"transfer","proven_at":1,"state":"s","attempts":0,"notified_at":1,"notified_serial":2,
           "notify_answered_at":null,"notify_rcode":null,"polled_at":1,"transferred_at":1,"transfer":{"kind":"AXFR"},
           "ahead":0,"notify_result":"no answer","query_problem":null,
           "troubles":[{"reason":"BADSIG","text":"t","first_at":1,"last_at":2,"count":3,"over_at":null,
                        "unverified":false}]}],
           "strangers":[{"peer":"192.0.2.9","listed":false,"reason":"not allowed","text":"why","first_at":1,
                         "last_at":1,"count":1,"unverified":true}]})"},
      {"standby.load", R"({"changed":true,"zones":3,"zones_added":1,"zones_changed":2,"zones_removed":0,
           "backup_time":null})"},
      {"promote", R"({"changed":true,"zones_raised":2,"zones_left_left_out":0,
           "zones_left":[{"zone":"s.","serial":5,"highest":7,"reason":"it is signed"}]})"},
      {"secondary.check", R"({"findings":[{"sound":false,"about":"DS","text":"t"}],"sound":false})"},
      {"provider.set", R"({"ns":"n."})"},
      {"provider.list", R"({"providers":[{"provider":"p","ns":"n.","allow":"192.0.2.1","notify":"","key":""}]})"},
      {"provider.remove", R"({"removed":"p"})"},
      {"notify", R"({"secondaries":2})"},
      {"explain", R"({"allowed":false,"why":"w","next":"n","seen":[]})"},
      {"key.add", R"({"key":{"key":"k.","algorithm":"hmac-sha256","last_used":null,"grants":[]}})"},
      {"key.generate", R"({"key":{"key":"k.","algorithm":"hmac-sha1","last_used":1,"grants":[]},"secret":"s"})"},
      {"key.list",
       R"({"keys":[{"key":"k.","algorithm":"hmac-sha256","last_used":1,
           "grants":[{"zone":"*","names":"*.a.","types":"A,AAAA"}]}]})"},
      {"key.remove", R"({"key":{"key":"k.","algorithm":"hmac-sha256","last_used":null,"grants":[]}})"},
      {"key.grant", R"({"key":{"key":"k.","algorithm":"hmac-sha256","last_used":null,"grants":[]}})"},
      {"token.add",
       R"({"token":{"token":"t","role":"editor","zones":["a."],"limits":[{"names":"*.a.","types":"TXT"}],
           "expires":null,"last_used":null},"secret":"axfrd_1_2"})"},
      {"token.list",
       R"({"tokens":[{"token":"t","role":"reader","zones":["*"],"limits":[],"expires":1,"last_used":1}]})"},
      {"token.remove", R"({"token":{"token":"t"}})"},
      {"user.add", R"({"user":{"user":"eve","role":"admin","zones":["*"]},"password":"abcde"})"},
      {"user.password", R"({"user":{"user":"eve","role":"admin","zones":["*"]}})"},
      {"user.list", R"({"users":[{"user":"eve","role":"editor","zones":["a."],"created":1,"password_set":2}]})"},
      {"user.remove", R"({"user":{"user":"eve"}})"},
      {"audit",
       R"({"records":[{"id":2,"time_ms":1000,"outcome":"failed","who":"root","verb":"zone.edit","zone":"a.",
                       "old_serial":1,"serial":2,"reason":"no"},{"id":1,"time_ms":0,"outcome":"done","cause":"file"}],
           "more":true})"},
      {"zone.records",
       R"({"zone":"a.","rrsets":[{"name":"a.","type":"NS","ttl":60,"records":["n.","m."],"secondary":["m."]}],
           "next":"a."})"},
      {"zone.edit", R"({"old_serial":1,"serial":2,"records":3,"removed":0,"added":1,"changed":true})"},
      {"http.reload", R"({"reloaded":true})"},
      {"config", R"({"options":[{"option":"port","values":["eth0","eth1"],"by":"command line"},
                                {"option":"zones-dir","values":[],"by":null}]})"},
      {"log-level", R"({"level":"debug","changed":true})"},
      {"key.revoke", R"({"key":{"key":"k.","algorithm":"hmac-sha256","last_used":null,"grants":[]}})"},
  };
  EXPECT_EQ(std::size(results), verbs().size());
  std::map<std::string, std::string> pictures;
  for (const auto& [method, result] : results) {
    std::ostringstream out;
    print_result(out, method, {{"zone", "a."}, {"key", "k."}, {"provider", "p"}, {"token", "t"}, {"user", "eve"}},
                 Json::parse(result));
    EXPECT_FALSE(out.str().empty()) << method;
    pictures[method] = out.str();
  }
  EXPECT_EQ(pictures["zone.import"], "a.: serial 2, was 1, 0 removed, 1 added, 3 records\n");
  EXPECT_EQ(pictures["zone.set"], "already so: r\na.: 1 edit in the transaction\n");
  EXPECT_EQ(pictures["config"],
            "OPTION     VALUE  BY\n"
            "port       eth0   command line\n"
            "port       eth1   command line\n"
            "zones-dir  -      default\n");
  EXPECT_EQ(pictures["zone.records"],
            "OWNER  TTL  TYPE  DATA\n"
            "a.      60  NS    n.\n"
            "a.      60  NS    m.  ; by secondary DNS\n"
            "there is more: axfrctl zone records ... --after a.\n");
  EXPECT_NE(pictures["stats"].find("punted arp"), std::string::npos);
  EXPECT_EQ(pictures["stats"].find("punted tcp"), std::string::npos) << "it never happened";
  EXPECT_NE(pictures["promote"].find("s.: left with serial 5, and secondaries may have 7 or a newer one: it is signed"),
            std::string::npos);
  EXPECT_EQ(pictures["standby.load"],
            "3 zones, 1 added, 2 changed, 0 removed; the backup does not say when it was made\n");
  EXPECT_NE(pictures["stats"].find("xdp passed     3"), std::string::npos) << "in its own port's column\n"
                                                                           << pictures["stats"];
}

TEST(CtlPrint, ATimeIsInUtcOrLocalWithItsOffset) {
  const char* before = std::getenv("TZ");
  const std::string kept = before != nullptr ? before : "";
  setenv("TZ", "<+0545>-05:45", 1);
  tzset();
  EXPECT_EQ(time_text(1'800'000'000), "2027-01-15T08:00:00Z");
  EXPECT_EQ(time_text(1'800'000'000, TimeZone::local), "2027-01-15T13:45:00+05:45");
  EXPECT_EQ(utc_text(1'800'000'000'042), "2027-01-15T08:00:00.042Z");
  EXPECT_EQ(time_text(std::numeric_limits<int64_t>::max()), "9223372036854775807") << "no calendar has it";
  const Json history = Json::parse(R"({"steps":[{"from":1,"to":2,"time":1800000000,"removed":0,"added":1}]})");
  for (const auto& [zone, text] : {std::pair{TimeZone::utc, "  2027-01-15T08:00:00Z  "},
                                   std::pair{TimeZone::local, "  2027-01-15T13:45:00+05:45  "}}) {
    std::ostringstream out;
    print_result(out, "zone.history", {}, history, zone);
    EXPECT_NE(out.str().find(text), std::string::npos) << out.str();
  }
  before != nullptr ? setenv("TZ", kept.c_str(), 1) : unsetenv("TZ");
  tzset();
}

TEST(CtlPrint, AFileIsToldOfByItsLines) {
  std::ostringstream out;
  print_result(out, "zone.check", {}, Json::parse(R"({"zones":[{"zone":"a.","file":"f","serial":1,"records":3,
      "refused":[],"faults":["f:3: no address"],"warnings":["f:4: twice"],"warnings_left_out":0}]})"));
  EXPECT_EQ(out.str(),
            "fault: f:3: no address\nwarning: f:4: twice\nf: a., serial 1, 3 records, 1 faults, 1 warnings\n");
}

TEST(CtlPrint, WhatIsEndingIsToldInWords) {
  Json zone = Json::parse(
      R"({"enabled":true,"ns":["n."],"secondaries":[],"zone":"a.","serial":1,"ledger":[],
          "ending":{"since":1,"leaving":["n.","m."],"state":"named","parent":null,"named":[],"asked_at":null,
                    "dropped_at":null,"ends_at":null,"problem":null}})");
  const auto shown = [&](const char* verb, const Json& result) {
    std::ostringstream out;
    print_result(out, verb, {{"zone", "a."}}, result);
    return out.str();
  };
  const auto has = [&](const std::string& text) {
    return shown("secondary.show", zone).find(text) != std::string::npos;
  };
  EXPECT_TRUE(has("ending: waits for the parent zone to drop n., m."));
  EXPECT_FALSE(has("the parent zone was asked"));
  zone["ending"].update({{"parent", "p."}, {"named", {"m."}}, {"asked_at", 1}, {"problem", "SERVFAIL"}});
  EXPECT_TRUE(has("the parent zone p. names m.\n"));
  EXPECT_TRUE(has("the last question failed: SERVFAIL\n"));
  zone["ending"].update({{"state", "dropped"}, {"dropped_at", 1}, {"ends_at", 2}});
  EXPECT_TRUE(has("the parent zone p. dropped n., m., as seen "));
  EXPECT_TRUE(has("caches may have them for 0 s yet\n"));
  EXPECT_NE(shown("secondary.list", {{"zones", {zone}}}).find("ending: waits"), std::string::npos);
  zone.update({{"ns_before", {"o.", "n."}}, {"ns_after", {"o."}}});
  const std::string set = shown("secondary.disable", zone);
  EXPECT_NE(set.find("take out  n.\n"), std::string::npos) << set;
  EXPECT_NE(set.find("axfrctl secondary show"), std::string::npos);
  const Json status{{"ledger", Json::array()}, {"strangers", Json::array()}, {"endings", 2}};
  EXPECT_NE(shown("secondary.status", status).find("ending in 2 zones"), std::string::npos);
}

// ---- replies that are taken apart while they come ----

std::vector<std::string> items_of(const std::string& reply, size_t piece, std::string* result = nullptr,
                                  Json* rest = nullptr) {
  std::vector<std::string> items;
  ReplyReader reader(
      "ledger", [&](std::string_view item) { items.emplace_back(item); },
      [&](std::string_view text) {
        if (result != nullptr) *result += text;
      });
  bool ended = false;
  for (size_t at = 0; at < reply.size(); at += piece) ended = reader.take(reply.substr(at, piece));
  EXPECT_TRUE(ended) << reply;
  EXPECT_EQ(reader.items(), items.size());
  if (rest != nullptr) *rest = reader.rest();
  return items;
}

TEST(CtlReplyReader, GivesTheItemsOfTheListHoweverTheReplyIsCut) {
  const std::string result =
      R"({"ledger":[{"a":"],}\"\\","ledger":[1,[2]]},"x,y",7,[],{}],"strangers":[{"result":[3]}],"more":true})";
  const std::string reply = R"({"jsonrpc":"2.0","id":1,"result":)" + result + "}";
  for (size_t piece = 1; piece <= reply.size(); ++piece) {
    std::string told;
    Json rest;
    const auto items = items_of(reply, piece, &told, &rest);
    EXPECT_EQ(items, (Words{R"({"a":"],}\"\\","ledger":[1,[2]]})", R"("x,y")", "7", "[]", "{}"})) << piece;
    EXPECT_EQ(told, result) << piece;
    EXPECT_EQ(rest["result"], Json::parse(R"({"ledger":[],"strangers":[{"result":[3]}],"more":true})")) << piece;
  }
}

TEST(CtlReplyReader, AReplyWithoutTheListIsAllRest) {
  for (const char* reply : {R"({"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"ledger","ledger":[1,2]}})",
                            R"({"id":1,"result":{"ledger":[]}})", R"({"id":1,"result":["ledger",[1,2]]})",
                            R"({"ledger":[1],"result":7})", R"({"id":1,"result":{"a":{"ledger":[1]}}})"}) {
    Json rest;
    EXPECT_TRUE(items_of(reply, 3, nullptr, &rest).empty()) << reply;
    EXPECT_EQ(rest, Json::parse(reply));
  }
}

TEST(CtlReplyReader, WhatIsNoJsonIsToldByWhoReadsIt) {
  ReplyReader reader("ledger", [](std::string_view) {});
  EXPECT_THROW(reader.take("]"), std::invalid_argument);
  const auto walk = [](std::string_view text) {
    size_t count = 0;
    for (JsonWalk at(text); at.next();) ++count;
    return count;
  };
  EXPECT_EQ(walk("{}"), 0U);
  EXPECT_EQ(walk("[]"), 0U);
  EXPECT_EQ(walk(R"({"a":1,"b":[1,{"c":"}"}],"d":null})"), 3U);
  EXPECT_EQ(walk(R"([1,"]",{}])"), 3U);
  for (const char* text : {"", "7", "{", "[", "[1", R"({"a)", R"({"a":)", R"({"a"})", R"({a:1})", R"({"a":"\)"})
    EXPECT_THROW(walk(text), std::invalid_argument) << text;
  EXPECT_EQ(text_of_json(R"("a\n\u00e9")"), "a\n\u00e9");
  EXPECT_EQ(text_of_json("-7"), "-7");
  EXPECT_EQ(number_of_json("-7"), -7);
  EXPECT_THROW(number_of_json("7x"), std::invalid_argument);
}

TEST(CtlPrint, AListThatComesInPiecesLooksLikeOneThatIsThere) {
  Json result{{"zones", Json::array()}};
  for (size_t i = 0; i < 200; ++i)
    result["zones"].push_back({{"zone", std::string(i % 9 + 1, 'z') + "."}, {"serial", i * i}, {"records", 3}});
  std::ostringstream whole, pieces;
  print_result(whole, "zone.list", {}, result);
  const auto picture = list_picture(pieces, "zone.list", {});
  for (const Json& zone : result["zones"]) picture->add(zone.dump());
  picture->end(Json::object());
  EXPECT_EQ(pieces.str(), whole.str());
  EXPECT_EQ(list_picture(pieces, "zone.show", {}), nullptr);
  EXPECT_EQ(list_picture(pieces, "secondary.status", {{"summary", "yes"}}), nullptr);
}

TEST(CtlPrint, ALongListIsPrintedWhileItComesAndItsColumnsOnlyGrow) {
  std::ostringstream out;
  const auto picture = list_picture(out, "zone.list", {});
  const auto add = [&](const std::string& name, size_t count) {
    for (size_t i = 0; i < count; ++i) picture->add(Json{{"zone", name}, {"serial", 1}, {"records", 3}}.dump());
  };
  add("zone.example.", 1000);
  const std::string early = out.str();
  EXPECT_GT(early.size(), 700U * 20) << "no more than some hundred rows are kept";
  add("a.much.longer.zone.example.", 1000);
  add("z.", 1000);
  picture->end(Json::object());
  const std::string text = out.str();
  EXPECT_TRUE(text.starts_with(early));
  EXPECT_NE(text.find("\nzone.example.       1        3\n"), std::string::npos);
  EXPECT_TRUE(text.ends_with("\nz." + std::string(32, ' ') + "1        3\n"));
}

TEST(CtlPrint, WarningsAreALineEachAndTheRestIsCounted) {
  std::ostringstream err;
  print_warnings(err, Json::parse(R"({"warnings":["a.zone:1: x","a.zone:2: y"],"warnings_left_out":3})"));
  print_warnings(err, Json::parse(R"({"edits":1})"));
  EXPECT_EQ(err.str(), "warning: a.zone:1: x\nwarning: a.zone:2: y\nwarning: and 3 more\n");
}

TEST(CtlText, Utf8StaysAndOtherOctetsAreEscaped) {
  EXPECT_EQ(as_utf8("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(as_utf8("caf\xe9 \\\xe9 \\\\\xe9"), "caf\\233 \\233 \\\\\\233");
}

}  // namespace
}  // namespace axfrd::control
