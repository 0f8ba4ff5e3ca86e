#include "control/update/redo_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "control/update/batch.h"
#include "control/update/store_error.h"

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::bytes_of;

class RedoLogTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kCapacity = 64 * 1024;

  RedoLogTest() : directory(std::filesystem::temp_directory_path() / ("axfrd-redo-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
  }
  ~RedoLogTest() override { std::filesystem::remove_all(directory); }

  struct Replayed {
    std::vector<std::string> records;
    uint64_t last;
  };
  Replayed replay(uint64_t last) const {
    Replayed replayed{{}, last};
    replayed.last = RedoLog(directory, kCapacity).replay(last, [&](Bytes content) {
      replayed.records.emplace_back(reinterpret_cast<const char*>(content.data()), content.size());
    });
    return replayed;
  }
  static void append(RedoLog& log, const std::string& content) { log.append(bytes_of(content)); }

  // Writes over the file of a generation.
  void overwrite(unsigned file, std::streamoff at, const std::string& text) const {
    std::fstream stream(directory / ("redo." + std::to_string(file)), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(at);
    stream << text;
  }

  std::filesystem::path directory;
};

TEST_F(RedoLogTest, WhatWasAppendedIsReplayedInOrder) {
  {
    RedoLog log(directory, kCapacity);
    log.begin(7);
    for (const char* content : {"first", "", "third"}) append(log, content);
  }
  EXPECT_EQ(replay(6).records, (std::vector<std::string>{"first", "", "third"}));
  EXPECT_EQ(replay(6).last, 7U);
}

TEST_F(RedoLogTest, GenerationsThatTheDatabaseHoldsAreNotReplayed) {
  {
    RedoLog log(directory, kCapacity);
    for (const uint64_t generation : {1U, 2U, 3U}) {
      log.begin(generation);
      append(log, "of " + std::to_string(generation));
    }
  }
  EXPECT_EQ(replay(1).records, (std::vector<std::string>{"of 2", "of 3"}));
  EXPECT_EQ(replay(2).records, (std::vector<std::string>{"of 3"}));
  EXPECT_EQ(replay(3).records, std::vector<std::string>());
  EXPECT_EQ(replay(3).last, 3U);
}

TEST_F(RedoLogTest, AGenerationEndsWhereThatBeforeItShowsThrough) {
  {
    RedoLog log(directory, kCapacity);
    log.begin(1);
    for (int i = 0; i < 5; ++i) append(log, "equally long");
    log.begin(3);
    append(log, "equally long");
  }
  EXPECT_EQ(replay(2).records.size(), 1U);
}

TEST_F(RedoLogTest, ARecordCutOffAtTheEndCountsAsNotWritten) {
  {
    RedoLog log(directory, kCapacity);
    log.begin(1);
    append(log, "whole");
    append(log, "torn");
  }
  overwrite(1, 20 + 5 + 20 + 2, "XX");
  EXPECT_EQ(replay(0).records, std::vector<std::string>{"whole"});
}

TEST_F(RedoLogTest, ADamagedRecordBeforeOthersIsRefusedWithASentence) {
  {
    RedoLog log(directory, kCapacity);
    log.begin(1);
    for (const char* content : {"one", "two", "three"}) append(log, content);
  }
  overwrite(1, 20 + 3 + 20, "X");
  try {
    (void)replay(0);
    FAIL();
  } catch (const StoreError& error) {
    EXPECT_NE(std::string(error.what()).find("redo.1 does not match its checksum"), std::string::npos) << error.what();
  }
}

TEST_F(RedoLogTest, GarbageIsNoRecord) {
  for (const unsigned file : {0U, 1U}) {
    { RedoLog create(directory, kCapacity); }
    overwrite(file, 0, std::string(5000, '\xFF'));
  }
  EXPECT_EQ(replay(0).last, 0U);
}

TEST_F(RedoLogTest, AGenerationHasRoomForItsCapacity) {
  RedoLog log(directory, kCapacity);
  log.begin(1);
  EXPECT_EQ(log.largest_record(), kCapacity / 2);
  const std::string half(log.largest_record(), 'x');
  EXPECT_TRUE(log.has_room(half.size()));
  EXPECT_GE(log.growth(half.size()), half.size());
  append(log, half);
  EXPECT_EQ(log.growth(1), 0U);
  EXPECT_FALSE(log.has_room(half.size()));
  log.begin(2);
  EXPECT_TRUE(log.has_room(half.size()));
}

// ---- batches ----

class Recorder : public Writer {
 public:
  void put(StoreTable table, std::string_view key, std::string_view value) override {
    calls += "put " + number(table) + std::string(key) + "=" + std::string(value) + ";";
  }
  void erase(StoreTable table, std::string_view key) override {
    calls += "erase " + number(table) + std::string(key) + ";";
  }
  void erase_all(StoreTable table, std::string_view prefix) override {
    calls += "erase all " + number(table) + std::string(prefix) + ";";
  }
  std::string calls;

 private:
  static std::string number(StoreTable table) { return std::to_string(static_cast<unsigned>(table)) + " "; }
};

TEST(Batch, AppliesWhatItWasGiven) {
  Batch batch(1000);
  batch.put(StoreTable::pages, "key", "value");
  batch.erase(StoreTable::zones, "gone");
  batch.erase_all(StoreTable::journal, "prefix");
  Recorder recorder;
  Batch::apply(bytes_of(batch.octets()), recorder);
  EXPECT_EQ(recorder.calls, "put 1 key=value;erase 0 gone;erase all 2 prefix;");
}

TEST(Batch, SaysWhenItWouldExceedItsLimit) {
  Batch batch(30);
  batch.put(StoreTable::pages, "key", "value");
  EXPECT_FALSE(batch.too_large());
  batch.put(StoreTable::pages, "key", "another value");
  EXPECT_TRUE(batch.too_large());
}

TEST(Batch, RefusesWhatIsMalformed) {
  Batch batch(1000);
  batch.put(StoreTable::pages, "key", "value");
  Recorder recorder;
  for (size_t size = 1; size < batch.octets().size(); ++size)
    EXPECT_THROW(Batch::apply(bytes_of(batch.octets().substr(0, size)), recorder), std::invalid_argument) << size;
  for (const size_t at : {0U, 1U}) {
    std::string octets = batch.octets();
    octets[at] = 99;
    EXPECT_THROW(Batch::apply(bytes_of(octets), recorder), std::invalid_argument);
  }
}

}  // namespace
}  // namespace axfrd::control
