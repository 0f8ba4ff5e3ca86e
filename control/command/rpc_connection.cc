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
// Likewise of one that had a large reply.
constexpr size_t kKeptOutput = 64 * 1024;
// A request that is longer is taken apart by another thread: this takes a millisecond at most.
constexpr size_t kLongRequest = 64 * 1024;
constexpr auto kPause = std::chrono::milliseconds(20);

zones::Result<RpcRequest, RpcError> parse_or_refuse(std::string_view line) {
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
  come_again();
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

void RpcConnection::come_again() {
  if (std::exchange(comes_again_, true)) return;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->comes_again_ = false;
    self->turn();
  });
}

// Replies are written when no further request can be begun, so that they go together.
void RpcConnection::turn() {
  if (is_closed_) return;
  if (begin_next()) return come_again();
  if (!is_writing_) write();
}

// Whether one was begun. If not, there will be another turn when something has come: a request, a reply, or room.
bool RpcConnection::begin_next() {
  if (requests_.size() >= kMostTaken || replies_ > kMostReplies) return false;
  if (!next_ && !take_line()) return false;
  if (!may_begin(*next_)) return false;
  begin(*std::exchange(next_, std::nullopt));
  return true;
}

bool RpcConnection::may_begin(const Taken& taken) const {
  if (std::holds_alternative<RpcError>(taken.request)) return true;
  size_t undone = 0;
  for (const auto& earlier : requests_) {
    if (earlier->is_done) continue;
    if (!taken.zone || !earlier->zone || *earlier->zone == *taken.zone || ++undone == kMostServed) return false;
  }
  return true;
}

void RpcConnection::begin(Taken taken) {
  const auto entry = requests_.emplace_back(std::make_shared<Request>());
  entry->zone = std::move(taken.zone);
  entry->octets = taken.octets;
  ++working_;
  if (auto* error = std::get_if<RpcError>(&taken.request)) {
    entry->id = error->id;
    return served(*entry, std::move(*error));
  }
  auto& request = std::get<RpcRequest>(taken.request);
  entry->id = request.id;
  request.who = who_;
  owner_.handler(std::move(request),
                 [self = shared_from_this(), entry](auto outcome) { self->served(*entry, std::move(outcome)); });
}

void RpcConnection::take(zones::Result<RpcRequest, RpcError> request, size_t octets) {
  const auto* fine = std::get_if<RpcRequest>(&request);
  auto zone = fine != nullptr ? owner_.reach(*fine) : std::nullopt;
  next_ = Taken{std::move(request), std::move(zone), octets};
}

// Whether one is there now.
bool RpcConnection::take_line() {
  if (closing_ || is_reading_ || is_parsing_) return false;
  const size_t end = input_.find('\n', searched_);
  const size_t size = std::min(end, input_.size()) - begin_;
  if (size > owner_.max_line) {
    refuse_line();
    return true;
  }
  if (end == std::string::npos) {
    read();
    return false;
  }
  searched_ = end + 1;
  const size_t begin = std::exchange(begin_, end + 1);
  if (size <= kLongRequest) {
    take(parse_or_refuse(std::string_view(input_).substr(begin, size)), 0);
    if (input_.capacity() > kKeptInput && begin_ == input_.size()) {
      input_ = std::string();
      begin_ = searched_ = 0;
    }
    return true;
  }
  std::string rest = input_.substr(begin_);
  input_.resize(end);
  begin_ = searched_ = 0;
  std::string line = std::exchange(input_, std::move(rest));
  take_long_line(std::move(line.erase(0, begin)));
  return false;
}

void RpcConnection::take_long_line(std::string line) {
  is_parsing_ = true;
  long_ += line.size();
  asio::post(owner_.readers, [self = shared_from_this(), line = std::move(line)]() mutable {
    const size_t octets = line.size();
    auto request = parse_or_refuse(line);
    line = std::string();
    const auto loop = self->socket_.get_executor();
    asio::post(loop, [self = std::move(self), request = std::move(request), octets]() mutable {
      self->is_parsing_ = false;
      self->take(std::move(request), octets);
      self->turn();
    });
  });
}

// Where the next request begins is not known any more, so this is the last one.
void RpcConnection::refuse_line() {
  closing_ = true;
  take(
      RpcError{RpcError::invalid_request, "the request is longer than " + std::to_string(owner_.max_line) +
                                              " octets; axfrd reads larger zone files itself: axfrctl zone import-dir"},
      0);
}

void RpcConnection::read() {
  is_reading_ = true;
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
                            self->on_read(error);
                          });
}

// A client that sends nothing more may wait for replies all the same.
void RpcConnection::on_read(const error_code& error) {
  is_reading_ = false;
  if (error && error != asio::error::eof) return close();
  if (error) closing_ = true;
  active_ = Clock::now();
  if (!comes_again_) turn();
}

// ---- replies ----

void RpcConnection::served(Request& request, std::variant<RpcResult, Failure, RpcError> outcome) {
  --working_;
  if (is_closed_) return;
  come_again();
  if (!request.id) return done(request, "");
  const Json& id = *request.id;
  if (const auto* error = std::get_if<RpcError>(&outcome))
    return done(request, error_reply(id, error->code, error->message));
  if (const auto* failure = std::get_if<Failure>(&outcome))
    return done(request, error_reply(id, static_cast<int>(failure->code), failure->reason));
  auto& result = std::get<RpcResult>(outcome);
  if (const auto* value = std::get_if<Json>(&result)) return done(request, result_reply(id, *value));
  request.stream = std::move(std::get<JsonStream>(result));
}

void RpcConnection::done(Request& request, std::string reply) {
  request.is_done = true;
  request.reply = std::move(reply);
  replies_ += request.reply.size();
  long_ -= request.octets;
}

// What can be written now. @pre nothing is being written
void RpcConnection::write() {
  while (!requests_.empty() && requests_.front()->is_done && output_.size() <= kMostReplies) {
    const std::string& reply = requests_.front()->reply;
    replies_ -= reply.size();
    output_ += reply;
    requests_.pop_front();
  }
  if (!output_.empty()) return send();
  if (!requests_.empty() && requests_.front()->stream) {
    is_writing_ = is_streaming_ = true;
    output_ = reply_head(*requests_.front()->id);
    return write_piece();
  }
  if (closing_ && requests_.empty() && !next_ && !is_parsing_) close();
}

void RpcConnection::write_piece() {
  makes_piece_ = true;
  requests_.front()->stream([self = shared_from_this()](const std::string& text, bool more) {
    self->makes_piece_ = false;
    if (self->is_closed_) return;
    self->more_ = more;
    self->output_ += text;
    if (!more) self->output_ += reply_tail();
    self->send();
  });
}

void RpcConnection::send() {
  is_writing_ = true;
  (void)owner_.has_room(*this);  // somebody else may have to go
  asio::async_write(socket_, asio::buffer(output_),
                    [self = shared_from_this()](const error_code& error, size_t) { self->on_written(error); });
}

void RpcConnection::on_written(const error_code& error) {
  if (is_closed_) return;
  if (error) return close();
  active_ = Clock::now();
  output_.clear();
  if (output_.capacity() > kKeptOutput) output_ = std::string();
  if (is_streaming_ && more_) return write_piece();
  is_writing_ = false;
  if (std::exchange(is_streaming_, false)) {
    done(*requests_.front(), "");
    requests_.pop_front();
  }
  come_again();
}

}  // namespace axfrd::control
