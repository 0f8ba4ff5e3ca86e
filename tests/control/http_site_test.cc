// What there is to be asked over HTTP, without a socket: who may, what PowerDNS's clients send, and what they read.
#include "control/http/pdns_search.h"

#include <random>
#include <thread>

#include "tests/control/http_site_rig.h"

namespace axfrd::control {
namespace {

using test::kSmallZone;
using test::name;

TEST_F(HttpSiteTest, HealthIsOpenAndTheRestIsNot) {
  const std::map<std::string, std::string, std::less<>> nobody{{"x-api-key", ""}};
  EXPECT_EQ(ask("GET", "/healthz", "", nobody).status, 200U);
  EXPECT_EQ(ask("GET", "/readyz", "", nobody).status, 200U);
  rig_.state_ = ServerState::starting;
  EXPECT_EQ(ask("GET", "/readyz", "", nobody).status, 503U);
  EXPECT_EQ(ask("GET", "/healthz", "", nobody).status, 200U);
  rig_.state_ = ServerState::serving;
  for (const char* target :
       {"/metrics", "/api", "/api/v1/servers", "/api/axfrd/v1/status", "/api/axfrd/v1/openapi.json", "/", "/none"}) {
    const Got got = ask("GET", target, "", nobody);
    EXPECT_EQ(got.status, 401U) << target;
    EXPECT_EQ(got.fields.at("WWW-Authenticate"), "X-API-Key realm=\"PowerDNS\"");
    EXPECT_EQ(got.error(), "Unauthorized");
  }
  const std::string reader = token(Role::reader);
  EXPECT_NE(ask("GET", "/metrics", "", {{"x-api-key", reader}}).body.find("axfrd_zones "), std::string::npos);
  EXPECT_EQ(ask("GET", "/api", "", {{"x-api-key", ""}, {"authorization", "bearer  " + reader}}).status, 200U);
  EXPECT_EQ(ask("GET", "/api", "", {{"x-api-key", ""}, {"authorization", "Basic " + reader}}).status, 401U);
}

TEST_F(HttpSiteTest, FailuresAreThrottledAndValidTokensNever) {
  const std::map<std::string, std::string, std::less<>> wrong{{"x-api-key", "axfrd_wrong"}};
  for (unsigned i = 0; i < Authenticator::kMostFailures; ++i) EXPECT_EQ(ask("GET", "/api", "", wrong).status, 401U);
  EXPECT_EQ(ask("GET", "/api", "", wrong).status, 429U);
  EXPECT_EQ(ask("GET", "/api").status, 200U) << "who knows a token is not to blame for others at that address";
}

// What the least role of each verb is, tried with every role: whoever has less is refused, whoever has it is not.
TEST_F(HttpSiteTest, EveryVerbTakesTheRoleThatTheTableSays) {
  const std::map<std::string, Json> params{
      {"backup", {{"directory", "relative"}}},
      {"standby.load", {{"directory", "/nowhere"}}},
      {"zone.import", {{"text", kSmallZone}}},
      {"zone.import-dir", {{"directory", "/nowhere"}}},
      {"zone.check", Json::object()},
      {"zone.set", {{"record", "a A 192.0.2.1"}}},
      {"zone.unset", {{"record", "a"}}},
      {"zone.diff", {{"from", "10"}}},
      {"zone.rollback", {{"serial", "1"}}},
      {"secondary.enable", {{"ns", "ns.test"}, {"allow", "192.0.2.77"}}},
      {"provider.set", {{"provider", "p"}, {"ns", "ns.test"}}},
      {"provider.remove", {{"provider", "p"}}},
      {"explain", {{"address", "192.0.2.1"}}},
      {"key.add", {{"key", "k"}, {"secret", "AAAA"}}},
      {"key.generate", {{"key", "k"}}},
      {"key.remove", {{"key", "k"}}},
      {"key.grant", {{"key", "k"}, {"zone", "example.com"}}},
      {"key.revoke", {{"key", "k"}, {"zone", "example.com"}}},
      {"token.add", {{"token", "x"}, {"role", "reader"}}},
      {"token.remove", {{"token", "x"}}},
      {"user.add", {{"user", "eve"}, {"role", "reader"}, {"password", "long enough"}}},
      {"user.password", {{"user", "eve"}, {"password", "another one"}}},
      {"user.remove", {{"user", "eve"}}},
      {"zone.edit", {{"changes", {"add x 60 A 192.0.2.1"}}}},
      {"cookie.add", {{"secret", "000102030405060708090a0b0c0d0e0f"}}},
  };
  for (const Role role : {Role::reader, Role::editor, Role::secondary_manager, Role::admin}) {
    const std::string text = token(role);
    for (const Verb& verb : verbs()) {
      const std::string method = verb.method;
      if (method == "secondary.check") continue;  // which would ask the root servers
      const auto found = params.find(method);
      Json all = found != params.end() ? found->second : Json::object();
      for (const Parameter& parameter : verb.parameters) {
        if (std::string(parameter.name) == "zone" && parameter.is_sent() && !all.contains("zone"))
          all["zone"] = "example.com";
      }
      const Got got = ask("POST", "/api/axfrd/v1/" + method, dump(all), {{"x-api-key", text}});
      const bool may = static_cast<int>(role) >= static_cast<int>(verb.needs);
      const bool shows_secret = method == "key.generate" || method == "token.add";
      EXPECT_EQ(got.status == 403U, !may || shows_secret) << to_text(role) << " " << method << ": " << got.body;
      // A zone without secondaries has nobody to notify.
      EXPECT_TRUE(got.status != 404U || method == "notify") << method << ": " << got.body;
      EXPECT_EQ(got.body.find("axfrd_"), std::string::npos) << "a token's text";
      if (method == "zone.remove" && may) load("example.com");
    }
  }
}

TEST_F(HttpSiteTest, ATokenReachesNothingBeyondItsZonesAndRecords) {
  load("example.org");
  const std::string acme = token(Role::editor, {"example.com"}, parse_limits({"_acme-challenge.*"}, "TXT"));
  const std::map<std::string, std::string, std::less<>> as_acme{{"x-api-key", acme}};
  const auto set = [&](const std::string& owner, const std::string& type, const std::string& content) {
    return patch(R"({"name":")" + owner + R"(","type":")" + type +
                     R"(","ttl":60,"changetype":"REPLACE","records":[{"content":")" + content + R"("}]})",
                 as_acme);
  };
  EXPECT_EQ(set("_acme-challenge.www.example.com.", "TXT", R"(\"x\")").status, 204U);
  EXPECT_EQ(set("www.example.com.", "TXT", R"(\"x\")").status, 403U);
  EXPECT_EQ(set("_acme-challenge.www.example.com.", "A", "192.0.2.1").status, 403U);
  EXPECT_EQ(set("_acme-challenge.www.example.com.", "ALIAS", "a.test.").status, 403U);
  EXPECT_EQ(ask("GET", kZones, "", as_acme).json().size(), 1U);
  EXPECT_EQ(ask("GET", kZones + "/example.org.", "", as_acme).status, 403U);
  EXPECT_EQ(ask("DELETE", kZone, "", as_acme).status, 403U) << "that is more than some records";
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.begin", R"({"zone":"example.com"})", as_acme).status, 200U);
  const std::string unset = R"({"zone":"example.com","record":"www"})";
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.unset", unset, as_acme).status, 403U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.unset", unset).status, 200U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.commit", R"({"zone":"example.com"})", as_acme).status, 403U)
      << "what somebody else wrote";
  const std::string scoped = token(Role::secondary_manager, {"*.example.com", "example.org"});
  const std::map<std::string, std::string, std::less<>> as_scoped{{"x-api-key", scoped}};
  const std::string below = R"({"name":"a.example.com.","kind":"Native"})";
  EXPECT_EQ(ask("POST", kZones, below, as_scoped).status, 403U) << "below a zone of others";
  const auto enable = [&](const std::string& allow) {
    const Json wish{{"zone", "example.org"}, {"ns", "ns.test"}, {"allow", allow}};
    return ask("POST", "/api/axfrd/v1/secondary.enable", dump(wish), as_scoped).status;
  };
  for (const char* allow : {"10.0.0.1", "127.0.0.1", "9.9.9.0/24", "9.9.9.9@22", "fe80::1"})
    EXPECT_EQ(enable(allow), 403U) << allow;
  EXPECT_EQ(enable("9.9.9.9"), 200U);
}

