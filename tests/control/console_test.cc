// The console's side of the server: signing in, sessions, what browsers of others may not do, its files, and events.
#include <gmock/gmock.h>
#include <libdeflate.h>

#include <fstream>

#include "control/access/user.h"
#include "control/http/console_pack.h"
#include "control/http/console_sessions.h"
#include "control/http/event_stream.h"
#include "control/http/failure_counter.h"
#include "control/operate/audit_trail.h"
#include "control/operate/record_page.h"
#include "tests/control/http_site_rig.h"

namespace axfrd::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Fields = std::map<std::string, std::string, std::less<>>;

constexpr const char* kSession = "/api/axfrd/v1/console/session";
constexpr const char* kPassword = "correct horse battery";

class ConsoleTest : public HttpSiteTest {
 protected:
  ConsoleTest() {
    options_.console.is_on = true;
    set_user("eve", kPassword, Role::admin);
  }
  void set_user(const std::string& name, const std::string& password, Role role,
                std::vector<std::string> zones = {"*"}) {
    Settings next = *rig_.settings_.get();
    Users users = *next.users;
    users[name] = std::make_shared<const User>(
        User{.name = name, .hash = hash_password(password), .role = role, .zones = std::move(zones)});
    next.users = std::make_shared<const Users>(std::move(users));
    rig_.settings_.set(std::make_shared<const Settings>(std::move(next)));
  }
  // What a page of ours sends. No token.
  static Fields page(const std::string& cookie = "") {
    Fields fields{{"x-api-key", ""},
                  {"content-type", "application/json"},
                  {"origin", "http://127.0.0.1:8080"},
                  {"host", "127.0.0.1:8080"}};
    if (!cookie.empty()) fields["cookie"] = cookie;
    return fields;
  }
  Got sign_in(const std::string& user = "eve", const std::string& password = kPassword) {
    return ask("POST", kSession, dump(Json{{"user", user}, {"password", password}}), page());
  }
  // The cookie, as a browser sends it back.
  static std::string cookie_of(const Got& got) {
    const std::string set = got.fields.at("Set-Cookie");
    return set.substr(0, set.find(';'));
  }
};

TEST_F(ConsoleTest, ASessionDoesWhatItsUserMay) {
  EXPECT_EQ(ask("GET", kSession, "", page()).status, 401U);
  const Got got = sign_in();
  ASSERT_EQ(got.status, 200U) << got.body;
  EXPECT_EQ(got.json()["user"], "eve");
  EXPECT_EQ(got.json()["role"], "admin");
  EXPECT_EQ(got.json()["zone_count"], 1);
  EXPECT_THAT(got.fields.at("Set-Cookie"), HasSubstr("; HttpOnly; SameSite=Strict"));
  const Fields session = page(cookie_of(got));
  EXPECT_EQ(ask("GET", kSession, "", session).status, 200U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/token.list", "{}", session).status, 200U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/key.generate", R"({"key":"k"})", session).status, 200U)
      << "a person may see a secret once";
  EXPECT_EQ(ask("GET", "/api/v1/servers", "", session).status, 401U) << "PowerDNS's API takes tokens alone";
  EXPECT_EQ(ask("DELETE", kSession, "{}", session).status, 204U);
  EXPECT_EQ(ask("GET", kSession, "", session).status, 401U);
}

TEST_F(ConsoleTest, AUserIsHeldToRoleAndZones) {
  load("example.org");
  set_user("bob", kPassword, Role::editor, {"example.org"});
  const Fields session = page(cookie_of(sign_in("bob")));
  const auto edit = [&](const std::string& zone) {
    return ask("POST", "/api/axfrd/v1/zone.edit", dump(Json{{"zone", zone}, {"changes", {"add n 60 A 192.0.2.9"}}}),
               session)
        .status;
  };
  EXPECT_EQ(edit("example.org"), 200U);
  EXPECT_EQ(edit("example.com"), 403U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/secondary.enable",
                R"({"zone":"example.org","ns":"ns.test","allow":"192.0.2.7"})", session)
                .status,
            403U);
  set_user("bob", kPassword, Role::reader, {"example.org"});
  EXPECT_EQ(ask("GET", kSession, "", session).status, 401U) << "another password ends sessions";
}

