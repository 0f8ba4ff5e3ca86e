#include "control/http/server.h"

#include <boost/system/system_error.hpp>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "control/base/open_socket.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;

constexpr auto kHttpGrace = std::chrono::milliseconds(500);

asio::ip::tcp::acceptor listen_http(asio::io_context& loop, const Endpoint& at) {
  const asio::ip::tcp::endpoint endpoint(at.address, at.port);
  try {
    asio::ip::tcp::acceptor acceptor(loop);
    open_socket(acceptor, endpoint, false);
    acceptor.bind(endpoint);
    acceptor.listen();
    return acceptor;
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot serve HTTP at " + at.address.to_string() + " port " + std::to_string(at.port) +
                             ": " + error.code().message());
  }
}

std::unique_ptr<Certificate> certificate_of(const HttpOptions& options) {
  if (!options.certificate) return nullptr;
  return std::make_unique<Certificate>(*options.certificate, options.key.value_or(*options.certificate));
}

bool same_client(const std::optional<IpAddress>& a, const std::optional<IpAddress>& b) {
  if (!a || !b) return false;  // who may use the Unix socket is one of us
  return client_network(*a) == client_network(*b);
}

}  // namespace

HttpServer::HttpServer(asio::io_context& loop, const HttpOptions& options, const Log& log)
    : loop_(loop), options_(options), log_(log), certificate_(certificate_of(options)), timer_(loop) {
  for (const Endpoint& endpoint : options.endpoints)
    tcp_.push_back(std::make_unique<Listener<Tcp>>(listen_http(loop, endpoint), "clients of HTTP", log));
  if (!options.socket) return;
  file_ = std::make_unique<SocketFile>(*options.socket);
  local_ = std::make_unique<Listener<Local>>(Local::acceptor(loop, Local(), file_->release()), "clients of HTTP", log);
}

void HttpServer::start(Serve serve, MostBody most_body) {
  owner_ = {.serve = std::move(serve),
            .most_body = std::move(most_body),
            .has_room = [this](const HttpConnection& grown) { return has_room_for(grown); },
            .closed = [this](HttpConnection& closed) { forget(closed); }};
  for (const auto& listener : tcp_) {
    listener->start([this](Tcp::socket socket) {
      boost::system::error_code error;
      const auto peer = socket.remote_endpoint(error);
      if (error) return;  // it has gone already
      socket.set_option(Tcp::no_delay(true), error);
      admit(StreamSocket(std::move(socket)), normalised(peer.address()));
    });
  }
  if (local_) local_->start([this](Local::socket socket) { admit(StreamSocket(std::move(socket)), std::nullopt); });
}

void HttpServer::admit(StreamSocket socket, std::optional<IpAddress> client) {
  if (!make_room(client)) return;  // which closes it
  const bool is_secure = certificate_ && client;
  auto wire = is_secure ? tls_wire(std::move(socket), certificate_->current()) : plain_wire(std::move(socket));
  const auto connection =
      std::make_shared<HttpConnection>(std::move(wire), loop_.get_executor(), std::move(client), owner_, is_secure);
  connections_.insert(connection);
  if (connection->client()) ++by_client_[client_network(*connection->client())];
  connection->start();
}

void HttpServer::forget(HttpConnection& closed) {
  if (closed.client()) {
    const auto of_client = by_client_.find(client_network(*closed.client()));
    if (of_client != by_client_.end() && --of_client->second == 0) by_client_.erase(of_client);
  }
  connections_.erase(closed.shared_from_this());
}

bool HttpServer::make_room(const std::optional<IpAddress>& client) {
  const auto of_client = client ? by_client_.find(client_network(*client)) : by_client_.end();
  const bool are_enough = of_client != by_client_.end() && of_client->second >= options_.max_per_client;
  if (are_enough && !close_idlest(&client)) return false;
  return connections_.size() < options_.max_connections || close_idlest(nullptr);
}

// Of all, or of one client; false if none waits for its client.
bool HttpServer::close_idlest(const std::optional<IpAddress>* of) {
  std::shared_ptr<HttpConnection> idlest;
  for (const auto& each : connections_) {
    if (!each->is_idle() || (of != nullptr && !same_client(each->client(), *of))) continue;
    if (!idlest || each->since() < idlest->since()) idlest = each;
  }
  if (idlest) idlest->close();
  return idlest != nullptr;
}

bool HttpServer::has_room_for(const HttpConnection& grown) const {
  constexpr size_t kSmall = 64 * 1024;
  if (grown.held() <= kSmall) return true;
  return std::transform_reduce(connections_.begin(), connections_.end(), size_t{0}, std::plus<>(),
                               [](const auto& each) { return each->held(); }) <= kMostHeld;
}

void HttpServer::finish(std::function<void()> finished) {
  finished_ = std::move(finished);
  for (const auto& listener : tcp_) listener->stop();
  if (local_) local_->stop();
  const std::vector<std::shared_ptr<HttpConnection>> all(connections_.begin(), connections_.end());
  for (const auto& each : all) each->finish();
  if (connections_.empty()) return finished_();
  timer_.expires_after(kHttpGrace);
  timer_.async_wait([this](const boost::system::error_code&) {
    close_all();
    finished_();
  });
}

void HttpServer::close_all() {
  const std::vector<std::shared_ptr<HttpConnection>> all(connections_.begin(), connections_.end());
  for (const auto& each : all) each->close();
}

std::optional<std::string> HttpServer::reload_certificate() {
  if (!certificate_) return "there is none: --http-cert names one";
  auto trouble = certificate_->reload();
  if (trouble) log_.error("the HTTP server keeps its certificate: ", *trouble);
  return trouble;
}

}  // namespace axfrd::control