TEST_F(HttpSiteTest, UsesOfTokensAreStoredTogether) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask("GET", "/api", "", {{"x-api-key", token(Role::reader)}}).status, 200U);
  operations_.tokens.keep_uses([] {});
  EXPECT_TRUE(test::eventually([&] {
    const auto tokens = rig_.settings_.get()->tokens;
    return std::ranges::count_if(tokens->by_name(), [](const auto& each) { return each.second->stored_use != 0; }) == 4;
  })) << "of the administrator, too";
}

TEST_F(HttpSiteTest, EachChangeIsRecordedWithTheTokenAndTheAddress) {
  EXPECT_EQ(ask("DELETE", kZone).status, 204U);
  EXPECT_NE(rig_.log_.text().find("by token t1 from 192.0.2.1"), std::string::npos) << rig_.log_.text();
}

TEST_F(HttpSiteTest, VerbsTakeTypedParametersAndTheDocumentNamesThemAll) {
  EXPECT_EQ(ask("GET", "/api/axfrd/v1/zone.list?limit=1").json()["zones"].size(), 1U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.list", R"({"limit":1})").json()["zones"].size(), 1U);
  EXPECT_EQ(ask("GET", "/api/axfrd/v1/zone.remove?zone=example.com").status, 405U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.list", "[]").status, 400U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.list", "{").status, 400U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.list", R"({"no":1})").status, 400U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.show", R"({"zone":"none.test"})").status, 404U);
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/no.verb").status, 404U);
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.list", deep).status, 400U);
  const Json document = ask("GET", "/api/axfrd/v1/openapi.json").json();
  EXPECT_EQ(document["openapi"], "3.1.0");
  for (const Verb& verb : verbs()) {
    const Json& path = document["paths"][std::string("/") + verb.method];
    EXPECT_TRUE(path.contains("post")) << verb.method;
    EXPECT_EQ(path.contains("get"), verb.looks) << verb.method;
  }
}

