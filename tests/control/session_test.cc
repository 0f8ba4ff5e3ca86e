#include "control/dns/session.h"

#include "tests/control/session_rig.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using namespace std::chrono_literals;
using test::bytes_of;
using test::framed;
using test::question;
using test::SessionClient;
using zones::rrtype::A;
using zones::rrtype::AXFR;

constexpr const char* kBrokenOff = "the connection was closed by the other side, or broke";

// Time passes when a test says so, and a client takes what it is told to.
class DnsSessionTest : public testing::Test {
 protected:
  DnsSessionTest() {
    zones_.load("example.com", test::kSmallZone);
    zones_.load("some.example", test::zone_with(300));
    zones_.load("big.example", test::zone_with(20000));
    rig_.shared.now = [this] { return now_; };
  }
  static void ask(const SessionClient& client, const std::string& name, uint16_t type) {
    client.send(bytes_of(framed(question(name, type))));
  }
  // What comes of a transfer of the large zone to a client that takes everything at once.
  std::string big_transfer() {
    SessionClient client(rig_, std::numeric_limits<size_t>::max());
    ask(client, "big.example", AXFR);
    return client.finish();
  }
  std::optional<SessionEnd> overdue(const SessionClient& client) const {
    return client.session().overdue(now_, limits_);
  }
  uint64_t ends(SessionEnd why) const { return rig_.counters.count_of(why); }

  test::ServedZones zones_;
  test::SessionRig rig_{zones_.responder};
  const TcpLimits limits_{.idle = 30s, .request = 10s};
  DnsSession::Clock::time_point now_ = DnsSession::Clock::now();
};

TEST_F(DnsSessionTest, AStreamIsTheSameHoweverLittleOfItIsTakenAtATime) {
  std::string all;
  for (const char* zone : {"some.example", "example.com", "some.example"})
    all += framed(question(zone, AXFR)) + framed(question("www.example.com", A));
  std::string expected;
  for (const size_t capacity : {1U << 20, 1U, 7U, 1000U, 16384U}) {
    SessionClient client(rig_, capacity);
    client.send(bytes_of(all));
    const std::string& received = client.finish();
    if (expected.empty()) expected = received;
    EXPECT_EQ(received.size(), expected.size()) << capacity;
    EXPECT_TRUE(received == expected) << capacity;
  }
  EXPECT_EQ(ends(SessionEnd::by_client), 5U);
  EXPECT_TRUE(rig_.peers.broken.empty());
}

TEST_F(DnsSessionTest, ATransferGoesOutInBatchesAndNotByTheMessage) {
  SessionClient client(rig_, std::numeric_limits<size_t>::max());
  ask(client, "big.example", AXFR);
  const size_t octets = client.finish().size();
  EXPECT_GT(rig_.counters.transfer_messages.read(), 20U);
  EXPECT_LE(client.connection().sends(), octets / (256 * 1024) + 1);
}

// ---- who does not read ----

TEST_F(DnsSessionTest, WhoDoesNotReadCostsLittleAndIsNotReadFrom) {
  SessionClient client(rig_, 1000);
  ask(client, "big.example", AXFR);
  EXPECT_LT(client.session().memory(), 20U * 1024);
  std::string all;
  for (int i = 0; i < 2000; ++i) all += framed(question("www.example.com", A));
  client.send(bytes_of(all));
  EXPECT_GT(client.connection().unread(), all.size() / 2);
  EXPECT_EQ(rig_.counters.requests.queries.read(), 1U);
  client.finish();
  EXPECT_EQ(rig_.counters.requests.queries.read(), 2001U);
}

TEST_F(DnsSessionTest, WhoTakesNothingForTooLongHasStalledAndOneOctetMakesItWaitAnew) {
  const std::string whole = big_transfer();
  SessionClient client(rig_, 1000);
  ask(client, "big.example", AXFR);
  for (int i = 0; i < 3; ++i) {
    now_ += 30s;
    EXPECT_EQ(overdue(client), std::nullopt);
    now_ += 1ms;
    EXPECT_EQ(overdue(client), SessionEnd::stalled);
    client.receive(1);
    client.serve();
    EXPECT_EQ(overdue(client), std::nullopt);
  }
  EXPECT_TRUE(client.finish() == whole);
}

