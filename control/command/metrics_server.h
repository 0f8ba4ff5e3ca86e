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
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "control/base/address.h"
#include "control/base/listener.h"

namespace axfrd::control {

class MetricsServer {
 public:
  // Calls `done` with the text, at once or later, in the loop's thread.
  using Source = std::function<void(std::function<void(std::string)> done)>;

  // Listens. Throws std::runtime_error if it cannot.
  MetricsServer(boost::asio::io_context& loop, const Endpoint& endpoint, const Log& log)
      : listener_(listen(loop, endpoint), "clients of metrics", log) {}
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // Serves from now on.
  void start(Source source);
  // Serves nobody new.
  void stop() { listener_.stop(); }
  uint16_t port() const { return listener_.local_endpoint().port(); }

 private:
  class Connection;
  // Who was accepted, or had its last response, longest ago comes first. Connections may outlive the server.
  using Connections = std::list<Connection*>;

  static boost::asio::ip::tcp::acceptor listen(boost::asio::io_context& loop, const Endpoint& endpoint);
  void make_room();

  Listener<boost::asio::ip::tcp> listener_;
  Source source_;
  const std::shared_ptr<Connections> connections_ = std::make_shared<Connections>();
};

}  // namespace axfrd::control