// ---- PowerDNS's API ----

TEST_F(HttpSiteTest, ShowsWhatClientsLookFor) {
  EXPECT_EQ(ask("GET", "/api").body, R"([{"url":"/api/v1","version":1}])");
  const Json server = ask("GET", "/api/v1/servers/localhost").json();
  EXPECT_EQ(server["daemon_type"], "authoritative");
  EXPECT_EQ(server["version"], "4.9.0");
  EXPECT_EQ(ask("GET", "/api/v1/servers").json()[0], server);
  const Json zone = ask("GET", kZone).json();
  const std::vector<std::string> wanted{"account",
                                        "api_rectify",
                                        "catalog",
                                        "dnssec",
                                        "edited_serial",
                                        "id",
                                        "kind",
                                        "last_check",
                                        "master_tsig_key_ids",
                                        "masters",
                                        "name",
                                        "notified_serial",
                                        "nsec3narrow",
                                        "nsec3param",
                                        "serial",
                                        "slave_tsig_key_ids",
                                        "soa_edit",
                                        "soa_edit_api",
                                        "url",
                                        "rrsets"};
  std::vector<std::string> keys;
  for (const auto& [key, value] : zone.items()) keys.push_back(key);
  EXPECT_EQ(keys, wanted);
  EXPECT_EQ(zone["id"], "example.com.");
  EXPECT_EQ(zone["kind"], "Master");
  EXPECT_EQ(zone["serial"], 10);
  EXPECT_EQ(zone["rrsets"].size(), 4U);
  for (const Json& rrset : zone["rrsets"]) {
    EXPECT_TRUE(rrset["comments"].is_array()) << "PowerDNS-Admin counts on it";
    EXPECT_TRUE(rrset["records"][0]["content"].is_string());
    EXPECT_FALSE(rrset["records"][0]["disabled"].get<bool>());
  }
  EXPECT_EQ(ask("GET", kZones + "/example.com").json()["id"], "example.com.") << "without the final dot";
  EXPECT_EQ(ask("GET", kZones + "/none.test.").status, 404U);
  EXPECT_EQ(ask("GET", kZones + "?zone=none.test.").body, "[]");
  EXPECT_EQ(ask("GET", kZones + "?zone=example.com.").json()[0]["name"], "example.com.");
  EXPECT_FALSE(ask("GET", kZones).json()[0].contains("rrsets"));
  EXPECT_EQ(ask("PUT", kZone + "/notify").status, 200U) << "lego notifies always";
  EXPECT_EQ(ask("PUT", kZone + "/axfr-retrieve").status, 422U);
  EXPECT_EQ(ask("GET", kZone + "/cryptokeys").body, "[]");
  EXPECT_EQ(ask("POST", kZone + "/cryptokeys", "{}").status, 422U);
  EXPECT_EQ(ask("GET", kZone + "/metadata").body, "[]");
  EXPECT_EQ(ask("PUT", kZone + "/metadata/ALLOW-AXFR-FROM", "{}").status, 422U);
  EXPECT_EQ(ask("GET", kZone + "/export", "", {{"accept", "text/dns"}}).body.substr(0, 12), "example.com.");
  EXPECT_EQ(ask("GET", kZone + "/export", "", {{"accept", "application/json"}}).json().contains("zone"), true);
  EXPECT_EQ(ask("GET", "/api/v1/servers/localhost/statistics").json()[0]["name"], "uptime");
  EXPECT_EQ(ask("POST", "/api/v1/servers/localhost").status, 405U);
  EXPECT_EQ(ask("GET", "/api/v1/servers/other").status, 404U);
  EXPECT_EQ(ask("GET", kZones + "/none.test.", "", {{"accept", "text/html"}}).json().is_discarded(), true);
}

