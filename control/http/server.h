// HttpServer: accepts the clients of HTTP, and holds them within bounds.
//
// Room. So many connections in all, and so many from one IPv4 address or IPv6 /64. Where one more would be too many,
// the one goes that has waited longest for its client to ask for something; if there is none, the new one is turned
// away. What is held for all of them together has a bound, too, beyond which requests are refused with 503.
//
// Threads. That of the loop, but for the constructor.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "control/base/address.h"
#include "control/base/listener.h"
#include "control/command/socket_file.h"
#include "control/http/certificate.h"
#include "control/http/connection.h"
#include "control/http/options.h"

namespace axfrd::control {

class HttpServer {
 public:
  static constexpr size_t kMostHeld = size_t{128} << 20;

  // Listens. Throws std::runtime_error if it cannot.
  HttpServer(boost::asio::io_context& loop, const HttpOptions& options, const Log& log);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  using Serve = std::function<void(HttpRequest, HttpRespond)>;
  using MostBody = std::function<size_t(const HttpRequest&)>;
  // Serves from now on.
  void start(Serve serve, MostBody most_body);
  // Serves nobody new, and ends when the responses under way are written, or after a short while; then calls
  // `finished`.
  void finish(std::function<void()> finished);
  // Any thread; a sentence if the new certificate is not sound.
  std::optional<std::string> reload_certificate();

  uint16_t port() const { return tcp_.front()->local_endpoint().port(); }

 private:
  using Tcp = boost::asio::ip::tcp;
  using Local = boost::asio::local::stream_protocol;

  void admit(StreamSocket socket, std::optional<IpAddress> client);
  bool make_room(const std::optional<IpAddress>& client);
  bool close_idlest(const std::optional<IpAddress>* of);
  bool has_room_for(const HttpConnection& grown) const;
  void forget(HttpConnection& closed);
  void close_all();

  boost::asio::io_context& loop_;
  const HttpOptions options_;
  const Log& log_;
  std::unique_ptr<Certificate> certificate_;  // null: plain
  std::unique_ptr<SocketFile> file_;
  std::vector<std::unique_ptr<Listener<Tcp>>> tcp_;
  std::unique_ptr<Listener<Local>> local_;
  HttpConnection::Owner owner_;
  std::set<std::shared_ptr<HttpConnection>> connections_;
  std::map<IpAddress, size_t> by_client_;  // connections by client_network(); of the Unix socket, none is counted
  boost::asio::steady_timer timer_;        // of finish()
  std::function<void()> finished_;
};

}  // namespace axfrd::control
