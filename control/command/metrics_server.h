// MetricsServer: counters for Prometheus, over HTTP, at /metrics.
//
// Whoever reaches the address may read them; nothing can be changed here. It is for Prometheus alone: few connections,
// small requests, little patience. A connection too many ends the one that has gone longest without a whole request, so
// that slow clients keep nobody out.
//
// Threads. The thread that runs the loop, but for the constructor.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "control/base/address.h"

namespace axfrd::control {

class MetricsServer {
 public:
  // Calls `done` with the text, at once or later, in the loop's thread.
  using Source = std::function<void(std::function<void(std::string)> done)>;

  // Listens. Throws std::runtime_error if it cannot.
  MetricsServer(boost::asio::io_context& loop, const Endpoint& endpoint);
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Serves from now on.
  void start(Source source);
  // Serves nobody new.
  void stop() { acceptor_.close(); }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  class Connection;
  // Who was accepted, or had its last response, longest ago comes first. Connections may outlive the server.
  using Connections = std::list<Connection*>;

  void accept();
  void make_room();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  Source source_;
  const std::shared_ptr<Connections> connections_ = std::make_shared<Connections>();
};

}  // namespace axfrd::control
