// What the log says of hosts: once each, then counted, and never too much.
#include "control/base/notices.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using std::chrono::minutes, std::chrono::seconds;

class NoticesTest : public testing::Test {
 protected:
  void tell(const std::string& host = "192.0.2.1@53", const std::string& zone = "a.") {
    notices_.tell(now_, host, "BADSIG", "secondary " + host + ": BADSIG for " + zone, zone);
  }
  void pass(Notices::Time::duration span) {
    now_ += span;
    notices_.turn(now_);
  }
  size_t lines(const std::string& with = "") const {
    std::istringstream text(log_.text());
    size_t count = 0;
    for (std::string line; std::getline(text, line);) count += line.find(with) != std::string::npos ? 1 : 0;
    return count;
  }

  test::LogFile log_;
  Notices::Time now_{std::chrono::hours(1)};
  Notices notices_{log_.log(), LogLevel::warning, 5, "about secondaries"};
};

TEST_F(NoticesTest, AThousandZonesOfOneHostAreOneLineAndThenANumber) {
  for (unsigned i = 0; i < 1000; ++i) tell("192.0.2.1@53", "zone" + std::to_string(i) + ".");
  EXPECT_EQ(lines(), 1U);
  pass(minutes(10));
  EXPECT_EQ(lines(), 2U);
  EXPECT_EQ(lines("192.0.2.1@53: BADSIG: 999 more times in 10 min, the last one for zone999."), 1U);
  tell();
  pass(minutes(10));
  EXPECT_EQ(lines(), 2U);
  pass(minutes(50));
  EXPECT_EQ(lines("1 more times in 60 min"), 1U);
}

TEST_F(NoticesTest, WhatIsTooMuchIsLeftOutAndItsNumberTold) {
  for (unsigned i = 0; i < 8; ++i) tell("192.0.2." + std::to_string(i));
  EXPECT_EQ(lines(), 5U);
  EXPECT_EQ(notices_.left_out(), 3U);
  now_ += minutes(1);
  tell("192.0.2.100");
  EXPECT_EQ(lines("3 lines about secondaries were left out"), 1U);
  EXPECT_EQ(lines("192.0.2.100"), 1U);
}

TEST_F(NoticesTest, HostsThatSayNothingMoreAreForgotten) {
  tell();
  pass(minutes(11));
  tell();
  EXPECT_EQ(lines(), 2U);
}

}  // namespace
}  // namespace axfrd::control
