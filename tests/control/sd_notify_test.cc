#include "control/sd_notify.h"

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManagerTest() : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const std::string path = directory_ / "notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~ServiceManagerTest() override {
    close(fd_);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  std::string received() const {
    char message[256];
    const ssize_t size = recv(fd_, message, sizeof message, MSG_DONTWAIT);
    return {message, size > 0 ? static_cast<size_t>(size) : 0};
  }

  test::TemporaryDirectory directory_;
  int fd_;
  boost::asio::io_context loop_;
};

TEST_F(ServiceManagerTest, IsToldOfTheStates) {
  ServiceManager manager(loop_);
  manager.ready();
  manager.stopping();
  EXPECT_EQ(received(), "READY=1");
  EXPECT_EQ(received(), "STOPPING=1");
}

TEST_F(ServiceManagerTest, TheWatchdogIsFedTwiceInItsTime) {
  setenv("WATCHDOG_USEC", "40000", 1);
  ServiceManager manager(loop_);
  manager.start_watchdog();
  EXPECT_EQ(received(), "WATCHDOG=1");
  loop_.run_for(std::chrono::milliseconds(35));
  EXPECT_EQ(received(), "WATCHDOG=1");
}

TEST_F(ServiceManagerTest, AWatchdogOfAnotherProcessIsNotOurs) {
  setenv("WATCHDOG_USEC", "40000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  ServiceManager manager(loop_);
  manager.start_watchdog();
  EXPECT_EQ(received(), "");
}

TEST_F(ServiceManagerTest, WithoutAManagerNothingIsSent) {
  unsetenv("NOTIFY_SOCKET");
  ServiceManager manager(loop_);
  manager.ready();
  EXPECT_EQ(received(), "");
}

}  // namespace
}  // namespace axfrd::control