TEST_F(ConsoleTest, PagesOfOthersChangeNothing) {
  const std::string cookie = cookie_of(sign_in());
  const auto status = [&](const std::string& field, const std::string& value) {
    Fields fields = page(cookie);
    fields[field] = value;
    return ask("POST", "/api/axfrd/v1/zone.begin", R"({"zone":"example.com"})", fields).status;
  };
  EXPECT_EQ(status("content-type", "text/plain"), 415U) << "a form sends that";
  EXPECT_EQ(status("content-type", "application/json; charset=utf-8"), 415U);
  EXPECT_EQ(status("origin", ""), 403U);
  EXPECT_EQ(status("origin", "null"), 403U);
  EXPECT_EQ(status("origin", "http://evil.example"), 403U);
  EXPECT_EQ(status("origin", "https://127.0.0.1:8080"), 403U) << "the scheme is part of it";
  EXPECT_EQ(status("sec-fetch-site", "cross-site"), 403U);
  EXPECT_EQ(status("sec-fetch-site", "same-origin"), 200U);
  Fields rebound = page(cookie);  // a name of somebody's that points to us
  rebound["origin"] = "http://rebound.example";
  rebound["host"] = "rebound.example";
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.abort", R"({"zone":"example.com"})", rebound).status, 403U);
  options_.console.origins = {"http://rebound.example"};
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.abort", R"({"zone":"example.com"})", rebound).status, 200U);
}

TEST_F(ConsoleTest, GuessingIsThrottled) {
  for (unsigned i = 0; i < ConsoleApi::kMostOfClient; ++i) {
    const Got got = sign_in(i % 2 == 0 ? "eve" : "nobody", "wrong password");
    EXPECT_EQ(got.status, 401U);
    EXPECT_EQ(got.error(), "user or password is wrong") << "whether there is such a user is not told";
  }
  EXPECT_EQ(sign_in().status, 429U);
}

TEST_F(ConsoleTest, APasswordIsChangedByWhoKnowsIt) {
  const Got first = sign_in(), second = sign_in();
  const auto change = [&](const std::string& old, const std::string& fresh) {
    return ask("POST", "/api/axfrd/v1/console/password", dump(Json{{"old", old}, {"new", fresh}}),
               page(cookie_of(first)));
  };
  EXPECT_EQ(change("wrong password", "another password").status, 403U);
  EXPECT_EQ(change(kPassword, "short").status, 400U);
  const Got changed = change(kPassword, "another password");
  ASSERT_EQ(changed.status, 204U) << changed.body;
  EXPECT_EQ(ask("GET", kSession, "", page(cookie_of(changed))).status, 200U);
  EXPECT_EQ(ask("GET", kSession, "", page(cookie_of(second))).status, 401U) << "the others end";
  EXPECT_EQ(sign_in().status, 401U);
  EXPECT_EQ(sign_in("eve", "another password").status, 200U);
}

TEST_F(ConsoleTest, OnlyATrustedProxySaysWhoAsks) {
  Fields fields = page();
  fields["x-remote-user"] = "eve";
  EXPECT_EQ(ask("GET", kSession, "", fields).status, 401U);
  options_.console.trusted_proxies = {parse_address("192.0.2.1")};
  EXPECT_EQ(ask("GET", kSession, "", fields).status, 200U);
  fields["x-remote-user"] = "nobody";
  EXPECT_EQ(ask("GET", kSession, "", fields).status, 401U);
}

TEST_F(ConsoleTest, BehindAProxyThatSpeaksTlsTheCookieIsForTlsAlone) {
  options_.console.origins = {"https://dns.example"};
  Fields fields = page();
  fields["origin"] = "https://dns.example";
  const Got got = ask("POST", kSession, dump(Json{{"user", "eve"}, {"password", kPassword}}), fields);
  EXPECT_THAT(got.fields.at("Set-Cookie"), testing::StartsWith("__Host-axfrd="));
  EXPECT_THAT(got.fields.at("Set-Cookie"), HasSubstr("; Secure"));
  EXPECT_EQ(ask("GET", kSession, "", page(cookie_of(got))).status, 200U);
}

