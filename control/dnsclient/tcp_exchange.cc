#include "control/dnsclient/tcp_exchange.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace axfrd::control::dnsclient {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kRoom = 16 * 1024;

using Done = std::function<void(zones::Bytes, const error_code&)>;

// Owned by its own pending operations until it has called `done`.
class TcpExchange : public std::enable_shared_from_this<TcpExchange> {
 public:
  TcpExchange(asio::io_context& loop, const std::string& message, Done done)
      : socket_(loop), timer_(loop), request_(2, '\0'), response_(kRoom), done_(std::move(done)) {
    zones::store16(reinterpret_cast<uint8_t*>(request_.data()), static_cast<unsigned>(message.size()));
    request_ += message;
  }

  void start(const asio::ip::tcp::endpoint& server, const std::optional<IpAddress>& source,
             std::chrono::steady_clock::duration patience) {
    timer_.expires_after(patience);
    timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->end({}, asio::error::timed_out);
    });
    error_code failed;
    if (source) socket_.open(server.protocol(), failed);
    if (source && !failed) socket_.bind({*source, 0}, failed);
    if (failed) {
      return asio::post(socket_.get_executor(), [self = shared_from_this(), failed] { self->end({}, failed); });
    }
    socket_.async_connect(server, [self = shared_from_this()](const error_code& error) {
      if (error) return self->end({}, error);
      asio::async_write(self->socket_, asio::buffer(self->request_), [self](const error_code& broken, size_t) {
        if (broken) return self->end({}, broken);
        self->read();
      });
    });
  }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(response_.data() + size_, response_.size() - size_),
                            [self = shared_from_this()](const error_code& error, size_t octets) {
                              self->size_ += octets;
                              self->on_read(error);
                            });
  }
  void on_read(const error_code& error) {
    const size_t wanted = size_ < 2 ? 2 : 2 + size_t{zones::load16(response_.data())};
    if (size_ >= 2 && size_ >= wanted) return end(zones::Bytes(response_).subspan(2, wanted - 2), {});
    if (error) return end({}, error);
    if (size_ == response_.size()) return end({}, asio::error::message_size);
    read();
  }
  void end(zones::Bytes response, const error_code& error) {
    if (!done_) return;
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    std::exchange(done_, nullptr)(response, error);
  }

  asio::ip::tcp::socket socket_;
  asio::steady_timer timer_;
  std::string request_;
  std::vector<uint8_t> response_;
  size_t size_ = 0;
  Done done_;  // null after the call
};

}  // namespace

void exchange_by_tcp(asio::io_context& loop, const asio::ip::tcp::endpoint& server,
                     const std::optional<IpAddress>& source, const std::string& message,
                     std::chrono::steady_clock::duration patience,
                     std::function<void(zones::Bytes response, const error_code& error)> done) {
  std::make_shared<TcpExchange>(loop, message, std::move(done))->start(server, source, patience);
}

}  // namespace axfrd::control::dnsclient
