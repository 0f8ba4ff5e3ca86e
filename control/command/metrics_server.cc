#include "control/command/metrics_server.h"

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include "control/base/open_socket.h"

namespace axfrd::control {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr size_t kMaxConnections = 16;
constexpr size_t kMaxHeader = 8192;
// Each for all of it, however it comes in pieces.
constexpr auto kFirstRequestPatience = std::chrono::seconds(10);
constexpr auto kNextRequestPatience = std::chrono::seconds(30);  // some ask every 15 seconds
constexpr auto kResponsePatience = std::chrono::seconds(30);

}  // namespace

// One client, request after request.
class MetricsServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const Source& source, std::shared_ptr<Connections> all)
      : stream_(std::move(socket)), source_(source), all_(std::move(all)), place_(all_->insert(all_->end(), this)) {}
  ~Connection() { forget(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start() { read(kFirstRequestPatience); }

  bool has_whole_request() const { return parser_->is_done(); }
  void close() {
    forget();
    stream_.close();
  }

 private:
  using Request = http::request_parser<http::empty_body>;
  using Response = http::response<http::string_body>;

  void forget() {
    if (place_ != all_->end()) all_->erase(std::exchange(place_, all_->end()));
  }

  void read(std::chrono::seconds patience) {
    parser_.emplace();
    parser_->header_limit(kMaxHeader);
    parser_->body_limit(0);
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](const error_code& error, size_t) {
      if (!error) self->respond();
    });
  }

  void respond() {
    const auto& request = parser_->get();
    if (request.method() != http::verb::get && request.method() != http::verb::head) {
      Response response(http::status::method_not_allowed, request.version(), "GET /metrics is all there is\n");
      response.set(http::field::allow, "GET, HEAD");
      return write(std::move(response));
    }
    const auto path = request.target().substr(0, request.target().find('?'));
    if (path != "/metrics")
      return write(Response(http::status::not_found, request.version(), "there is nothing but /metrics\n"));
    source_([self = shared_from_this()](std::string text) {
      Response response(http::status::ok, self->parser_->get().version(), std::move(text));
      response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
      self->write(std::move(response));
    });
  }

  void write(Response response) {
    response_ = std::move(response);
    response_.keep_alive(parser_->get().keep_alive());
    response_.prepare_payload();
    if (parser_->get().method() == http::verb::head) response_.body().clear();
    stream_.expires_after(kResponsePatience);
    http::async_write(stream_, response_, [self = shared_from_this()](const error_code& error, size_t) {
      if (error || !self->response_.keep_alive() || self->place_ == self->all_->end()) return;
      self->all_->splice(self->all_->end(), *self->all_, self->place_);
      self->read(kNextRequestPatience);
    });
  }

  beast::tcp_stream stream_;
  const Source& source_;
  const std::shared_ptr<Connections> all_;
  Connections::iterator place_;  // end: none any more
  beast::flat_buffer buffer_{kMaxHeader};
  std::optional<Request> parser_;
  Response response_;
};

tcp::acceptor MetricsServer::listen(asio::io_context& loop, const Endpoint& at) {
  const tcp::endpoint endpoint(at.address, at.port);
  try {
    tcp::acceptor acceptor(loop);
    open_socket(acceptor, endpoint, false);
    acceptor.bind(endpoint);
    acceptor.listen();
    return acceptor;
  } catch (const boost::system::system_error& error) {
    throw std::runtime_error("cannot serve metrics at " + at.address.to_string() + " port " + std::to_string(at.port) +
                             ": " + error.code().message());
  }
}

void MetricsServer::start(Source source) {
  source_ = std::move(source);
  listener_.start([this](tcp::socket socket) {
    make_room();
    std::make_shared<Connection>(std::move(socket), source_, connections_)->start();
  });
}

void MetricsServer::make_room() {
  if (connections_->size() < kMaxConnections) return;
  const auto waiting =
      std::ranges::find_if(*connections_, [](const Connection* each) { return !each->has_whole_request(); });
  (waiting != connections_->end() ? *waiting : connections_->front())->close();
}

}  // namespace axfrd::control