struct Refused {
  const char* rrset;
  unsigned status;
  const char* error;  // part of it
};
const Refused kRefused[] = {
    {R"({"name":"www.example.com.","type":"A","changetype":"REPLACE","records":[{"content":"192.0.2.1"}]})", 422,
     "Key 'ttl' not present"},
    {R"({"name":"www.example.org.","type":"A","ttl":1,"changetype":"REPLACE","records":[]})", 422,
     "RRset www.example.org. IN A: Name is out of zone"},
    {R"({"name":"www.example.com","type":"A","ttl":1,"changetype":"REPLACE","records":[]})", 422,
     "DNS Name 'www.example.com' is not canonical"},
    {R"({"name":"www.example.com.","type":"NOSUCH","ttl":1,"changetype":"DELETE"})", 422, "unknown type given"},
    {R"({"name":"www.example.com.","type":"ANY","ttl":1,"changetype":"DELETE"})", 422, "unknown type given"},
    {R"({"name":"www.example.com.","type":"A","ttl":1,"changetype":"UPSERT"})", 422, "Changetype not understood"},
    {R"({"name":"www.example.com.","type":"A","ttl":1})", 422, "Key 'changetype' not present"},
    {R"({"name":"m.example.com.","type":"MX","ttl":1,"changetype":"REPLACE","records":[{"content":"10 mail"}]})", 422,
     "Record m.example.com./MX '10 mail': Not in expected format"},
    {R"({"name":"t.example.com.","type":"TXT","ttl":1,"changetype":"REPLACE","records":[{"content":"bare"}]})", 422,
     "Record t.example.com./TXT 'bare': Not in expected format"},
    {R"({"name":"www.example.com.","type":"CNAME","ttl":1,"changetype":"REPLACE","records":[{"content":"a.test."}]})",
     422, "CNAME"},
    {R"({"name":"a.example.com.","type":"A","ttl":1,"changetype":"REPLACE",)"
     R"("records":[{"content":"192.0.2.1","disabled":true}]})",
     422, "disabled"},
    {R"({"name":"a.example.com.","type":"A","ttl":1,"changetype":"REPLACE","records":[],)"
     R"("comments":[{"content":"mine","account":"me"}]})",
     422, "comments"},
    {R"({"name":"a.example.com.","type":"A","ttl":1,"changetype":"EXTEND","records":[]})", 422, "exactly one record"},
    {R"({"name":"example.com.","type":"SOA","ttl":1,"changetype":"DELETE"})", 422, "a zone has one SOA"},
};

TEST_F(HttpSiteTest, RefusesAsPowerDnsDoesAndChangesNothingThen) {
  const std::string fine =
      R"({"name":"fine.example.com.","type":"A","ttl":1,"changetype":"REPLACE","records":[{"content":"192.0.2.1"}]},)";
  for (const Refused& each : kRefused) {
    const Got got = patch(fine + each.rrset);
    EXPECT_EQ(got.status, each.status) << each.rrset;
    EXPECT_NE(got.error().find(each.error), std::string::npos) << got.body;
  }
  EXPECT_EQ(serial(), 10U);
  EXPECT_EQ(ask("PATCH", kZone, "{\"rrsets\":[").status, 400U);
  EXPECT_EQ(ask("PATCH", kZone, "{}").status, 422U);
  EXPECT_EQ(ask("PATCH", kZones + "/none.test.", R"({"rrsets":[]})").status, 404U);
}

TEST_F(HttpSiteTest, AChangeOfNothingMovesNothing) {
  const std::string same =
      R"({"name":"WWW.example.com.","type":"A","ttl":300,"changetype":"replace","records":[{"content":"192.0.2.2"}]})";
  const std::string gone = R"({"name":"none.example.com.","type":"A","changetype":"DELETE","ttl":0,"records":null})";
  const Got got = patch(same + "," + gone);
  EXPECT_EQ(got.status, 204U);
  EXPECT_EQ(got.body, "");
  EXPECT_EQ(got.fields.at("X-PDNS-Old-Serial"), "10");
  EXPECT_EQ(got.fields.at("X-PDNS-New-Serial"), "10");
  EXPECT_EQ(serial(), 10U);
}

