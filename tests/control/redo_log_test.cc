#include "control/store/redo_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "control/store/batch.h"
#include "control/store/store_error.h"
#include "tests/control/temporary_directory.h"

namespace axfrd::control {
namespace {

using zones::Bytes;
using zones::bytes_of;

constexpr uint64_t kStoreNumber = 0x1122334455667788;
constexpr size_t kHeadOctets = 36;  // of a record

class RedoLogTest : public ::testing::Test {
 protected:
  static constexpr uint64_t kCapacity = 64 * 1024;

  struct Replayed {
    std::vector<std::string> records, behind;
    RedoLog::Held last;
    std::string warnings, loss;
  };
  static RedoLog::Held held_by_nobody() {
    RedoLog::Held held;
    held.store = kStoreNumber;
    return held;
  }
  Replayed replay(const RedoLog::Held& held = held_by_nobody()) const {
    Replayed replayed;
    RedoLog log(directory.path(), kCapacity);
    const auto opened = log.open(held);
    const auto into = [](std::vector<std::string>& list) {
      return [&list](Bytes content) { list.emplace_back(zones::text_of(content)); };
    };
    const auto found = log.replay(held, into(replayed.records), into(replayed.behind));
    replayed.last = found.last;
    replayed.loss = opened.loss + found.loss;
    for (const auto* warnings : {&opened.warnings, &found.warnings}) {
      for (const std::string& warning : *warnings) replayed.warnings += warning + "\n";
    }
    return replayed;
  }
  static void append(RedoLog& log, const std::string& content) { log.append(bytes_of(content)); }
  // A log with these records in generation 1, which is file redo.1.
  void write(const std::vector<std::string>& contents) const {
    RedoLog log(directory.path(), kCapacity);
    log.make(kStoreNumber);
    log.install();
    log.begin(1, 0);
    for (const std::string& content : contents) append(log, content);
  }
  std::filesystem::path file(unsigned number) const { return directory / ("redo." + std::to_string(number)); }
  void flip(unsigned number, std::streamoff at, int bit) const {
    std::fstream stream(file(number), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const int octet = stream.get();
    stream.seekp(at);
    stream.put(static_cast<char>(octet ^ (1 << bit)));
  }
  void overwrite(unsigned number, std::streamoff at, const std::string& text) const {
    std::fstream stream(file(number), std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(at);
    stream << text;
  }

  test::TemporaryDirectory directory;
  static constexpr std::streamoff kBlock = RedoLog::kBlock;
};

TEST_F(RedoLogTest, WhatWasAppendedIsReplayedInOrder) {
  write({"first", "", std::string(3000, 'x'), "last"});
  const auto found = replay();
  EXPECT_EQ(found.records, (std::vector<std::string>{"first", "", std::string(3000, 'x'), "last"}));
  EXPECT_EQ(found.last.generation, 1U);
  EXPECT_EQ(found.last.records, 4U);
  EXPECT_EQ(found.warnings + found.loss, "");
}

TEST_F(RedoLogTest, GenerationsThatTheDatabaseHoldsAreNotReplayed) {
  std::vector<RedoLog::Held> held;
  {
    RedoLog log(directory.path(), kCapacity);
    log.make(kStoreNumber);
    log.install();
    uint32_t before = 0;
    for (const uint64_t generation : {1U, 2U, 3U}) {
      log.begin(generation, before);
      append(log, "of " + std::to_string(generation));
      held.push_back(log.position());
      before = log.position().checksum;
    }
  }
  EXPECT_EQ(replay(held[0]).records, (std::vector<std::string>{"of 2", "of 3"}));
  EXPECT_EQ(replay(held[1]).records, (std::vector<std::string>{"of 3"}));
  EXPECT_EQ(replay(held[2]).records, std::vector<std::string>());
  EXPECT_EQ(replay(held[2]).last.generation, 3U);
  for (const auto& each : held) EXPECT_EQ(replay(each).warnings + replay(each).loss, "");
}

TEST_F(RedoLogTest, AGenerationEndsWhereThatBeforeItShowsThrough) {
  RedoLog::Held held;
  {
    RedoLog log(directory.path(), kCapacity);
    log.make(kStoreNumber);
    log.install();
    log.begin(1, 0);
    for (int i = 0; i < 5; ++i) append(log, "equally long");
    log.begin(2, log.position().checksum);
    held = log.position();
    log.begin(3, held.checksum);
    append(log, "equally long");
  }
  const auto found = replay(held);
  EXPECT_EQ(found.records.size(), 1U);
  EXPECT_EQ(found.warnings + found.loss, "");
}

// The kind of damage that took back acknowledged changes without a word: a bit of a head.
TEST_F(RedoLogTest, AFlippedBitOfAHeadIsALossIfRecordsFollow) {
  write({"one", "two", "three"});
  for (int octet = 0; octet < static_cast<int>(kHeadOctets); ++octet) {
    for (int bit = 0; bit < 8; ++bit) {
      flip(1, 2 * kBlock + octet, bit);
      const auto found = replay();
      flip(1, 2 * kBlock + octet, bit);
      EXPECT_EQ(found.records, std::vector<std::string>{"one"});
      EXPECT_EQ(found.behind, std::vector<std::string>{"three"});
      EXPECT_NE(found.loss.find("redo.1 at octet 1024: the record is damaged, and 1 record of later changes"),
                std::string::npos)
          << octet << ' ' << bit << ' ' << found.loss;
    }
  }
}

TEST_F(RedoLogTest, AFlippedBitOfTheLastRecordIsTold) {
  for (int octet = 0; octet < static_cast<int>(kHeadOctets + 5); ++octet) {
    write({"one", "two", "three"});
    flip(1, 3 * kBlock + octet, octet % 8);
    const auto found = replay();
    EXPECT_EQ(found.records, (std::vector<std::string>{"one", "two"}));
    if (found.loss.empty()) {
      EXPECT_NE(found.warnings.find("redo.1 at octet 1536: the record is damaged, and nothing stands behind it"),
                std::string::npos)
          << octet << found.warnings;
    } else {  // its length reaches beyond the file now
      EXPECT_NE(found.loss.find("redo.1 is cut off"), std::string::npos) << octet << found.loss;
    }
  }
}

TEST_F(RedoLogTest, FlippedBitsAnywhereAreNeverSilent) {
  std::mt19937 random(1);
  const std::vector<std::string> contents{std::string(700, 'a'), "b", std::string(2000, 'c'), "d"};
  write(contents);
  const auto end = static_cast<std::streamoff>(replay().last.octets);
  for (int round = 0; round < 2000; ++round) {
    const auto at = static_cast<std::streamoff>(random() % static_cast<unsigned>(end));
    const int bit = static_cast<int>(random() % 8);
    flip(1, at, bit);
    const auto found = replay();
    flip(1, at, bit);
    const bool told = !(found.warnings + found.loss).empty();
    EXPECT_TRUE(told || found.records == contents) << at;
    for (size_t i = 0; i < found.records.size(); ++i) EXPECT_EQ(found.records[i], contents[i]) << at;
  }
}

TEST_F(RedoLogTest, BlocksThatBecomeZerosAreALossIfRecordsFollow) {
  write({"one", "two", "three"});
  overwrite(1, 2 * kBlock, std::string(kBlock, '\0'));
  const auto found = replay();
  EXPECT_EQ(found.records, std::vector<std::string>{"one"});
  EXPECT_NE(found.loss.find("at octet 1024: a record is missing"), std::string::npos) << found.loss;
}

TEST_F(RedoLogTest, AFileThatIsCutOffAnywhereIsALoss) {
  write({"one", "two", std::string(1000, 'c')});
  const auto end = replay().last.octets;
  for (uint64_t size = 0; size < end + RedoLog::kBlock; size += 100) {
    write({"one", "two", std::string(1000, 'c')});
    std::filesystem::resize_file(file(1), size);
    const auto found = replay();
    EXPECT_NE(found.loss.find("redo.1 is cut off at octet " + std::to_string(size)), std::string::npos)
        << size << found.loss;
  }
}

TEST_F(RedoLogTest, AFileThatIsMissingIsALossUnlessItWasNoLongerNeeded) {
  for (const unsigned number : {0U, 1U}) {
    write({"one"});
    std::filesystem::remove(file(number));
    EXPECT_NE(replay().loss.find("redo." + std::to_string(number) + " is missing"), std::string::npos);
    RedoLog::Held held = held_by_nobody();
    held.generation = 1;
    held.clean = true;
    EXPECT_EQ(replay(held).loss, "");
    EXPECT_NE(replay(held).warnings.find("is missing; axfrd had stopped in order"), std::string::npos);
  }
}

TEST_F(RedoLogTest, FilesThatWereExchangedAreALoss) {
  write({"one"});
  std::filesystem::rename(file(0), directory / "x");
  std::filesystem::rename(file(1), file(0));
  std::filesystem::rename(directory / "x", file(1));
  EXPECT_NE(replay().loss.find("the two were exchanged"), std::string::npos);
}

TEST_F(RedoLogTest, AFileOfAnotherStoreIsALoss) {
  write({"one"});
  RedoLog::Held held = held_by_nobody();
  ++held.store;
  EXPECT_NE(replay(held).loss.find("belongs to another store"), std::string::npos);
}

TEST_F(RedoLogTest, AnOlderCopyOfAFileIsALoss) {
  RedoLog::Held held;
  {
    RedoLog log(directory.path(), kCapacity);
    log.make(kStoreNumber);
    log.install();
    log.begin(1, 0);
    append(log, "one");
    std::filesystem::copy_file(file(1), directory / "old");
    log.begin(2, log.position().checksum);
    append(log, "two");
    log.begin(3, log.position().checksum);
    append(log, "three");
    held = log.position();
  }
  std::filesystem::copy_file(directory / "old", file(1), std::filesystem::copy_options::overwrite_existing);
  EXPECT_NE(replay(held).loss.find("it is an older copy"), std::string::npos);
}

TEST_F(RedoLogTest, AGenerationThatIsMissingIsALoss) {
  write({"one"});
  {
    RedoLog log(directory.path(), kCapacity);
    RedoLog::Held held = held_by_nobody();
    (void)log.open(held);
    log.begin(2, 0);  // as if another record had stood in generation 1
    append(log, "two");
  }
  const auto found = replay();
  EXPECT_EQ(found.records, std::vector<std::string>{"one"});
  EXPECT_NE(found.loss.find("redo.0 at octet 512"), std::string::npos) << found.loss;
}

TEST_F(RedoLogTest, WhatWasClearedIsNowhere) {
  RedoLog::Held held;
  {
    RedoLog log(directory.path(), kCapacity);
    log.make(kStoreNumber);
    log.install();
    log.begin(1, 0);
    append(log, "a secret");
    held = log.position();
    log.begin(2, held.checksum);
    append(log, "two");
    log.clear_generation(1);
  }
  std::ifstream stream(file(1), std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}).find("secret"), std::string::npos);
  const auto found = replay(held);
  EXPECT_EQ(found.records, std::vector<std::string>{"two"});
  EXPECT_EQ(found.warnings + found.loss, "");
}

TEST_F(RedoLogTest, AGenerationHasRoomForItsCapacity) {
  RedoLog log(directory.path(), kCapacity);
  log.make(kStoreNumber);
  log.install();
  log.begin(1, 0);
  EXPECT_EQ(log.largest_record(), kCapacity / 2);
  const std::string half(log.largest_record(), 'x');
  EXPECT_TRUE(log.has_room(half.size()));
  EXPECT_GE(log.growth(half.size()), half.size());
  append(log, half);
  EXPECT_EQ(log.growth(1), 0U);
  EXPECT_FALSE(log.has_room(half.size()));
  log.begin(2, log.position().checksum);
  EXPECT_TRUE(log.has_room(half.size()));
}

// Beside a backup, which keeps the next generation waiting.
TEST_F(RedoLogTest, AGenerationGrowsBeyondItsCapacityWhenItHasTo) {
  std::vector<std::string> contents;
  {
    RedoLog log(directory.path(), kCapacity);
    log.make(kStoreNumber);
    log.install();
    log.begin(1, 0);
    for (int i = 0; i < 100; ++i) {
      contents.emplace_back(kCapacity / 10, static_cast<char>('a' + i % 26));
      append(log, contents.back());
    }
    EXPECT_FALSE(log.has_room(0));
  }
  EXPECT_GT(std::filesystem::file_size(file(1)), 9 * kCapacity);
  const Replayed replayed = replay();
  EXPECT_EQ(replayed.records, contents);
  EXPECT_EQ(replayed.loss, "");
}

TEST_F(RedoLogTest, FilesThatWereReplacedWhileTheyAreInUseAreNoticed) {
  RedoLog log(directory.path(), kCapacity);
  log.make(kStoreNumber);
  log.install();
  log.begin(1, 0);
  append(log, "one");
  std::filesystem::rename(file(0), directory / "x");
  EXPECT_THROW(append(log, "two"), StoreError);
  EXPECT_TRUE(log.broken());
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