TEST_F(ConsoleTest, WithoutItThereIsNothing) {
  options_.console.is_on = false;
  EXPECT_EQ(sign_in().status, 401U);
  EXPECT_EQ(ask("GET", "/").status, 404U);
}

TEST_F(ConsoleTest, ListsAndSumsUp) {
  load("example.org");
  load("other.test");
  const Fields session = page(cookie_of(sign_in()));
  const Json zones = ask("GET", "/api/axfrd/v1/console/zones?search=EXAMPLE&limit=1", "", session).json();
  ASSERT_EQ(zones["zones"].size(), 1U) << zones;
  EXPECT_EQ(zones["zones"][0]["zone"], "example.com.");
  EXPECT_EQ(zones["more"], true);
  const Json next = ask("GET", "/api/axfrd/v1/console/zones?search=example&after=example.com.", "", session).json();
  ASSERT_EQ(next["zones"].size(), 1U) << next;
  EXPECT_EQ(next["zones"][0]["zone"], "example.org.");
  ask("POST", "/api/axfrd/v1/secondary.enable", R"({"zone":"other.test","ns":"ns.test","allow":"192.0.2.7"})", session);
  Json behind;
  const auto deadline = std::chrono::steady_clock::now() + test::kPatience;
  do {
    behind = ask("GET", "/api/axfrd/v1/console/zones?behind=yes", "", session).json();
  } while (behind["zones"].empty() && std::chrono::steady_clock::now() < deadline);
  ASSERT_EQ(behind["zones"].size(), 1U) << behind;
  EXPECT_EQ(behind["zones"][0]["behind"], 1);
  const Json sums = ask("GET", "/api/axfrd/v1/console/replication", "", session).json();
  EXPECT_EQ(sums["behind_pairs"], 1) << sums;
  EXPECT_EQ(sums["behind_zones"], 1);
  EXPECT_EQ(sums["debts"][0]["zone"], "other.test.");
  EXPECT_EQ(sums["hosts"][0]["host"], "192.0.2.7@53");
  EXPECT_EQ(ask("GET", "/api/axfrd/v1/console/zones?limit=0", "", session).status, 400U);
}

// ---- records, page by page ----

TEST_F(ConsoleTest, RecordsComeInPartsAndAllOfThem) {
  std::string text = "@ 60 SOA ns host 1 1 1 1 1\n@ 60 NS ns.test.\n";
  for (int i = 0; i < 500; ++i) text += "n" + std::to_string(i) + " 60 A 192.0.2.1\n";
  text += "z 60 ALIAS target.test.\nn7 60 TXT \"Needle\"\n\\000\\.odd 60 A 192.0.2.2\n";
  ASSERT_EQ(ask("POST", "/api/axfrd/v1/zone.import", dump(Json{{"zone", "parts.test"}, {"text", text}})).status, 200U);
  std::vector<std::string> seen;
  std::string after;
  for (bool more = true; more;) {
    const Json part = ask("POST", "/api/axfrd/v1/zone.records",
                          dump(after.empty() ? Json{{"zone", "parts.test"}, {"limit", 40}}
                                             : Json{{"zone", "parts.test"}, {"limit", 40}, {"after", after}}))
                          .json();
    ASSERT_TRUE(part.contains("rrsets")) << part;
    for (const Json& rrset : part["rrsets"])
      seen.push_back(rrset["name"].get<std::string>() + " " + rrset["type"].get<std::string>());
    more = part.contains("next");
    if (more) after = part["next"];
  }
  EXPECT_EQ(seen.size(), 505U);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size()) << "none twice";
  EXPECT_EQ(seen.front(), "parts.test. SOA");
  EXPECT_EQ(seen.back(), "z.parts.test. ALIAS");
  const auto found = [&](const Json& wanted) {
    Json params{{"zone", "parts.test"}};
    params.update(wanted);
    const Json part = ask("POST", "/api/axfrd/v1/zone.records", dump(params)).json();
    std::vector<std::string> names;
    for (const Json& rrset : part["rrsets"])
      names.push_back(rrset["name"].get<std::string>() + rrset["type"].get<std::string>());
    return names;
  };
  EXPECT_THAT(found({{"search", "nEEdle"}}), ElementsAre("n7.parts.test.TXT"));
  EXPECT_THAT(found({{"name", "n7"}}), ElementsAre("n7.parts.test.A", "n7.parts.test.TXT"));
  EXPECT_THAT(found({{"type", "alias"}}), ElementsAre("z.parts.test.ALIAS"));
}

