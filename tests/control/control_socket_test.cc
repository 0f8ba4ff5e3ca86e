#include "control/command/control_socket.h"

#include "tests/control/control_client.h"

namespace axfrd::control {
namespace {

using test::receive_reply;
using test::request_line;
using test::StreamClient;

constexpr size_t kMaxLine = 100000;

// Methods that show what the socket does with each kind of outcome.
void answer(RpcRequest request, RpcDone done) {
  if (request.method == "echo") return done(RpcResult(request.params));
  if (request.method == "fail") return done(Failure{FailureCode::no_such_zone, "there is no such thing\xff"});
  if (request.method == "stream") {
    return done(RpcResult(stream_of([left = 2000](std::string& out) mutable {
      out += left == 2000 ? "[0" : ",\"" + std::string(998, '1') + "\"";
      if (--left > 0) return true;
      out += "]";
      return false;
    })));
  }
  done(RpcError{RpcError::unknown_method, "no method " + request.method});
}

class ControlSocketTest : public testing::Test {
 protected:
  ControlSocketTest() : file_(directory_ / "control.sock") {
    socket_.emplace([this](boost::asio::io_context& loop) {
      return std::make_unique<ControlSocket>(
          loop, file_,
          [this](RpcRequest request, RpcDone done) {
            if (request.method == "later") {
              later_ = std::move(done);
            } else if (request.method == "hold") {
              held_.push_back(std::move(done));
            } else if (request.method == "count") {
              done(RpcResult(Json(++counted_)));
            } else {
              answer(std::move(request), std::move(done));
            }
          },
          [](const RpcRequest& request) -> std::optional<std::string> {
            if (!request.params.contains("zone")) return std::nullopt;
            return request.params["zone"].get<std::string>();
          },
          log_.log(), kMaxLine);
    });
  }
  // A reply that was never given holds its connection, and that the loop.
  ~ControlSocketTest() override {
    socket_->run([this](ControlSocket&) {
      later_ = nullptr;
      held_.clear();
    });
  }
  // Answers the held request of that number, with its number.
  void release(size_t number) {
    socket_->run([&](ControlSocket&) { held_.at(number)(RpcResult(Json(number))); });
  }
  // What has been begun when the loop has nothing more to do.
  size_t held() {
    size_t size = 0;
    socket_->run([&](ControlSocket&) { size = held_.size(); });
    return size;
  }
  size_t counted() {
    size_t count = 0;
    socket_->run([&](ControlSocket&) { count = counted_; });
    return count;
  }
  int connect() const { return test::connect_to(directory_ / "control.sock"); }
  static int code_of(const Json& reply) { return reply.at("error").at("code"); }