TEST_F(DnsSessionTest, OctetsThatWaitForTheClientAreNotTaken) {
  SessionClient client(rig_, 1000);
  ask(client, "big.example", AXFR);
  client.receive(1000);  // those that were on their way when it began to owe
  client.serve();
  EXPECT_EQ(client.session().taken(), 0U);
  client.receive(600);
  client.serve();
  EXPECT_EQ(client.session().taken(), 600U);
}

TEST_F(DnsSessionTest, WhoWasWaitedForHasItsWholeIdleTimeAfterwards) {
  SessionClient client(rig_, 1000);
  ask(client, "big.example", AXFR);
  while (client.receive()) {
    now_ += 1s;
    client.serve();
  }
  now_ += 29s;
  EXPECT_EQ(overdue(client), std::nullopt);
  now_ += 2s;
  EXPECT_EQ(overdue(client), SessionEnd::idle);
}

// ---- who does not ask ----

TEST_F(DnsSessionTest, WhoAsksNothingAtAllHasTheTimeOfARequest) {
  const SessionClient client(rig_);
  now_ += 10s;
  EXPECT_EQ(overdue(client), std::nullopt);
  now_ += 1ms;
  EXPECT_EQ(overdue(client), SessionEnd::half_open);
}

TEST_F(DnsSessionTest, OctetsThatMakeNoRequestKeepNobody) {
  const SessionClient client(rig_);
  const std::string query = framed(question("www.example.com", A));
  client.send(bytes_of(query));
  now_ += 5s;
  for (size_t i = 0; i < 10; ++i) {
    client.send(bytes_of(query).subspan(i, 1));
    EXPECT_EQ(overdue(client), std::nullopt) << i;
    now_ += 1s;
  }
  now_ += 1ms;
  EXPECT_EQ(overdue(client), SessionEnd::half_open);
  client.send(bytes_of(query).subspan(10));
  EXPECT_EQ(overdue(client), std::nullopt);
}

// ---- how it ends ----

TEST_F(DnsSessionTest, AConnectionThatBreaksInATransferIsReported) {
  SessionClient client(rig_, 1000);
  ask(client, "big.example", AXFR);
  client.connection().break_off();
  client.serve();
  EXPECT_TRUE(rig_.closed);
  EXPECT_EQ(ends(SessionEnd::by_client), 1U);
  EXPECT_EQ(rig_.peers.broken, std::vector<std::string>{kBrokenOff});
}

TEST_F(DnsSessionTest, AConnectionThatBreaksBeforeAnAnswerEndsTheSessionOnce) {
  const SessionClient client(rig_);
  client.connection().send(bytes_of(framed(question("www.example.com", A))));
  client.connection().break_off();
  client.serve();
  EXPECT_TRUE(rig_.closed);
  EXPECT_EQ(rig_.counters.all_closed(), 1U);
}

TEST_F(DnsSessionTest, WhatASlowReaderDidNotTakeIsDroppedWhenItHasToGo) {
  using Case = std::pair<SessionEnd, std::chrono::seconds>;
  for (const auto& [why, pause] : {Case(SessionEnd::evicted_slow, 0s), Case(SessionEnd::stalled, 31s)}) {
    SessionClient slow(rig_, 1000);
    ask(slow, "big.example", AXFR);
    now_ += pause;
    slow.session().close(why);
    EXPECT_TRUE(slow.connection().aborted());
  }
}

TEST_F(DnsSessionTest, WhatOthersAreStillToTakeIsNot) {
  SessionClient quick(rig_, 1000);
  ask(quick, "big.example", AXFR);
  quick.session().close(SessionEnd::stopped);
  EXPECT_TRUE(quick.connection().closed());
  EXPECT_FALSE(quick.connection().aborted());
  EXPECT_TRUE(quick.receive());
  // Nothing is on its way to this one.
  SessionClient idle(rig_);
  ask(idle, "www.example.com", A);
  idle.receive();
  now_ += 31s;
  idle.session().close(SessionEnd::idle);
  EXPECT_FALSE(idle.connection().aborted());
}

TEST_F(DnsSessionTest, WhoIsToldToFinishGetsWhatItAskedForAndNoMore) {
  const std::string whole = big_transfer();
  SessionClient client(rig_, 1000);
  ask(client, "big.example", AXFR);
  client.session().finish(SessionEnd::stopped);
  ask(client, "www.example.com", A);
  EXPECT_TRUE(client.finish() == whole);
  EXPECT_EQ(ends(SessionEnd::stopped), 1U);
}

}  // namespace
}  // namespace axfrd::control
