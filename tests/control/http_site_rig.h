// A site without a socket, over the daemon without a front door.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "control/http/site.h"
#include "tests/control/server_rig.h"

namespace axfrd::control {

class HttpSiteTest : public testing::Test {
 protected:
  // What came of a request.
  struct Got {
    unsigned status = 0;
    std::string body;
    std::map<std::string, std::string> fields;
    Json json() const { return Json::parse(body, nullptr, false); }
    std::string error() const { return json().value("error", ""); }
  };

  HttpSiteTest() { load("example.com"); }
  ~HttpSiteTest() override { rig_.stop_server(); }

  void load(const std::string& zone) {
    const Json params{{"zone", zone}, {"text", test::kSmallZone}};
    EXPECT_EQ(ask("POST", "/api/axfrd/v1/zone.import", dump(params)).status, 200U);
  }
  // The text of a new token.
  std::string token(Role role, std::vector<std::string> zones = {"*"}, std::vector<UpdateGrant> limits = {}) {
    Token fresh{.name = "t" + std::to_string(++tokens_), .id = {}, .hash = {}, .role = role, .zones = std::move(zones)};
    fresh.limits = std::move(limits);
    const std::string text = draw_secret(fresh);
    Settings next = *rig_.settings_.get();
    next.tokens = std::make_shared<const TokenBook>(
        *next.tokens, std::map<std::string, TokenRef>{{fresh.name, std::make_shared<const Token>(fresh)}});
    rig_.settings_.set(std::make_shared<const Settings>(std::move(next)));
    return text;
  }
  Got ask(const std::string& method, const std::string& target, const std::string& body = "",
          std::map<std::string, std::string, std::less<>> fields = {}) {
    if (!fields.contains("x-api-key")) fields["x-api-key"] = admin_;
    fields.emplace("accept", "*/*");
    Got got;
    bool done = false;
    site_.serve({method, target, std::move(fields), body, parse_address("192.0.2.1")}, [&](HttpResponse response) {
      got.status = response.status;
      got.body = response.body;
      for (const auto& [key, value] : response.fields) got.fields[key] = value;
      if (response.stream) return collect(response.stream, got, done);
      done = true;
    });
    const auto deadline = std::chrono::steady_clock::now() + test::kPatience;
    while (!done && std::chrono::steady_clock::now() < deadline) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(done) << method << " " << target;
    return got;
  }
  static void collect(const JsonStream& stream, Got& got, bool& done) {
    stream([stream, &got, &done](const std::string& text, bool more) {
      got.body += text;
      if (more) return collect(stream, got, done);
      done = true;
    });
  }
  Got patch(const std::string& rrsets, std::map<std::string, std::string, std::less<>> fields = {},
            const std::string& query = "") {
    return ask("PATCH", kZone + query, R"({"rrsets":[)" + rrsets + "]}", std::move(fields));
  }
  // The contents of an RRset, or null.
  Json contents(const std::string& owner, const std::string& type) {
    const Json rrsets = ask("GET", kZone + "?rrset_name=" + owner + "&rrset_type=" + type).json()["rrsets"];
    if (rrsets.empty()) return {};
    Json list = Json::array();
    for (const Json& record : rrsets[0]["records"]) list.push_back(record["content"]);
    return list;
  }
  uint32_t serial() { return ask("GET", kZone + "?rrsets=false").json()["serial"]; }

  inline static const std::string kZones = "/api/v1/servers/localhost/zones", kZone = kZones + "/example.com.";

  test::ServerRig rig_;
  boost::asio::io_context loop_;
  dataplane::Rcu::Reader reader_{rig_.zones_.rcu};
  Operations operations_{loop_, rig_.server_, reader_};
  Commands commands_{operations_};
  HttpOptions options_;
  HttpSite site_{loop_, operations_, commands_, rig_.server_, options_, rig_.log_.log()};
  int tokens_ = 0;
  std::string admin_ = token(Role::admin);
};

// ---- who may ----

}  // namespace axfrd::control
