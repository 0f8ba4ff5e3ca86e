// The questions that a thread asks and waits for, against a server that answers as the test says.
#include <arpa/inet.h>

#include <atomic>

#include "control/dnsclient/query.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using std::chrono::milliseconds;

// Answers over UDP and TCP, on the same port of loopback.
class FakeServer {
 public:
  using Answer = std::function<std::string(std::string request)>;

  FakeServer(Answer by_udp, Answer by_tcp) : by_udp_(std::move(by_udp)), by_tcp_(std::move(by_tcp)) {
    sockaddr_in any{AF_INET, 0, {htonl(INADDR_LOOPBACK)}, {}};
    socklen_t size = sizeof any;
    do {
      any.sin_port = 0;
      EXPECT_EQ(::bind(udp_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), reinterpret_cast<sockaddr*>(&any), size),
                0);
      ::getsockname(udp_, reinterpret_cast<sockaddr*>(&any), &size);
      tcp_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    } while (::bind(tcp_, reinterpret_cast<sockaddr*>(&any), size) != 0);
    EXPECT_EQ(::listen(tcp_, 4), 0);
    port_ = ntohs(any.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeServer() {
    stop_ = true;
    thread_.join();
    ::close(udp_);
    ::close(tcp_);
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  boost::asio::ip::udp::endpoint endpoint() const { return {parse_address("127.0.0.1"), port_}; }

 private:
  void serve() {
    while (!stop_) {
      pollfd readable[]{{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      ::poll(readable, 2, 20);
      if ((readable[0].revents & POLLIN) != 0) answer_datagram();
      if ((readable[1].revents & POLLIN) != 0) answer_stream();
    }
  }
  void answer_datagram() {
    std::string request(4096, '\0');
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = ::recvfrom(udp_, request.data(), request.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    request.resize(static_cast<size_t>(got));
    const std::string answer = by_udp_(request);
    if (!answer.empty()) ::sendto(udp_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
  void answer_stream() {
    const int fd = ::accept(tcp_, nullptr, nullptr);
    const test::StreamClient client(fd);
    const std::string answer = by_tcp_(client.receive_message());
    if (!answer.empty()) (void)client.send(test::framed(answer));
  }

  const Answer by_udp_, by_tcp_;
  int udp_ = -1, tcp_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

std::string answered(std::string request, unsigned flags = 0x80) {
  request[2] = static_cast<char>(flags);
  return request;
}
std::string silent(const std::string&) { return ""; }

std::string ask(const FakeServer& server) {
  return dnsclient::query(server.endpoint(), test::name("example.com"), zones::rrtype::NS, {milliseconds(300), 2});
}

TEST(DnsQuery, TakesTheAnswer) {
  const FakeServer server([](std::string request) { return answered(std::move(request)) + "tail"; }, silent);
  EXPECT_TRUE(ask(server).ends_with("tail"));
}

TEST(DnsQuery, AsksAgainWhenADatagramIsLost) {
  std::atomic<int> asked{0};
  const FakeServer server([&](std::string request) { return ++asked == 2 ? answered(std::move(request)) : ""; },
                          silent);
  EXPECT_FALSE(ask(server).empty());
}

TEST(DnsQuery, GivesUpOnASilentServer) { EXPECT_EQ(ask(FakeServer(silent, silent)), ""); }

TEST(DnsQuery, WaitsOnAfterAnAnswerToSomethingElse) {
  const FakeServer other_id(
      [](std::string request) {
        request[0] = static_cast<char>(request[0] ^ 1);
        return answered(std::move(request));
      },
      silent);
  EXPECT_EQ(ask(other_id), "");
  const FakeServer other_name(
      [](std::string request) {
        request[13] = 'x';
        return answered(std::move(request));
      },
      silent);
  EXPECT_EQ(ask(other_name), "");
  const FakeServer echo([](std::string request) { return request; }, silent);
  EXPECT_EQ(ask(echo), "") << "a request is no answer";
}

TEST(DnsQuery, AnAnswerThatIsCutShortIsAskedForByTcp) {
  const FakeServer server([](std::string request) { return answered(std::move(request), 0x82); },
                          [](std::string request) { return answered(std::move(request)) + "by TCP"; });
  EXPECT_TRUE(ask(server).ends_with("by TCP"));
}

TEST(DnsQuery, ACutShortAnswerWithoutTcpIsNone) {
  const FakeServer server([](std::string request) { return answered(std::move(request), 0x82); }, silent);
  EXPECT_EQ(ask(server), "");
}

}  // namespace
}  // namespace axfrd::control
