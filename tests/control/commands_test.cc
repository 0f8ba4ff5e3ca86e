#include "control/command/commands.h"

#include <fstream>

#include "control/control_thread.h"
#include "tests/control/control_client.h"
#include "tests/control/server_rig.h"

namespace axfrd::control {
namespace {

using test::kSmallZone;
using test::receive_reply;
using test::request_line;
using test::StreamClient;

class CommandsTest : public testing::Test, protected test::ServerRig {
 protected:
  ~CommandsTest() override {
    control_.stop();
    stop_server();
  }
  Json call(const std::string& method, const Json& params = Json::object()) {
    client_.send(request_line(method, params));
    return receive_reply(client_);
  }
  Json result(const std::string& method, const Json& params = Json::object()) {
    const Json reply = call(method, params);
    EXPECT_TRUE(reply.contains("result")) << reply;
    return reply.value("result", Json());
  }
  int error(const std::string& method, const Json& params) {
    return call(method, params).value("error", Json::object()).value("code", 0);
  }

  SocketFile file_{directory_ / "control.sock"};
  ControlThread control_{file_, std::nullopt, server_, zones_.rcu, log_.log()};
  StreamClient client_{test::connect_to(directory_ / "control.sock")};
};

TEST_F(CommandsTest, EveryVerbOfTheTableIsKnown) {
  for (const Verb& verb : verbs()) {
    const int code = error(verb.method, {{"no such parameter", "x"}});
    EXPECT_EQ(code, RpcError::invalid_params) << verb.method;
  }
  EXPECT_EQ(error("zone.nonsense", Json::object()), RpcError::unknown_method);
}

TEST_F(CommandsTest, ParametersAreCheckedAgainstTheTable) {
  EXPECT_EQ(error("zone.show", Json::object()), RpcError::invalid_params);
  EXPECT_EQ(error("zone.show", {{"zone", 7}}), static_cast<int>(FailureCode::no_such_zone))
      << "a number is a text, too";
  EXPECT_EQ(error("zone.show", {{"zone", nullptr}}), RpcError::invalid_params);
  EXPECT_EQ(error("zone.show", Json::parse(R"({"zone": true})")), RpcError::invalid_params);
  EXPECT_EQ(error("zone.show", {{"zone", "a..b"}}), RpcError::invalid_params);
  EXPECT_EQ(error("zone.import", {{"zone", "example.com"}}), RpcError::invalid_params);
  EXPECT_EQ(error("status", {{"zone", "example.com"}}), RpcError::invalid_params);
  // What a script's unset variable leaves: no key, no limit.
  EXPECT_EQ(error("token.add", {{"token", "t"}, {"role", "admin"}, {"zones", ""}}), RpcError::invalid_params);
  EXPECT_EQ(error("token.add", {{"token", "t"}, {"role", "admin"}, {"names", Json::array()}}),
            RpcError::invalid_params);
  EXPECT_EQ(error("key.grant", {{"key", "k"}, {"zone", "example.com"}, {"types", ""}}), RpcError::invalid_params);
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  for (const char* verb : {"secondary.enable", "secondary.edit"}) {
    EXPECT_EQ(error(verb, {{"zone", "example.com"}, {"allow", "192.0.2.1"}, {"key", ""}}), RpcError::invalid_params);
    EXPECT_GT(error(verb, {{"zone", "example.com"}, {"allow", "192.0.2.1="}}), 0);
  }
  EXPECT_TRUE(result("secondary.list")["zones"].empty());
}

TEST_F(CommandsTest, AProgramMayWriteFlagsAndNumbersAsJsonHasThem) {
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  EXPECT_EQ(result("zone.list", {{"limit", 1}})["zones"].size(), 1U);
  EXPECT_TRUE(result("zone.check", Json::parse(R"({"all": true})")).contains("zones"));
  EXPECT_EQ(error("zone.check", Json::parse(R"({"all": false})")), RpcError::invalid_params) << "as if left out";
  EXPECT_EQ(error("zone.list", {{"limit", 1.5}}), RpcError::invalid_params);
}

TEST_F(CommandsTest, AnImportedZoneIsListedShownExportedAndRemoved) {
  const Json imported =
      result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone + "a 60 ALIAS b.\n"}, {"file", "x.zone"}});
  EXPECT_EQ(imported["serial"], 10);
  EXPECT_TRUE(imported["old_serial"].is_null());
  EXPECT_TRUE(imported["changed"]);
  EXPECT_EQ(result("zone.list"), Json::parse(R"({"zones":[{"zone":"example.com.","serial":10,"records":4}]})"));
  const Json shown = result("zone.show", {{"zone", "Example.com."}});
  EXPECT_EQ(shown["names"], 3);
  EXPECT_EQ(shown["pseudo_records"], 1);
  EXPECT_EQ(shown["aliases"][0]["state"], "never resolved");
  EXPECT_GT(shown["memory"], 100);
  const Json exported = result("zone.export", {{"zone", "example.com"}});
  EXPECT_EQ(exported["serial"], 10);
  EXPECT_NE(exported["text"].get<std::string>().find("a.example.com.\t60\tIN\tALIAS\tb."), std::string::npos);
  EXPECT_EQ(result("zone.remove", {{"zone", "example.com"}})["serial"], 10);
  EXPECT_EQ(result("zone.list")["zones"].size(), 0U);
  EXPECT_EQ(error("zone.show", {{"zone", "example.com"}}), static_cast<int>(FailureCode::no_such_zone));
}

TEST_F(CommandsTest, AnExportedZoneIsTheSameZone) {
  const std::string text = test::zone_with(5000) + "quote 60 TXT \"a \\\" b \\\\ c \\200\"\n";
  result("zone.import", {{"zone", "example.com"}, {"text", text}});
  const Json exported = result("zone.export", {{"zone", "example.com"}});
  EXPECT_FALSE(result("zone.import", {{"zone", "example.com"}, {"text", exported["text"]}})["changed"]);
}

TEST_F(CommandsTest, ManyZonesAreListed) {
  for (int i = 0; i < 3000; ++i) zones_.load("z" + std::to_string(i) + ".example", kSmallZone);
  std::set<std::string> names;
  const Json listed = result("zone.list");
  for (const Json& zone : listed["zones"]) names.insert(zone["zone"]);
  EXPECT_EQ(names.size(), 3000U);
  EXPECT_TRUE(names.contains("z2999.example."));
}

TEST_F(CommandsTest, ATransactionTellsWhenARecordChangesTheTtlOfItsRrset) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  result("zone.begin", zone);
  const auto warnings = [&](const char* record) {
    return result("zone.set", {{"zone", "example.com"}, {"record", record}})["warnings"];
  };
  EXPECT_TRUE(warnings("www 300 A 192.0.2.7").empty());
  EXPECT_TRUE(warnings("new 60 A 192.0.2.7").empty());
  EXPECT_EQ(warnings("www 60 A 192.0.2.8"),
            Json::array({"www.example.com. A: the TTL of the RRset was 300, and is 60 now"}));
}

TEST_F(CommandsTest, AZoneComesAsOneTextOrAsParts) {
  const Json parts =
      Json::parse(R"([{"file":"f","text":"$INCLUDE g\n$GENERATE 1-2 h$ 60 A 192.0.2.$\n",)"
                  R"("includes":[{"line":1,"part":1}]},{"file":"g","text":"@ 60 SOA n. h. 1 1 1 1 1\n"}])");
  EXPECT_EQ(result("zone.import", {{"zone", "example.com"}, {"parts", parts}})["records"], 3);
  EXPECT_EQ(error("zone.import", {{"zone", "example.com"}, {"parts", parts}, {"text", kSmallZone}}),
            RpcError::invalid_params);
  EXPECT_EQ(error("zone.import", {{"zone", "example.com"}, {"parts", "x"}}), RpcError::invalid_params);
  EXPECT_EQ(error("zone.import", {{"zone", "example.com"}, {"parts", Json::array()}}), RpcError::invalid_params);
}

