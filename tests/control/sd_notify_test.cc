#include "control/base/sd_notify.h"

#include "control/base/local_datagram.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

class ServiceManagerTest : public testing::Test {
 protected:
  ServiceManagerTest() { setenv("NOTIFY_SOCKET", socket_.path().c_str(), 1); }
  ~ServiceManagerTest() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  std::string received() const { return socket_.received(); }

  test::DatagramSocket socket_;
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

TEST_F(ServiceManagerTest, WhatAManagerCannotTakeAtOnceReachesItLater) {
  ServiceManager manager(loop_);
  while (send_local_datagram(socket_.path(), "full")) continue;
  manager.ready();
  manager.stopping();
  for (std::string message = "full"; message == "full"; message = received()) continue;
  loop_.run_for(std::chrono::milliseconds(300));
  EXPECT_EQ(received(), "READY=1");
  EXPECT_EQ(received(), "STOPPING=1");
}

TEST_F(ServiceManagerTest, WithoutAManagerNothingIsSent) {
  unsetenv("NOTIFY_SOCKET");
  ServiceManager manager(loop_);
  manager.ready();
  EXPECT_EQ(received(), "");
}

}  // namespace
}  // namespace axfrd::control
