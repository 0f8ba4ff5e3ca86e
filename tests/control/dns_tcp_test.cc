#include "control/dns/tcp.h"

#include "tests/control/dns_server.h"

namespace axfrd::control {
namespace {

using namespace std::chrono_literals;
using test::decoded;
using test::framed;
using test::kSmallZone;
using test::question;
using test::StreamClient;
using test::TcpServer;
using zones::rrtype::A;
using zones::rrtype::AXFR;
using zones::rrtype::SOA;

constexpr unsigned kRefused = 5, kNotAuth = 9, kFormErr = 1;

class DnsTcpTest : public testing::Test {
 protected:
  explicit DnsTcpTest(TcpLimits limits = {}) : server_(limits) {
    server_.zones().load("example.com", kSmallZone);
    server_.zones().load("big.example", test::zone_with(20000));
    server_.start();
  }
  std::multiset<std::string> content_of(const std::string& zone, unsigned records) const {
    return zones::test::records_of(*zones::test::zone_of(zone, records == 0 ? kSmallZone : test::zone_with(records)));
  }
  TcpServer server_;
};

TEST_F(DnsTcpTest, AnswersAQuery) {
  const StreamClient client(server_.connect());
  client.send(framed(question("www.example.com", A)));
  EXPECT_EQ(decoded(client.receive_message()).answer.at(0), "www.example.com.\t300\tIN\tA\t192.0.2.2");
}

TEST_F(DnsTcpTest, AFrameMayComeOctetByOctet) {
  const StreamClient client(server_.connect());
  const int on = 1;
  setsockopt(client.fd(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
  for (const char octet : framed(question("www.example.com", A)) + framed(question("ns1.example.com", A))) {
    ASSERT_TRUE(client.send(std::string(1, octet)));
    std::this_thread::sleep_for(200us);
  }
  EXPECT_EQ(decoded(client.receive_message()).answer.size(), 1U);
  EXPECT_EQ(decoded(client.receive_message()).answer.at(0), "ns1.example.com.\t300\tIN\tA\t192.0.2.1");
}

TEST_F(DnsTcpTest, ManyQueriesInOneSegmentAreAllAnswered) {
  const StreamClient client(server_.connect());
  std::string all;
  for (uint16_t id = 0; id < 500; ++id) all += framed(question("www.example.com", A, id));
  client.send(all);
  for (uint16_t id = 0; id < 500; ++id) ASSERT_EQ(decoded(client.receive_message()).id, id);
  EXPECT_EQ(server_.counters().requests.queries.read(), 500U);
}

TEST_F(DnsTcpTest, ARequestOfTheLargestSizeIsRead) {
  const StreamClient client(server_.connect());
  std::string large = question("www.example.com", A);
  large[11] = 1;  // an OPT record whose one option fills the message
  large += std::string("\0\0\x29\x10\0\0\0\0\0", 9);
  const auto rest = static_cast<unsigned>(zones::kMaxMessage - large.size() - 2);
  for (const unsigned v : {rest, 0xFDE9U, rest - 4}) large += {static_cast<char>(v >> 8), static_cast<char>(v)};
  large.resize(zones::kMaxMessage);
  client.send(framed(large));
  EXPECT_EQ(decoded(client.receive_message()).answer.size(), 1U);
  client.send(framed(question("www.example.com", A)));
  EXPECT_EQ(decoded(client.receive_message()).answer.size(), 1U);
}

TEST_F(DnsTcpTest, WhoHasFinishedAskingStillGetsItsAnswers) {
  const StreamClient client(server_.connect());
  client.send(framed(question("big.example", AXFR, 7)) + framed(question("www.example.com", A, 8)));
  client.end_input();
  size_t octets = 0;
  for (std::string message; !(message = client.receive_message()).empty();) octets += message.size();
  EXPECT_GT(octets, 400000U);
  EXPECT_EQ(server_.counters().transfers_finished.read(), 1U);
}

TEST_F(DnsTcpTest, ASmallZoneIsOneMessage) {
  const StreamClient client(server_.connect());
  client.send(framed(question("example.com", AXFR, 77)));
  const auto message = decoded(client.receive_message());
  EXPECT_EQ(message.id, 77U);
  EXPECT_TRUE(message.aa);
  EXPECT_EQ(message.answer.size(), 5U);
  EXPECT_EQ(message.answer.front(), message.answer.back());
  EXPECT_TRUE(test::eventually([&] {
    return server_.log().find("transfer of example.com. serial 10 to 127.0.0.1: AXFR, 1 messages") != std::string::npos;
  }));
}

TEST_F(DnsTcpTest, ALargeZoneArrivesWhole) {
  const StreamClient client(server_.connect());
  client.send(framed(question("big.example", AXFR, 5)));
  unsigned messages = 0;
  EXPECT_EQ(test::receive_transfer(client, 5, &messages), content_of("big.example", 20000));
  EXPECT_GT(messages, 20U);
  EXPECT_EQ(server_.counters().transfer_messages.read(), messages);
  client.send(framed(question("www.example.com", A)));
  EXPECT_EQ(decoded(client.receive_message()).answer.size(), 1U);
}

TEST_F(DnsTcpTest, AQueryBehindATransferDoesNotWaitForItsEnd) {
  const StreamClient client(server_.connect("127.0.0.1", 4096));
  client.send(framed(question("big.example", AXFR, 1)));
  client.receive_message();
  client.send(framed(question("www.example.com", A, 2)));
  unsigned before = 1, behind = 0;
  bool answered = false;
  for (unsigned soas = 1; soas < 2 || !answered;) {
    const auto message = decoded(client.receive_message());
    if (message.id == 2) {
      answered = true;
      continue;
    }
    ++(answered ? behind : before);
    if (message.answer.back().find("\tSOA\t") != std::string::npos) ++soas;
  }
  EXPECT_GT(behind, 0U) << before << " messages before the answer";
}

// Whoever does not read for the usual time is closed, and a sanitizer on a busy machine takes longer than that.
class PatientDnsTcpTest : public DnsTcpTest {
 protected:
  PatientDnsTcpTest() : DnsTcpTest({.idle = std::chrono::minutes(10)}) {}
};

TEST_F(PatientDnsTcpTest, AnswersDoNotWaitForTheTransfersOfOthers) {
  server_.zones().load("huge.example", test::zone_with(100000));
  std::vector<std::unique_ptr<StreamClient>> stalled;
  std::vector<std::jthread> readers;
  std::atomic<bool> enough = false;
  std::atomic<unsigned> whole = 0;
  for (unsigned i = 0; i < 4; ++i) {
    stalled.push_back(std::make_unique<StreamClient>(server_.connect("127.0.0.1", 4096)));
    stalled.back()->send(framed(question("huge.example", AXFR, 4)));
    // One of these reads as fast as it can, transfer after transfer, and three read slowly.
    readers.emplace_back([this, &enough, &whole, slow = i != 0] {
      const StreamClient client(server_.connect("127.0.0.2", slow ? 4096 : 0));
      while (!enough) {
        client.send(framed(question("huge.example", AXFR)));
        for (unsigned soas = 0; soas < 2 && !enough;) {
          const auto answer = decoded(client.receive_message()).answer;
          soas += answer.front().find("\tSOA\t") != std::string::npos;
          soas += answer.back().find("\tSOA\t") != std::string::npos;
          whole += soas == 2 ? 1 : 0;
          if (slow) std::this_thread::sleep_for(1ms);
        }
      }
    });
  }
  const StreamClient client(server_.connect());
  for (unsigned i = 0; i < 200 || whole == 0; ++i) {
    client.send(framed(question("www.example.com", A)));
    const std::string message = client.receive_message();  // or it gives up
    ASSERT_FALSE(message.empty()) << "after " << i << " answers";
  }
  enough = true;
  readers.clear();
  // The stalled ones have not read an octet until now, and lose nothing by it.
  EXPECT_EQ(test::receive_transfer(*stalled.front(), 4), content_of("huge.example", 100000));
  EXPECT_GE(server_.open_sessions(), stalled.size());
}

TEST_F(PatientDnsTcpTest, ATransferThroughATinyWindowIsRight) {
  const StreamClient client(server_.connect("127.0.0.1", 1));  // the kernel makes the least of it that it can
  client.send(framed(question("big.example", AXFR, 5)));
  EXPECT_EQ(test::receive_transfer(client, 5), content_of("big.example", 20000));
}

TEST_F(PatientDnsTcpTest, AFloodByWhoDoesNotReadIsNotAnsweredIntoMemory) {
  std::string text = kSmallZone;
  for (unsigned i = 0; i < 200; ++i) text += "@ 300 TXT \"" + std::string(200, 'x') + std::to_string(i) + "\"\n";
  server_.zones().load("fat.example", text);
  constexpr unsigned kQueries = 10000, kAnswer = 40000;
  const StreamClient client(server_.connect("127.0.0.1", 4096));
  std::jthread flood([&] {
    for (uint16_t id = 0; id < kQueries; ++id) client.send(framed(question("fat.example", zones::rrtype::TXT, id)));
  });
  const auto answered = [this] { return server_.counters().requests.queries.read(); };
  uint64_t before = 0;
  // Until nothing moves: what is answered and not read fills the kernel's buffers and little more.
  EXPECT_TRUE(test::eventually([&] {
    const uint64_t now = answered();
    std::this_thread::sleep_for(100ms);
    return now != 0 && now == std::exchange(before, answered());
  }));
  EXPECT_LT(answered() * kAnswer, uint64_t{32} << 20);
  for (unsigned id = 0; id < kQueries; ++id) {
    const std::string message = client.receive_message();
    ASSERT_GT(message.size(), kAnswer) << id;
    ASSERT_EQ(zones::load16(reinterpret_cast<const uint8_t*>(message.data())), id);
  }
}

TEST_F(DnsTcpTest, TransfersOnOneConnectionTakeTurns) {
  const StreamClient client(server_.connect());
  client.send(framed(question("big.example", AXFR, 1)) + framed(question("example.com", AXFR, 2)) +
              framed(question("big.example", AXFR, 3)));
  std::map<unsigned, unsigned> soas;
  std::vector<unsigned> ended;
  while (ended.size() < 3) {
    const auto message = decoded(client.receive_message());
    for (const auto& record : message.answer) {
      if (record.find("\tSOA\t") != std::string::npos && ++soas[message.id] == 2) ended.push_back(message.id);
    }
  }
  EXPECT_EQ(ended, (std::vector<unsigned>{2, 1, 3}));
}

TEST_F(PatientDnsTcpTest, MoreTransfersThanOneSessionMayHaveWaitTheirTurn) {
  const StreamClient client(server_.connect());
  std::string all;
  for (uint16_t id = 0; id < 100; ++id) all += framed(question("example.com", AXFR, id));
  client.send(all);
  for (unsigned i = 0; i < 100; ++i) EXPECT_EQ(decoded(client.receive_message()).answer.size(), 5U);
}

TEST_F(DnsTcpTest, WhoDoesNotReadIsNotReadFrom) {
  const StreamClient client(server_.connect("127.0.0.1", 4096));
  fcntl(client.fd(), F_SETFL, O_NONBLOCK);
  const std::string query = framed(question("nothing.example.com", A));
  size_t sent = 0;
  // The server's and the kernel's buffers fill; then no more is taken.
  for (int idle = 0; idle < 50 && sent < (size_t{64} << 20);) {
    const ssize_t octets = ::send(client.fd(), query.data(), query.size(), MSG_NOSIGNAL);
    idle = octets > 0 ? 0 : idle + 1;
    if (octets > 0) sent += static_cast<size_t>(octets);
    if (octets <= 0) std::this_thread::sleep_for(2ms);
  }
  EXPECT_LT(sent, size_t{32} << 20);
  const StreamClient other(server_.connect());
  other.send(framed(question("www.example.com", A)));
  EXPECT_EQ(decoded(other.receive_message()).answer.size(), 1U);
}

TEST_F(PatientDnsTcpTest, ASlowReaderGetsTheVersionItBeganWith) {
  const StreamClient client(server_.connect("127.0.0.1", 4096));
  client.send(framed(question("big.example", AXFR, 1)));
  client.receive_message();
  auto retired = server_.zones().table.publish(zones::test::zone_of("big.example", kSmallZone));
  const auto token = server_.zones().rcu.start();
  EXPECT_TRUE(test::eventually([&] { return server_.zones().rcu.passed(token); }));
  retired = {};
  unsigned records = 0, soas = 1;
  while (soas < 2) {
    const auto message = decoded(client.receive_message());
    records += static_cast<unsigned>(message.answer.size());
    if (message.answer.back().find("\tSOA\t") != std::string::npos) ++soas;
  }
  EXPECT_GT(records, 19000U);
}

TEST_F(DnsTcpTest, TransfersAreForThoseWhoMay) {
  const StreamClient stranger(server_.connect("127.0.1.1"));
  test::QueryBytes query("example.com", AXFR);
  query.edns(1232);
  stranger.send(framed(query.bytes));
  const std::string answer = stranger.receive_message();
  EXPECT_EQ(decoded(answer).rcode, kRefused);
  EXPECT_NE(answer.find("no --allow-transfer covers 127.0.1.1"), std::string::npos);
  EXPECT_EQ(server_.counters().requests.refused.read(), 1U);
  stranger.send(framed(question("www.example.com", A)));
  EXPECT_EQ(decoded(stranger.receive_message()).answer.size(), 1U);
}

TEST_F(DnsTcpTest, ATransferOfWhatIsNoZoneOfOursIsNotAuth) {
  const StreamClient client(server_.connect());
  client.send(framed(question("www.example.com", AXFR)) + framed(question("example.net", AXFR)));
  EXPECT_EQ(decoded(client.receive_message()).rcode, kNotAuth);
  EXPECT_EQ(decoded(client.receive_message()).rcode, kNotAuth);
}

TEST_F(DnsTcpTest, IxfrGivesTheSoaToWhoIsUpToDateAndTheZoneToWhoIsNot) {
  const StreamClient client(server_.connect());
  for (const uint32_t serial : {10U, 11U, 10U + 0x7FFFFFFFU}) {
    client.send(framed(test::ixfr_question("example.com", serial)));
    EXPECT_EQ(decoded(client.receive_message()).answer.size(), 1U) << serial;
  }
  for (const uint32_t serial : {9U, 0U, 10U - 0x7FFFFFFFU}) {
    client.send(framed(test::ixfr_question("example.com", serial)));
    EXPECT_EQ(decoded(client.receive_message()).answer.size(), 5U) << serial;
  }
  client.send(framed(question("example.com", zones::rrtype::IXFR)));
  EXPECT_EQ(decoded(client.receive_message()).rcode, kFormErr);
}

TEST_F(DnsTcpTest, AMalformedRequestIsFormerrAndTheSessionGoesOn) {
  const StreamClient client(server_.connect());
  std::string cut = question("www.example.com", A);
  cut.resize(cut.size() - 3);
  client.send(framed(cut) + framed(question("www.example.com", A)));
  EXPECT_EQ(decoded(client.receive_message()).rcode, kFormErr);
  EXPECT_EQ(decoded(client.receive_message()).answer.size(), 1U);
}

TEST_F(DnsTcpTest, WhoSendsNoDnsIsClosed) {
  const std::string response = [] {
    std::string bytes = question("www.example.com", A);
    bytes[2] = static_cast<char>(0x80);
    return framed(bytes);
  }();
  for (const std::string& garbage : {framed(""), framed("too short"), std::string(64, '\0'), response}) {
    const StreamClient client(server_.connect());
    client.send(garbage);
    EXPECT_TRUE(client.closed_by_peer());
  }
  EXPECT_TRUE(test::eventually([&] { return server_.counters().count_of(SessionEnd::malformed) == 4; }));
}

TEST_F(DnsTcpTest, WhatWasAskedBeforeSomethingThatIsNoDnsIsAnswered) {
  const StreamClient client(server_.connect());
  client.send(framed(question("www.example.com", A)) + framed(question("big.example", AXFR)) + framed("too short") +
              framed(question("www.example.com", A)));
  EXPECT_EQ(decoded(client.receive_message()).answer.size(), 1U);
  EXPECT_EQ(test::receive_transfer(client, 0x1234), content_of("big.example", 20000));
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(DnsTcpTest, AClientThatVanishesInATransferLeavesNothing) {
  for (int i = 0; i < 20; ++i) {
    const StreamClient client(server_.connect());
    client.send(framed(question("big.example", AXFR)));
    if (i % 2 == 0) client.receive_message();
    const linger reset{1, 0};
    setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  {
    const StreamClient last(server_.connect());  // accepted after all others
    last.send(framed(question("www.example.com", A)));
    EXPECT_EQ(decoded(last.receive_message()).answer.size(), 1U);
  }
  EXPECT_TRUE(test::eventually([&] { return server_.open_sessions() == 0; }));
}

TEST_F(DnsTcpTest, FinishLetsWrittenAnswersOutAndClosesTheRest) {
  const StreamClient idle(server_.connect()), busy(server_.connect("127.0.0.1", 4096));
  busy.send(framed(question("big.example", AXFR)));
  busy.receive_message();
  server_.run([](DnsTcp& tcp) { tcp.finish(); });
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_EQ(server_.open_sessions(), 1U);
  size_t octets = 0;
  for (std::string message; !(message = busy.receive_message()).empty();) octets += message.size();
  EXPECT_GT(octets, 400000U);
  server_.run([](DnsTcp&) {});  // a session is counted as closed just after its client can know
  EXPECT_EQ(server_.open_sessions(), 0U);
}

TEST_F(DnsTcpTest, CloseEndsTransfersAtOnce) {
  const StreamClient busy(server_.connect("127.0.0.1", 4096));
  busy.send(framed(question("big.example", AXFR)));
  busy.receive_message();
  server_.run([](DnsTcp& tcp) { tcp.close(); });
  EXPECT_EQ(server_.open_sessions(), 0U);
}

// ---- limits ----

class DnsTcpIdleTest : public DnsTcpTest {
 protected:
  DnsTcpIdleTest() : DnsTcpTest({.max_sessions = 10, .max_per_client = 10, .idle = 200ms}) {}
};

TEST_F(DnsTcpIdleTest, WhoAsksNothingIsClosed) {
  const StreamClient silent(server_.connect()), dripping(server_.connect()), asking(server_.connect());
  const std::string query = framed(question("www.example.com", A));
  const auto start = std::chrono::steady_clock::now();
  for (size_t i = 0; i < 12; ++i) {
    dripping.send(query.substr(i, 1));  // octets that make no request keep nobody alive
    asking.send(query);
    asking.receive_message();
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_TRUE(silent.closed_by_peer());
  EXPECT_TRUE(dripping.closed_by_peer());
  EXPECT_TRUE(asking.send(query));
  EXPECT_FALSE(asking.receive_message().empty());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 200ms);
  EXPECT_EQ(server_.counters().count_of(SessionEnd::idle), 2U);
}

TEST_F(DnsTcpIdleTest, WhoStopsReadingIsClosedAndWhoReadsSlowlyIsNot) {
  server_.zones().load("huge.example", test::zone_with(100000));
  const StreamClient stalled(server_.connect("127.0.0.1", 4096)), slow(server_.connect("127.0.0.1", 65536));
  stalled.send(framed(question("huge.example", AXFR)));
  slow.send(framed(question("huge.example", AXFR)));
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 700ms) {
    ASSERT_EQ(slow.receive(65536).size(), 65536U);
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(server_.counters().count_of(SessionEnd::stalled), 1U);
  EXPECT_EQ(server_.open_sessions(), 1U);
}

class DnsTcpLimitTest : public DnsTcpTest {
 protected:
  DnsTcpLimitTest() : DnsTcpTest({.max_sessions = 4, .max_per_client = 2}) {}
  // A session that is not idle, nor will be.
  std::unique_ptr<StreamClient> busy(const char* from) {
    auto client = std::make_unique<StreamClient>(server_.connect(from, 4096));
    client->send(framed(question("big.example", AXFR)));
    EXPECT_FALSE(client->receive_message().empty());
    return client;
  }
  bool answers(const StreamClient& client) const {
    return client.send(framed(question("www.example.com", A))) && !client.receive_message().empty();
  }
};

TEST_F(DnsTcpLimitTest, ANewSessionTakesThePlaceOfTheLongestIdleOneOfItsClient) {
  const StreamClient first(server_.connect()), second(server_.connect()), other(server_.connect("127.0.0.2"));
  EXPECT_TRUE(answers(second));
  EXPECT_TRUE(answers(first));  // so the second has been idle longer
  EXPECT_TRUE(answers(other));
  const StreamClient third(server_.connect());
  EXPECT_TRUE(answers(third));
  EXPECT_TRUE(second.closed_by_peer());
  EXPECT_TRUE(answers(first));
  EXPECT_TRUE(answers(other));
  EXPECT_EQ(server_.counters().count_of(SessionEnd::evicted_idle), 1U);
}

TEST_F(DnsTcpLimitTest, AClientWhoseSessionsAreAllBusyIsTurnedAway) {
  const auto one = busy("127.0.0.1"), two = busy("127.0.0.1");
  const StreamClient third(server_.connect()), other(server_.connect("127.0.0.2"));
  EXPECT_TRUE(third.closed_by_peer());
  EXPECT_TRUE(answers(other));
  EXPECT_EQ(server_.counters().count_of(SessionEnd::client_limit), 1U);
}

TEST_F(DnsTcpLimitTest, TheLimitOfAllHoldsForNewClients) {
  const auto one = busy("127.0.0.1"), two = busy("127.0.0.1"), three = busy("127.0.0.2"), four = busy("127.0.0.2");
  const StreamClient newcomer(server_.connect("127.0.0.3"));
  EXPECT_TRUE(newcomer.closed_by_peer());
  EXPECT_EQ(server_.counters().count_of(SessionEnd::full), 1U);
  EXPECT_EQ(server_.open_sessions(), 4U);
}

}  // namespace
}  // namespace axfrd::control
