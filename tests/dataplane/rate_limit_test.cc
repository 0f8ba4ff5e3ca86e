#include "dataplane/rate_limit.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "tests/zones/support.h"

namespace axfrd::dataplane {
namespace {

using Fate = RateLimiter::Fate;

constexpr uint64_t kTscHz = 2'500'000'000;

class RateLimiterTest : public testing::Test {
 protected:
  RateLimiterTest() {
    server_.load("example.",
                 "$TTL 60\n@ SOA ns admin 1 2 3 4 5\nwww A 192.0.2.1\nmail A 192.0.2.2\n*.wild A 192.0.2.3\n"
                 "cut NS ns.elsewhere.\n");
  }

  // The key of the response to a question of that sender.
  uint64_t key(const std::string& qname, const std::vector<uint8_t>& sender = {192, 0, 2, 1}) {
    return keys(qname, sender).alike;
  }
  RateLimiter::Key keys(const std::string& qname, const std::vector<uint8_t>& sender) {
    zones::test::QueryBytes q(qname, zones::rrtype::A);
    q.query.client = sender;
    server_.ask(q);
    return limiter_.key_of(q.query);
  }
  // Of `n` responses that come at once, as many as are sent; each key is a network of its own.
  static unsigned sent(RateLimiter& limiter, uint64_t key, unsigned n, uint64_t now) {
    unsigned count = 0;
    for (unsigned i = 0; i < n; ++i) count += limiter.decide({key, key}, {}, now) == Fate::sent ? 1 : 0;
    return count;
  }
  // Of responses about `n` names, whose network is that of `sender`; one each.
  struct Fates {
    unsigned sent = 0, slipped = 0, dropped = 0;
  };
  Fates fates(RateLimiter& limiter, unsigned n, uint16_t qtype, const std::vector<uint8_t>& sender) {
    Fates result;
    zones::test::QueryBytes q(qtype == zones::rrtype::SOA ? "example." : "www.example.", qtype);
    q.query.client = sender;
    server_.ask(q);
    const RateLimiter::Key key = limiter.key_of(q.query);
    for (unsigned i = 0; i < n; ++i) {
      // As if each were about another name.
      switch (limiter.decide({key.alike + (uint64_t{i} << 40), key.network}, q.query, now_)) {
        case Fate::sent:
          ++result.sent;
          break;
        case Fate::slipped:
          ++result.slipped;
          break;
        case Fate::dropped:
          ++result.dropped;
          break;
      }
    }
    return result;
  }

