#include "control/base/log.h"

#include <sys/stat.h>

#include <cstdlib>
#include <regex>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

TEST(Log, ALineHasTimeLevelAndText) {
  const test::LogFile file;
  file.log().warning("zone ", 7, " is late");
  EXPECT_TRUE(
      std::regex_match(file.text(), std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning: zone 7 is late\n)")))
      << file.text();
}

TEST(Log, LeavesOutWhatIsBelowTheLevel) {
  const test::TemporaryDirectory directory;
  const int fd = open((directory / "log").c_str(), O_CREAT | O_RDWR, 0600);
  const Log log(LogLevel::warning, fd);
  log.info("not seen");
  log.error("seen");
  EXPECT_GT(lseek(fd, 0, SEEK_END), 0);
  std::string text(static_cast<size_t>(lseek(fd, 0, SEEK_END)), '\0');
  ASSERT_EQ(pread(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(text.find("not seen"), std::string::npos);
  close(fd);
}

TEST(Log, WhatIsQuotedCannotForgeALine) {
  const test::LogFile file;
  file.log().error("bad\n2026 error: forged\x1b[2J");
  const std::string text = file.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Log, TheJournalIsToldThePriority) {
  const test::TemporaryDirectory directory;
  const int fd = open((directory / "log").c_str(), O_CREAT | O_RDWR, 0600);
  struct stat status {};
  ASSERT_EQ(fstat(fd, &status), 0);
  setenv("JOURNAL_STREAM", (std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino)).c_str(), 1);
  const Log log(LogLevel::info, fd);
  unsetenv("JOURNAL_STREAM");
  log.error("broken");
  char text[64] = {};
  EXPECT_GT(pread(fd, text, sizeof text - 1, 0), 0);
  EXPECT_STREQ(text, "<3>broken\n");
  close(fd);
}

TEST(Log, LevelsHaveNames) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  EXPECT_THROW(parse_log_level("loud"), std::invalid_argument);
}

}  // namespace
}  // namespace axfrd::control