TEST_F(CommandsTest, ACheckListsWhatSecondariesRefuse) {
  zones_.load("sound.test", "@ 60 SOA ns.example. host.example. 1 2 3 4 5\n@ 60 NS ns.example.\n");
  (void)zones_.table.publish(zones::test::zone_with_refused_record());
  const Json all = result("zone.check", {{"all", "yes"}});
  EXPECT_EQ(all["zones"].size(), 2U);
  const Json one = result("zone.check", {{"zone", "example"}})["zones"];
  ASSERT_EQ(one.size(), 1U);
  ASSERT_EQ(one[0]["refused"].size(), 1U);
  EXPECT_NE(one[0]["refused"][0].get<std::string>().find("d.example. DS: a SHA-256 digest"), std::string::npos);
  EXPECT_FALSE(one[0]["faults"].empty());  // its name server has no address
  const Json sound = result("zone.check", {{"zone", "sound.test"}})["zones"][0];
  EXPECT_TRUE(sound["refused"].empty() && sound["faults"].empty()) << sound;
  EXPECT_EQ(error("zone.check", Json::object()), RpcError::invalid_params);
  EXPECT_EQ(error("zone.check", {{"zone", "other.test"}}), static_cast<int>(FailureCode::no_such_zone));
}

TEST_F(CommandsTest, ARollbackToWhatIsRefusedTodayIsRefused) {
  const Json zone{{"zone", "example"}};
  const zones::VersionRef before = zones::test::zone_with_refused_record();
  store_.commit({.zones = {{nullptr, before.get()}}, .settings = {}, .ledger = {}});
  (void)zones_.table.publish(before);
  result("zone.begin", zone);
  result("zone.unset", {{"zone", "example"}, {"record", "d DS"}});
  EXPECT_EQ(result("zone.commit", zone)["removed"], 1);
  const Json refused = call("zone.rollback", {{"zone", "example"}, {"serial", "1"}});
  EXPECT_NE(refused["error"]["message"].get<std::string>().find("d.example. DS, which is refused today"),
            std::string::npos)
      << refused;
}

TEST_F(CommandsTest, ATransactionIsSeenWhenItIsCommittedAndNotBefore) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  EXPECT_EQ(result("zone.begin", zone)["serial"], 10);
  EXPECT_EQ(result("zone.set", {{"zone", "example.com"}, {"record", "new A 192.0.2.9"}})["edits"], 1);
  EXPECT_EQ(result("zone.show", zone)["serial"], 10);
  const Json diff = result("zone.diff", zone);
  EXPECT_EQ(diff["added"].size(), 1U) << diff;
  EXPECT_EQ(result("zone.status")["transactions"][0]["edits"], 1);
  const Json committed = result("zone.commit", zone);
  EXPECT_EQ(committed["old_serial"], 10);
  EXPECT_EQ(committed["added"], 1);
  EXPECT_EQ(result("zone.show", zone)["serial"], committed["serial"]);
  EXPECT_TRUE(result("zone.status")["transactions"].empty());
  EXPECT_EQ(result("zone.history", zone)["steps"][0]["from"], 10);
}

// ---- records as arguments ----

class RecordArgumentsTest : public CommandsTest {
 protected:
  RecordArgumentsTest() {
    result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
    result("zone.begin", {{"zone", "example.com"}});
  }
  Json set(const Json& record) { return call("zone.set", {{"zone", "example.com"}, {"record", record}}); }
  Json unset(const Json& record) { return call("zone.unset", {{"zone", "example.com"}, {"record", record}}); }
  // What a record is stored as, behind its owner; or the error.
  std::string stored(const Json& record) {
    const Json reply = set(record);
    if (reply.contains("error")) return reply["error"]["message"];
    const std::string text = reply["result"]["record"];
    return text.substr(text.find("\tIN\t") + 4);
  }
  size_t edits() { return result("zone.status")["transactions"][0]["edits"]; }
};

