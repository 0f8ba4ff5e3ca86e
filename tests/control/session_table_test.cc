#include "control/dns/session_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace axfrd::control {
namespace {

using namespace std::chrono_literals;
using Refusal = SessionTable::Room::Refusal;

class SessionTableTest : public testing::Test {
 protected:
  explicit SessionTableTest(SessionTable::Limits limits = {64, 64, 64, 2})
      : table_(limits, [this](const SessionTable::Entry& entry) { return taken_[&entry]; }) {}

  static IpAddress ip(const std::string& text) { return boost::asio::ip::make_address(text); }
  // The IPv4 address of that number, in a prefix.
  static std::string host(unsigned prefix, unsigned number) {
    return "10.0." + std::to_string(prefix) + "." + std::to_string(number);
  }
  // Lets a newcomer in as the service would; null: it was turned away.
  SessionTable::Entry* come(const std::string& peer, bool named = false) {
    room_ = table_.room_for(ip(peer), named, now_);
    if (room_.refusal) return nullptr;
    if (room_.evicted != nullptr) leave(*room_.evicted);
    SessionTable::Entry& entry = table_.enter(ip(peer), room_);
    taken_[&entry] = 0;  // another's may have had that address
    return &entry;
  }
  void leave(SessionTable::Entry& entry) {
    left_.push_back(&entry);
    table_.leave(entry);
  }
  // The same, and it is owed data from then on.
  SessionTable::Entry* come_and_ask(const std::string& peer, bool named = false) {
    SessionTable::Entry* entry = come(peer, named);
    if (entry != nullptr) table_.owed(*entry, now_);
    return entry;
  }
  void takes(SessionTable::Entry* entry, uint64_t octets) { taken_[entry] = octets; }
  void pass(SessionTable::Time::duration time) {
    now_ += time;
    table_.rank(now_);
  }

