// Wire: a connected byte stream, whatever carries it: TCP or a Unix socket, plain or by TLS. A test has one in memory.
//
// Threads. Those of the loop. One read and one write may be pending at a time. Whoever asks keeps the wire alive until
// the handler was called.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <memory>

namespace boost::asio::ssl {
class context;
}

namespace axfrd::control {

class Wire {
 public:
  using Handler = std::function<void(const boost::system::error_code& error, size_t octets)>;

  virtual ~Wire() = default;
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  // The handshake, if there is one.
  virtual void open(Handler handler) = 0;
  virtual void read_some(boost::asio::mutable_buffer room, Handler handler) = 0;
  // All of it.
  virtual void write(boost::asio::const_buffer octets, Handler handler) = 0;
  // Tells the other end that nothing more comes; what it sent and is still on its way may be read, for so long.
  virtual void end_output() = 0;
  virtual void close() = 0;
};

using StreamSocket = boost::asio::generic::stream_protocol::socket;

std::unique_ptr<Wire> plain_wire(StreamSocket socket);
// `context`: with the certificate; kept by the wire.
std::unique_ptr<Wire> tls_wire(StreamSocket socket, std::shared_ptr<boost::asio::ssl::context> context);

}  // namespace axfrd::control