TEST_F(HttpSiteTest, ReplacesExtendsPrunesAndDeletes) {
  const auto change = [&](const char* how, const std::string& records) {
    return patch(R"({"name":"a.example.com.","type":"A","ttl":60,"changetype":")" + std::string(how) +
                 R"(","records":[)" + records + "]}");
  };
  const std::string one = R"({"content":"192.0.2.1"})", two = R"({"content":"192.0.2.2","disabled":false})";
  EXPECT_EQ(change("REPLACE", one + "," + two).status, 204U);
  EXPECT_EQ(contents("a.example.com.", "A"), Json({"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(change("PRUNE", one).status, 204U);
  EXPECT_EQ(contents("a.example.com.", "A"), Json({"192.0.2.2"}));
  EXPECT_EQ(change("EXTEND", one).status, 204U);
  EXPECT_EQ(contents("a.example.com.", "A"), Json({"192.0.2.1", "192.0.2.2"}));
  EXPECT_EQ(change("REPLACE", "").status, 204U) << "nothing is left of it";
  EXPECT_EQ(contents("a.example.com.", "A"), Json());
  EXPECT_EQ(patch(R"({"name":"al.example.com.","type":"ALIAS","ttl":60,"changetype":"REPLACE",)"
                  R"("records":[{"content":"target.test."}]})")
                .status,
            204U);
  EXPECT_EQ(contents("al.example.com.", "ALIAS"), Json({"target.test."}));
  EXPECT_EQ(patch(R"({"name":"al.example.com.","type":"ALIAS","changetype":"DELETE"})").status, 204U);
  EXPECT_EQ(contents("al.example.com.", "ALIAS"), Json());
}

TEST_F(HttpSiteTest, WhatWasReadIsChangedOnlyWhileItIsSo) {
  const std::string tag = ask("GET", kZone).fields.at("ETag");
  EXPECT_EQ(ask("GET", kZone, "", {{"if-none-match", tag}}).status, 304U);
  const auto to = [&](const char* address, const std::string& seen) {
    return patch(R"({"name":"a.example.com.","type":"A","ttl":60,"changetype":"REPLACE","records":[{"content":")" +
                     std::string(address) + R"("}]})",
                 {{"if-match", seen}});
  };
  const Got first = to("192.0.2.1", tag);
  EXPECT_EQ(first.status, 204U);
  EXPECT_EQ(to("192.0.2.2", tag).status, 412U);
  EXPECT_EQ(contents("a.example.com.", "A"), Json({"192.0.2.1"}));
  EXPECT_EQ(to("192.0.2.3", first.fields.at("ETag")).status, 204U);
  EXPECT_EQ(to("192.0.2.4", "*").status, 204U);
}

TEST_F(HttpSiteTest, NamesOfSecondariesAreLeftOutAndKept) {
  const Json wish{{"zone", "example.com"}, {"ns", "ns1.secondary.test"}, {"allow", "192.0.2.77"}};
  EXPECT_EQ(ask("POST", "/api/axfrd/v1/secondary.enable", dump(wish)).status, 200U);
  const uint32_t before = serial();
  EXPECT_EQ(contents("example.com.", "NS"), Json({"ns1.example.com."}));
  const std::string own = R"({"name":"example.com.","type":"NS","ttl":300,"changetype":"REPLACE",)"
                          R"("records":[{"content":"ns1.example.com."}]})";
  EXPECT_EQ(patch(own).status, 204U);
  EXPECT_EQ(serial(), before) << "so that octoDNS and Terraform come to rest";
  const Json exported = ask("POST", "/api/axfrd/v1/zone.export", R"({"zone":"example.com"})").json();
  EXPECT_NE(exported["text"].get<std::string>().find("ns1.secondary.test."), std::string::npos);
  const Json waited = patch(own, {}, "?wait=0").json();
  EXPECT_FALSE(waited["complete"].get<bool>()) << waited;
  EXPECT_EQ(waited["secondaries"].size(), 1U);
  EXPECT_EQ(ask("GET", kZone).json()["notified_serial"], 0) << "it has proven nothing";
}

