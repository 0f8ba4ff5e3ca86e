#include "control/notify/transfer_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "control/base/unix_time.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

const Json kFields{{"zone", "a.example."}, {"peer", "192.0.2.1"}, {"key", Json()}, {"to", 7}, {"result", "x\ny"}};

TEST(TransferLog, AppendsALineOfJsonToAFile) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path file = directory / "transfers";
  TransferLog(file).write("refused", kFields);
  TransferLog(file).write("refused", kFields);
  std::ifstream in(file);
  unsigned lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    const Json read = Json::parse(line);
    EXPECT_EQ(read["event"], "refused");
    EXPECT_EQ(read["result"], "x\ny");
    EXPECT_GT(read["time_ms"], 0);
  }
  EXPECT_EQ(lines, 2U);
}

TEST(TransferLog, IsOpenedAnewUnderItsName) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path file = directory / "transfers", moved = directory / "transfers.1";
  const auto lines_of = [](const std::filesystem::path& name) {
    std::ifstream in(name);
    unsigned lines = 0;
    for (std::string line; std::getline(in, line);) ++lines;
    return lines;
  };
  TransferLog log(file);
  log.write("refused", kFields);
  EXPECT_TRUE(test::eventually([&] { return lines_of(file) == 1; }));
  std::filesystem::rename(file, moved);
  EXPECT_FALSE(log.reopen());
  log.write("refused", kFields);
  log.write("refused", kFields);
  EXPECT_TRUE(test::eventually([&] { return lines_of(file) == 2; }));
  EXPECT_EQ(lines_of(moved), 1U);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_TRUE(log.reopen()) << "that cannot be opened, and the old one goes on";
}

TEST(TransferLog, SaysWhenInUtc) { EXPECT_EQ(utc_text(1'796'020'072'007), "2026-11-30T06:27:52.007Z"); }

TEST(TransferLog, GivesTheJournalAFieldForEachProperty) {
  const test::DatagramSocket journal;
  TransferLog(journal.path()).write("refused", kFields);
  EXPECT_EQ(journal.received(),
            "MESSAGE=refused zone=a.example. peer=192.0.2.1 to=7 result=x y\nPRIORITY=6\nSYSLOG_IDENTIFIER=axfrd\n"
            "AXFRD_EVENT=refused\nAXFRD_ZONE=a.example.\nAXFRD_PEER=192.0.2.1\nAXFRD_TO=7\nAXFRD_RESULT=x y\n");
}

TEST(TransferLog, AFifoThatNobodyReadsIsAnErrorAndHoldsUpNobody) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path fifo = directory / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_THROW(TransferLog{fifo}, std::runtime_error);
  const int reader = open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  TransferLog log(fifo);
  for (unsigned i = 0; i < 40'000; ++i) log.write("refused", kFields);
  EXPECT_GT(log.dropped_lines(), 0U);
  close(reader);
}

TEST(TransferLog, WhatTheJournalDoesNotTakeIsCountedAndTold) {
  const test::DatagramSocket journal;
  TransferLog log(journal.path());
  while (log.dropped_lines() < 3) log.write("refused", kFields);
  while (!journal.received().empty()) continue;
  log.write("refused", kFields);
  EXPECT_EQ(journal.received(),
            "MESSAGE=dropped lines=3\nPRIORITY=6\nSYSLOG_IDENTIFIER=axfrd\nAXFRD_EVENT=dropped\nAXFRD_LINES=3\n");
}

TEST(TransferLog, SaysWhatCannotBeWritten) { EXPECT_THROW(TransferLog("/nonexistent/file"), std::runtime_error); }

}  // namespace
}  // namespace axfrd::control
