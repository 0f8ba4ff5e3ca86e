// RpcConnection: one client of the control socket.
//
// Threads. The thread that runs the control loop. Owned by ControlSocket and by its own pending operations.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <string>

#include "control/command/rpc.h"

namespace axfrd::control {

class RpcConnection : public std::enable_shared_from_this<RpcConnection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Closed = std::function<void(RpcConnection&)>;

  // `handler` outlives the connection; `closed` is called once.
  RpcConnection(Socket socket, const RpcHandler& handler, size_t max_line, Closed closed);

  void start() { read(); }
  // Takes no more requests; closes when the reply under way is written.
  void finish();
  void close();

 private:
  void read();
  void on_read(const boost::system::error_code& error, size_t octets);
  void take_line();
  void refuse_line();
  void dispatch(RpcRequest request);
  void reply(const std::optional<Json>& id, std::variant<RpcResult, Failure, RpcError> outcome);
  void write(std::string text);
  void write_piece();
  void on_written(const boost::system::error_code& error);

  Socket socket_;
  const RpcHandler& handler_;
  const size_t max_line_;
  const Closed closed_;

  std::string input_;
  size_t searched_ = 0;   // octets of input_ known to hold no newline
  bool busy_ = false;     // a request is being served
  bool closing_ = false;  // close when it has been
  bool is_closed_ = false;

  std::string output_;
  JsonStream stream_;  // of the reply being written
  bool more_ = false;  // is to come of it
};

}  // namespace axfrd::control
