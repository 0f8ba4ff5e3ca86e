#include "control/command/commands.h"

#include "control/command/control_thread.h"
#include "tests/control/control_client.h"

namespace axfrd::control {
namespace {

using test::kSmallZone;
using test::receive_reply;
using test::request_line;
using test::StreamClient;

// The daemon without a front door: everything that commands act on.
class CommandsTest : public testing::Test {
 protected:
  CommandsTest() { updater_.start(); }
  ~CommandsTest() override {
    control_.stop();
    updater_.stop();
    importer_.stop();
    service_loop_.stop();
    service_thread_.join();
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

  test::TemporaryDirectory directory_;
  test::LogFile log_;
  test::ServedZones zones_;
  boost::asio::io_context service_loop_;
  Store store_{directory_ / "store"};
  Keys keys_;
  Providers providers_;
  Updater updater_{zones_.table, zones_.cookies, zones_.rcu, store_, keys_, providers_, 1U << 20, log_.log()};
  Importer importer_{updater_, 1, log_.log()};
  Service service_{service_loop_, {}, zones_.responder, zones_.rcu, updater_, keys_, log_.log()};
  AliasService aliases_{service_loop_, {}, {}, updater_, log_.log()};
  DelegationChecker checker_{{}};
  std::atomic<ServerState> state_{ServerState::serving};
  std::atomic<int> stops_{0};
  const Server server_{zones_.table,        zones_.cookies, updater_, keys_,
                       importer_,           service_,       aliases_, checker_,
                       providers_,          nullptr,        state_,   std::chrono::seconds(1),
                       [this] { ++stops_; }};
  SocketFile file_{directory_ / "control.sock"};
  ControlThread control_{file_, std::nullopt, server_, zones_.rcu, log_.log()};
  StreamClient client_{test::connect_to(directory_ / "control.sock")};
  std::thread service_thread_{[this] {
    const auto keep_running = boost::asio::make_work_guard(service_loop_);
    service_loop_.run();
  }};
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
  EXPECT_EQ(error("zone.show", {{"zone", 7}}), RpcError::invalid_params);
  EXPECT_EQ(error("zone.show", {{"zone", "a..b"}}), RpcError::invalid_params);
  EXPECT_EQ(error("zone.import", {{"zone", "example.com"}}), RpcError::invalid_params);
  EXPECT_EQ(error("status", {{"zone", "example.com"}}), RpcError::invalid_params);
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
  const Json back = result("zone.rollback", {{"zone", "example.com"}, {"serial", "10"}});
  EXPECT_GT(back["serial"], changed["serial"]);
  std::string expected = before["text"];
  expected.replace(expected.find(" 10 "), 4, " " + back["serial"].dump() + " ");
  EXPECT_EQ(result("zone.export", zone)["text"], expected);
  EXPECT_EQ(error("zone.rollback", {{"zone", "example.com"}, {"serial", "9"}}), static_cast<int>(FailureCode::failed));
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

TEST_F(CommandsTest, AnImportMayEndAfterTheThreadThatAsked) {
  for (int i = 0; i < 20; ++i) {
    StreamClient client(test::connect_to(directory_ / "control.sock"));
    client.send(request_line("zone.import", {{"zone", "example.com"}, {"text", test::zone_with(5000)}}));
  }
  call("status");
}

}  // namespace
}  // namespace axfrd::control