TEST_F(RecordArgumentsTest, AnArgumentIsWhatItSays) {
  const std::pair<Json, const char*> cases[] = {
      // One argument, one string.
      {{"a", "TXT", "v=DMARC1; p=reject; rua=mailto:a@example.com"},
       R"(TXT	"v=DMARC1; p=reject; rua=mailto:a@example.com")"},
      {{"a", "TXT", "v=DKIM1; k=rsa; p=MIGf"}, R"(TXT	"v=DKIM1; k=rsa; p=MIGf")"},
      {{"a", "60", "IN", "TXT", " a (b) "}, R"(TXT	" a (b) ")"},
      {{"a", "TXT", "one", "two words"}, R"(TXT	"one" "two words")"},
      {{"a", "TXT", ""}, R"(TXT	"")"},
      {{"a", "TYPE16", "a;b"}, R"(TXT	"a;b")"},
      {{"a", "SPF", "v=spf1 -all"}, R"(SPF	"v=spf1 -all")"},
      {{"a", "TXT", R"(a\;b\"c\\d\233)"}, R"(TXT	"a;b\"c\\d\233")"},
      {{"a", "TXT", "tab\there"}, "TXT	\"tab\there\""},
      // As a zone file has it, in one argument or more.
      {{"a", "TXT", R"("one; two" "three")"}, R"(TXT	"one; two" "three")"},
      {{"a", "TXT", R"("one; two")", "three"}, R"(TXT	"one; two" "three")"},
      {{"a 60 IN TXT \"one; two\""}, R"(TXT	"one; two")"},
      {"a 60 IN TXT \"one; two\"", R"(TXT	"one; two")"},
      {{"a", "60", "A 192.0.2.1"}, "A	192.0.2.1"},
      {{"a", "MX", "10 mail.example."}, "MX	10 mail.example."},
      {{"a", "MX", "10", "mail.example."}, "MX	10 mail.example."},
      {{"a", "TYPE999", "\\# 1 ff"}, "TYPE999	\\# 1 ff"},
      {{"a", "TXT", "\\#", "2", "0141"}, R"(TXT	"A")"},
      // Strings among other fields.
      {{"a", "CAA", "0", "issue", "ca.example.net; account=1"}, R"(CAA	0 issue "ca.example.net; account=1")"},
      {{"a", "CAA", "0", "issue", ";"}, R"(CAA	0 issue ";")"},
      {{"a", "CAA", "0", "issue", ""}, "CAA	0 issue \"\""},
      {{"a", "CAA", "0 issue \"ca.example.net; account=1\""}, R"(CAA	0 issue "ca.example.net; account=1")"},
      {{"a", "HINFO", "Intel 386", "Linux"}, R"(HINFO	"Intel 386" "Linux")"},
      {{"a", "HINFO", "Intel Linux"}, R"(HINFO	"Intel" "Linux")"},
      {{"u", "URL", "https://www.example.org/?a=1;b=(2)"}, R"x(URL	"https://www.example.org/?a=1;b=(2)")x"},
      // Names that are written in UTF-8.
      {{"b\u00fccher", "CNAME", "B\u00dcCHER.example."}, "CNAME	xn--bcher-kva.example."},
      {{"a", "MX", "10 b\u00fccher.example."}, "MX	10 xn--bcher-kva.example."},
      {{"a", "HTTPS", "1", "b\u00fccher.example.", "alpn=h2"}, "HTTPS	1 xn--bcher-kva.example. alpn=h2"},
      {{"a", "TXT", "gr\u00fcn"}, R"(TXT	"gr\195\188n")"},
  };
  for (const auto& [record, expected] : cases) EXPECT_EQ(stored(record), expected) << record;
  EXPECT_EQ(set({"*.b\u00fc.x", "A", "192.0.2.1"})["result"]["record"],
            "*.xn--b-eha.x.example.com.\t300\tIN\tA\t192.0.2.1");
}

TEST_F(RecordArgumentsTest, WhatCannotBeMeantIsRefusedAndNotRecorded) {
  const std::pair<Json, const char*> cases[] = {
      {{"two", "TXT", "line1\nevil A 192.0.2.66"}, "a newline in"},
      {"two TXT line1\nevil A 192.0.2.66", "a newline in"},
      {{"two\nevil", "A", "192.0.2.66"}, "a newline in"},
      {{"two", "A\n", "192.0.2.66"}, "a newline in"},
      {{"two", "TXT", std::string("a\0b", 3)}, "an octet 0"},
      {{"a", "TXT", "say \"hi\""}, "a quotation mark inside"},
      {{"a", "TXT", "\"one"}, "never closed"},
      {{"a", "TXT", "C:\\path"}, "a backslash in"},
      {{"a", "TXT", "\\25"}, "a backslash in"},
      {{"a", "TXT", "\\256"}, "a backslash in"},
      {{"a", "TXT", "end\\"}, "a backslash in"},
      {"a TXT v=DMARC1; p=reject", "';' outside quotation marks"},
      {{"a", "TXT v=DMARC1; p=reject"}, "';' outside quotation marks"},
      {{"a", "A", "192.0.2.1", ";", "comment"}, "';' outside quotation marks"},
      {{"a", "SOA", "ns", "host", "(", "1", "2", "3", "4", "5", ")"}, "'(' outside quotation marks"},
      {{"a", "URL", "https://x/\"y\""}, "a quotation mark inside"},
      {{"$TTL", "60"}, "'$TTL' is a directive"},
      {{"$ORIGIN", "other."}, "'$ORIGIN' is a directive"},
      {{"$INCLUDE", "/etc/passwd"}, "'$INCLUDE' is a directive"},
      {{"", "A", "192.0.2.1"}, "an argument is empty"},
      {{"a", "", "192.0.2.1"}, "an argument is empty"},
      {Json::array(), "there is no record"},
      {"", "an argument is empty"},
      {{"\u2603", "A", "192.0.2.1"}, "is no label of an internationalised name"},
      {{"b\u00fc\\.x", "A", "192.0.2.1"}, "is no label of an internationalised name"},
  };
  for (const auto& [record, why] : cases) {
    EXPECT_NE(stored(record).find(why), std::string::npos) << record << ": " << stored(record);
    EXPECT_TRUE(unset(record).contains("error")) << record;
  }
  EXPECT_EQ(edits(), 0U);
  for (const Json& record : {Json(7), Json({"a", 7}), Json({{"a", "b"}})})
    EXPECT_EQ(set(record)["error"]["code"], static_cast<int>(RpcError::invalid_params)) << record;
}

TEST_F(RecordArgumentsTest, AValueThatIsTooLongForOneStringIsStoredAsSeveralAndTold) {
  const Json reply = set({"k._domainkey", "TXT", std::string(255, 'a') + "\\200" + std::string(60, 'c')})["result"];
  EXPECT_NE(reply["record"].get<std::string>().find(std::string(255, 'a') + "\" \"\\200cc"), std::string::npos)
      << reply;
  ASSERT_EQ(reply["warnings"].size(), 1U);
  EXPECT_NE(reply["warnings"][0].get<std::string>().find("316 octets"), std::string::npos);
  EXPECT_TRUE(set({"k", "TXT", std::string(255, 'a')})["result"]["warnings"].empty());
}

TEST_F(RecordArgumentsTest, AnInternationalisedNameIsToldAsItIsStored) {
  const Json reply = set({"b\u00fccher", "A", "192.0.2.1"})["result"];
  EXPECT_EQ(reply["warnings"], Json::array({"'b\u00fccher' is stored as xn--bcher-kva"}));
  EXPECT_TRUE(unset({"b\u00fccher"}).contains("result"));
}

TEST_F(RecordArgumentsTest, RemovingNothingIsAnErrorAndNotRecorded) {
  for (const Json& nothing : {Json{"nothing"}, Json{"www", "MX"}, Json{"www", "A", "192.0.2.99"}, Json{"@", "SOA"}}) {
    const Json reply = unset(nothing);
    EXPECT_EQ(reply["error"]["code"], static_cast<int>(FailureCode::failed)) << nothing;
    EXPECT_NE(reply["error"]["message"].get<std::string>().find("nothing to remove"), std::string::npos) << reply;
  }
  EXPECT_EQ(edits(), 0U);
  EXPECT_TRUE(unset({"www"}).contains("result"));
  EXPECT_TRUE(unset({"www"}).contains("error")) << "the transaction has removed it";
  EXPECT_EQ(edits(), 1U);
}

// However many edits there are, the next one costs the same: it is what made 12 000 of them take 14 s.
TEST_F(RecordArgumentsTest, TenThousandEditsAreOneTransaction) {
  for (int i = 0; i < 10000; ++i) {
    client_.send(
        request_line("zone.set", {{"zone", "example.com"}, {"record", "h" + std::to_string(i) + " A 192.0.2.1"}}));
    if (i % 100 == 99) {
      for (int k = 0; k < 100; ++k) ASSERT_TRUE(receive_reply(client_).contains("result"));
    }
  }
  EXPECT_EQ(edits(), 10000U);
  EXPECT_EQ(result("zone.commit", {{"zone", "example.com"}})["added"], 10000);
}

// ---- what was so already ----

TEST_F(CommandsTest, TheSameRequestInTheSameStateSucceedsAndSaysSo) {
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  const Json secret = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";
  const Json secondary{{"zone", "example.com"}, {"ns", "ns1.other.example"}, {"allow", "192.0.2.101"}};
  const std::pair<const char*, Json> requests[] = {
      {"zone.import", {{"zone", "example.com"}, {"text", kSmallZone + "b 60 A 192.0.2.8\n"}}},
      {"zone.config", {{"zone", "example.com"}, {"serial", "increment"}}},
      {"key.add", {{"key", "k.example"}, {"secret", secret}}},
      {"key.grant", {{"key", "k.example"}, {"zone", "example.com"}}},
      {"key.grant", {{"key", "k.example"}, {"zone", "*"}, {"names", "*.a.example"}, {"types", "A,TXT"}}},
      {"secondary.enable", secondary},
      {"secondary.edit", {{"zone", "example.com"}, {"allow", "192.0.2.102"}}},
      {"secondary.disable", {{"zone", "example.com"}}},
      {"provider.set", {{"provider", "p"}, {"ns", "ns1.other.example"}, {"allow", "192.0.2.101"}}},
      {"cookie.add", {{"secret", "e5e973e5a6b2a43f48e7dc849e37bfcf"}}},
  };
  for (const auto& [method, params] : requests) {
    EXPECT_TRUE(result(method, params).value("changed", true)) << method;
    const Json before = result("zone.show", {{"zone", "example.com"}});
    EXPECT_FALSE(result(method, params).value("changed", true)) << method;
    EXPECT_EQ(result("zone.show", {{"zone", "example.com"}}), before) << method;
  }
  EXPECT_FALSE(result("key.grant", {{"key", "K.example."}, {"zone", "*"}, {"names", "*.A.example"}, {"types", "TXT,A"}})
                   .value("changed", true))
      << "written otherwise";
  EXPECT_EQ(result("key.list")["keys"][0]["grants"].size(), 2U);
  result("zone.begin", {{"zone", "example.com"}});
  const Json record{{"zone", "example.com"}, {"record", "b 60 A 192.0.2.8"}};
  EXPECT_FALSE(result("zone.set", record).value("changed", true));
}

TEST_F(CommandsTest, WhatIsNotThereCannotBeRemoved) {
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  const Json secret = "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=";
  const std::pair<const char*, Json> requests[] = {
      {"zone.remove", {{"zone", "nothing.example"}}}, {"key.remove", {{"key", "k"}}},
      {"provider.remove", {{"provider", "p"}}},       {"cookie.drop", Json::object()},
      {"zone.abort", {{"zone", "example.com"}}},      {"zone.commit", {{"zone", "example.com"}}},
  };
  for (const auto& [method, params] : requests) EXPECT_GT(error(method, params), 0) << method;
  result("key.add", {{"key", "k"}, {"secret", secret}});
  EXPECT_GT(error("key.revoke", {{"key", "k"}, {"zone", "example.com"}}), 0);
  EXPECT_GT(error("key.add", {{"key", "k"}, {"secret", "AAAA"}}), 0) << "another secret";
  EXPECT_GT(error("key.generate", {{"key", "k"}}), 0);
}

TEST_F(CommandsTest, AZoneThatIsNotThereIsAnErrorOfEveryVerb) {
  const int no_such_zone = static_cast<int>(FailureCode::no_such_zone);
  for (const char* method :
       {"zone.show", "zone.export", "zone.remove", "zone.begin", "zone.status", "zone.history", "zone.config",
        "secondary.show", "secondary.status", "secondary.disable", "secondary.check"})
    EXPECT_EQ(error(method, {{"zone", "nosuch.example"}}), no_such_zone) << method;
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  EXPECT_TRUE(result("zone.status", {{"zone", "example.com"}})["transactions"].empty());
  EXPECT_EQ(result("zone.config", {{"zone", "example.com"}})["serial"], "unixtime");
}

TEST_F(CommandsTest, NamesAreReadAlikeByEveryVerb) {
  result("zone.import", {{"zone", "b\u00fccher.example"}, {"text", kSmallZone}});
  EXPECT_EQ(result("zone.show", {{"zone", "XN--bcher-kva.example"}})["zone"], "xn--bcher-kva.example.");
  for (const char* bad : {"", "a b", "a\nb", "a;b", "a\"b", "(a)", "a..b", "\u2603.example", "b\u00fc\\.x"}) {
    const Json reply = call("zone.show", {{"zone", bad}});
    EXPECT_EQ(reply["error"]["code"], static_cast<int>(RpcError::invalid_params)) << bad;
  }
  EXPECT_EQ(error("zone.show", {{"zone", "a\\032b.\\233"}}), static_cast<int>(FailureCode::no_such_zone));
  for (const char* bad : {"", "a b", "a\nb", "a,b"}) {
    const Json wish{{"provider", bad}, {"ns", "ns1.other.example"}, {"allow", "192.0.2.101"}};
    EXPECT_EQ(error("provider.set", wish), RpcError::invalid_params) << bad;
  }
  const Json two_lines{{"zone", "b\u00fccher.example"}, {"ns", "a.example\nevil.example"}, {"allow", "192.0.2.1"}};
  EXPECT_NE(error("secondary.enable", two_lines), 0);
}

TEST_F(CommandsTest, AZoneHasOneWriterAtATime) {
  const Json zone{{"zone", "example.com"}};
  const int conflict = static_cast<int>(FailureCode::conflict);
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  result("zone.import", {{"zone", "example.org"}, {"text", kSmallZone}});
  EXPECT_EQ(error("zone.set", {{"zone", "example.com"}, {"record", "x A 192.0.2.9"}}), conflict);
  result("zone.begin", zone);
  EXPECT_EQ(error("zone.begin", zone), conflict);
  result("zone.begin", {{"zone", "example.org"}});
  result("zone.abort", zone);
  EXPECT_EQ(error("zone.commit", zone), conflict);
  result("zone.begin", zone);
}

TEST_F(CommandsTest, AForgottenTransactionMakesRoomForTheNext) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  result("zone.begin", zone);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // its time-out is one second here
  result("zone.begin", zone);
}

