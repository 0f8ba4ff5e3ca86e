#include "control/base/histogram.h"

#include <gtest/gtest.h>

namespace axfrd::control {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, CountsWhatTookNoLonger) {
  Histogram histogram;
  EXPECT_EQ(histogram.to_json()["count"], 0);
  for (const auto took : {std::chrono::nanoseconds(0), std::chrono::nanoseconds(1ms), std::chrono::nanoseconds(1001us),
                          std::chrono::nanoseconds(2s), std::chrono::nanoseconds(5h)})
    histogram.add(took);
  const Json json = histogram.to_json();
  const Json& buckets = json["buckets"];
  EXPECT_EQ(buckets["0.001"], 2) << "a bound belongs to its bucket";
  EXPECT_EQ(buckets["0.003"], 3);
  EXPECT_EQ(buckets["1.0"], 3);
  EXPECT_EQ(buckets["3.0"], 4);
  EXPECT_EQ(buckets["3600.0"], 4);
  EXPECT_EQ(buckets["+Inf"], 5);
  EXPECT_EQ(json["count"], 5);
  EXPECT_NEAR(json["sum"].get<double>(), 18002.002, 0.001);
}

}  // namespace
}  // namespace axfrd::control