TEST_F(HttpSiteTest, ZonesAreCreatedOnceAndRemoved) {
  // As octoDNS sends it.
  const std::string octodns =
      R"({"name":"new.test.","kind":"master","soa_edit_api":"default","masters":[],"nameservers":[],"serial":0,)"
      R"("rrsets":[{"name":"new.test.","type":"NS","ttl":60,"changetype":"REPLACE",)"
      R"("records":[{"content":"ns.new.test.","disabled":false}]},)"
      R"({"name":"ns.new.test.","type":"A","ttl":60,"changetype":"REPLACE","records":[{"content":"192.0.2.5"}]}]})";
  const Got made = ask("POST", kZones, octodns);
  ASSERT_EQ(made.status, 201U) << made.body;
  EXPECT_EQ(made.json()["rrsets"].size(), 3U) << "a SOA is made up";
  const Got again = ask("POST", kZones, octodns);
  EXPECT_EQ(again.status, 409U);
  EXPECT_TRUE(again.error().starts_with("Conflict"));
  // As Terraform does.
  const std::string terraform = R"({"name":"tf.test.","kind":"Native","nameservers":["ns1.x.test.","ns2.x.test."]})";
  EXPECT_EQ(ask("POST", kZones + "?rrsets=false", terraform).status, 201U);
  EXPECT_EQ(ask("PUT", kZones + "/tf.test.", R"({"kind":"Native","account":"","soa_edit_api":"INCREASE"})").status,
            204U);
  EXPECT_EQ(ask("GET", kZones + "/tf.test.").json()["soa_edit_api"], "INCREASE");
  EXPECT_EQ(ask("GET", kZones + "/tf.test.").json()["rrsets"][1]["records"].size(), 2U);
  EXPECT_EQ(ask("DELETE", kZones + "/tf.test.").status, 204U);
  EXPECT_EQ(ask("DELETE", kZones + "/tf.test.").status, 404U);
  const auto refused = [&](const std::string& body) {
    const Got got = ask("POST", kZones, body);
    EXPECT_EQ(got.status, 422U) << got.body;
    return got.error();
  };
  EXPECT_EQ(refused(R"({"name":"x.test","kind":"Native"})"), "DNS Name 'x.test' is not canonical");
  EXPECT_EQ(refused(R"({"name":"x.test."})"), "Key 'kind' not present or not a String");
  EXPECT_NE(refused(R"({"name":"x.test.","kind":"Slave","masters":["192.0.2.1"]})"), "");
  EXPECT_NE(refused(R"({"name":"x.test.","kind":"Native","rrsets":[{}],"zone":"x"})"), "");
  EXPECT_NE(refused(R"({"name":"x.test.","kind":"Native","dnssec":true})"), "");
  EXPECT_NE(refused(R"({"name":"x.test.","kind":"Native","nameservers":["ns"]})"), "");
}

// Bodies as the clients send them, which change what they mean to.
TEST_F(HttpSiteTest, TakesTheBodiesOfEachClient) {
  struct Body {
    const char* client;
    const char* body;
  };
  const Body bodies[] = {
      {"DNSControl",
       R"({"name":"","type":"Zone","nameservers":[],"rrsets":[{"name":"c.example.com.","type":"A","ttl":0,)"
       R"("changetype":"DELETE","records":null,"comments":null}]})"},
      {"DNSControl, SVCB",
       R"({"rrsets":[{"name":"c.example.com.","type":"HTTPS","ttl":300,"changetype":"REPLACE","comments":null,)"
       R"("records":[{"content":"1 . alpn=h2,h3","disabled":false}]}]})"},
      {"lego",
       R"({"rrsets":[{"name":"_acme-challenge.example.com.","changetype":"REPLACE","type":"TXT","kind":"Master",)"
       R"("ttl":120,"records":[{"content":"\"x\"","disabled":false,"name":"_acme-challenge.example.com.",)"
       R"("type":"TXT","ttl":120}]}]})"},
      {"external-dns", R"({"rrsets":[{"name":"e.example.com.","type":"A","changetype":"DELETE"},)"
                       R"({"name":"e.example.com.","type":"A","ttl":300,"changetype":"REPLACE",)"
                       R"("records":[{"content":"192.0.2.9"}]}]})"},
      {"Terraform", R"({"rrsets":[{"name":"tf.example.com.","type":"CNAME","ttl":300,"changetype":"REPLACE",)"
                    R"("records":[{"content":"www.example.com.","disabled":false,"set-ptr":false}]}]})"},
      {"libcloud", R"({"rrsets":[{"name":"lc.example.com.","type":"CAA","ttl":86400,"changetype":"REPLACE",)"
                   R"("records":[{"content":"0 issue \"ca.test\"","disabled":false}]}]})"},
      {"octoDNS, DELETE with all",
       R"({"rrsets":[{"name":"www.example.com.","type":"A","ttl":300,"changetype":"DELETE",)"
       R"("records":[{"content":"192.0.2.2","disabled":false}]}]})"},
  };
  for (const Body& each : bodies) {
    const Got got = ask("PATCH", kZone, each.body);
    EXPECT_EQ(got.status, 204U) << each.client << ": " << got.body;
  }
  EXPECT_EQ(contents("c.example.com.", "HTTPS").size(), 1U);
  EXPECT_EQ(contents("lc.example.com.", "CAA"), Json({"0 issue \"ca.test\""}));
  EXPECT_EQ(contents("_acme-challenge.example.com.", "TXT"), Json({"\"x\""}));
  EXPECT_EQ(contents("www.example.com.", "A"), Json());
}

TEST_F(HttpSiteTest, KeysAreAddedAndTheirSecretsNeverShown) {
  const std::string keys = "/api/v1/servers/localhost/tsigkeys";
  const std::string key = R"({"name":"k1","algorithm":"hmac-sha256","key":"c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"})";
  EXPECT_EQ(ask("POST", keys, key).status, 201U);
  EXPECT_EQ(ask("POST", keys, key).status, 409U);
  EXPECT_EQ(ask("POST", keys, R"({"name":"k2","algorithm":"hmac-sha256"})").status, 422U);
  EXPECT_EQ(ask("GET", keys + "/k1.").json()["name"], "k1");
  EXPECT_EQ(ask("GET", keys).body.find("c2Vj"), std::string::npos);
  EXPECT_EQ(ask("DELETE", keys + "/k1.").status, 204U);
  EXPECT_EQ(ask("GET", keys + "/k1.").status, 404U);
}

