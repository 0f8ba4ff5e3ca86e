// ControlSocket: JSON-RPC 2.0, one object a line, on the socket file.
//
// The requests of one connection are served in order, one at a time, and no further one is read meanwhile. A large
// result may be streamed: it is made piece by piece, as fast as the client reads it.
//
// Threads. The thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <set>

#include "control/base/log.h"
#include "control/command/rpc.h"
#include "control/command/socket_file.h"

namespace axfrd::control {

class RpcConnection;

class ControlSocket {
 public:
  // A request may hold a whole zone file.
  static constexpr size_t kMaxLine = size_t{1} << 30;

  // Serves from now on.
  ControlSocket(boost::asio::io_context& loop, SocketFile& file, RpcHandler handler, const Log& log,
                size_t max_line = kMaxLine);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  // Serves nobody new, and calls `finished` when the replies under way are written, or after a short while.
  void finish(std::function<void()> finished);

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  void accept();
  void pause_accepting();
  void admit(Socket socket);
  void wait_for_replies(std::chrono::steady_clock::time_point deadline);

  const SocketFile& file_;
  const RpcHandler handler_;
  const Log& log_;
  const size_t max_line_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  boost::asio::steady_timer timer_;  // a pause in accepting, or in finish()
  std::set<std::shared_ptr<RpcConnection>> connections_;
  std::function<void()> finished_;
};

}  // namespace axfrd::control
