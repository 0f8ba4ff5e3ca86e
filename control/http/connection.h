// HttpConnection: one client, request after request, in the order in which they came (RFC 9112 §9.3).
//
//   opening ─► reading ─► serving ─► writing ─► reading …            each with its own patience
//                 └─ refused ───────► writing ─► lingering ─► closed
//
// While a request is served, no more than what came with it is held of the next ones. A response may be a stream, which
// is made piece by piece, as fast as the client takes it.
//
// Threads. Those of the loop. Owned by HttpServer, and by its own pending operations.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/http/message.h"
#include "control/http/request_reader.h"
#include "control/http/wire.h"

namespace axfrd::control {

// How long a client may take.
struct HttpPatience {
  using Time = std::chrono::steady_clock::duration;
  Time opening = std::chrono::seconds(10);  // the handshake
  Time header = std::chrono::seconds(10);   // from its first octet, or the connection's begin, to its last
  Time idle = std::chrono::seconds(60);     // to the first octet of the next request
  Time body = std::chrono::seconds(60);
  Time taking = std::chrono::seconds(30);  // a piece of a response
  Time lingering = std::chrono::seconds(2);
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // What a connection needs of its owner, who outlives its last operation.
  struct Owner {
    std::function<void(HttpRequest, HttpRespond)> serve;
    std::function<size_t(const HttpRequest& head)> most_body;  // octets that the body of such a request may have
    std::function<bool(const HttpConnection&)> has_room;       // whether it may hold what it holds now
    std::function<void(HttpConnection&)> closed;               // called once
    HttpPatience patience = {};
  };
  // `is_secure`: nobody can read along on the wire.
  HttpConnection(std::unique_ptr<Wire> wire, const boost::asio::any_io_executor& loop, std::optional<IpAddress> client,
                 const Owner& owner, bool is_secure = false);

  void start();
  // Takes no more requests; closes when the response under way is written.
  void finish();
  void close();

  // Octets held for the client.
  size_t held() const { return input_.size() + body_ + output_.size(); }
  // Whether it waits for its client to begin a request, and since when.
  bool is_idle() const { return state_ == State::opening || state_ == State::reading; }
  std::chrono::steady_clock::time_point since() const { return since_; }
  const std::optional<IpAddress>& client() const { return client_; }

 private:
  enum class State : uint8_t { opening, reading, serving, writing, lingering, closed };

  void enter(State state, HttpPatience::Time patience);
  void wait(HttpPatience::Time patience);
  void read();
  void take_input();
  bool take_header();
  void dispatch();
  void respond(HttpResponse response);
  void refuse(HttpResponse response);
  std::string head_of(const HttpResponse& response) const;
  void write_piece();
  void write(bool more);
  void on_written(bool more);
  void linger();

  const std::unique_ptr<Wire> wire_;
  boost::asio::steady_timer timer_;
  const std::optional<IpAddress> client_;
  const Owner& owner_;
  const bool is_secure_;
  State state_ = State::opening;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  bool is_timed_ = false;  // a timer runs

  std::string input_;     // came, and was not taken
  std::string incoming_;  // room for what comes
  RequestReader reader_;
  bool asked_for_body_ = false;
  size_t body_ = 0;  // octets of the body that came
  // Of the request that is being served.
  bool keeps_ = true;     // the connection
  bool is_head_ = false;  // HEAD: no body is sent
  bool knows_chunks_ = true;
  bool is_chunked_ = false;
  bool is_refused_ = false;

  std::string output_;
  JsonStream stream_;
};

}  // namespace axfrd::control