TEST_F(HttpSiteTest, SearchesZonesAndRecords) {
  const auto search = [&](const std::string& query) {
    return ask("GET", "/api/v1/servers/localhost/search-data?q=" + query).json();
  };
  EXPECT_EQ(search("*xample.CO?.&object_type=zone").dump(),
            R"([{"name":"example.com.","object_type":"zone","zone_id":"example.com."}])");
  const Json records = search("192.0.2.2*&object_type=record");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0]["name"], "www.example.com.");
  EXPECT_EQ(records[0]["type"], "A");
  EXPECT_EQ(records[0]["zone_id"], "example.com.");
  EXPECT_EQ(search("*&max=2").size(), 2U);
  EXPECT_TRUE(search("none").empty());
  EXPECT_EQ(ask("GET", "/api/v1/servers/localhost/search-data").status, 422U);
  EXPECT_TRUE(fits_pattern("aXbYc", "a*b*c"));
  EXPECT_TRUE(fits_pattern("", "**"));
  EXPECT_FALSE(fits_pattern("ab", "a?b"));
  EXPECT_FALSE(fits_pattern(std::string(5000, 'a'), "*a*a*a*a*a*a*a*a*a*b")) << "and soon";
}

TEST_F(HttpSiteTest, HostileBodiesAreBoundedByWhoSendsThem) {
  EXPECT_LT(site_.most_body({"POST", "/api", {}, "", {}}), 100'000U);
  EXPECT_EQ(site_.most_body({"POST", "/api", {{"x-api-key", admin_}}, "", {}}), RequestReader::kMostBody);
  const std::string deep = std::string(1'000'000, '[');
  EXPECT_EQ(ask("PATCH", kZone, R"({"rrsets":)" + deep).status, 400U);
  EXPECT_EQ(ask("PATCH", kZone, std::string("{\"rrsets\":[{\"name\":\"\xFF\xFE\"}]}")).status, 400U) << "no UTF-8";
}

// ---- tokens beside a model ----

// What a token may do, told anew by texts alone: no code of access/ has a part in it.
struct ModelToken {
  Role role = Role::reader;
  std::vector<std::string> zones;
  std::vector<std::pair<std::string, std::string>> limits;  // names, types

  static bool ends_with(const std::string& text, const std::string& end) { return text.ends_with(end); }
  bool has_zone(const std::string& zone) const {
    return std::ranges::any_of(zones, [&](const std::string& pattern) {
      return pattern == "*" || pattern == zone || (pattern.starts_with("*.") && ends_with(zone, pattern.substr(1)));
    });
  }
  bool may_edit(const std::string& zone, const std::string& owner, const std::string& type) const {
    if (role == Role::reader || !has_zone(zone)) return false;
    if (limits.empty()) return true;
    return std::ranges::any_of(limits, [&](const auto& limit) {
      const auto& [names, types] = limit;
      const bool name = names == "*" || names == owner ||
                        (names.starts_with("*.") && ends_with(owner, names.substr(1))) ||
                        (names.ends_with(".*") && owner.starts_with(names.substr(0, names.size() - 1)));
      return name && (types.empty() || ("," + types + ",").find("," + type + ",") != std::string::npos);
    });
  }
  // What is no edit of single records.
  bool may(const std::string& zone, Role least) const { return role >= least && limits.empty() && has_zone(zone); }
};

class TokenModelTest : public HttpSiteTest {
 protected:
  TokenModelTest() {
    for (const char* zone : {"a.example.com", "example.net", "xexample.com"}) load(zone);
  }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[random_() % list.size()];
  }
  ModelToken draw() {
    ModelToken token;
    token.role = one_of<Role>({Role::reader, Role::editor, Role::editor, Role::secondary_manager, Role::admin});
    for (unsigned i = 0; i <= random_() % 2; ++i)
      token.zones.push_back(one_of<std::string>({"*", "example.com.", "*.example.com.", "example.net.", "*.net."}));
    for (auto i = random_() % 3; i != 0; --i)
      token.limits.emplace_back(
          one_of<std::string>({"*", "www.example.com.", "*.example.com.", "*.a.example.com.", "_acme-challenge.*"}),
          one_of<std::string>({"", "A", "TXT,AAAA", "MX"}));
    return token;
  }
  std::string text_of(const ModelToken& model) {
    std::vector<UpdateGrant> limits;
    for (const auto& [names, types] : model.limits) limits.push_back(parse_grant("*", names, types));
    return token(model.role, model.zones, std::move(limits));
  }
  // All that a request may have changed.
  std::vector<const void*> state() {
    std::vector<const void*> all{rig_.settings_.get().get()};
    for (const std::string& zone : kAll) {
      const zones::Name apex = name(zone);
      const dataplane::ReadSection section(reader_);
      const zones::Zone* found = rig_.zones_.table.find(zones::NameHash::process().of(apex), apex);
      all.push_back(found != nullptr ? found->current() : nullptr);
    }
    return all;
  }
  // Does one thing with a token; whether the model lets it.
  bool act(const ModelToken& model, const std::string& text, Got& got) {
    const std::string zone = one_of(kAll);
    const std::string owner =
        one_of<std::string>({"www.", "_acme-challenge.", "x.y.", "_acme-challenge.www.", ""}) + zone;
    const auto [type, data] = one_of<std::pair<std::string, std::string>>(
        {{"A", "192.0.2." + std::to_string(random_() % 250)},
         {"TXT", "\"" + std::to_string(random_()) + "\""},
         {"AAAA", "2001:db8::" + std::to_string(random_() % 9999)},
         {"ALIAS", "target" + std::to_string(random_() % 99) + ".example."}});
    const std::string path = kZones + "/" + zone, verbs = "/api/axfrd/v1/";
    const std::map<std::string, std::string, std::less<>> by{{"x-api-key", text}};
    const auto verb = [&](const char* method, Json params) {
      params["zone"] = zone;
      return ask("POST", verbs + method, dump(params), by);
    };
    switch (random_() % 9) {
      case 0:
      case 1:
      case 2: {
        const char* change = one_of<const char*>({"REPLACE", "DELETE", "EXTEND"});
        const Json rrset{{"name", owner},
                         {"type", type},
                         {"ttl", 60},
                         {"changetype", change},
                         {"records", Json::array({{{"content", data}, {"disabled", false}}})}};
        got = ask("PATCH", path, dump(Json{{"rrsets", Json::array({rrset})}}), by);
        return model.may_edit(zone, owner, type);
      }
      case 3: {
        verb("zone.begin", Json::object());
        verb("zone.set", {{"record", Json::array({owner, "60", type, data})}});
        got = verb("zone.commit", Json::object());
        ask("POST", verbs + "zone.abort", dump(Json{{"zone", zone}}));
        return model.may_edit(zone, owner, type);
      }
      case 4:
        got = verb("zone.import", {{"text", kSmallZone + "n" + std::to_string(random_()) + " 60 A 192.0.2.1\n"}});
        return model.may(zone, Role::editor);
      case 5:
        got = verb("zone.config", {{"serial", one_of<std::string>({"unixtime", "increment"})}});
        return model.may(zone, Role::editor);
      case 6:
        got = verb("secondary.enable", {{"ns", "ns.other.example."}, {"allow", "9.9.9.9"}});
        return model.may(zone, Role::secondary_manager);
      case 7:
        got = ask("DELETE", path, "", by);
        return model.may(zone, Role::editor);
      default:
        got = ask("POST", verbs + "key.generate", dump(Json{{"key", "k" + std::to_string(random_())}}), by);
        return false;  // a secret is shown on the control socket alone
    }
  }

  inline static const std::vector<std::string> kAll{"example.com.", "a.example.com.", "example.net.", "xexample.com."};
  std::mt19937 random_{20261201};
};