TEST_F(ConsoleTest, EditsAreMadeAllOrNoneAndOnlyOfWhatWasSeen) {
  const auto edit = [&](const Json& changes, const Json& more = Json::object()) {
    Json params{{"zone", "example.com"}, {"changes", changes}};
    params.update(more);
    return ask("POST", "/api/axfrd/v1/zone.edit", dump(params));
  };
  const std::string tag = ask("GET", "/api/axfrd/v1/zone.records?zone=example.com").json()["tag"];
  const Got preview = edit({"add new 60 A 192.0.2.9"}, {{"dry-run", true}, {"tag", tag}});
  EXPECT_EQ(preview.json()["added"].size(), 1U) << preview.body;
  EXPECT_EQ(edit({"add new 60 A 192.0.2.9", "add bad A no-address"}).status, 422U);
  EXPECT_THAT(edit({"add bad A no-address"}).error(), HasSubstr("add bad A no-address"));
  EXPECT_EQ(edit({"replace x"}).status, 422U);
  EXPECT_EQ(edit({"add new 60 A 192.0.2.9"}, {{"tag", tag}}).json()["added"], 1);
  EXPECT_EQ(edit({"add other 60 A 192.0.2.9"}, {{"tag", tag}}).status, 412U) << "somebody was faster";
  EXPECT_EQ(edit({"remove new A"}).json()["removed"], 1);
}

// ---- audit ----

TEST_F(ConsoleTest, WhatWasDoneIsKeptAndToldOfTheZoneAlone) {
  rig_.audit_.keep(rig_.directory_ / "store", rig_.events_);
  load("example.org");
  EXPECT_EQ(
      ask("POST", "/api/axfrd/v1/zone.edit", R"({"zone":"example.org","changes":["add n 60 A 192.0.2.9"]})").status,
      200U);
  // The committer records a change when it has told of it.
  Json of_zone;
  const auto deadline = std::chrono::steady_clock::now() + test::kPatience;
  do {
    of_zone = ask("GET", "/api/axfrd/v1/audit?zone=example.org").json();
  } while (of_zone["records"].size() < 2 && std::chrono::steady_clock::now() < deadline);
  ASSERT_EQ(of_zone["records"].size(), 2U) << of_zone;
  EXPECT_EQ(of_zone["records"][0]["verb"], "zone.edit") << "the newest first";
  EXPECT_EQ(ask("GET", "/api/axfrd/v1/audit?zone=example.com").json()["records"].size(), 0U);
  const std::string reader = token(Role::reader, {"example.org"});
  EXPECT_EQ(ask("GET", "/api/axfrd/v1/audit?zone=example.org", "", {{"x-api-key", reader}}).status, 200U);
  EXPECT_EQ(ask("GET", "/api/axfrd/v1/audit", "", {{"x-api-key", reader}}).status, 403U);
}

