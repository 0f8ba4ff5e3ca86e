#include "control/base/log.h"

#include <sys/stat.h>

#include <array>
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
  EXPECT_TRUE(log.flush());
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
  EXPECT_TRUE(log.flush());
  char text[64] = {};
  EXPECT_GT(pread(fd, text, sizeof text - 1, 0), 0);
  EXPECT_STREQ(text, "<3>broken\n");
  close(fd);
}

// A pipe that takes no more, because nobody reads it.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    EXPECT_GT(fcntl(ends_[1], F_SETPIPE_SZ, 4096), 0);
  }
  ~FullPipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  int fd() const { return ends_[1]; }
  // Reads until a line has that in it; all lines until then.
  std::vector<std::string> read_until(const std::string& wanted) const {
    std::vector<std::string> lines(1);
    while (true) {
      char c = 0;
      if (read(ends_[0], &c, 1) != 1) break;
      if (c != '\n') {
        lines.back() += c;
        continue;
      }
      if (lines.back().find(wanted) != std::string::npos) break;
      lines.emplace_back();
    }
    return lines;
  }

 private:
  std::array<int, 2> ends_{};
};

// How many lines the log says that it dropped.
uint64_t told_in(const std::vector<std::string>& lines) {
  uint64_t sum = 0;
  std::smatch match;
  for (const std::string& line : lines) {
    if (std::regex_search(line, match, std::regex("warning: ([0-9]+) lines? (is|are) missing here")))
      sum += std::stoull(match[1]);
  }
  return sum;
}

TEST(Log, NobodyWaitsForAPipeThatNobodyReadsAndWhatWasDroppedIsTold) {
  const FullPipe pipe;
  const Log log(LogLevel::info, pipe.fd());
  constexpr unsigned kLines = 20'000;
  const std::string text(200, 'x');
  for (unsigned i = 0; i < kLines; ++i) log.info(text);  // or it never comes to an end
  EXPECT_GT(log.dropped_lines(), 0U);
  EXPECT_LT(log.dropped_lines(), kLines);
  const auto until_told = pipe.read_until("missing here");
  log.info("the last one");
  auto lines = pipe.read_until("the last one");
  lines.insert(lines.begin(), until_told.begin(), until_told.end());
  EXPECT_EQ(told_in(lines), log.dropped_lines());
  const auto whole = std::ranges::count_if(lines, [&](const auto& line) { return line.ends_with(": " + text); });
  EXPECT_EQ(static_cast<uint64_t>(whole) + log.dropped_lines(), kLines);
}

TEST(Log, TheEndDoesNotWaitForAPipeThatNobodyReads) {
  const FullPipe pipe;
  const Log log(LogLevel::info, pipe.fd());
  for (unsigned i = 0; i < 100; ++i) log.info(std::string(200, 'x'));
  EXPECT_FALSE(log.flush());
}

TEST(Log, LinesThatAFullDiskRefusesAreCounted) {
  const int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
  const Log log(LogLevel::info, fd);
  log.info("lost");
  log.info("lost, too");
  EXPECT_TRUE(log.flush());
  EXPECT_EQ(log.dropped_lines(), 2U);
  close(fd);
}

TEST(Log, LevelsHaveNames) {
  EXPECT_EQ(parse_log_level("debug"), LogLevel::debug);
  EXPECT_THROW(parse_log_level("loud"), std::invalid_argument);
}

}  // namespace
}  // namespace axfrd::control
