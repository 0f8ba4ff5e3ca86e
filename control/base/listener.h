// Listener: the accept loop of all that accept connections.
//
// A connection that cannot be accepted, for want of descriptors as a rule, stays in the kernel's queue. The listener
// logs that, once a minute at most, and tries again after a moment. It does not count connections: its owner knows how
// many are too many, and which of them has to go.
//
// Threads. That of the loop. Handlers that stop() leaves in the loop must not run after the listener is gone.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "control/base/log.h"

namespace axfrd::control {

template <class Protocol>
class Listener {
 public:
  using Acceptor = typename Protocol::acceptor;
  using Socket = typename Protocol::socket;
  using Admit = std::function<void(Socket)>;

  // `acceptor` listens already. `whom`: those who are accepted, in the plural, for the log.
  Listener(Acceptor acceptor, std::string whom, const Log& log);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Accepts from now on, and hands over each connection, closed on exec.
  void start(Admit admit);
  // Accepts nobody more.
  void stop();

  typename Protocol::endpoint local_endpoint() const { return acceptor_.local_endpoint(); }

 private:
  void accept();
  void pause(const boost::system::error_code& error);

  Acceptor acceptor_;
  boost::asio::steady_timer retry_;
  const std::string whom_;
  const Log& log_;
  Admit admit_;
  std::optional<std::chrono::steady_clock::time_point> told_;  // when a pause was last logged
};

extern template class Listener<boost::asio::ip::tcp>;
extern template class Listener<boost::asio::local::stream_protocol>;

}  // namespace axfrd::control