TEST(AuditTrail, KeepsABoundedNumberAcrossStarts) {
  const test::TemporaryDirectory directory;
  const test::LogFile log;
  constexpr size_t kOctets = 4096;
  const auto all = [&](const AuditTrail& trail, AuditTrail::Wanted wanted) {
    std::vector<uint64_t> ids;
    for (const Json& record : trail.read(wanted).records) ids.push_back(record["id"]);
    return ids;
  };
  {
    AuditTrail trail(directory / "", log.log(), kOctets);
    for (int i = 0; i < 1000; ++i) {
      trail.write({{"zone", i % 2 == 0 ? "a.test." : "b.test."}, {"verb", "zone.edit"}});
      if (i % 10 == 0) (void)trail.read({.most = 1});  // which waits until all are written
    }
    EXPECT_THAT(all(trail, {.most = 2}), ElementsAre(1000U, 999U));
    EXPECT_THAT(all(trail, {.zone = "a.test.", .before = 998, .most = 2}), ElementsAre(997U, 995U));
    EXPECT_TRUE(trail.read({.most = 2}).more);
    const auto kept = all(trail, {.most = 10'000});
    EXPECT_GT(kept.size(), 60U) << "two files' worth at most, one at least";
    EXPECT_LT(kept.size(), 200U);
  }
  std::ofstream(directory / "audit", std::ios::app) << R"({"id":1001,"zone":"torn)";
  AuditTrail trail(directory / "", log.log(), kOctets);
  trail.write({{"verb", "next"}});
  EXPECT_THAT(all(trail, {.most = 2}), ElementsAre(1001U, 1000U)) << "a torn line is none, and hides none";
}

// ---- events ----

TEST(EventFeed, KeepsNothingForNobodyAndTellsWhoIsTooLate) {
  EventFeed feed;
  feed.publish("commit", std::nullopt, "", {{"n", 0}});
  EXPECT_EQ(feed.next(), 1U);
  unsigned woken = 0;
  const EventFeed::Watch watch(feed, [&] { ++woken; });
  for (size_t i = 0; i < EventFeed::kKept + 10; ++i) feed.publish("commit", test::name("a.test."), "", {{"n", i}});
  EXPECT_EQ(woken, EventFeed::kKept + 10);
  const auto late = feed.from(1, 5);
  EXPECT_TRUE(late.missed);
  EXPECT_EQ(late.events.size(), 5U);
  EXPECT_THAT(late.events.front()->data, HasSubstr(R"("n":10)"));
  EXPECT_FALSE(feed.from(late.next, 5).missed);
}

class EventStreamTest : public testing::Test {
 protected:
  // Opens a stream, and returns what it says when something happens.
  std::string heard(const Principal& who, const EventStream::Wanted& wanted, const std::function<void()>& happens) {
    const auto stream = std::make_shared<EventStream>(loop_, feed_, who, wanted, [] { return true; });
    std::string text;
    const JsonPiece take = [&](const std::string& piece, bool) { text += piece; };
    stream->next(take);  // the greeting
    stream->next(take);
    happens();
    loop_.restart();
    loop_.run_for(std::chrono::milliseconds(50));
    return text;
  }
  static Principal reader(const std::vector<std::string>& zones) {
    return {.name = "r", .role = Role::reader, .scope = ZoneScope::of(zones)};
  }
  void happen() {
    feed_.publish("transfer", test::name("a.test."), "192.0.2.1", {{"zone", "a.test."}});
    feed_.publish("notify", test::name("b.test."), "192.0.2.2@53", {{"zone", "b.test."}});
    feed_.publish("commit", std::nullopt, "", {{"user", "eve"}});
    feed_.publish("alarm", std::nullopt, "", {{"text", "disk full"}});
  }
  boost::asio::io_context loop_;
  EventFeed feed_;
};

TEST_F(EventStreamTest, TellsWhatOneMaySeeAndWants) {
  const std::string all = heard(reader({"*"}), {}, [this] { happen(); });
  EXPECT_THAT(all, HasSubstr("event: transfer\ndata: {\"zone\":\"a.test.\""));
  EXPECT_THAT(all, HasSubstr("event: alarm"));
  EXPECT_THAT(all, Not(HasSubstr("event: commit"))) << "what concerns no zone is for administrators";
  const std::string some = heard(reader({"a.test"}), {}, [this] { happen(); });
  EXPECT_THAT(some, HasSubstr("event: transfer"));
  EXPECT_THAT(some, Not(HasSubstr("b.test.")));
  EXPECT_THAT(some, Not(HasSubstr("alarm")));
  const std::string of_host = heard(reader({"*"}), {.secondary = "192.0.2.2"}, [this] { happen(); });
  EXPECT_THAT(of_host, HasSubstr("event: notify"));
  EXPECT_THAT(of_host, Not(HasSubstr("event: transfer")));
}

TEST_F(EventStreamTest, GoesOnWhereItsClientWas) {
  const EventFeed::Watch watch(feed_, [] {});
  happen();
  const std::string again = heard(reader({"*"}), {.last_id = feed_.run() + "-1"}, [] {});
  EXPECT_THAT(again, Not(HasSubstr("event: transfer")));
  EXPECT_THAT(again, HasSubstr("id: " + feed_.run() + "-2\nevent: notify"));
  EXPECT_THAT(heard(reader({"*"}), {.last_id = "another-1"}, [] {}), HasSubstr("event: gap"));
}

// ---- sessions, users, files ----

TEST(ConsoleSessions, EndByTimeAndWhatTheyStandOn) {
  CurrentSettings settings;
  Settings next;
  const User eve{.name = "eve", .hash = "$y$1", .role = Role::editor, .zones = {"*"}};
  next.users = std::make_shared<const Users>(Users{{"eve", std::make_shared<const User>(eve)}});
  settings.set(std::make_shared<const Settings>(next));
  ConsoleSessions sessions(settings);
  const ConsoleSessions::Clock::time_point start{std::chrono::hours(100)};
  const std::string id = sessions.begin(eve, start);
  EXPECT_TRUE(sessions.find(id, false, "", start + std::chrono::minutes(29)));
  EXPECT_FALSE(sessions.find(id, false, "", start + std::chrono::minutes(31))) << "looking alone keeps none alive";
  const std::string busy = sessions.begin(eve, start);
  for (int minutes = 20; minutes <= 12 * 60; minutes += 20)
    EXPECT_TRUE(sessions.find(busy, true, "", start + std::chrono::minutes(minutes))) << minutes;
  EXPECT_FALSE(sessions.find(busy, true, "", start + std::chrono::hours(12) + std::chrono::minutes(1)));
  const std::string oldest = sessions.begin(eve, start);
  for (size_t i = 0; i < ConsoleSessions::kMostOfOne; ++i) (void)sessions.begin(eve, start + std::chrono::seconds(1));
  EXPECT_FALSE(sessions.find(oldest, false, "", start + std::chrono::seconds(2)));
  const std::string last = sessions.begin(eve, start);
  settings.set(std::make_shared<const Settings>());
  EXPECT_FALSE(sessions.find(last, false, "", start)) << "the user is gone";
}

TEST(User, PasswordsAreHashedAndStored) {
  const std::string hash = hash_password("a password of mine");
  EXPECT_EQ(hash.substr(0, 3), "$y$");
  EXPECT_NE(hash, hash_password("a password of mine")) << "each with a salt of its own";
  EXPECT_TRUE(is_password(hash, "a password of mine"));
  EXPECT_FALSE(is_password(hash, "a password of yours"));
  EXPECT_FALSE(is_password("", "nobody's password"));
  EXPECT_THROW(check_password("too short"), std::invalid_argument);
  EXPECT_EQ(draw_password().size(), 23U);
  const User user{
      .name = "eve", .hash = hash, .role = Role::secondary_manager, .zones = {"*.test"}, .created = 5, .changed = 7};
  const User read = user_from_stored("eve", user_to_stored(user));
  EXPECT_EQ(std::tuple(read.hash, read.role, read.zones, read.created, read.changed),
            std::tuple(user.hash, user.role, user.zones, user.created, user.changed));
  EXPECT_THROW(user_from_stored("eve", ""), std::invalid_argument);
}

TEST(ConsolePack, GivesFilesAsTheClientTakesThem) {
  const std::string page = "<!doctype html>page";
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  std::string packed(1000, '\0');
  packed.resize(libdeflate_gzip_compress(compressor.get(), page.data(), page.size(), packed.data(), packed.size()));
  const std::string octets = dump(Json::array({{{"path", "/"},
                                                {"type", "text/html"},
                                                {"immutable", false},
                                                {"size", packed.size()},
                                                {"whole", page.size()},
                                                {"hash", "abc"}}})) +
                             "\n" + packed;
  const ConsolePack pack(octets);
  EXPECT_EQ(pack.response({"GET", "/"}, "/").body, page);
  EXPECT_EQ(pack.response({"GET", "/", {{"accept-encoding", "gzip, br"}}}, "/").body, packed);
  EXPECT_EQ(pack.response({"GET", "/", {{"if-none-match", "\"abc\""}}}, "/").status, 304U);
  EXPECT_EQ(pack.response({"GET", "/x"}, "/x").status, 404U);
  EXPECT_THROW(ConsolePack("no pack"), std::runtime_error);
  EXPECT_THROW(ConsolePack(octets.substr(0, octets.size() - 1)), std::runtime_error);
  EXPECT_TRUE(ConsolePack("").empty());
}

}  // namespace
}  // namespace axfrd::control
