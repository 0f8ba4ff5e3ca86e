#include "control/command/rpc_connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A request that is longer is read in ever larger pieces.
constexpr size_t kFirstRead = 4 * 1024;
// The buffer of a connection that took a large request is given back.
constexpr size_t kKeptInput = 1024 * 1024;

}  // namespace

RpcConnection::RpcConnection(Socket socket, const RpcHandler& handler, size_t max_line, Closed closed)
    : socket_(std::move(socket)), handler_(handler), max_line_(max_line), closed_(std::move(closed)) {}

void RpcConnection::finish() {
  closing_ = true;
  if (!busy_) close();
}

void RpcConnection::close() {
  if (is_closed_) return;
  is_closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  closed_(*this);
}

// ---- requests ----

void RpcConnection::read() {
  const size_t size = input_.size();
  const size_t room = std::max(kFirstRead, size);
  input_.resize(size + room);
  socket_.async_read_some(asio::buffer(input_.data() + size, room),
                          [self = shared_from_this(), size](const error_code& error, size_t octets) {
                            if (self->is_closed_) return;
                            self->input_.resize(size + octets);
                            self->on_read(error, octets);
                          });
}

void RpcConnection::on_read(const error_code& error, size_t octets) {
  if (error) return close();
  if (octets > 0) take_line();
}

void RpcConnection::take_line() {
  const size_t end = input_.find('\n', searched_);
  if (end > max_line_ && input_.size() > max_line_) return refuse_line();
  if (end == std::string::npos) {
    searched_ = input_.size();
    return read();
  }
  auto request = parse_request(std::string_view(input_).substr(0, end));
  input_.erase(0, end + 1);
  searched_ = 0;
  if (input_.capacity() > kKeptInput) input_.shrink_to_fit();
  busy_ = true;
  if (const auto* error = std::get_if<RpcError>(&request)) return reply(Json(), *error);
  dispatch(std::move(std::get<RpcRequest>(request)));
}

// Where the next request begins is not known any more, so this is the last reply.
void RpcConnection::refuse_line() {
  busy_ = closing_ = true;
  reply(Json(),
        RpcError{RpcError::invalid_request, "the line is longer than " + std::to_string(max_line_) + " octets"});
}

void RpcConnection::dispatch(RpcRequest request) {
  auto id = request.id;
  handler_(std::move(request),
           [self = shared_from_this(), id = std::move(id)](auto outcome) { self->reply(id, std::move(outcome)); });
}

// ---- replies ----

void RpcConnection::reply(const std::optional<Json>& id, std::variant<RpcResult, Failure, RpcError> outcome) {
  if (is_closed_) return;
  if (!id) return asio::post(socket_.get_executor(), [self = shared_from_this()] { self->on_written({}); });
  if (const auto* error = std::get_if<RpcError>(&outcome)) return write(error_reply(*id, error->code, error->message));
  if (const auto* failure = std::get_if<Failure>(&outcome)) {
    return write(error_reply(*id, static_cast<int>(failure->code), failure->reason));
  }
  auto& result = std::get<RpcResult>(outcome);
  if (const auto* value = std::get_if<Json>(&result)) return write(result_reply(*id, *value));
  stream_ = std::move(std::get<JsonStream>(result));
  output_ = reply_head(*id);
  write_piece();
}

void RpcConnection::write(std::string text) {
  output_ = std::move(text);
  asio::async_write(socket_, asio::buffer(output_),
                    [self = shared_from_this()](const error_code& error, size_t) { self->on_written(error); });
}

void RpcConnection::write_piece() {
  stream_([self = shared_from_this()](const std::string& text, bool more) {
    if (self->is_closed_) return;
    self->more_ = more;
    self->write(std::exchange(self->output_, {}) + text + (more ? "" : reply_tail()));
  });
}

void RpcConnection::on_written(const error_code& error) {
  if (is_closed_) return;
  if (error) return close();
  output_.clear();
  if (stream_ && more_) return write_piece();
  stream_ = nullptr;
  busy_ = false;
  if (closing_) return close();
  take_line();
}

}  // namespace axfrd::control