TEST_F(CommandsTest, ACommitIsWrittenUponWhatCameInBetween) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  result("zone.begin", zone);
  result("zone.set", {{"zone", "example.com"}, {"record", "a A 192.0.2.9"}});
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone + "b 60 A 192.0.2.8\n"}});
  EXPECT_EQ(result("zone.commit", zone)["records"], 6);
}

TEST_F(CommandsTest, AnUnsoundTransactionStaysOpenToBeMended) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  result("zone.begin", zone);
  result("zone.set", {{"zone", "example.com"}, {"record", "a A 192.0.2.9"}});
  result("zone.set", {{"zone", "example.com"}, {"record", "a CNAME b"}});
  EXPECT_EQ(error("zone.commit", zone), static_cast<int>(FailureCode::bad_zone));
  result("zone.unset", {{"zone", "example.com"}, {"record", "a CNAME"}});
  EXPECT_EQ(result("zone.commit", zone)["added"], 1);
}

TEST_F(CommandsTest, ARollbackBringsBackOldContentUnderANewSerial) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  const Json before = result("zone.export", zone);
  result("zone.begin", zone);
  result("zone.unset", {{"zone", "example.com"}, {"record", "www"}});
  result("zone.set", {{"zone", "example.com"}, {"record", "www CNAME elsewhere.example."}});
  const Json changed = result("zone.commit", zone);
  const Json preview = result("zone.rollback", {{"zone", "example.com"}, {"serial", "10"}, {"dry-run", "yes"}});
  EXPECT_TRUE(preview["dry_run"]);
  EXPECT_EQ(result("zone.show", zone)["serial"], changed["serial"]) << "nothing was changed";
  const Json back = result("zone.rollback", {{"zone", "example.com"}, {"serial", "10"}});
  EXPECT_GT(back["serial"], changed["serial"]);
  EXPECT_EQ(back["removed"], preview["removed"].size());
  EXPECT_EQ(back["added"], preview["added"].size());
  std::string expected = before["text"];
  expected.replace(expected.find(" 10 "), 4, " " + back["serial"].dump() + " ");
  EXPECT_EQ(result("zone.export", zone)["text"], expected);
  EXPECT_EQ(error("zone.rollback", {{"zone", "example.com"}, {"serial", "9"}}), static_cast<int>(FailureCode::failed));
}

TEST_F(CommandsTest, TheLogLevelIsShownAndChanged) {
  EXPECT_EQ(result("log-level")["level"], "debug");
  EXPECT_FALSE(result("log-level", {{"level", "debug"}})["changed"]);
  EXPECT_TRUE(result("log-level", {{"level", "error"}})["changed"]);
  EXPECT_NE(log_.text().find("the log has error and worse from now on"), std::string::npos) << "told while it can be";
  log_.log().warning("nobody reads this");
  EXPECT_EQ(log_.text().find("nobody reads this"), std::string::npos);
  result("log-level", {{"level", "info"}});
  EXPECT_NE(log_.text().find("the log has info and worse from now on"), std::string::npos);
  EXPECT_EQ(error("log-level", {{"level", "loud"}}), RpcError::invalid_params);
}

TEST_F(CommandsTest, AGrantForAZoneThatIsNotThereIsRemarkedUpon) {
  result("key.generate", {{"key", "k"}});
  const Json granted = result("key.grant", {{"key", "k"}, {"zone", "exmaple.com"}});
  EXPECT_EQ(granted["warnings"], Json({"there is no zone exmaple.com. yet"}));
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  EXPECT_FALSE(result("key.grant", {{"key", "k"}, {"zone", "example.com"}}).contains("warnings"));
}

TEST_F(CommandsTest, ADirectoryIsImportedAndBadFilesAreReported) {
  const test::TemporaryDirectory zones;
  for (int i = 0; i < 200; ++i) zones.write("z" + std::to_string(i) + ".example.zone", kSmallZone);
  zones.write("bad.example.zone", "@ 1 A x\n");
  const Json loaded = result("zone.import-dir", {{"directory", zones.path().string()}});
  EXPECT_EQ(loaded["added"], 200);
  EXPECT_EQ(loaded["failed"], 1);
  EXPECT_NE(loaded["errors"][0].get<std::string>().find("bad.example.zone:1: "), std::string::npos);
  EXPECT_EQ(result("zone.import-dir", {{"directory", zones.path().string()}})["unchanged"], 200);
  EXPECT_EQ(error("zone.import-dir", {{"directory", "relative"}}), RpcError::invalid_params);
}

TEST_F(CommandsTest, ABadZoneIsToldWithItsFileAndLine) {
  const Json reply = call("zone.import", {{"zone", "example.com"}, {"text", "@ 1 A x\n"}, {"file", "my file"}});
  EXPECT_EQ(reply["error"]["code"], static_cast<int>(FailureCode::bad_zone));
  EXPECT_EQ(reply["error"]["message"].get<std::string>().find("my file:1: "), 0U) << reply;
}

