// Questions to servers that answer as the test says.
#include <arpa/inet.h>

#include <atomic>

#include "control/dnsclient/parent.h"
#include "control/dnsclient/query.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using std::chrono::milliseconds;

// Answers over UDP and TCP, on the same port of loopback.
class FakeServer {
 public:
  using Answer = std::function<std::string(std::string request)>;

  FakeServer(Answer by_udp, Answer by_tcp) : by_udp_(std::move(by_udp)), by_tcp_(std::move(by_tcp)) {
    sockaddr_in any{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    socklen_t size = sizeof any;
    do {
      any.sin_port = 0;
      EXPECT_EQ(::bind(udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), reinterpret_cast<sockaddr*>(&any), size),
                0);
      ::getsockname(udp_, reinterpret_cast<sockaddr*>(&any), &size);
      tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    } while (::bind(tcp_, reinterpret_cast<sockaddr*>(&any), size) != 0);
    EXPECT_EQ(::listen(tcp_, 4), 0);
    port_ = ntohs(any.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    stop_ = true;
    thread_.join();
    ::close(udp_);
    ::close(tcp_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  boost::asio::ip::udp::endpoint endpoint() const { return {parse_address("127.0.0.1"), port_}; }

 private:
  void serve() {
    while (!stop_) {
      pollfd readable[]{{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      ::poll(readable, 2, 20);
      if ((readable[0].revents & POLLIN) != 0) answer_datagram();
      if ((readable[1].revents & POLLIN) != 0) answer_stream();
    }
  }
  void answer_datagram() {
    std::string request(4096, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(udp_, request.data(), request.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    request.resize(static_cast<size_t>(got));
    const std::string answer = by_udp_(request);
    if (!answer.empty()) ::sendto(udp_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
  void answer_stream() {
    const int fd = ::accept(tcp_, nullptr, nullptr);
    const test::StreamClient client(fd);
    const std::string answer = by_tcp_(client.receive_message());
    if (!answer.empty()) (void)client.send(test::framed(answer));
  }

  const Answer by_udp_, by_tcp_;
  int udp_ = -1, tcp_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

std::string answered(std::string request, unsigned flags = 0x80) {
  request[2] = static_cast<char>(flags);
  return request;
}
std::string silent(const std::string&) { return ""; }

std::string ask(const FakeServer& server) {
  return dnsclient::query(server.endpoint(), test::name("example.com"), zones::rrtype::NS, {milliseconds(300), 2});
}

TEST(DnsQuery, TakesTheAnswer) {
  const FakeServer server([](std::string request) { return answered(std::move(request)) + "tail"; }, silent);
  EXPECT_TRUE(ask(server).ends_with("tail"));
}

TEST(DnsQuery, AsksAgainWhenADatagramIsLost) {
  std::atomic<int> asked{0};
  const FakeServer server([&](std::string request) { return ++asked == 2 ? answered(std::move(request)) : ""; },
                          silent);
  EXPECT_FALSE(ask(server).empty());
}

TEST(DnsQuery, GivesUpOnASilentServer) { EXPECT_EQ(ask(FakeServer(silent, silent)), ""); }

TEST(DnsQuery, WaitsOnAfterAnAnswerToSomethingElse) {
  const FakeServer other_id(
      [](std::string request) {
        request[0] = static_cast<char>(request[0] ^ 1);
        return answered(std::move(request));
      },
      silent);
  EXPECT_EQ(ask(other_id), "");
  const FakeServer other_name(
      [](std::string request) {
        request[13] = 'x';
        return answered(std::move(request));
      },
      silent);
  EXPECT_EQ(ask(other_name), "");
  const FakeServer echo([](std::string request) { return request; }, silent);
  EXPECT_EQ(ask(echo), "") << "a request is no answer";
}

TEST(DnsQuery, AnAnswerThatIsCutShortIsAskedForByTcp) {
  const FakeServer server([](std::string request) { return answered(std::move(request), 0x82); },
                          [](std::string request) { return answered(std::move(request)) + "by TCP"; });
  EXPECT_TRUE(ask(server).ends_with("by TCP"));
}

TEST(DnsQuery, ACutShortAnswerWithoutTcpIsNone) {
  const FakeServer server([](std::string request) { return answered(std::move(request), 0x82); }, silent);
  EXPECT_EQ(ask(server), "");
}

// ---- all servers of a parent zone ----

// A resolver that knows what the test says, and a parent zone "test." whose servers are on loopback: a.test. answers,
// and at 127.0.0.2 nobody does.
class ParentTest : public testing::Test {
 protected:
  ParentTest() {
    knows("customer.test.", zones::rrtype::NS, {"NXDOMAIN", "", 0, false});
    knows("test.", zones::rrtype::NS, {"", wire("a.test."), 60});
    knows("a.test.", zones::rrtype::A, {"", std::string("\x7F\0\0\1", 4), 60});
    knows("b.test.", zones::rrtype::A, {"", std::string("\x7F\0\0\2", 4), 60});
  }
  static std::string wire(const std::string& text) {
    return std::string(zones::text_of(test::name(text).view().bytes()));
  }
  void knows(const std::string& name, uint16_t type, const Resolved& resolved) { known_[{name, type}] = resolved; }

  // A referral to `servers`, or, without any, the word of an authority that there is no such zone.
  static FakeServer::Answer telling(std::vector<std::string> servers, uint8_t rcode = 3) {
    return [servers = std::move(servers), rcode](std::string request) {
      request[2] = static_cast<char>(servers.empty() ? 0x84 : 0x80);
      request[3] = static_cast<char>(servers.empty() ? rcode : 0);
      request[9] = static_cast<char>(servers.size());
      for (const std::string& server : servers) {
        const zones::Name owner = test::name(kZone), data = test::name(server);
        zones::append_record(request, zones::Record{owner, zones::rrtype::NS, 900, data.view().bytes()});
      }
      return request;
    };
  }
  dnsclient::ParentAnswer ask(const FakeServer::Answer& answer) {
    const FakeServer server(silent, answer);
    boost::asio::io_context loop;
    std::optional<dnsclient::ParentAnswer> result;
    const auto look_up = [&](const std::string& name, uint16_t type, ResolvedDone done) {
      const auto at = known_.find({name, type});
      boost::asio::post(loop, [done, found = at != known_.end() ? at->second : Resolved{"", "", 60}] { done(found); });
    };
    dnsclient::ask_parent({loop, look_up, server.endpoint().port()}, test::name(kZone),
                          {test::name("ns1.acme.test."), test::name("ns2.acme.test.")},
                          [&](dnsclient::ParentAnswer found) { result = std::move(found); });
    loop.run_for(test::kPatience);
    EXPECT_TRUE(result);
    return result.value_or(dnsclient::ParentAnswer{});
  }

  static constexpr const char* kZone = "zone.customer.test.";
  std::map<std::pair<std::string, uint16_t>, Resolved> known_;
};

TEST_F(ParentTest, IsTheClosestZoneWithNameServers) {
  const auto answer = ask(telling({"ns1.acme.test.", "ns.own.test."}));
  EXPECT_EQ(answer.failure, "");
  EXPECT_EQ(answer.parent, "test.");
  EXPECT_EQ(answer.named, std::vector{test::name("ns1.acme.test.")});
  EXPECT_EQ(answer.ttl, 900U);
}

TEST_F(ParentTest, NamesNoneIfAllServersSaySo) {
  for (const auto& say : {telling({"ns.own.test."}), telling({}), telling({}, 0)}) {
    const auto answer = ask(say);
    EXPECT_EQ(answer.failure, "");
    EXPECT_TRUE(answer.named.empty());
  }
}

TEST_F(ParentTest, AServerWithoutAnAnswerLeavesItOpen) {
  knows("test.", zones::rrtype::NS, {"", wire("a.test.") + wire("b.test."), 60});
  const auto open = ask(telling({"ns.own.test."}));
  EXPECT_NE(open.failure.find("b.test., a name server of test.: 127.0.0.2 does not answer by TCP"), std::string::npos)
      << open.failure;
  EXPECT_EQ(ask(telling({"ns1.acme.test."})).failure, "") << "one that names them is enough";
  EXPECT_NE(ask(silent).failure, "");
  // They are asked in any order, and the last one that fails is told of.
  knows("test.", zones::rrtype::NS, {"", wire("a.test."), 60});
  EXPECT_NE(ask(telling({}, 5)).failure.find("REFUSED"), std::string::npos);
}

TEST_F(ParentTest, OneAddressOfAServerIsEnough) {
  knows("a.test.", zones::rrtype::A, {"", std::string("\x7F\0\0\1\x7F\0\0\2", 8), 60});
  const auto answer = ask(telling({"ns.own.test."}));
  EXPECT_EQ(answer.failure, "");
  EXPECT_TRUE(answer.named.empty());
}

TEST_F(ParentTest, WhatTheResolverDoesNotFindIsNoAnswer) {
  knows("test.", zones::rrtype::NS, {"SERVFAIL", "", 0});
  EXPECT_NE(ask(telling({})).failure.find("SERVFAIL"), std::string::npos);
  knows("test.", zones::rrtype::NS, {"NXDOMAIN", "", 0, false});
  EXPECT_EQ(ask(telling({})).failure, "the resolver knows no zone above this one");
  knows("test.", zones::rrtype::NS, {"", wire("c.test."), 60});
  EXPECT_NE(ask(telling({})).failure.find("c.test., a name server of test.: it has no address"), std::string::npos);
}

}  // namespace
}  // namespace axfrd::control
