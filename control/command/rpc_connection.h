// RpcConnection: one client of the control socket.
//
// In one turn of the loop it reads at most 1 MiB, or takes one request, or makes one piece of a reply. A long request
// is taken apart by another thread, so that a zone file of many megabytes keeps nobody waiting.
//
// Threads. The thread that runs the control loop. Owned by ControlSocket and by its own pending operations.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "control/command/rpc.h"

namespace axfrd::control {

class RpcConnection : public std::enable_shared_from_this<RpcConnection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Clock = std::chrono::steady_clock;

  // What a connection needs of its owner, who outlives it.
  struct Owner {
    RpcHandler handler;
    size_t max_line;                                     // octets of a request
    boost::asio::thread_pool& readers;                   // who take long requests apart
    std::function<bool(const RpcConnection&)> has_room;  // whether it may hold what it holds now
    std::function<void(RpcConnection&)> closed;          // called once
  };
  RpcConnection(Socket socket, Principal who, const Owner& owner);

  void start() { read(); }
  // Takes no more requests; closes when the reply under way is written.
  void finish();
  void close();

  // Octets that are held for the client: of requests that came, of a long one that is being served, and of a reply.
  size_t held() const { return input_.size() + request_ + output_.size(); }
  // Whether a request is being served, and the reply not being written yet. Who is not only waits for its client.
  bool is_served() const { return busy_ && !writing_; }
  // When the client last sent or took something.
  Clock::time_point last_active() const { return active_; }

 private:
  void read();
  void read_some(size_t room);
  void on_read(const boost::system::error_code& error, size_t octets);
  void take_line();
  void take_request(std::string_view line);
  void take_long_request(std::string line);
  void refuse_line();
  void dispatch(RpcRequest request);
  void reply(const std::optional<Json>& id, std::variant<RpcResult, Failure, RpcError> outcome);
  void write(std::string text);
  void write_piece();
  void on_written(const boost::system::error_code& error);

  Socket socket_;
  const Principal who_;
  const Owner& owner_;
  Clock::time_point active_ = Clock::now();

  std::string input_;
  size_t begin_ = 0;                 // where what was not taken yet begins in input_
  size_t searched_ = 0;              // octets of input_, from its begin on, known to hold no newline that was not taken
  boost::asio::steady_timer pause_;  // in reading
  size_t request_ = 0;               // octets of the long request that is being served
  bool busy_ = false;                // a request is being served, or its reply written
  bool writing_ = false;             // the reply
  bool closing_ = false;             // close when it has been
  bool is_closed_ = false;

  std::string output_;
  JsonStream stream_;  // of the reply being written
  bool more_ = false;  // is to come of it
};

}  // namespace axfrd::control