TEST_F(CommandsTest, StatusAndStatsSayWhereTheServerIs) {
  zones_.load("example.com", kSmallZone);
  const Json status = result("status");
  EXPECT_EQ(status["state"], "serving");
  EXPECT_EQ(status["zones"], 1);
  EXPECT_EQ(status["pid"], getpid());
  state_ = ServerState::starting;
  EXPECT_EQ(result("status")["state"], "starting");
  const Json stats = result("stats");
  for (const char* part : {"workers", "kernel_path", "ports", "udp", "tcp", "zones"}) EXPECT_TRUE(stats.contains(part));
  EXPECT_EQ(stats["tcp"]["accepted"], 0);
  EXPECT_EQ(stats["zones"]["count"], 1);
}

TEST_F(CommandsTest, CookieSecretsAreStagedActivatedAndDropped) {
  const Json before = result("cookie.show");
  EXPECT_TRUE(before["staged"].is_null());
  const Json staged = result("cookie.add", {{"secret", "e5e973e5a6b2a43f48e7dc849e37bfcf"}});
  EXPECT_EQ(staged["active"], before["active"]);
  const Json active = result("cookie.activate");
  EXPECT_EQ(active["active"], staged["staged"]);
  EXPECT_EQ(active["staged"], before["active"]);
  const Json dropped = result("cookie.drop");
  EXPECT_TRUE(dropped["staged"].is_null());
  EXPECT_EQ(result("cookie.show"), dropped);
  EXPECT_EQ(error("cookie.drop", Json::object()), static_cast<int>(FailureCode::failed));
  EXPECT_EQ(error("cookie.activate", Json::object()), static_cast<int>(FailureCode::failed));
  for (const char* bad : {"", "e5e9", "x5e973e5a6b2a43f48e7dc849e37bfcf", "e5e973e5a6b2a43f48e7dc849e37bfcf00"})
    EXPECT_EQ(error("cookie.add", {{"secret", bad}}), RpcError::invalid_params);
  EXPECT_EQ(result("cookie.show")["active"], active["active"]);
}

TEST_F(CommandsTest, StopIsAnsweredBeforeItHappens) {
  EXPECT_TRUE(result("stop")["stopping"].get<bool>());
  EXPECT_EQ(stops_, 1);
}

// ---- who did it ----

TEST_F(CommandsTest, EachChangeIsRecordedOnceWithWhoAskedForIt) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}, {"file", "x.zone"}});
  result("zone.begin", zone);
  result("zone.set", {{"zone", "example.com"}, {"record", "new A 192.0.2.9"}});
  const uint32_t serial = result("zone.commit", zone)["serial"];
  EXPECT_GT(error("zone.rollback", {{"zone", "example.com"}, {"serial", "5"}}), 0);
  result("zone.rollback", {{"zone", "example.com"}, {"serial", "10"}});
  result("key.add", {{"key", "k"}, {"secret", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="}});
  result("zone.config", {{"zone", "example.com"}, {"serial", "increment"}});
  result("zone.config", {{"zone", "example.com"}, {"serial", "increment"}});
  result("zone.remove", zone);
  const std::string me = local_principal(geteuid()).name;
  std::vector<Json> records;
  ASSERT_TRUE(test::eventually([&] {
    records.clear();
    std::ifstream file(directory_ / "audit");
    for (std::string line; std::getline(file, line);) records.push_back(Json::parse(line));
    return records.size() >= 7;
  }));
  const std::vector<std::pair<std::string, std::string>> expected{
      {"zone.import", "done"}, {"zone.commit", "done"}, {"zone.rollback", "failed"}, {"zone.rollback", "done"},
      {"key.add", "done"},     {"zone.config", "done"}, {"zone.remove", "done"}};
  ASSERT_EQ(records.size(), expected.size());
  for (size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(records[i]["verb"], expected[i].first);
    EXPECT_EQ(records[i]["outcome"], expected[i].second) << records[i];
    EXPECT_EQ(records[i]["who"], me);
    EXPECT_EQ(records[i]["uid"], geteuid());
  }
  EXPECT_FALSE(records[0].contains("old_serial"));
  EXPECT_EQ(records[0]["detail"], "x.zone");
  EXPECT_EQ(records[1]["old_serial"], 10);
  EXPECT_EQ(records[1]["serial"], serial);
  EXPECT_EQ(records[1]["what"], "0 removed, 1 added");
  EXPECT_EQ(records[4]["key"], "k.");
  EXPECT_FALSE(records[6].contains("serial"));
}

TEST_F(CommandsTest, TheHistorySaysByWhomAndWhat) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  result("zone.begin", zone);
  result("zone.set", {{"zone", "example.com"}, {"record", "new A 192.0.2.9"}});
  result("zone.commit", zone);
  result("zone.rollback", {{"zone", "example.com"}, {"serial", "10"}});
  const std::string me = local_principal(geteuid()).name;
  const Json steps = result("zone.history", {{"zone", "example.com"}, {"changes", "yes"}})["steps"];
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0]["by"], "rollback to serial 10 by " + me);
  EXPECT_EQ(steps[1]["by"], "transaction by " + me);
  ASSERT_EQ(steps[1]["changes"]["added"].size(), 1U);
  EXPECT_EQ(steps[1]["changes"]["added"], steps[0]["changes"]["removed"]);
}

// What the operations allow to principals whom the control socket never has.
class RolesTest : public CommandsTest {
 protected:
  RolesTest() { result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}}); }
  static Principal who(Role role, const std::vector<std::string>& zones = {"*"}) {
    return {"somebody", role, ZoneScope::of(zones), std::nullopt};
  }
  template <class T>
  static bool forbidden(const Outcome<T>& outcome) {
    const auto* failure = std::get_if<Failure>(&outcome);
    return failure != nullptr && failure->code == FailureCode::forbidden;
  }
  // What became of an operation that answers later, if it does; one that was refused has answered.
  template <class T>
  struct Later {
    std::optional<Outcome<T>> outcome;
    Done<T> done() {
      return [this](Outcome<T> o) { outcome = std::move(o); };
    }
    bool is_forbidden() const { return outcome && forbidden(*outcome); }
  };

  boost::asio::io_context loop_;
  dataplane::Rcu::Reader reader_{zones_.rcu};
  Operations operations_{loop_, server_, reader_};
  const zones::Name apex_ = test::name("example.com"), other_ = test::name("example.org");
};

TEST_F(CommandsTest, NoRollbackBringsBackOrDropsTheServersOfSecondaries) {
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  const Json wish{{"zone", "example.com"}, {"ns", "ns1.secondary.test"}, {"allow", "192.0.2.77"}};
  const auto enabled = result("secondary.enable", wish)["serial"].dump();
  const auto servers = [&] { return result("zone.export", {{"zone", "example.com"}})["text"].get<std::string>(); };
  EXPECT_NE(servers().find("ns1.secondary.test."), std::string::npos);
  result("secondary.disable", {{"zone", "example.com"}});
  EXPECT_EQ(servers().find("ns1.secondary.test."), std::string::npos);
  result("zone.rollback", {{"zone", "example.com"}, {"serial", enabled}});
  EXPECT_EQ(servers().find("ns1.secondary.test."), std::string::npos) << "which are disabled today";
  result("secondary.enable", wish);
  result("zone.rollback", {{"zone", "example.com"}, {"serial", "10"}});
  EXPECT_NE(servers().find("ns1.secondary.test."), std::string::npos) << "which are enabled today";
}