  test::TemporaryDirectory directory_;
  test::LogFile log_;
  SocketFile file_;
  RpcDone later_;              // the loop's thread
  std::vector<RpcDone> held_;  // the same
  size_t counted_ = 0;         // the same
  std::optional<test::InLoop<ControlSocket>> socket_;
};

TEST_F(ControlSocketTest, RepliesWithTheIdOfTheRequest) {
  StreamClient client(connect());
  for (const Json& id : {Json(7), Json("seven"), Json()}) {
    client.send(request_line("echo", {{"a", "b"}}, id));
    EXPECT_EQ(receive_reply(client), (Json{{"jsonrpc", "2.0"}, {"id", id}, {"result", {{"a", "b"}}}}));
  }
}

TEST_F(ControlSocketTest, GarbageIsToldAndTheConnectionGoesOn) {
  const std::pair<std::string, int> cases[] = {
      {"nonsense", -32700},
      {"", -32700},
      {std::string("\0\0", 2), -32700},
      {"\xff\xfe", -32700},
      {std::string(50000, '['), -32700},
      {"[]", -32600},
      {"7", -32600},
      {"{}", -32600},
      {R"({"jsonrpc":"2.0","id":1})", -32600},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", -32600},
      {R"({"jsonrpc":"1.0","id":1,"method":"echo"})", -32600},
      {R"({"jsonrpc":"2.0","id":[],"method":"echo"})", -32600},
      {R"({"jsonrpc":"2.0","id":1,"method":"echo","params":[1]})", -32602},
      {R"({"jsonrpc":"2.0","id":1,"method":"nothing"})", -32601},
  };
  StreamClient client(connect());
  for (const auto& [line, code] : cases) {
    client.send(line + "\n");
    EXPECT_EQ(code_of(receive_reply(client)), code) << line.substr(0, 80);
  }
  client.send(request_line("echo"));
  EXPECT_TRUE(receive_reply(client).contains("result"));
}

// Objects that keep their order take as long again for each member: 100 000 of them held everybody up for 14 s.
TEST(Rpc, ARequestThatIsLargerThanAnyMethodIsRefusedWithoutReadingOn) {
  const std::string head = R"({"jsonrpc":"2.0","id":7,"method":"echo","params":)";
  std::string members = "{", values = R"({"a":[)", deep;
  for (size_t i = 0; i <= kMaxMembers; ++i) members += "\"" + std::to_string(i) + "\":\"\",";
  for (size_t i = 0; i <= kMaxValues; ++i) values += "1,";
  for (size_t i = 0; i <= kMaxDepth; ++i) deep += "[";
  const std::string not_json = "\x01 what follows is no JSON at all";
  const auto refusal_of = [](const std::string& line) {
    const auto parsed = parse_request(line);
    const auto* error = std::get_if<RpcError>(&parsed);
    return error != nullptr ? error->message : "taken";
  };
  EXPECT_EQ(refusal_of(head + members + not_json), "an object of more than 64 members");
  EXPECT_EQ(refusal_of(head + values + not_json), "more than 65536 values");
  EXPECT_EQ(refusal_of(head + deep + not_json), "JSON of more than 8 levels");
  EXPECT_EQ(refusal_of(head + R"({"a":"1","a":"2"})" + not_json), "the member \"a\" stands twice");
  const auto parsed = parse_request(head + members);
  EXPECT_EQ(std::get<RpcError>(parsed).id, 7) << "the id was there to be read";
  EXPECT_EQ(std::get<RpcRequest>(parse_request(head + R"({"a":["b",{"c":[1,2.5,true,null,-1]}]}})")).params,
            Json::parse(R"({"a":["b",{"c":[1,2.5,true,null,-1]}]})"));
}

TEST_F(ControlSocketTest, HalfRequestsOfAllTogetherAreBounded) {
  std::vector<std::unique_ptr<StreamClient>> halves;
  for (int i = 0; i < 20; ++i) {
    halves.push_back(std::make_unique<StreamClient>(connect()));
    halves.back()->send(std::string(kMaxLine * 9 / 10, ' '));
    StreamClient other(connect());
    other.send(request_line("echo"));
    EXPECT_TRUE(receive_reply(other).contains("result")) << "small requests have room always";
  }
  // All but the last were silent for longer than somebody who needed room.
  for (int i = 0; i < 19; ++i) EXPECT_TRUE(halves[static_cast<size_t>(i)]->closed_by_peer()) << i;
  halves.back()->send("\n");
  EXPECT_EQ(code_of(receive_reply(*halves.back())), -32700) << "it is still listened to";
  EXPECT_NE(log_.text().find("control socket: too much is held"), std::string::npos);
}

TEST_F(ControlSocketTest, WhoIsSilentForTheLongestTimeMakesRoomForANewClient) {
  std::vector<std::unique_ptr<StreamClient>> idle;
  StreamClient served(connect());
  served.send(request_line("later"));
  for (size_t i = 0; i + 1 < ControlSocket::kMaxClients; ++i) {
    idle.push_back(std::make_unique<StreamClient>(connect()));
    idle.back()->send(request_line("echo"));
    EXPECT_TRUE(receive_reply(*idle.back()).contains("result"));
  }
  StreamClient fresh(connect());
  fresh.send(request_line("echo"));
  EXPECT_TRUE(receive_reply(fresh).contains("result"));
  EXPECT_TRUE(idle.front()->closed_by_peer());
  idle[1]->send(request_line("echo"));
  EXPECT_TRUE(receive_reply(*idle[1]).contains("result"));
  socket_->run([&](ControlSocket&) { std::exchange(later_, {})(RpcResult(Json("at last"))); });
  EXPECT_EQ(receive_reply(served)["result"], "at last") << "who is being served stays";
}

TEST_F(ControlSocketTest, AConnectionIsServedOneRequestATurn) {
  StreamClient greedy(connect()), other(connect());
  greedy.send(request_line("echo"));
  other.send(request_line("echo"));
  receive_reply(greedy);
  receive_reply(other);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += request_line("count");
  size_t before = 0;
  socket_->run([&](ControlSocket&) {  // both are there when the loop turns next
    greedy.send(many);
    other.send(request_line("count"));
    before = counted_;
  });
  const size_t at = receive_reply(other)["result"];
  EXPECT_LE(at, before + 10) << "of a thousand that came before";
  for (int i = 0; i < 1000; ++i) receive_reply(greedy);
}

TEST_F(ControlSocketTest, LongAndShortRequestsAreAnsweredInOrder) {
  StreamClient client(connect());
  std::string all;
  for (int id = 0; id < 20; ++id)
    all += request_line("echo", {{"text", std::string(id % 2 == 0 ? 70000 : 7, 'x')}}, id);
  std::thread sender([&] { client.send(all); });
  for (int id = 0; id < 20; ++id) {
    const Json reply = receive_reply(client);
    EXPECT_EQ(reply["id"], id);
    EXPECT_EQ(reply["result"]["text"].get<std::string>().size(), id % 2 == 0 ? 70000U : 7U);
  }
  sender.join();
}

TEST_F(ControlSocketTest, WhatTheServerRefusesHasAPositiveCode) {
  StreamClient client(connect());
  client.send(request_line("fail"));
  const Json reply = receive_reply(client);
  EXPECT_EQ(code_of(reply), 2);
  EXPECT_EQ(reply["error"]["message"], "there is no such thing\xef\xbf\xbd");  // the replacement character
}

TEST_F(ControlSocketTest, PipelinedRequestsAreAnsweredInOrder) {
  StreamClient client(connect());
  std::string all;
  for (int id = 0; id < 1000; ++id) all += request_line(id % 100 == 0 ? "stream" : "echo", Json::object(), id);
  std::thread sender([&] { client.send(all); });
  for (int id = 0; id < 1000; ++id) EXPECT_EQ(receive_reply(client).value("id", -1), id);
  sender.join();
}

TEST_F(ControlSocketTest, RequestsAboutDifferentZonesAreServedSideBySideAndAnsweredInOrder) {
  StreamClient client(connect());
  client.send(request_line("hold", {{"zone", "a"}}, 0) + request_line("hold", {{"zone", "b"}}, 1) +
              request_line("count", {{"zone", "c"}}, 2));
  ASSERT_TRUE(test::eventually([&] { return held() == 2 && counted() == 1; }));
  release(1);
  EXPECT_FALSE(client.has_input(std::chrono::milliseconds(50))) << "the first has no reply yet";
  release(0);
  for (int id = 0; id < 3; ++id) EXPECT_EQ(receive_reply(client)["id"], id);
}

TEST_F(ControlSocketTest, ARequestWaitsForThoseAboutTheSameZone) {
  StreamClient client(connect());
  client.send(request_line("hold", {{"zone", "a"}}) + request_line("hold", {{"zone", "b"}}) +
              request_line("count", {{"zone", "a"}}) + request_line("count", {{"zone", "c"}}));
  ASSERT_TRUE(test::eventually([&] { return held() == 2; }));
  release(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(counted(), 0U) << "and none is begun before it";
  release(0);
  EXPECT_TRUE(test::eventually([&] { return counted() == 2; }));
}

TEST_F(ControlSocketTest, ARequestAboutMoreThanAZoneIsServedAlone) {
  StreamClient client(connect());
  client.send(request_line("hold", {{"zone", "a"}}) + request_line("hold") + request_line("count", {{"zone", "b"}}));
  ASSERT_TRUE(test::eventually([&] { return held() == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(held(), 1U);
  release(0);
  ASSERT_TRUE(test::eventually([&] { return held() == 2; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(counted(), 0U);
  release(1);
  EXPECT_TRUE(test::eventually([&] { return counted() == 1; }));
}

TEST_F(ControlSocketTest, AFailureAmidstOthersKeepsNoneFromBeingDone) {
  StreamClient client(connect());
  client.send(request_line("hold", {{"zone", "a"}}) + request_line("fail", {{"zone", "b"}}) + "nonsense\n" +
              request_line("count", {{"zone", "c"}}));
  ASSERT_TRUE(test::eventually([&] { return counted() == 1; }));
  release(0);
  EXPECT_EQ(receive_reply(client)["result"], 0);
  EXPECT_EQ(code_of(receive_reply(client)), 2);
  EXPECT_EQ(code_of(receive_reply(client)), -32700);
  EXPECT_EQ(receive_reply(client)["result"], 1);
}

TEST_F(ControlSocketTest, SoManyAreServedAtOnceAndNoMore) {
  StreamClient client(connect());
  std::string all;
  for (size_t i = 0; i < 100; ++i) all += request_line("hold", {{"zone", std::to_string(i)}});
  client.send(all);
  ASSERT_TRUE(test::eventually([&] { return held() == RpcConnection::kMostServed; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(held(), RpcConnection::kMostServed);
  for (size_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(test::eventually([&] { return held() > i; }));
    release(i);
    EXPECT_EQ(receive_reply(client)["result"], i);
  }
}

TEST_F(ControlSocketTest, WhoDoesNotReadIsServedNoFurther) {
  StreamClient lazy(connect()), other(connect());
  const std::string one = request_line("hold", {{"zone", "a"}});
  std::string all = one;
  constexpr int kAll = 4000;
  for (int i = 0; i < kAll; ++i)
    all += request_line(i % 2 == 0 ? "count" : "echo", {{"zone", std::to_string(i)}, {"text", std::string(1000, 'x')}});
  std::thread sender([&] { lazy.send(all); });
  ASSERT_TRUE(test::eventually([&] { return held() == 1; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(counted(), RpcConnection::kMostTaken) << "behind one that has no reply yet";
  release(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_LT(counted(), 1500U) << "what the kernel and we hold for it";
  other.send(request_line("echo"));
  EXPECT_TRUE(receive_reply(other).contains("result"));
  for (int i = 0; i <= kAll; ++i) EXPECT_TRUE(receive_reply(lazy).contains("result"));
  sender.join();
}

TEST_F(ControlSocketTest, WhoSendsNothingMoreGetsAllReplies) {
  StreamClient client(connect());
  client.send(request_line("hold", {{"zone", "a"}}) + request_line("echo", {{"zone", "b"}}));
  client.end_input();
  ASSERT_TRUE(test::eventually([&] { return held() == 1; }));
  EXPECT_FALSE(client.has_input(std::chrono::milliseconds(20)));
  release(0);
  EXPECT_TRUE(receive_reply(client).contains("result"));
  EXPECT_TRUE(receive_reply(client).contains("result"));
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(ControlSocketTest, WhoIsGoneLeavesNothingBehind) {
  {
    StreamClient gone(connect());
    std::string all;
    for (int i = 0; i < 10; ++i) all += request_line("hold", {{"zone", std::to_string(i)}});
    gone.send(all + request_line("stream") + request_line("echo"));
    ASSERT_TRUE(test::eventually([&] { return held() == 10; }));
  }
  for (size_t i = 10; i-- > 0;) release(i);
  StreamClient other(connect());
  other.send(request_line("echo"));
  EXPECT_TRUE(receive_reply(other).contains("result"));
}

TEST_F(ControlSocketTest, ARequestMayComeInPieces) {
  StreamClient client(connect());
  const std::string line = request_line("echo", {{"text", "x"}});
  for (const char octet : line) client.send(std::string(1, octet));
  EXPECT_EQ(receive_reply(client)["result"]["text"], "x");
}

TEST_F(ControlSocketTest, NotificationsGetNoReply) {
  StreamClient client(connect());
  std::string all;
  for (int i = 0; i < 5000; ++i)
    all += R"({"jsonrpc":"2.0","method":"echo"})"
           "\n";
  client.send(all + request_line("echo", Json::object(), "last"));
  EXPECT_EQ(receive_reply(client)["id"], "last");
}

TEST_F(ControlSocketTest, ALineOverTheLimitIsTheLast) {
  StreamClient client(connect());
  client.send(std::string(kMaxLine + 70000, ' '));
  EXPECT_EQ(code_of(receive_reply(client)), -32600);
  EXPECT_TRUE(client.closed_by_peer());
  StreamClient other(connect());
  other.send(request_line("echo", {{"text", std::string(kMaxLine - 200, 'x')}}));
  EXPECT_TRUE(receive_reply(other).contains("result"));
}

TEST_F(ControlSocketTest, ALargeResultIsStreamedWhole) {
  StreamClient client(connect());
  client.send(request_line("stream"));
  const std::string line = client.receive_line();
  EXPECT_GT(line.size(), 1999U * 1001U);
  EXPECT_TRUE(line.starts_with(R"({"jsonrpc":"2.0","id":1,"result":[0,"1111)"));
  EXPECT_TRUE(line.ends_with("11\"]}"));
}

TEST_F(ControlSocketTest, AClientThatDoesNotReadHoldsUpNobody) {
  StreamClient lazy(connect()), other(connect());
  lazy.send(request_line("stream"));
  for (int i = 0; i < 10; ++i) {
    other.send(request_line("echo"));
    EXPECT_TRUE(receive_reply(other).contains("result"));
  }
}

TEST_F(ControlSocketTest, AReplyMayComeLaterAndItsClientMayBeGone) {
  StreamClient waiting(connect());
  {
    StreamClient gone(connect());
    gone.send(request_line("later"));
    EXPECT_TRUE(test::eventually([&] {
      bool came = false;
      socket_->run([&](ControlSocket&) { came = later_ != nullptr; });
      return came;
    }));
  }
  socket_->run([&](ControlSocket&) { std::exchange(later_, {})(RpcResult(Json("too late"))); });
  waiting.send(request_line("later"));
  EXPECT_FALSE(waiting.has_input(std::chrono::milliseconds(50)));
  socket_->run([&](ControlSocket&) { later_(RpcResult(Json("at last"))); });
  EXPECT_EQ(receive_reply(waiting)["result"], "at last");
}

TEST_F(ControlSocketTest, FinishWritesRepliesUnderWayAndClosesTheRest) {
  StreamClient idle(connect()), busy(connect());
  busy.send(request_line("stream"));
  busy.receive(1);
  std::promise<void> finished;
  socket_->run([&](ControlSocket& socket) { socket.finish([&] { finished.set_value(); }); });
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_TRUE(busy.receive_line().ends_with("11\"]}"));
  EXPECT_EQ(finished.get_future().wait_for(test::kPatience), std::future_status::ready);
}

TEST_F(ControlSocketTest, FinishDoesNotWaitForEver) {
  StreamClient busy(connect());
  busy.send(request_line("later"));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::promise<void> finished;
  socket_->run([&](ControlSocket& socket) { socket.finish([&] { finished.set_value(); }); });
  EXPECT_EQ(finished.get_future().wait_for(std::chrono::seconds(3)), std::future_status::ready);
}

}  // namespace
}  // namespace axfrd::control
