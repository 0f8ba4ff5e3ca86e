#include "control/dns/channel.h"

#include <netinet/in.h>

#include <boost/asio/ip/v6_only.hpp>

#include "tests/control/support.h"

namespace axfrd::control {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using test::bytes_of;
using test::StreamClient;

class TcpChannelTest : public testing::Test {
 protected:
  TcpChannelTest() {
    acceptor_.open(tcp::v6());
    acceptor_.set_option(asio::ip::v6_only(false));
    set_channel_options(acceptor_, 64 * 1024);
    acceptor_.bind({asio::ip::address_v6::any(), 0});
    acceptor_.listen();
  }

  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in to{AF_INET, htons(acceptor_.local_endpoint().port()), {htonl(INADDR_LOOPBACK)}, {}};
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    return fd;
  }
  std::unique_ptr<Channel> accept() { return tcp_channel(acceptor_.accept()); }

  // Waits for what the channel was told to do.
  void serve() {
    loop_.restart();
    loop_.run_for(test::kPatience);
  }
  // What comes next, or the error.
  std::string read(Channel& channel) {
    std::string octets(1000, '\0');
    error_code ended;
    channel.async_read({reinterpret_cast<uint8_t*>(octets.data()), octets.size()},
                       [&](const error_code& error, size_t size) {
                         ended = error;
                         octets.resize(size);
                       });
    EXPECT_EQ(octets.size(), 1000U) << "told while it was asked";
    serve();
    return ended ? ended.message() : octets;
  }

  asio::io_context loop_;
  tcp::acceptor acceptor_{loop_};
};

TEST_F(TcpChannelTest, KnowsAnIpv4PeerAsSuchWhereverItCameIn) {
  const StreamClient client(connect());
  EXPECT_EQ(accept()->who().peer, asio::ip::make_address("127.0.0.1"));
}

TEST_F(TcpChannelTest, ThereIsNoneOfAClientThatHasGone) {
  const linger reset{1, 0};
  {
    const StreamClient client(connect());
    setsockopt(client.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  EXPECT_EQ(accept(), nullptr);
}

TEST_F(TcpChannelTest, ReadsWhatComesAndThenTheEndOfInput) {
  const StreamClient client(connect());
  const auto channel = accept();
  client.send("question");
  EXPECT_EQ(read(*channel), "question");
  client.end_input();
  EXPECT_EQ(read(*channel), error_code(asio::error::eof).message());
}

TEST_F(TcpChannelTest, TakesWhatItCanAndTellsWhenItTakesMore) {
  const StreamClient client(connect());
  const auto channel = accept();
  const std::string large(16U << 20, 'L');  // more than the kernel takes
  Gather batch;
  batch.copy(bytes_of("begin"));
  batch.refer(bytes_of(large));
  batch.copy(bytes_of("end"));
  const size_t all = batch.size();
  const std::optional<size_t> sent = channel->send(batch);
  ASSERT_TRUE(sent.has_value());
  EXPECT_LT(*sent, all);
  EXPECT_EQ(batch.size(), all - *sent);
  while (channel->send(batch).value_or(0) != 0) continue;  // what the client's kernel has taken meanwhile
  EXPECT_GT(channel->unacknowledged(), 0U);
  std::jthread reader([&] { EXPECT_EQ(client.receive(all), "begin" + large + "end"); });
  while (!batch.empty()) {
    bool writable = false;
    channel->async_wait_writable([&](const error_code& error) { writable = !error; });
    EXPECT_FALSE(writable) << "told while it was asked";
    serve();
    ASSERT_TRUE(writable);
    ASSERT_TRUE(channel->send(batch).has_value());
  }
  reader.join();
  EXPECT_TRUE(test::eventually([&] { return channel->unacknowledged() == 0; }));
}

TEST_F(TcpChannelTest, ClosingLetsOutWhatWasTaken) {
  const StreamClient client(connect());
  const auto channel = accept();
  Gather batch;
  batch.copy(bytes_of("answer"));
  EXPECT_EQ(channel->send(batch), 6U);
  channel->close();
  EXPECT_EQ(client.receive(100), "answer");
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(channel->who().peer, asio::ip::make_address("127.0.0.1")) << "it knows who that was";
}

TEST_F(TcpChannelTest, AbortingResetsTheConnection) {
  const StreamClient client(connect());
  const auto channel = accept();
  channel->abort();
  char octet = 0;
  EXPECT_EQ(::recv(client.fd(), &octet, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(TcpChannelTest, WhatIsUnderWayWhenItIsClosedEndsInAnError) {
  const StreamClient client(connect());
  const auto channel = accept();
  std::array<uint8_t, 8> room{};
  error_code ended;
  channel->async_read(room, [&](const error_code& error, size_t) { ended = error; });
  channel->close();
  EXPECT_FALSE(ended);
  serve();
  EXPECT_EQ(ended, asio::error::operation_aborted);
}

TEST_F(TcpChannelTest, TakesNothingForAClientThatIsGone) {
  auto client = std::make_unique<StreamClient>(connect());
  const auto channel = accept();
  const linger reset{1, 0};
  setsockopt(client->fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  client.reset();
  Gather batch;
  batch.copy(bytes_of("answer"));
  EXPECT_TRUE(test::eventually([&] { return !channel->send(batch).has_value(); }));
  EXPECT_EQ(batch.size(), 6U);
}

}  // namespace
}  // namespace axfrd::control