TEST_F(RolesTest, AReaderLooksAndChangesNothing) {
  const Principal reader = who(Role::reader);
  EXPECT_FALSE(forbidden(operations_.zones.find(reader, apex_)));
  Later<Explained> explained;
  operations_.secondaries.explain(reader, {apex_, parse_address("192.0.2.1")}, explained.done());
  EXPECT_TRUE(test::eventually([&] {  // the answer comes from the service thread, and must find the loop
    loop_.restart();
    loop_.poll();
    return explained.outcome.has_value();
  }));
  EXPECT_FALSE(explained.is_forbidden());
  EXPECT_TRUE(forbidden(operations_.zones.begin(reader, apex_)));
  EXPECT_TRUE(forbidden(operations_.zones.set(reader, apex_, {"a"})));
  EXPECT_TRUE(forbidden(operations_.zones.abort(reader, apex_)));
  EXPECT_TRUE(forbidden(operations_.keys.list(reader)));
  EXPECT_TRUE(forbidden(operations_.server.cookies(reader)));
  EXPECT_TRUE(operations_.server.stop(reader));
  EXPECT_EQ(stops_, 0);
  Later<Committer::Changed> changed;
  operations_.zones.commit(reader, apex_, changed.done());
  EXPECT_TRUE(changed.is_forbidden());
  Later<Committer::Removed> removed;
  operations_.zones.remove(reader, apex_, true, removed.done());
  EXPECT_TRUE(removed.is_forbidden());
  Later<size_t> notified;
  operations_.secondaries.notify(reader, apex_, notified.done());
  EXPECT_TRUE(notified.is_forbidden());
}

TEST_F(RolesTest, AnEditorOpensNoTransfers) {
  const Principal editor = who(Role::editor);
  EXPECT_FALSE(forbidden(operations_.zones.begin(editor, apex_)));
  for (const auto how : {SetSecondary::How::enable, SetSecondary::How::edit}) {
    Later<SecondarySet> set;
    operations_.secondaries.set(editor, {apex_, how}, set.done());
    EXPECT_TRUE(set.is_forbidden());
  }
  Later<SecondarySet> disabled;
  operations_.secondaries.disable(editor, apex_, false, disabled.done());
  EXPECT_TRUE(disabled.is_forbidden());
  Later<ProviderSet> provider;
  operations_.secondaries.set_provider(editor, {"p", {}}, provider.done());
  EXPECT_TRUE(provider.is_forbidden());
}

TEST_F(RolesTest, ASecondaryManagerHasNoKeysAndNoServer) {
  const Principal manager = who(Role::secondary_manager);
  EXPECT_TRUE(forbidden(operations_.keys.list(manager)));
  EXPECT_TRUE(operations_.server.stop(manager));
  Later<Importer::Loaded> loaded;
  operations_.zones.import_directory(manager, {"/"}, loaded.done());
  EXPECT_TRUE(loaded.is_forbidden());
}

TEST_F(RolesTest, NobodyReachesBeyondTheirZones) {
  result("zone.import", {{"zone", "example.org"}, {"text", kSmallZone}});
  const Principal admin = who(Role::admin, {"example.org", "*.example.com"});
  EXPECT_TRUE(forbidden(operations_.zones.find(admin, apex_)));
  EXPECT_FALSE(forbidden(operations_.zones.find(admin, other_)));
  Later<Explained> explained;
  operations_.secondaries.explain(admin, {apex_, parse_address("192.0.2.1")}, explained.done());
  EXPECT_TRUE(explained.is_forbidden());
  EXPECT_TRUE(forbidden(operations_.keys.list(admin))) << "keys are of all zones";
  ZoneList list = operations_.zones.list(admin, {});
  const auto listed = list.next();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_TRUE(zones::Name(listed[0]->apex().name) == other_);
  EXPECT_TRUE(list.next().empty());
  Later<ZoneImported> imported;  // it would take names away from example.com
  operations_.zones.import(admin, {test::name("new.example.com"), zones::ZoneSource::of_text(kSmallZone, "f")},
                           imported.done());
  EXPECT_TRUE(imported.is_forbidden());
}

// ---- lists ----

TEST_F(CommandsTest, ZonesAreListedByNameFromAnywhere) {
  const auto names = [](const Json& listed) {
    std::vector<std::string> all;
    for (const Json& zone : listed["zones"]) all.push_back(zone["zone"]);
    return all;
  };
  using Names = std::vector<std::string>;
  for (const char* zone : {"b.example", "a.example", "C.example", "ab.test"})
    result("zone.import", {{"zone", zone}, {"text", kSmallZone}});
  EXPECT_EQ(names(result("zone.list")), (Names{"a.example.", "ab.test.", "b.example.", "C.example."}));
  result("zone.remove", {{"zone", "b.example"}});
  result("zone.import", {{"zone", "aa.test"}, {"text", kSmallZone}});
  EXPECT_EQ(names(result("zone.list", {{"prefix", "a"}})), (Names{"a.example.", "aa.test.", "ab.test."}));
  const Json page = result("zone.list", {{"after", "A.example"}, {"limit", "2"}});
  EXPECT_EQ(names(page), (Names{"aa.test.", "ab.test."}));
  EXPECT_TRUE(page["more"].get<bool>());
  EXPECT_FALSE(result("zone.list", {{"after", "ab.test"}, {"limit", "1"}}).contains("more"));
  EXPECT_TRUE(names(result("zone.list", {{"limit", "0"}})).empty());
}

// ---- imports that are looked at first ----

TEST_F(CommandsTest, ADryRunTellsWhatAnImportWouldDo) {
  const std::string more = kSmallZone + "more 60 A 192.0.2.77\n";
  Json would = result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}, {"dry-run", "yes"}});
  EXPECT_TRUE(would["removed"].empty());
  EXPECT_FALSE(would["added"].empty());
  EXPECT_TRUE(result("zone.list")["zones"].empty());
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  would = result("zone.import", {{"zone", "example.com"}, {"text", more}, {"dry-run", "yes"}});
  EXPECT_TRUE(would["removed"].empty());
  ASSERT_EQ(would["added"].size(), 1U) << would;
  EXPECT_EQ(result("zone.show", {{"zone", "example.com"}})["serial"], 10);
}

TEST_F(CommandsTest, AnImportThatRemovesTooMuchIsRefused) {
  std::string large = kSmallZone, small = kSmallZone;
  for (int i = 0; i < 20; ++i) large += "h" + std::to_string(i) + " 60 A 192.0.2.1\n";
  result("zone.import", {{"zone", "example.com"}, {"text", large}});
  const Json refused = call("zone.import", {{"zone", "example.com"}, {"text", small}, {"max-removed", "50"}});
  EXPECT_NE(refused["error"]["message"].get<std::string>().find("would remove 20 of 2"), std::string::npos) << refused;
  EXPECT_TRUE(result("zone.import", {{"zone", "example.com"}, {"text", small}, {"max-removed", "100"}})["changed"]);
  EXPECT_EQ(error("zone.import", {{"zone", "example.com"}, {"text", small}, {"max-removed", "101"}}),
            RpcError::invalid_params);
}

