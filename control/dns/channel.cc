#include "control/dns/channel.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <cerrno>

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

void set_unsent_limit(int socket, const int& octets) {
  setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &octets, sizeof octets);
}

class TcpChannel final : public Channel {
 public:
  TcpChannel(tcp::socket socket, IpAddress peer) : Channel({.peer = std::move(peer)}), socket_(std::move(socket)) {}

  void async_read(zones::MutableBytes room, ReadDone done) override {
    socket_.async_read_some(asio::buffer(room.data(), room.size()), std::move(done));
  }

  std::optional<size_t> send(Gather& batch) override {
    std::array<iovec, Gather::kMaxPieces> pieces;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = batch.copy_pieces(pieces);
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR ? std::optional<size_t>(0) : std::nullopt;
    batch.forget(static_cast<size_t>(sent));
    return static_cast<size_t>(sent);
  }

  void async_wait_writable(WaitDone done) override {
    socket_.async_wait(asio::socket_base::wait_write, std::move(done));
  }

  uint64_t unacknowledged() override {
    int octets = 0;
    if (ioctl(socket_.native_handle(), SIOCOUTQ, &octets) != 0) return 0;
    return static_cast<uint64_t>(octets);
  }

  void limit_unsent(int octets) override { set_unsent_limit(socket_.native_handle(), octets); }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

  // Sends RST, which also leaves no TIME_WAIT behind.
  void abort() override {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Channel> tcp_channel(tcp::socket socket) {
  error_code error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return nullptr;
  return std::make_unique<TcpChannel>(std::move(socket), normalised(peer.address()));
}

void set_channel_options(tcp::acceptor& acceptor, int unsent) {
  acceptor.set_option(tcp::no_delay(true));
  set_unsent_limit(acceptor.native_handle(), unsent);
}

}  // namespace axfrd::control
