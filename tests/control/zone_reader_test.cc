#include "control/base/zone_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "control/base/utf8.h"
#include "control/base/zone_file_name.h"
#include "control/base/zone_source_json.h"
#include "tests/control/temporary_directory.h"

namespace axfrd::control {
namespace {

class ZoneReaderTest : public testing::Test {
 protected:
  // What is wrong with the file of the first $INCLUDE of the zone; "" if nothing is.
  std::string problem(const std::string& include) {
    directory_.write("a.zone", "$INCLUDE " + include + "\n");
    return read_zone(directory_ / "a.zone").parts[0].includes.at(0).problem;
  }
  std::string refusal(const std::filesystem::path& file) {
    try {
      read_zone(file);
      return "";
    } catch (const ZoneReadError& error) {
      return error.what();
    }
  }
  test::TemporaryDirectory directory_;
};

TEST_F(ZoneReaderTest, FollowsIncludesBelowTheDirectoryOfEachFile) {
  std::filesystem::create_directories(directory_ / "sub/deep");
  directory_.write("a.zone", "@ A 192.0.2.1 ; $INCLUDE no\n$include sub/b\n\n$INCLUDE \"c d\" origin.\n");
  directory_.write("sub/b", "$INCLUDE deep/e\n");
  directory_.write("sub/deep/e", "e\n");
  directory_.write("c d", "");
  const auto parts = read_zone(directory_ / "a.zone").parts;
  ASSERT_EQ(parts.size(), 4U);
  ASSERT_EQ(parts[0].includes.size(), 2U);
  EXPECT_EQ(parts[0].includes[0].line, 2U);
  EXPECT_EQ(parts[0].includes[0].part, 1U);
  EXPECT_EQ(parts[0].includes[1].line, 4U);
  EXPECT_EQ(parts[0].includes[1].part, 3U);
  EXPECT_EQ(parts[1].includes[0].part, 2U);
  EXPECT_EQ(parts[2].text, "e\n");
  EXPECT_EQ(parts[2].file, (directory_ / "sub/deep/e").string());
}

TEST_F(ZoneReaderTest, OpensNothingElsewhere) {
  const test::TemporaryDirectory elsewhere;
  elsewhere.write("secret", "s\n");
  std::filesystem::create_directory(directory_ / "sub");
  std::filesystem::create_symlink(elsewhere / "secret", directory_ / "link");
  std::filesystem::create_symlink("a.zone", directory_ / "within");
  directory_.write("sub/up", "$INCLUDE ../a.zone\n");
  const std::string secret = (elsewhere / "secret").string();
  for (const std::string& file :
       {secret, ".." + secret, std::string("link"), std::string("sub/../../x"), std::string("/proc/self/environ")})
    EXPECT_NE(problem(file).find("it is not below the directory"), std::string::npos) << file << ": " << problem(file);
  EXPECT_NE(problem("/dev/null").find("it is not below"), std::string::npos);
  EXPECT_NE(problem("within").find("it includes itself"), std::string::npos) << problem("within");
  directory_.write("a.zone", "$INCLUDE sub/up\n");
  EXPECT_NE(read_zone(directory_ / "a.zone").parts[1].includes[0].problem.find("not below"), std::string::npos);
}

TEST_F(ZoneReaderTest, SaysWhyAnIncludedFileIsNotRead) {
  EXPECT_EQ(problem("missing"), "missing: No such file or directory");
  std::filesystem::create_directory(directory_ / "sub");
  EXPECT_EQ(problem("sub"), "sub: it is a directory, and no plain file");
  ASSERT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(problem("fifo"), "fifo: it is a FIFO, and no plain file");
  directory_.write("utf16", "\xFF\xFE@");
  EXPECT_NE(problem("utf16").find("UTF-16"), std::string::npos);
}

TEST_F(ZoneReaderTest, NamesLoopsAndBoundsTheDepth) {
  directory_.write("b", "$INCLUDE c\n");
  directory_.write("c", "$INCLUDE b\n");
  directory_.write("a.zone", "$INCLUDE b\n");
  const auto looped = read_zone(directory_ / "a.zone");
  ASSERT_EQ(looped.parts.size(), 3U);
  EXPECT_EQ(looped.parts[2].includes[0].problem, "b: it includes itself, by way of the files that include it");
  for (int i = 0; i < 12; ++i) directory_.write("d" + std::to_string(i), "$INCLUDE d" + std::to_string(i + 1) + "\n");
  directory_.write("a.zone", "$INCLUDE d0\n$INCLUDE d0\n");
  const auto deep = read_zone(directory_ / "a.zone");
  EXPECT_EQ(deep.parts.size(), 1U + 10U + 10U) << "a file may be included twice";
  EXPECT_NE(deep.parts[10].includes[0].problem.find("more than 10 files"), std::string::npos);
}

TEST_F(ZoneReaderTest, RefusesWhatIsNoPlainFileInsteadOfWaiting) {
  ASSERT_EQ(mkfifo((directory_ / "x.zone").c_str(), 0600), 0);
  EXPECT_NE(refusal(directory_ / "x.zone").find("x.zone: it is a FIFO, and no plain file"), std::string::npos);
  EXPECT_NE(refusal(directory_.path()).find("it is a directory"), std::string::npos);
  EXPECT_NE(refusal("/dev/null").find("it is a device"), std::string::npos);
  EXPECT_NE(refusal(directory_ / "none.zone").find("none.zone: No such file or directory"), std::string::npos);
}

TEST_F(ZoneReaderTest, RefusesWhatIsTooLarge) {
  directory_.write("big.zone", "");
  std::filesystem::resize_file(directory_ / "big.zone", uintmax_t{2} << 30);
  EXPECT_NE(refusal(directory_ / "big.zone").find("1 GiB at most"), std::string::npos);
}

TEST_F(ZoneReaderTest, AnUnfinishedReadIsGivenUp) {
  directory_.write("a.zone", "@\n");
  WorkSigns signs;
  signs.given_up = true;
  EXPECT_THROW(read_zone(directory_ / "a.zone", {.signs = &signs}), ZoneReadError);
}

TEST_F(ZoneReaderTest, StandardInputIncludesNothing) {
  directory_.write("in", "\n$INCLUDE x\n");
  const int fd = open((directory_ / "in").c_str(), O_RDONLY);
  const auto source = read_zone(fd, "standard input");
  close(fd);
  ASSERT_EQ(source.parts[0].includes.size(), 1U);
  EXPECT_NE(source.parts[0].includes[0].problem.find("is in no directory"), std::string::npos);
  EXPECT_TRUE(source.directives);
}

TEST_F(ZoneReaderTest, OctetsThatAreNoUtf8AreRemarkedUpon) {
  directory_.write("a.zone", "@ TXT \"\xC3\xBC\"\n");
  EXPECT_EQ(read_zone(directory_ / "a.zone").parts[0].remark, "");
  directory_.write("a.zone", "; x\n@ TXT \"\xFC\"\n");
  const auto part = read_zone(directory_ / "a.zone").parts[0];
  EXPECT_NE(part.remark.find("not UTF-8"), std::string::npos);
  EXPECT_EQ(part.remark_line, 2U);
}

TEST_F(ZoneReaderTest, AZoneSourceCrossesTheControlSocketWhole) {
  directory_.write("a.zone", "$INCLUDE b\n$INCLUDE none\n\"\xFC\"\n");
  directory_.write("b", "b\n");
  Json json = Json::parse(to_json(read_zone(directory_ / "a.zone")).dump());
  const auto source = zone_source_from(json);
  ASSERT_EQ(source.parts.size(), 2U);
  EXPECT_EQ(source.parts[0].text, "$INCLUDE b\n$INCLUDE none\n\"\\252\"\n");
  EXPECT_EQ(source.parts[0].includes[0].part, 1U);
  EXPECT_EQ(source.parts[0].includes[1].problem, "none: No such file or directory");
  EXPECT_EQ(source.parts[0].remark_line, 3U);
  EXPECT_TRUE(source.directives);
  for (const char* bad :
       {"[]", "{}", "[1]", R"([{"file":"f"}])", R"([{"file":"f","text":1}])",
        R"([{"file":"f","text":"","includes":1}])", R"([{"file":"f","text":"","includes":[{"line":-1}]}])"}) {
    Json parts = Json::parse(bad);
    EXPECT_THROW(zone_source_from(parts), std::invalid_argument) << bad;
  }
}

TEST(Utf8, OtherOctetsAreFound) {
  for (const char* good : {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"})
    EXPECT_FALSE(find_non_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\xFF"})
    EXPECT_EQ(find_non_utf8(std::string("ab") + bad), 2U) << bad;
}

TEST(ZoneFileName, SaysTheZone) {
  EXPECT_EQ(zone_of_file("example.com.zone"), "example.com");
  EXPECT_EQ(zone_of_file(".zone"), std::nullopt);
  EXPECT_EQ(zone_of_file("db.example.com"), std::nullopt);
  EXPECT_EQ(zone_of_any_file("db.example.com"), "example.com");
  EXPECT_EQ(zone_of_any_file("example.com.db"), "example.com");
  EXPECT_EQ(zone_of_any_file("db.example.zone"), "db.example");
  EXPECT_EQ(zone_of_any_file("db.example.db"), std::nullopt) << "it may be either";
  EXPECT_EQ(zone_of_any_file("db."), std::nullopt);
  EXPECT_EQ(zone_of_any_file("README"), std::nullopt);
}

TEST(Patience, WorkThatEndsGivesItsResultOrItsException) {
  const std::atomic<bool> stopping{false};
  EXPECT_EQ(with_patience<int>(std::chrono::seconds(20), stopping, [](WorkSigns&) { return 7; }), 7);
  EXPECT_THROW(
      with_patience<int>(std::chrono::seconds(20), stopping, [](WorkSigns&) -> int { throw std::runtime_error("x"); }),
      std::runtime_error);
}

TEST(Patience, WorkWithoutProgressIsGivenUp) {
  std::atomic<bool> stopping{false};
  const auto wait_for_ever = [](WorkSigns& signs) {
    while (!signs.given_up) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return 1;
  };
  EXPECT_EQ(with_patience<int>(std::chrono::milliseconds(50), stopping, wait_for_ever), std::nullopt);
  stopping = true;
  EXPECT_EQ(with_patience<int>(std::chrono::hours(1), stopping, wait_for_ever), std::nullopt);
}

TEST(Patience, WorkThatGoesOnIsWaitedFor) {
  const std::atomic<bool> stopping{false};
  const auto slowly = [](WorkSigns& signs) {
    for (int i = 0; i < 100; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      ++signs.progress;
    }
    return 1;
  };
  EXPECT_EQ(with_patience<int>(std::chrono::milliseconds(700), stopping, slowly), 1);
}

}  // namespace
}  // namespace axfrd::control