  std::map<const SessionTable::Entry*, uint64_t> taken_;
  SessionTable table_;
  SessionTable::Time now_{};
  SessionTable::Room room_;
  std::vector<const SessionTable::Entry*> left_;
};

// Four places, none of which is kept for few-session prefixes: an eighth of four is none.
class FourPlaces : public SessionTableTest {
 protected:
  FourPlaces() : SessionTableTest({4, 4, 4, 2}) {}
};

TEST_F(FourPlaces, WhoIsIdleLongestGoesFirst) {
  auto *one = come("10.0.1.1"), *two = come("10.0.2.1");
  come_and_ask("10.0.3.1");
  come("10.0.4.1");
  table_.idle(*one);  // it has asked again
  ASSERT_NE(come("10.0.5.1"), nullptr);
  EXPECT_EQ(left_, std::vector<const SessionTable::Entry*>{two});
}

TEST_F(FourPlaces, WhoWaitsForUsIsNotIdle) {
  auto* updating = come("10.0.1.1");
  table_.working(*updating);
  for (unsigned i = 2; i <= 4; ++i) come_and_ask(host(i, 1));
  pass(1h);
  for (unsigned i = 5; i <= 8; ++i) {
    ASSERT_NE(come_and_ask(host(i, 1)), nullptr);
    pass(1h);
  }
  EXPECT_EQ(std::ranges::count(left_, updating), 0);
  table_.idle(*updating);
  ASSERT_NE(come("10.0.9.1"), nullptr);
  EXPECT_EQ(left_.back(), updating);
}

TEST_F(FourPlaces, NobodyGoesInItsFirstSecondsAndThenTheSlowest) {
  auto *fast = come_and_ask("10.0.1.1"), *slow = come_and_ask("10.0.1.2"), *late = come("10.0.1.3");
  come_and_ask("10.0.2.1");
  pass(2s);
  table_.owed(*late, now_);
  takes(fast, 1000), takes(slow, 10);
  EXPECT_EQ(come("10.0.3.1"), nullptr);
  EXPECT_EQ(room_.refusal, Refusal::full);
  pass(SessionTable::kGrace - 2s);
  ASSERT_NE(come_and_ask("10.0.3.1"), nullptr);
  EXPECT_EQ(left_, std::vector<const SessionTable::Entry*>{slow}) << "the last one has taken less, but for 3 seconds";
}

TEST_F(FourPlaces, SlowIsWhoTakesLittleForTheTimeAndNotInAll) {
  auto* old = come_and_ask("10.0.1.1");
  pass(90s);
  auto* young = come_and_ask("10.0.1.2");
  takes(come_and_ask("10.0.1.3"), 1'000'000), takes(come_and_ask("10.0.1.4"), 1'000'000);
  takes(old, 5000), takes(young, 1000);  // 50 and 100 a second
  pass(10s);
  ASSERT_NE(come("10.0.1.5"), nullptr);
  EXPECT_EQ(left_, std::vector<const SessionTable::Entry*>{old});
}

TEST_F(FourPlaces, ThePrefixWithMostSessionsPays) {
  auto* alone = come_and_ask("10.0.1.1");
  auto* of_three = come_and_ask("10.0.2.1");
  for (unsigned i = 2; i <= 3; ++i) takes(come_and_ask(host(2, i)), 1'000'000);
  takes(of_three, 500'000);  // the one by itself has taken nothing
  pass(10s);
  ASSERT_NE(come_and_ask("10.0.3.1"), nullptr);
  EXPECT_EQ(left_, std::vector<const SessionTable::Entry*>{of_three});
  EXPECT_EQ(std::ranges::count(left_, alone), 0);
}

TEST_F(FourPlaces, NobodyGoesForANewcomerWhosePrefixHasMore) {
  auto* alone = come_and_ask("10.0.1.1");
  pass(10s);  // the grace of the others is not over
  for (unsigned i = 1; i <= 3; ++i) ASSERT_NE(come_and_ask(host(2, i)), nullptr);
  EXPECT_EQ(come("10.0.2.4"), nullptr);
  EXPECT_NE(come("10.0.3.1"), nullptr);
  EXPECT_EQ(left_, std::vector<const SessionTable::Entry*>{alone});
}

TEST_F(FourPlaces, PrefixesOfIpv6AreTheSameBy48Bits) {
  auto* alone = come_and_ask("2001:db8:2::1");
  for (const char* peer : {"2001:db8:1:1::1", "2001:db8:1:2::1", "2001:db8:1:3::1"}) takes(come_and_ask(peer), 1000);
  pass(10s);
  ASSERT_NE(come("2001:db8:3::1"), nullptr);
  ASSERT_EQ(left_.size(), 1U);
  EXPECT_NE(left_.front(), alone);
}

class Limits : public SessionTableTest {
 protected:
  Limits() : SessionTableTest({64, 2, 3, 2}) {}
};

TEST_F(Limits, AClientAtItsLimitPaysForItsNextSession) {
  auto* first = come_and_ask("10.0.1.1");
  auto* second = come("10.0.1.1");
  come("10.0.2.1");
  ASSERT_NE(come_and_ask("10.0.1.1"), nullptr);
  EXPECT_EQ(left_, std::vector<const SessionTable::Entry*>{second}) << "that is idle";
  EXPECT_EQ(come("10.0.1.1"), nullptr);
  EXPECT_EQ(room_.refusal, Refusal::client);
  pass(SessionTable::kGrace);
  ASSERT_NE(come("10.0.1.1"), nullptr);
  EXPECT_EQ(left_.back(), first);
}

TEST_F(Limits, APrefixAtItsLimitPaysForItsNextSession) {
  for (unsigned i = 1; i <= 3; ++i) come_and_ask(host(1, i));
  EXPECT_EQ(come("10.0.1.4"), nullptr);
  EXPECT_EQ(room_.refusal, Refusal::prefix);
  EXPECT_NE(come("10.0.2.1"), nullptr);
  pass(SessionTable::kGrace);
  EXPECT_NE(come("10.0.1.4"), nullptr);
  EXPECT_EQ(left_.size(), 1U);
}

TEST_F(Limits, WhoHasAnIpv6AddressHasA64) {
  come_and_ask("2001:db8::1"), come_and_ask("2001:db8::2:0:0:1");
  EXPECT_EQ(come("2001:db8::3"), nullptr);
  EXPECT_EQ(room_.refusal, Refusal::client);
}

TEST_F(SessionTableTest, AFewPrefixesDoNotFillTheTable) {
  unsigned in = 0;
  for (unsigned number = 0; number < 64; ++number)
    for (unsigned prefix = 1; prefix <= 2; ++prefix) in += come_and_ask(host(prefix, number)) != nullptr ? 1 : 0;
  EXPECT_EQ(in, 56U);
  for (unsigned prefix = 3; prefix < 11; ++prefix) EXPECT_NE(come_and_ask(host(prefix, 1)), nullptr) << prefix;
  EXPECT_EQ(come("10.0.99.1"), nullptr);
  EXPECT_EQ(table_.size(), 64U);
}

TEST_F(SessionTableTest, AFloodFromTheFewestPrefixesDisturbsNobodyElse) {
  auto* slow_but_honest = come_and_ask("10.1.0.1");
  auto* idle_and_honest = come("10.2.0.1");
  for (int second = 0; second < 20; ++second) {
    for (unsigned number = 0; number < 40; ++number)
      for (unsigned prefix = 1; prefix <= 4; ++prefix) come_and_ask(host(prefix, number));
    auto* newcomer = come_and_ask("10.3.0." + std::to_string(second));
    ASSERT_NE(newcomer, nullptr) << "in second " << second;
    leave(*newcomer);
    pass(1s);
  }
  EXPECT_EQ(std::ranges::count(left_, slow_but_honest), 0);
  EXPECT_EQ(std::ranges::count(left_, idle_and_honest), 0);
}

// ---- secondaries ----

TEST_F(SessionTableTest, RoomIsKeptForSecondaries) {
  table_.keep_room_for(3);  // of two sessions each
  for (unsigned prefix = 1; prefix < 200; ++prefix) come_and_ask(host(prefix, 1));
  EXPECT_EQ(table_.size(), 58U);
  for (unsigned number = 1; number <= 3; ++number) {
    for (int session = 0; session < 2; ++session) EXPECT_NE(come_and_ask(host(250, number), true), nullptr);
  }
  EXPECT_EQ(come(host(250, 1), true), nullptr) << "it has its two";
  EXPECT_EQ(room_.refusal, Refusal::full);
  EXPECT_TRUE(left_.empty());
}

TEST_F(SessionTableTest, ASecondaryIsNotClosedToMakeRoomForOthers) {
  table_.keep_room_for(1);
  auto *idle = come("10.9.0.1", true), *slow = come_and_ask("10.9.0.1", true);
  for (int second = 0; second < 20; ++second, pass(1s))
    for (unsigned prefix = 1; prefix < 200; ++prefix) come_and_ask(host(prefix, 1));
  EXPECT_FALSE(left_.empty());
  EXPECT_EQ(std::ranges::count(left_, idle) + std::ranges::count(left_, slow), 0);
}

TEST_F(SessionTableTest, ASecondaryWithAllItsSessionsCompetesWithTheOthersOrGivesUpAnIdleOne) {
  table_.keep_room_for(1);
  auto* idle = come("10.9.0.1", true);
  come_and_ask("10.9.0.1", true);
  EXPECT_NE(come("10.9.0.1", true), nullptr);
  EXPECT_FALSE(room_.as_secondary);
  for (unsigned prefix = 1; prefix < 200; ++prefix) come_and_ask(host(prefix, 1));
  left_.clear();
  EXPECT_NE(come("10.9.0.1", true), nullptr);
  EXPECT_TRUE(room_.as_secondary);
  EXPECT_EQ(left_, std::vector<const SessionTable::Entry*>{idle});
}

TEST_F(SessionTableTest, SecondariesAreKeptNoMoreThanAQuarter) {
  table_.keep_room_for(1000);
  for (unsigned prefix = 1; prefix < 200; ++prefix) come_and_ask(host(prefix, 1));
  EXPECT_EQ(table_.size(), 48U);
  unsigned in = 0;
  for (unsigned prefix = 1; prefix < 200; ++prefix) in += come_and_ask(host(prefix, 2), true) != nullptr ? 1 : 0;
  EXPECT_EQ(in, 16U);
}

TEST_F(SessionTableTest, RoomThatIsKeptLaterIsMadeAsSoonAsSomebodyMayGo) {
  for (unsigned prefix = 1; prefix < 200; ++prefix) come_and_ask(host(prefix, 1));
  EXPECT_EQ(table_.size(), 64U);
  table_.keep_room_for(1);
  EXPECT_EQ(come("10.9.0.1", true), nullptr);
  pass(SessionTable::kGrace);
  EXPECT_NE(come("10.9.0.1", true), nullptr);
  EXPECT_EQ(table_.size(), 64U);
}

// ---- any order of events ----

TEST_F(SessionTableTest, HoldsWhateverComes) {
  std::vector<SessionTable::Entry*> open;
  unsigned state = 1;
  const auto draw = [&](unsigned most) { return (state = state * 1664525 + 1013904223) / 65536 % most; };
  for (int step = 0; step < 20'000; ++step) {
    SessionTable::Entry* entry = open.empty() ? nullptr : open[draw(static_cast<unsigned>(open.size()))];
    switch (draw(7)) {
      case 0:
      case 1:
      case 2: {
        const size_t before = left_.size();
        table_.keep_room_for(draw(12));
        auto* newcomer = come(host(draw(20), draw(4)), draw(4) == 0);
        if (left_.size() != before) std::erase(open, left_.back());
        if (newcomer != nullptr) open.push_back(newcomer), taken_[newcomer] = draw(100000);
        break;
      }
      case 3:
        if (entry != nullptr) table_.owed(*entry, now_);
        break;
      case 4:
        if (entry != nullptr) draw(2) != 0 ? table_.idle(*entry) : table_.working(*entry);
        break;
      case 5:
        if (entry != nullptr) table_.leave(*entry), std::erase(open, entry);
        break;
      default:
        pass(std::chrono::milliseconds(draw(1000)));
    }
    ASSERT_EQ(table_.size(), open.size());
    ASSERT_LE(table_.size(), 64U);
  }
}

}  // namespace
}  // namespace axfrd::control
