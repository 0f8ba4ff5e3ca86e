// RpcConnection: one client of the control socket.
//
// In one turn of the loop it reads at most 1 MiB, or begins one request, or makes one piece of a reply. A long request
// is taken apart by another thread, so that a zone file of many megabytes keeps nobody waiting.
//
// Several at once. A client may send requests without waiting for replies; then changes share a flush of the disk. What
// each request does and says is all the same what it would be if each waited for the reply to the one before:
//
//   - Requests are begun in the order in which they were sent, and replies are written in that order.
//   - A request that concerns one zone is begun while earlier ones are being served only if each of these concerns one
//     other zone. Whatever concerns more, or cannot be told, is begun when all before it have been served, and served
//     before any behind it is begun.
//
// So a request sees all that the earlier ones have done to what it concerns, because they were acknowledged before it
// was begun. Changes of several zones take effect in their order, because the committer takes them in that order
// (commit/commit_queue.h). A request that fails has no part in that: those behind it are done all the same.
//
// Room. So many are served at once, and so many octets of replies wait to be written; then no further one is taken
// before the client has read. A client that reads nothing holds up nobody but itself.
//
// Threads. The thread that runs the control loop. Owned by ControlSocket and by its own pending operations.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "control/command/rpc.h"
#include "zones/wire/result.h"

namespace axfrd::control {

class RpcConnection : public std::enable_shared_from_this<RpcConnection> {
 public:
  using Socket = boost::asio::local::stream_protocol::socket;
  using Clock = std::chrono::steady_clock;

  // Requests that are being served at once; and those whose replies wait for an earlier one, or for the client, too.
  // Somebody else's change may come behind so many, which is some milliseconds.
  static constexpr size_t kMostServed = 64, kMostTaken = 256;
  // Octets of replies that wait. A reply may be longer, and is the last then.
  static constexpr size_t kMostReplies = 256 * 1024;

  // What a connection needs of its owner, who outlives it.
  struct Owner {
    RpcHandler handler;
    RpcReach reach;
    size_t max_line;                                     // octets of a request
    boost::asio::thread_pool& readers;                   // who take long requests apart
    std::function<bool(const RpcConnection&)> has_room;  // whether it may hold what it holds now
    std::function<void(RpcConnection&)> closed;          // called once
  };
  RpcConnection(Socket socket, Principal who, const Owner& owner);

  void start() { turn(); }
  // Takes no more requests; closes when the replies under way are written.
  void finish();
  void close();

  // Octets that are held for the client: of requests that came, of long ones that are being served, and of replies.
  size_t held() const { return input_.size() + long_ + replies_ + output_.size(); }
  // Whether a request is being served, or a piece of a reply made. Who is not only waits for its client.
  bool is_served() const { return working_ > 0 || is_parsing_ || makes_piece_; }
  // When the client last sent or took something.
  Clock::time_point last_active() const { return active_; }

 private:
  // One that was begun, from then on until its reply is on its way.
  struct Request {
    std::optional<Json> id;
    std::optional<std::string> zone;  // that it concerns; none: it concerns more, or nobody knows
    size_t octets = 0;                // of a long one
    bool is_done = false;             // it was served, and no other has to wait for it
    std::string reply{};
    JsonStream stream{};  // in place of a reply; done when that is written
  };
  // One that was taken, and not begun.
  struct Taken {
    zones::Result<RpcRequest, RpcError> request;
    std::optional<std::string> zone;
    size_t octets;  // of a long one
  };

  // ---- requests ----
  void come_again();
  void turn();
  bool begin_next();
  bool may_begin(const Taken& taken) const;
  bool take_line();
  void take_long_line(std::string line);
  void refuse_line();
  void take(zones::Result<RpcRequest, RpcError> request, size_t octets);
  void begin(Taken taken);
  void read();
  void read_some(size_t room);
  void on_read(const boost::system::error_code& error);
  // ---- replies ----
  void served(Request& request, std::variant<RpcResult, Failure, RpcError> outcome);
  void done(Request& request, std::string reply);
  void write();
  void write_piece();
  void send();
  void on_written(const boost::system::error_code& error);

  Socket socket_;
  const Principal who_;
  const Owner& owner_;
  Clock::time_point active_ = Clock::now();

  std::string input_;
  size_t begin_ = 0;                 // where what was not taken yet begins in input_
  size_t searched_ = 0;              // octets of input_, from its begin on, known to hold no newline that was not taken
  boost::asio::steady_timer pause_;  // in reading
  std::optional<Taken> next_;
  bool is_reading_ = false;
  bool is_parsing_ = false;   // another thread takes a long request apart
  bool comes_again_ = false;  // a turn was asked for
  bool closing_ = false;      // close when all that was taken is served
  bool is_closed_ = false;

  std::deque<std::shared_ptr<Request>> requests_;  // in their order
  size_t working_ = 0;                             // of them have neither a reply nor a stream
  size_t long_ = 0;                                // octets of long ones that are not done
  size_t replies_ = 0;                             // octets of their replies

  std::string output_;
  bool is_writing_ = false;
  bool makes_piece_ = false;  // of the first one's stream
  bool is_streaming_ = false;
  bool more_ = false;  // is to come of the stream
};

}  // namespace axfrd::control
