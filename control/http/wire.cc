#include "control/http/wire.h"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace axfrd::control {

namespace {

using boost::system::error_code;

class PlainWire : public Wire {
 public:
  explicit PlainWire(StreamSocket socket) : socket_(std::move(socket)) {}

  void open(Handler handler) override { handler({}, 0); }
  void read_some(boost::asio::mutable_buffer room, Handler handler) override {
    socket_.async_read_some(room, std::move(handler));
  }
  void write(boost::asio::const_buffer octets, Handler handler) override {
    boost::asio::async_write(socket_, octets, std::move(handler));
  }
  void end_output() override {
    error_code ignored;
    socket_.shutdown(StreamSocket::shutdown_send, ignored);
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  StreamSocket socket_;
};

class TlsWire : public Wire {
 public:
  TlsWire(StreamSocket socket, std::shared_ptr<boost::asio::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  void open(Handler handler) override {
    stream_.async_handshake(boost::asio::ssl::stream_base::server,
                            [handler = std::move(handler)](const error_code& error) { handler(error, 0); });
  }
  void read_some(boost::asio::mutable_buffer room, Handler handler) override {
    stream_.async_read_some(room, std::move(handler));
  }
  void write(boost::asio::const_buffer octets, Handler handler) override {
    boost::asio::async_write(stream_, octets, std::move(handler));
  }
  // HTTP says itself where a message ends, so that nobody waits for TLS's word of the end.
  void end_output() override {
    error_code ignored;
    stream_.next_layer().shutdown(StreamSocket::shutdown_send, ignored);
  }
  void close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  const std::shared_ptr<boost::asio::ssl::context> context_;
  boost::asio::ssl::stream<StreamSocket> stream_;
};

}  // namespace

std::unique_ptr<Wire> plain_wire(StreamSocket socket) { return std::make_unique<PlainWire>(std::move(socket)); }

std::unique_ptr<Wire> tls_wire(StreamSocket socket, std::shared_ptr<boost::asio::ssl::context> context) {
  return std::make_unique<TlsWire>(std::move(socket), std::move(context));
}

}  // namespace axfrd::control
