#include "control/commit/tombstones.h"

#include <gtest/gtest.h>

#include "control/base/unix_time.h"
#include "tests/control/support.h"
#include "tests/control/temporary_directory.h"

namespace axfrd::control {
namespace {

class TombstonesTest : public testing::Test {
 protected:
  void add(const std::string& apex, int64_t time, bool has_file = false) {
    tombstones_.set({test::name(apex), Tombstone{7, time, zones::SerialPolicy::increment}, has_file});
  }
  bool has(const std::string& apex) { return tombstones_.find(test::name(apex)) != nullptr; }

  test::TemporaryDirectory directory_;
  test::LogFile log_;
  Store store_{directory_ / "store"};
  Tombstones tombstones_{store_, log_.log(), 128};
};

TEST_F(TombstonesTest, TheOldestGoWhenThereAreTooMany) {
  const int64_t now = unix_time();
  for (int i = 0; i < 128; ++i) add("zone" + std::to_string(i) + ".", now - 1000 + i);
  tombstones_.forget_beyond_limit();
  EXPECT_EQ(tombstones_.size(), 128U);
  add("one.more.", now);
  tombstones_.forget_beyond_limit();
  EXPECT_EQ(tombstones_.size(), 126U) << "one that is beyond, and two that are spare";
  EXPECT_FALSE(has("zone0."));
  EXPECT_FALSE(has("zone2."));
  EXPECT_TRUE(has("zone3."));
  EXPECT_TRUE(has("one.more."));
  EXPECT_NE(log_.text().find("of 3 removed zones are forgotten, that of zone0. first"), std::string::npos);
}

TEST_F(TombstonesTest, ThoseWithAFileStayAtAnyAgeAndInAnyNumber) {
  for (int i = 0; i < 200; ++i) add("zone" + std::to_string(i) + ".", 1, true);
  tombstones_.forget_beyond_limit();
  tombstones_.forget_old();
  EXPECT_EQ(tombstones_.size(), 200U);
}

TEST_F(TombstonesTest, TheOldGo) {
  const int64_t now = unix_time();
  add("old.", now - int64_t{367} * 24 * 3600);
  add("young.", now - int64_t{365} * 24 * 3600);
  tombstones_.forget_old();
  EXPECT_FALSE(has("old."));
  EXPECT_TRUE(has("young."));
}

}  // namespace
}  // namespace axfrd::control
