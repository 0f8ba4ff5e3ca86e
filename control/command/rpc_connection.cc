#include "control/command/rpc_connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <new>

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A request that is longer is read in ever larger pieces, up to what one turn may take.
constexpr size_t kFirstRead = 4 * 1024, kMostRead = 1024 * 1024;
// The buffer of a connection that took a large request is given back.
constexpr size_t kKeptInput = 64 * 1024;
// A request that is longer is taken apart by another thread: this takes a millisecond at most.
constexpr size_t kLongRequest = 64 * 1024;
constexpr auto kPause = std::chrono::milliseconds(20);

std::variant<RpcRequest, RpcError> parse_or_refuse(std::string_view line) {
  try {
    return parse_request(line);
  } catch (const std::bad_alloc&) {
    return RpcError{RpcError::invalid_request, "there is not enough memory for the request"};
  }
}

}  // namespace

RpcConnection::RpcConnection(Socket socket, Principal who, const Owner& owner)
    : socket_(std::move(socket)), who_(std::move(who)), owner_(owner), pause_(socket_.get_executor()) {}

void RpcConnection::finish() {
  closing_ = true;
  if (!busy_) close();
}

void RpcConnection::close() {
  if (is_closed_) return;
  is_closed_ = true;
  error_code ignored;
  socket_.close(ignored);
  pause_.cancel();
  owner_.closed(*this);
}

// ---- requests ----

void RpcConnection::read() {
  input_.erase(0, std::exchange(begin_, 0));
  searched_ = input_.size();
  if (owner_.has_room(*this)) return read_some(std::clamp(input_.size(), kFirstRead, kMostRead));
  // There will be when a request that is being served has been.
  pause_.expires_after(kPause);
  pause_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled && !self->is_closed_) self->read();
  });
}

void RpcConnection::read_some(size_t room) {
  const size_t size = input_.size();
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
  active_ = Clock::now();
  if (octets > 0) take_line();
}

void RpcConnection::take_line() {
  const size_t end = input_.find('\n', searched_);
  const size_t size = std::min(end, input_.size()) - begin_;
  if (size > owner_.max_line) return refuse_line();
  if (end == std::string::npos) return read();
  busy_ = true;
  searched_ = end + 1;
  const size_t begin = std::exchange(begin_, end + 1);
  if (size <= kLongRequest) return take_request(std::string_view(input_).substr(begin, size));
  std::string rest = input_.substr(begin_);
  input_.resize(end);
  begin_ = searched_ = 0;
  std::string line = std::exchange(input_, std::move(rest));
  take_long_request(std::move(line.erase(0, begin)));
}

void RpcConnection::take_request(std::string_view line) {
  auto request = parse_or_refuse(line);
  if (input_.capacity() > kKeptInput && begin_ == input_.size()) {
    input_ = std::string();
    begin_ = searched_ = 0;
  }
  if (const auto* error = std::get_if<RpcError>(&request)) return reply(error->id, *error);
  dispatch(std::move(std::get<RpcRequest>(request)));
}

void RpcConnection::take_long_request(std::string line) {
  request_ = line.size();
  asio::post(owner_.readers, [self = shared_from_this(), line = std::move(line)]() mutable {
    auto request = parse_or_refuse(line);
    const auto loop = self->socket_.get_executor();
    asio::post(loop, [self = std::move(self), request = std::move(request)]() mutable {
      if (self->is_closed_) return;
      if (const auto* error = std::get_if<RpcError>(&request)) return self->reply(error->id, *error);
      self->dispatch(std::move(std::get<RpcRequest>(request)));
    });
  });
}

// Where the next request begins is not known any more, so this is the last reply.
void RpcConnection::refuse_line() {
  busy_ = closing_ = true;
  reply(Json(), RpcError{RpcError::invalid_request,
                         "the request is longer than " + std::to_string(owner_.max_line) +
                             " octets; axfrd reads larger zone files itself: axfrctl zone import-dir"});
}

void RpcConnection::dispatch(RpcRequest request) {
  auto id = request.id;
  request.who = who_;
  owner_.handler(std::move(request), [self = shared_from_this(), id = std::move(id)](auto outcome) {
    self->reply(id, std::move(outcome));
  });
}

// ---- replies ----

void RpcConnection::reply(const std::optional<Json>& id, std::variant<RpcResult, Failure, RpcError> outcome) {
  if (is_closed_) return;
  request_ = 0;
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
  writing_ = true;
  (void)owner_.has_room(*this);  // somebody else may have to go
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
  active_ = Clock::now();
  writing_ = false;
  output_ = std::string();
  if (stream_ && more_) return write_piece();
  stream_ = nullptr;
  busy_ = false;
  if (closing_) return close();
  take_line();
}

}  // namespace axfrd::control
