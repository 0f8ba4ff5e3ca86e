#include "control/dnsclient/datagrams.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>

#include "control/base/open_socket.h"

namespace axfrd::control::dnsclient {

namespace {

constexpr unsigned kResponsesInARow = 64;  // responses taken before other work gets its turn

}  // namespace

Datagrams::Datagrams(boost::asio::io_context& loop, std::vector<IpAddress> sources)
    : loop_(loop), sources_(std::move(sources)), buffer_(zones::kMaxMessage) {}

std::optional<IpAddress> Datagrams::source_to(const IpAddress& to) const {
  const auto source = std::ranges::find_if(sources_, [&](const IpAddress& a) { return a.is_v6() == to.is_v6(); });
  return source != sources_.end() ? std::optional(*source) : std::nullopt;
}

std::optional<Datagrams::Socket> Datagrams::bound_socket(bool v6) const {
  const Endpoint any(v6 ? boost::asio::ip::udp::v6() : boost::asio::ip::udp::v4(), 0);
  try {
    Socket socket(loop_);
    open_socket(socket, any, true);  // the source may not exist yet, as the address of a tap
    const auto source = source_to(any.address());
    socket.bind(source ? Endpoint(*source, 0) : any);
    socket.non_blocking(true);
    return socket;
  } catch (const boost::system::system_error&) {
    return std::nullopt;
  }
}

void Datagrams::open(Received received) {
  received_ = std::move(received);
  v4_ = bound_socket(false);
  v6_ = bound_socket(true);
  if (v4_) receive(*v4_);
  if (v6_) receive(*v6_);
}

void Datagrams::close() {
  boost::system::error_code ignored;
  if (v4_) v4_->close(ignored);
  if (v6_) v6_->close(ignored);
}

bool Datagrams::send(const Endpoint& to, const std::string& message) {
  auto& socket = to.address().is_v4() ? v4_ : v6_;
  if (!socket) return false;
  boost::system::error_code error;
  socket->send_to(boost::asio::buffer(message), to, 0, error);
  return !error || error == boost::asio::error::would_block;
}

void Datagrams::receive(Socket& socket) {
  socket.async_wait(Socket::wait_read, [this, &socket](const boost::system::error_code& error) {
    if (error) return;
    for (unsigned i = 0; i < kResponsesInARow; ++i) {
      boost::system::error_code failed;
      const size_t size = socket.receive_from(boost::asio::buffer(buffer_), from_, 0, failed);
      if (failed == boost::asio::error::would_block) break;
      if (!failed) received_(from_, zones::Bytes(buffer_).first(size));
    }
    receive(socket);
  });
}

}  // namespace axfrd::control::dnsclient