TEST_F(CommandsTest, TwoVersionsAreCompared) {
  const Json zone{{"zone", "example.com"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  std::vector<std::string> serials{"10"};
  for (const char* record : {"one 60 A 192.0.2.1", "two 60 A 192.0.2.2"}) {
    result("zone.begin", zone);
    result("zone.set", {{"zone", "example.com"}, {"record", record}});
    serials.push_back(result("zone.commit", zone)["serial"].dump());
  }
  const auto added = [&](const Json& params) {
    Json all = params;
    all["zone"] = "example.com";
    const Json difference = result("zone.diff", all);
    EXPECT_TRUE(difference["removed"].empty());
    return difference["added"];
  };
  EXPECT_EQ(added({{"from", serials[0]}}).size(), 2U);
  EXPECT_EQ(added({{"from", serials[0]}, {"to", serials[2]}}).size(), 2U);
  const Json first = added({{"from", serials[0]}, {"to", serials[1]}});
  ASSERT_EQ(first.size(), 1U);
  EXPECT_TRUE(first[0].get<std::string>().starts_with("one.example.com."));
  EXPECT_TRUE(added({{"from", serials[1]}, {"to", serials[1]}}).empty());
  EXPECT_GT(error("zone.diff", {{"zone", "example.com"}, {"from", "5"}}), 0);
  EXPECT_GT(error("zone.diff", {{"zone", "example.com"}, {"from", serials[2]}, {"to", serials[0]}}), 0);
}

// ---- secondaries ----

class SecondaryCommandsTest : public CommandsTest {
 protected:
  SecondaryCommandsTest() {
    result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
    result("key.add", {{"key", "k"}, {"secret", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="}});
    enabled_ =
        result("secondary.enable", {{"zone", "example.com"}, {"ns", "ns1.other.example"}, {"allow", "192.0.2.101=k"}});
  }
  std::string edit_error(const Json& params) {
    Json all = params;
    all["zone"] = "example.com";
    return call("secondary.edit", all).value("error", Json::object()).value("message", "");
  }
  Json edit(const Json& params) {
    Json all = params;
    all["zone"] = "example.com";
    return result("secondary.edit", all);
  }
  static std::vector<std::string> addresses(const Json& settings) {
    std::vector<std::string> all;
    for (const Json& secondary : settings["secondaries"]) all.push_back(secondary["address"]);
    return all;
  }
  dataplane::Rcu::Reader reader_{zones_.rcu};
  Json enabled_;
};

TEST_F(SecondaryCommandsTest, AKeyInUseIsNotRemovedUnlessThatIsMeant) {
  result("provider.set", {{"provider", "p"}, {"ns", "ns1.other.example"}, {"allow", "192.0.2.101"}, {"key", "k"}});
  const std::string why = call("key.remove", {{"key", "k"}})["error"]["message"];
  EXPECT_NE(why.find("zone example.com., provider p"), std::string::npos) << why;
  EXPECT_NE(why.find("--force"), std::string::npos);
  EXPECT_EQ(result("key.list")["keys"].size(), 1U);
  result("key.remove", {{"key", "k"}, {"force", "yes"}});
  EXPECT_TRUE(result("key.list")["keys"].empty());
}

TEST_F(SecondaryCommandsTest, WhatIsEnabledIsEditedAndNotEnabledAgain) {
  const std::string why =
      call("secondary.enable", {{"zone", "example.com"}, {"allow", "192.0.2.102"}})["error"]["message"];
  EXPECT_NE(why.find("axfrctl secondary edit"), std::string::npos) << why;
  EXPECT_FALSE(result("secondary.enable", {{"zone", "example.com"}, {"allow", "192.0.2.101=k"}})["changed"]);
}

TEST_F(SecondaryCommandsTest, OneNameOrAddressIsAddedOrRemoved) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(addresses(edit({{"add-allow", "192.0.2.102"}, {"key", "k"}})), (Texts{"192.0.2.101=k.", "192.0.2.102=k."}));
  EXPECT_EQ(addresses(edit({{"add-allow", "192.0.2.103"}, {"remove-allow", "192.0.2.101"}})),
            (Texts{"192.0.2.102=k.", "192.0.2.103"}));
  const Json moved = edit({{"add-ns", "ns2.other.example"}, {"remove-ns", "NS1.other.example"}});
  EXPECT_EQ(moved["ns"], Json::array({"ns2.other.example."}));
  EXPECT_NE(edit_error({{"remove-allow", "192.0.2.101"}}).find("there is no address 192.0.2.101"), std::string::npos);
  EXPECT_NE(edit_error({{"remove-ns", "ns2.other.example"}}).find("no NS name would be left"), std::string::npos);
  EXPECT_NE(edit_error({{"ns", "a.example"}, {"add-ns", "b.example"}}).find("and not both"), std::string::npos);
}

TEST_F(SecondaryCommandsTest, TheDelegationIsToldWhole) {
  const auto has = [](const Json& names, const char* name) {
    return std::find(names.begin(), names.end(), Json(name)) != names.end();
  };
  EXPECT_FALSE(has(enabled_["ns_before"], "ns1.other.example."));
  EXPECT_TRUE(has(enabled_["ns_after"], "ns1.other.example."));
  EXPECT_EQ(enabled_["ns_after"].size(), enabled_["ns_before"].size() + 1);
  const Json disabled = result("secondary.disable", {{"zone", "example.com"}});
  EXPECT_EQ(disabled["ns_after"], enabled_["ns_before"]);
}

TEST_F(SecondaryCommandsTest, WhatIsEndingMayBeEditedTakenBackAndEndedAtOnce) {
  const Json zone{{"zone", "example.com"}}, waiting{{"zone", "example.com"}, {"when-undelegated", "yes"}};
  const Json ending = result("secondary.disable", waiting);
  EXPECT_TRUE(ending["enabled"]);
  EXPECT_EQ(ending["ending"]["leaving"], Json::array({"ns1.other.example."}));
  EXPECT_EQ(ending["ns_after"], enabled_["ns_before"]) << "the names leave now";
  EXPECT_NE(ending["serial"], ending["old_serial"]);
  EXPECT_TRUE(result("explain", {{"zone", "example.com"}, {"address", "192.0.2.101"}, {"key", "k"}})["allowed"]);
  EXPECT_EQ(result("secondary.show", zone)["ending"], ending["ending"]);
  EXPECT_EQ(result("secondary.list")["zones"][0]["ending"], ending["ending"]);
  EXPECT_EQ(error("key.remove", {{"key", "k"}}), static_cast<int>(FailureCode::conflict)) << "it signs transfers yet";
  EXPECT_EQ(error("zone.remove", zone), static_cast<int>(FailureCode::unconfirmed));

  const Json again = result("secondary.disable", waiting);
  EXPECT_FALSE(again["changed"]);
  EXPECT_EQ(again["ending"], ending["ending"]) << "and since when";
  for (const char* list : {"ns", "add-ns", "remove-ns"})
    EXPECT_NE(edit_error({{list, "ns1.other.example"}}).find("is ending, and its NS names have left"),
              std::string::npos);
  const Json edited = edit({{"add-allow", "192.0.2.102"}});
  EXPECT_EQ(edited["secondaries"].size(), 2U);
  EXPECT_EQ(edited["ending"], ending["ending"]) << "it goes on ending";

  const Json back = result("secondary.enable", zone);
  EXPECT_EQ(back["ns_after"], enabled_["ns_after"]);
  EXPECT_EQ(back["secondaries"].size(), 2U);
  EXPECT_FALSE(back.contains("ending"));
  result("secondary.disable", waiting);
  const Json other = result("secondary.enable", {{"zone", "example.com"}, {"ns", "ns2.other.example"}});
  EXPECT_EQ(other["ns"], Json::array({"ns2.other.example."})) << "other settings are taken, as of what is disabled";
  result("secondary.disable", waiting);
  const Json at_once = result("secondary.disable", zone);
  EXPECT_FALSE(at_once["enabled"]);
  EXPECT_FALSE(at_once.contains("ending"));
  EXPECT_FALSE(result("secondary.disable", waiting)["changed"]) << "there is nothing to wait for";
}

TEST_F(SecondaryCommandsTest, AProviderThatChangesPutsNoNamesBackThatAreLeaving) {
  result("provider.set", {{"provider", "acme"}, {"ns", "ns1.acme.example"}, {"allow", "192.0.2.101=k"}});
  result("secondary.disable", {{"zone", "example.com"}});
  result("secondary.enable", {{"zone", "example.com"}, {"provider", "acme"}});
  const Json ending = result("secondary.disable", {{"zone", "example.com"}, {"when-undelegated", "yes"}});
  const Json set = result(
      "provider.set",
      {{"provider", "acme"}, {"ns", "ns1.acme.example,ns2.acme.example"}, {"allow", "192.0.2.101=k,192.0.2.102=k"}});
  EXPECT_EQ(set["zones"], 1U);
  const Json shown = result("secondary.show", {{"zone", "example.com"}});
  EXPECT_EQ(shown["serial"], ending["serial"]) << "nothing of that stands in the zone";
  EXPECT_EQ(shown["secondaries"].size(), 2U) << "but the addresses follow";
  EXPECT_EQ(shown["ending"], ending["ending"]);
}

TEST_F(SecondaryCommandsTest, NamesThatStayInTheZoneAreNothingToWaitFor) {
  result("secondary.disable", {{"zone", "example.com"}});
  result("zone.begin", {{"zone", "example.com"}});
  result("zone.set", {{"zone", "example.com"}, {"record", "@ 300 NS ns1.other.example."}});
  result("zone.commit", {{"zone", "example.com"}});
  result("secondary.enable", {{"zone", "example.com"}});
  const Json refused = call("secondary.disable", {{"zone", "example.com"}, {"when-undelegated", "yes"}})["error"];
  EXPECT_NE(refused["message"].get<std::string>().find("there is nothing to wait for"), std::string::npos) << refused;
}

TEST_F(SecondaryCommandsTest, AZoneThatHasSecondariesIsRemovedWhenThatIsMeant) {
  EXPECT_EQ(error("zone.remove", {{"zone", "example.com"}}), static_cast<int>(FailureCode::unconfirmed));
  EXPECT_TRUE(result("zone.remove", {{"zone", "example.com"}, {"yes", "yes"}}).contains("serial"));
}

TEST_F(SecondaryCommandsTest, TheLedgerIsFilteredAndSummedUp) {
  edit({{"add-allow", "192.0.2.102"}});
  const auto version = [&] {
    const dataplane::ReadSection section(reader_);
    const zones::Name apex = test::name("example.com");
    return zones::VersionRef(zones_.table.find(zones::NameHash::process().of(apex), apex)->current());
  }();
  boost::asio::post(service_loop_, [&] { notify_.published({{{version, ""}}, {}}); });
  ASSERT_TRUE(test::eventually([&] { return result("secondary.status")["ledger"].size() == 2; }));
  for (const Json& zone : {Json(), Json("example.com")}) {
    const auto status = [&](Json params) {
      if (!zone.is_null()) params["zone"] = zone;
      return result("secondary.status", params);
    };
    EXPECT_EQ(status({{"secondary", "192.0.2.102"}})["ledger"].size(), 1U);
    EXPECT_TRUE(status({{"secondary", "192.0.2.10"}})["ledger"].empty());
    EXPECT_TRUE(status({{"state", "no such state"}})["ledger"].empty());
    const Json hosts = status({{"summary", "yes"}})["hosts"];
    ASSERT_EQ(hosts.size(), 2U) << hosts;
    EXPECT_EQ(hosts[0]["zones"], 1);
  }
}

TEST_F(CommandsTest, AStandbyRefusesEachChangeAndNamesPromote) {
  const Json zone{{"zone", "example.com"}}, key{{"key", "k"}}, cookie{{"secret", "e5e973e5a6b2a43f48e7dc849e37bfcf"}};
  const Json secondary{{"zone", "example.com"}, {"ns", "ns1.other.example"}, {"allow", "192.0.2.101"}};
  const Json record{{"zone", "example.com"}, {"record", "x A 192.0.2.9"}};
  const Json provider{{"provider", "p"}, {"ns", "ns1.other.example"}, {"allow", "192.0.2.101"}};
  result("zone.import", {{"zone", "example.com"}, {"text", kSmallZone}});
  result("key.add", {{"key", "k"}, {"secret", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="}});
  result("zone.begin", zone);
  EXPECT_EQ(result("status")["role"], "primary");
  EXPECT_FALSE(result("promote").value("changed", true));
  committer_.set_standby();
  const std::pair<const char*, Json> changes[] = {
      {"zone.import", {{"zone", "example.com"}, {"text", kSmallZone}}},
      {"zone.import", {{"zone", "example.com"}, {"text", kSmallZone}, {"dry-run", "yes"}}},
      {"zone.import-dir", {{"directory", directory_.path().string()}}},
      {"zone.remove", zone},
      {"zone.begin", zone},
      {"zone.set", record},
      {"zone.unset", record},
      {"zone.commit", zone},
      {"zone.abort", zone},
      {"zone.rollback", {{"zone", "example.com"}, {"serial", "9"}}},
      {"zone.config", {{"zone", "example.com"}, {"serial", "increment"}}},
      {"secondary.enable", secondary},
      {"secondary.edit", secondary},
      {"secondary.disable", zone},
      {"provider.set", provider},
      {"provider.remove", {{"provider", "p"}}},
      {"notify", zone},
      {"notify", {{"secondary", "192.0.2.101"}}},
      {"key.add", {{"key", "l"}, {"secret", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="}}},
      {"key.generate", {{"key", "l"}}},
      {"key.remove", key},
      {"key.grant", {{"key", "k"}, {"zone", "example.com"}}},
      {"key.revoke", {{"key", "k"}, {"zone", "example.com"}}},
      {"cookie.add", cookie},
      {"cookie.activate", Json::object()},
      {"cookie.drop", Json::object()},
  };
  for (const auto& [method, params] : changes) {
    const Json failure = call(method, params).value("error", Json::object());
    EXPECT_EQ(failure.value("code", 0), static_cast<int>(FailureCode::standby)) << method << failure;
    EXPECT_NE(failure.value("message", "").find("axfrctl promote"), std::string::npos) << method << failure;
  }
  for (const char* method : {"zone.show", "zone.export", "zone.history", "zone.check", "secondary.show", "zone.config"})
    result(method, zone);
  const Json status = result("status");
  EXPECT_EQ(status["role"], "standby");
  EXPECT_TRUE(status["backup_time"].is_null());
  EXPECT_EQ(result("stats")["standby"]["is_standby"], Json::parse("true"));
  EXPECT_GT(error("standby.load", {{"directory", directory_.path().string()}}), 0);

  state_ = ServerState::starting;
  EXPECT_GT(error("promote", Json::object()), 0);
  state_ = ServerState::serving;
  const Json promoted = result("promote");
  EXPECT_EQ(promoted["zones_raised"], 1);
  EXPECT_TRUE(promoted["zones_left"].empty());
  EXPECT_FALSE(result("promote").value("changed", true));
  EXPECT_EQ(result("status")["next_start"], "standby");
  result("key.remove", key);
  std::vector<Json> records;
  ASSERT_TRUE(test::eventually([&] {
    records.clear();
    std::ifstream lines(directory_ / "audit");
    for (std::string line; std::getline(lines, line);) records.push_back(Json::parse(line));
    return !records.empty() && records.back()["verb"] == "key.remove" && records.back()["outcome"] == "done";
  }));
  size_t promotions = 0;
  for (const Json& each : records) promotions += each["verb"] == "promote" && each["outcome"] == "done" ? 1 : 0;
  EXPECT_EQ(promotions, 2U) << "of the server, and of its one zone";
}

TEST_F(CommandsTest, AnImportMayEndAfterTheThreadThatAsked) {
  for (int i = 0; i < 20; ++i) {
    StreamClient client(test::connect_to(directory_ / "control.sock"));
    client.send(request_line("zone.import", {{"zone", "example.com"}, {"text", test::zone_with(5000)}}));
  }
  call("status");
}

TEST(CommandsReach, ARequestIsAboutTheZoneThatItNamesUnlessItsVerbIsAboutMore) {
  const auto zone = [](const char* method, const Json& params) {
    return control::zone_of({.id = 1, .method = method, .params = params});
  };
  const auto expected = zones::sort_key(test::name("example.com"));
  for (const char* name : {"example.com", "example.com.", "EXAMPLE.com", "ex\\097mple.com"})
    EXPECT_EQ(zone("zone.commit", {{"zone", name}}), expected) << name;
  EXPECT_EQ(zone("secondary.edit", {{"zone", "b."}, {"add-ns", "ns."}}), zones::sort_key(test::name("b.")));
  EXPECT_EQ(zone("zone.commit", {{"zone", "example.com"}, {"wait", "3"}}), std::nullopt) << "that takes its time";
  EXPECT_EQ(zone("zone.commit", {{"zone", "no name"}}), std::nullopt);
  EXPECT_EQ(zone("zone.commit", {{"zone", 7}}), std::nullopt);
  EXPECT_EQ(zone("zone.commit", Json::object()), std::nullopt);
  EXPECT_EQ(zone("zone.import", {{"zone", "example.com"}}), std::nullopt) << "importers take it in any order";
  EXPECT_EQ(zone("secondary.status", {{"zone", "example.com"}}), std::nullopt);
  EXPECT_EQ(zone("nothing", {{"zone", "example.com"}}), std::nullopt);
}

}  // namespace
}  // namespace axfrd::control
