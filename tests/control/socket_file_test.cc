#include "control/command/socket_file.h"

#include <sys/stat.h>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

std::string failure(const std::filesystem::path& path) {
  try {
    const SocketFile file(path);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(SocketFile, HasItsModeAndItsDirectoryAndGoesWithItsOwner) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "new/deep/control.sock";
  {
    const SocketFile file(path);
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_TRUE(S_ISSOCK(status.st_mode));
    EXPECT_EQ(status.st_mode & 0777, 0660U);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SocketFile, ASecondOwnerIsRefusedAndDisturbsNothing) {
  const test::TemporaryDirectory directory;
  const SocketFile first(directory / "control.sock");
  EXPECT_NE(failure(directory / "control.sock").find("another axfrd"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(directory / "control.sock"));
}

TEST(SocketFile, WhatADeadOwnerLeftIsReplaced) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "control.sock";
  {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(fd);  // without unlink, as kill -9 does
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(failure(path), "");
}

TEST(SocketFile, AFileThatIsNoSocketIsLeftAlone) {
  const test::TemporaryDirectory directory;
  directory.write("precious", "text");
  EXPECT_NE(failure(directory / "precious"), "");
  EXPECT_TRUE(std::filesystem::exists(directory / "precious"));
}

TEST(SocketFile, AFileThatSomebodyElsePutThereMeanwhileIsLeftAlone) {
  const test::TemporaryDirectory directory;
  const auto path = directory / "control.sock";
  {
    const SocketFile file(path);
    std::filesystem::remove(path);
    directory.write("control.sock", "another");
  }
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(SocketFile, ADirectoryThatCannotBeMadeIsTold) {
  EXPECT_NE(failure("/proc/nowhere/control.sock").find("/proc/nowhere/control.sock"), std::string::npos);
  EXPECT_NE(failure("/tmp/" + std::string(200, 'x')).find("too long"), std::string::npos);
}

TEST(SocketFile, OurOwnUserMayConnect) {
  const test::TemporaryDirectory directory;
  const SocketFile file(directory / "control.sock");
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  EXPECT_EQ(file.allowed_peer(pair[0]), geteuid());
  close(pair[0]);
  close(pair[1]);
}

}  // namespace
}  // namespace axfrd::control
