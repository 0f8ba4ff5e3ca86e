#include "dataplane/budget.h"

#include <gtest/gtest.h>

namespace axfrd::dataplane {
namespace {

constexpr uint64_t kClock = 1'000'000;

unsigned taken(TokenBucket& bucket, unsigned asked, uint64_t now) {
  unsigned n = 0;
  for (unsigned i = 0; i < asked; ++i) n += bucket.take(now) ? 1 : 0;
  return n;
}

TEST(TokenBucket, AllowsItsBurstAtOnce) {
  TokenBucket bucket(kClock, 100, 10);
  EXPECT_EQ(taken(bucket, 50, 0), 10U);
  EXPECT_EQ(taken(bucket, 50, 0), 0U);
}

TEST(TokenBucket, AllowsItsRateInTheLongRun) {
  TokenBucket bucket(kClock, 100, 10);
  unsigned n = 0;
  for (uint64_t now = 0; now < 10 * kClock; now += kClock / 1000)
    n += taken(bucket, 1, now);  // asked for at ten times the rate
  EXPECT_NEAR(n, 10 + 10 * 100, 1);
}

TEST(TokenBucket, SavesNoMoreThanItsBurst) {
  TokenBucket bucket(kClock, 100, 10);
  EXPECT_EQ(taken(bucket, 50, 0), 10U);
  EXPECT_EQ(taken(bucket, 50, 3600 * kClock), 10U);
}

TEST(TokenBucket, MayBeFasterThanItsClock) {
  TokenBucket bucket(1000, 1'000'000, 10);
  EXPECT_EQ(taken(bucket, 10, 0), 10U);
  EXPECT_EQ(taken(bucket, 10, 5), 5U) << "one a cycle is as fast as it can count";
}

TEST(PuntBudgets, FloodOfOneClassLeavesTheOthersAlone) {
  PuntBudgets budgets(kClock);
  while (budgets.take(PuntClass::tcp_open, 0)) {
  }
  EXPECT_TRUE(budgets.take(PuntClass::neighbour, 0));
  EXPECT_TRUE(budgets.take(PuntClass::tcp, 0));
  EXPECT_TRUE(budgets.take(PuntClass::icmp, 0));
}

}  // namespace
}  // namespace axfrd::dataplane