  zones::test::Server server_;
  RateLimiter limiter_{kTscHz, {.rate = 100, .slip = 1}};
  uint64_t now_ = 1'000'000 * kTscHz;
};

TEST_F(RateLimiterTest, ASecondsWorthAtOnceAndThenTheRate) {
  const uint64_t k = key("www.example.");
  EXPECT_EQ(sent(limiter_, k, 500, now_), 100U);
  EXPECT_EQ(sent(limiter_, k, 500, now_ + kTscHz / 2), 50U);
  unsigned count = 0;
  for (unsigned i = 1; i <= 10'000; ++i) count += sent(limiter_, k, 1, now_ + kTscHz / 2 + i * (kTscHz / 1000));
  EXPECT_NEAR(count, 1000, 1) << "in ten seconds of a thousand a second";
  EXPECT_EQ(sent(limiter_, k, 500, now_ + 100 * kTscHz), 100U) << "after a silence";
}

TEST_F(RateLimiterTest, TheClockMayBeOfAnySpeed) {
  for (const uint64_t hz : {uint64_t{1'000'000}, uint64_t{1'000'000'000}, uint64_t{5'000'000'000}}) {
    for (const unsigned rate : {1U, 200U, 100'000U}) {
      RateLimiter limiter(hz, {rate, 1, {}});
      EXPECT_NEAR(sent(limiter, 1, 2 * rate, 0), rate, rate / 100.0);
      EXPECT_NEAR(sent(limiter, 1, 3 * rate, hz), rate, 1 + rate / 100.0);
    }
  }
}

TEST_F(RateLimiterTest, NetworksAreSlash24AndSlash56) {
  const std::string www = "www.example.";
  EXPECT_EQ(key(www, {192, 0, 2, 1}), key(www, {192, 0, 2, 255}));
  EXPECT_NE(key(www, {192, 0, 2, 1}), key(www, {192, 0, 3, 1}));
  std::vector<uint8_t> v6{0x20, 1, 0xD, 0xB8, 0, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 1}, same = v6, other = v6;
  same[7] = 0xFF;
  other[6] = 0;
  EXPECT_EQ(key(www, v6), key(www, same));
  EXPECT_NE(key(www, v6), key(www, other));
}

TEST_F(RateLimiterTest, AlikeIsWhatComesFromTheSameDataInTheSameWay) {
  EXPECT_EQ(key("www.example."), key("WWW.example."));
  EXPECT_NE(key("www.example."), key("mail.example."));
  EXPECT_EQ(key("nothing1.example."), key("nothing2.www.example.")) << "NXDOMAIN of one zone";
  EXPECT_NE(key("nothing.example."), key("example.")) << "NODATA at its apex";
  EXPECT_EQ(key("a.wild.example."), key("b.c.wild.example."));
  EXPECT_EQ(key("a.cut.example."), key("b.cut.example."));
  EXPECT_EQ(key("a.elsewhere."), key("b.nowhere.")) << "REFUSED";
}

TEST_F(RateLimiterTest, WhoHasShownOurCookieIsNotLimited) {
  zones::test::QueryBytes q("www.example.", zones::rrtype::A);
  q.query.client = {};
  const std::array<uint8_t, 4> client{192, 0, 2, 1};
  q.edns(1232, false, 0, zones::test::edns_option(zones::option::COOKIE, "clients."));
  q.query.client = client;
  const std::string cookie = server_.ask(q).options[zones::option::COOKIE];
  EXPECT_TRUE(limiter_.key_of(q.query)) << "shows a cookie of his own alone";
  zones::test::QueryBytes again("www.example.", zones::rrtype::A);
  again.query.client = client;
  again.edns(1232, false, 0, zones::test::edns_option(zones::option::COOKIE, cookie));
  server_.ask(again);
  EXPECT_FALSE(limiter_.key_of(again.query));
}

TEST_F(RateLimiterTest, EveryNthSlipsAndTheRestIsDropped) {
  for (const unsigned slip : {0U, 1U, 2U, 5U}) {
    RateLimiter limiter(kTscHz, {10, slip, {}});
    unsigned slipped = 0, dropped = 0;
    for (unsigned i = 0; i < 110; ++i) {
      const Fate fate = limiter.decide({7, 7}, {}, now_);
      slipped += fate == Fate::slipped ? 1 : 0;
      dropped += fate == Fate::dropped ? 1 : 0;
    }
    EXPECT_EQ(slipped, slip == 0 ? 0 : 100 / slip);
    EXPECT_EQ(slipped + dropped, 100U);
  }
}

TEST_F(RateLimiterTest, AFloodOfNetworksDoesNotFreeThoseWhoAreLimited) {
  const uint64_t k = key("www.example.");
  sent(limiter_, k, 100, now_);
  unsigned leaked = 0;
  for (uint8_t a = 1; a < 200; ++a) {
    for (uint8_t b = 0; b < 200; ++b) limiter_.decide(keys("www.example.", {a, b, 0, 1}), {}, now_);
    leaked += sent(limiter_, k, 1, now_);
  }
  EXPECT_LE(leaked, 1U);
}

constexpr unsigned kInAll = 100 * RateLimiter::kInAll;

TEST_F(RateLimiterTest, ANetworkGetsFiftyTimesAsManyInAllAndTheRestSlipsWhateverTheOption) {
  for (const unsigned slip : {0U, 1U, 5U}) {
    RateLimiter limiter(kTscHz, {100, slip, {}});
    const Fates all = fates(limiter, 3 * kInAll, zones::rrtype::A, {192, 0, 2, 1});
    EXPECT_NEAR(all.sent, kInAll, kInAll / 100);
    EXPECT_EQ(all.slipped, 3 * kInAll - all.sent);
    EXPECT_EQ(all.dropped, 0U);
    EXPECT_EQ(fates(limiter, 100, zones::rrtype::A, {192, 0, 2, 99}).sent, 0U) << "the same network";
    EXPECT_EQ(fates(limiter, 100, zones::rrtype::A, {192, 0, 3, 1}).sent, 100U) << "another";
  }
}

TEST_F(RateLimiterTest, OfAllThatANetworkAsksOnlyASecondarysPollsGoBeyondThat) {
  const Network known{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 8}, 96 + 29};
  RateLimiter limiter(kTscHz, {100, 1, {known}});
  constexpr uint16_t kSoa = zones::rrtype::SOA, kA = zones::rrtype::A;
  EXPECT_EQ(fates(limiter, 3 * kInAll, kSoa, {192, 0, 2, 15}).sent, 3 * kInAll);
  EXPECT_EQ(fates(limiter, 100, kA, {192, 0, 2, 15}).slipped, 100U) << "no poll";
  EXPECT_EQ(fates(limiter, 100, kSoa, {192, 0, 2, 16}).slipped, 100U) << "no secondary, in the same network";
  std::vector<uint8_t> v6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, 8};
  fates(limiter, 2 * kInAll, kA, v6);
  EXPECT_EQ(fates(limiter, 100, kSoa, v6).slipped, 100U) << "an IPv6 address with the same last octets";
}

TEST_F(RateLimiterTest, WithoutALimitThereIsNoTable) { EXPECT_FALSE(RateLimiter(kTscHz, {.rate = 0}).on()); }

}  // namespace
}  // namespace axfrd::dataplane