TEST_F(TokenModelTest, NobodyChangesWhatTheModelForbids) {
  unsigned forbidden = 0, done = 0;
  for (unsigned round = 0; round < 500; ++round) {
    const ModelToken model = draw();
    const std::string text = text_of(model);
    const auto before = state();
    Got got;
    const bool may = act(model, text, got);
    const bool changed = state() != before;
    ASSERT_TRUE(may || !changed) << "round " << round << ", status " << got.status << ": " << got.body;
    // A transaction whose edits were refused is empty, and may be committed.
    const bool refused = got.status == 403 || got.status == 404 || got.status == 409;
    const Json answer = got.json();
    const bool was_empty = answer.is_object() && !answer.value("changed", true);
    ASSERT_TRUE(may || refused || was_empty) << "round " << round << ", status " << got.status << ": " << got.body;
    if (may) {
      EXPECT_NE(got.status, 403U) << "round " << round << ": " << got.body;
    }
    forbidden += may ? 0 : 1;
    done += changed ? 1 : 0;
    for (const std::string& zone : kAll) {
      if (ask("GET", kZones + "/" + zone + "?rrsets=false").status == 404U) load(zone);
    }
  }
  EXPECT_GT(forbidden, 150U);
  EXPECT_GT(done, 50U);
}

}  // namespace
}  // namespace axfrd::control
