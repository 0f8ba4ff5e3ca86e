// ControlSocket: JSON-RPC 2.0, one object a line, on the socket file.
//
// The requests of one connection are begun and answered in order. Some that concern different zones are served side by
// side, and some wait for others (rpc_connection.h). A large result may be streamed: it is made piece by piece, as fast
// as the client reads it.
//
// Room. There are some hundred connections, and one request of `max_line` octets and a quarter of that may be held for
// all of them together. Where one more would be too much, the connection goes whose client has neither sent nor taken
// anything for the longest time. One whose request is being served stays, and others wait for it.
//
// Threads. The thread that runs the loop. A thread of its own takes long requests apart.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "control/base/listener.h"
#include "control/base/log.h"
#include "control/command/rpc.h"
#include "control/command/rpc_connection.h"
#include "control/command/socket_file.h"

namespace axfrd::control {

class ControlSocket {
 public:
  // A request may hold a whole zone file.
  static constexpr size_t kMaxLine = size_t{256} << 20;
  static constexpr size_t kMaxClients = 256;

  // Serves from now on.
  ControlSocket(boost::asio::io_context& loop, SocketFile& file, RpcHandler handler, RpcReach reach, const Log& log,
                size_t max_line = kMaxLine);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

  // Serves nobody new, and calls `finished` when the replies under way are written, or after a short while.
  void finish(std::function<void()> finished);

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  void admit(Socket socket);
  void wait_for_replies(std::chrono::steady_clock::time_point deadline);
  bool close_idlest(const RpcConnection* but, size_t holding, const char* why);
  bool make_room(const RpcConnection& grown);

  const SocketFile& file_;
  const Log& log_;
  boost::asio::thread_pool readers_{1};
  const RpcConnection::Owner owner_;
  std::chrono::steady_clock::time_point told_;  // when it was last logged that there is no room
  Listener<boost::asio::local::stream_protocol> listener_;
  boost::asio::steady_timer timer_;  // of finish()
  std::set<std::shared_ptr<RpcConnection>> connections_;
  std::function<void()> finished_;
};

}  // namespace axfrd::control
