#include "control/base/listener.h"

#include <netinet/in.h>
#include <sys/resource.h>

#include <list>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using boost::asio::ip::tcp;
using test::StreamClient;

// While it lives, this process gets no descriptor more.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = dup(0);
    ::close(lowest_free);
    const rlimit now{static_cast<rlim_t>(lowest_free), before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    listener_.start([this](tcp::socket socket) {
      accepted_.push_back(std::move(socket));
      if (accepted_.size() == last_) listener_.stop();
    });
  }
  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (try_to_connect(fd) != 0) ADD_FAILURE() << "nobody listens";
    return fd;
  }
  int try_to_connect(int fd) const {
    const sockaddr_in to{AF_INET, htons(port_), {htonl(INADDR_LOOPBACK)}, {}};
    return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  // Whether so many are accepted in time.
  bool accepts(size_t connections) {
    return test::eventually([&] {
      loop_.poll();
      return accepted_.size() == connections;
    });
  }

  boost::asio::io_context loop_;
  const test::LogFile log_;
  Listener<tcp> listener_{{loop_, {boost::asio::ip::address_v4::loopback(), 0}}, "guests", log_.log()};
  const uint16_t port_ = listener_.local_endpoint().port();
  std::list<tcp::socket> accepted_;
  size_t last_ = 0;  // who stops it; 0: nobody
};

TEST_F(ListenerTest, HandsOverWhoeverConnectsClosedOnExec) {
  std::list<StreamClient> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(connect());
  EXPECT_TRUE(accepts(20));
  for (tcp::socket& each : accepted_) EXPECT_EQ(fcntl(each.native_handle(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(log_.text(), "");
}

TEST_F(ListenerTest, ConnectionsForWhichThereIsNoDescriptorWaitAndTheLogSaysSoOnce) {
  const StreamClient first(connect()), second(connect());
  {
    const NoDescriptors want;
    loop_.run_for(std::chrono::milliseconds(350));  // it tries some times
  }
  EXPECT_TRUE(accepted_.empty());
  EXPECT_TRUE(accepts(2));
  const std::string log = log_.text(), line = "cannot accept guests: Too many open files";
  EXPECT_NE(log.find(line), std::string::npos) << log;
  EXPECT_EQ(log.find(line), log.rfind(line)) << log;
}

TEST_F(ListenerTest, WhoComesAfterTheStopIsNotAccepted) {
  listener_.stop();
  const StreamClient late(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(try_to_connect(late.fd()), -1);
  loop_.run();  // and nothing is left to do
  EXPECT_TRUE(accepted_.empty());
}

TEST_F(ListenerTest, AStopWhileItWaitsForDescriptorsIsOne) {
  const StreamClient client(connect());
  {
    const NoDescriptors want;
    loop_.run_for(std::chrono::milliseconds(50));
  }
  listener_.stop();
  loop_.run();
  EXPECT_TRUE(accepted_.empty());
}

TEST_F(ListenerTest, WhoIsAcceptedMayStopIt) {
  last_ = 2;
  std::list<StreamClient> clients;
  for (int i = 0; i < 5; ++i) clients.emplace_back(connect());
  loop_.run();  // until nothing is left to do
  EXPECT_EQ(accepted_.size(), 2U);
}

}  // namespace
}  // namespace axfrd::control
