#include "control/http/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <charconv>

namespace axfrd::control {

namespace {

using boost::system::error_code;

constexpr size_t kReadAtOnce = 16 * 1024;
// What cannot be taken is the head of a chunk, or a header that its reader refuses before.
constexpr size_t kMostInput = 64 * 1024;

std::string hexadecimal_size(size_t size) {
  char digits[2 * sizeof size];
  return {digits, std::to_chars(digits, digits + sizeof digits, size, 16).ptr};
}

}  // namespace

HttpConnection::HttpConnection(std::unique_ptr<Wire> wire, const boost::asio::any_io_executor& loop,
                               std::optional<IpAddress> client, const Owner& owner, bool is_secure)
    : wire_(std::move(wire)), timer_(loop), client_(std::move(client)), owner_(owner), is_secure_(is_secure) {}

void HttpConnection::start() {
  enter(State::opening, owner_.patience.opening);
  wire_->open([self = shared_from_this()](const error_code& error, size_t) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    self->enter(State::reading, self->owner_.patience.header);
    self->read();
  });
}

void HttpConnection::finish() {
  keeps_ = false;
  if (is_idle()) close();
}

void HttpConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  timer_.cancel();
  stream_ = nullptr;
  wire_->close();
  owner_.closed(*this);
}

void HttpConnection::enter(State state, HttpPatience::Time patience) {
  state_ = state;
  since_ = std::chrono::steady_clock::now();
  wait(patience);
}

void HttpConnection::wait(HttpPatience::Time patience) {
  timer_.expires_after(patience);
  timer_.async_wait([self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled) self->close();
  });
}

// ---- requests ----

void HttpConnection::read() {
  incoming_.resize(kReadAtOnce);
  wire_->read_some(boost::asio::buffer(incoming_), [self = shared_from_this()](const error_code& error, size_t octets) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    if (self->state_ == State::lingering) return self->read();
    const bool begins = self->input_.empty() && self->reader_.state() == RequestReader::State::header;
    self->input_.append(self->incoming_, 0, octets);
    if (begins) self->wait(self->owner_.patience.header);
    self->take_input();
  });
}

void HttpConnection::take_input() {
  const size_t taken = reader_.feed(input_);
  input_.erase(0, taken);
  if (reader_.state() == RequestReader::State::body && !asked_for_body_) {
    if (!take_header()) return;
    if (!input_.empty() && reader_.state() == RequestReader::State::body) return take_input();
  } else if (asked_for_body_) {
    body_ += taken;
  }
  switch (reader_.state()) {
    case RequestReader::State::whole:
      return dispatch();
    case RequestReader::State::refused:
      return refuse(reader_.refusal());
    case RequestReader::State::header:
    case RequestReader::State::body:
      if (input_.size() > kMostInput) return refuse(text_response(400, "that is no HTTP request\n"));
      if (!owner_.has_room(*this)) return refuse(text_response(503, "too much is being sent at the same time\n"));
      return read();
  }
}

// False: it goes on later, by itself.
bool HttpConnection::take_header() {
  asked_for_body_ = true;
  keeps_ = keeps_ && reader_.keeps_alive();
  knows_chunks_ = reader_.knows_chunks();
  is_head_ = reader_.head().method == "HEAD";
  reader_.allow_body(owner_.most_body(reader_.head()));
  if (reader_.state() != RequestReader::State::body) return true;
  wait(owner_.patience.body);
  if (!reader_.expects_continue() || !input_.empty()) return true;
  // Who asks waits for this before anything else is written.
  static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
  wire_->write(boost::asio::buffer(kGoOn), [self = shared_from_this()](const error_code& error, size_t) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    self->read();
  });
  return false;
}

void HttpConnection::dispatch() {
  HttpRequest request = reader_.take();
  request.client = client_;
  request.is_secure = is_secure_;
  state_ = State::serving;
  timer_.cancel();  // how long an operation takes is not the client's fault
  owner_.serve(std::move(request), [self = shared_from_this()](HttpResponse response) {
    // Never within serve(), so that a client who sends many small requests at once does not make a deep stack.
    boost::asio::post(self->timer_.get_executor(),
                      [self, response = std::move(response)]() mutable { self->respond(std::move(response)); });
  });
}

void HttpConnection::refuse(HttpResponse response) {
  keeps_ = false;
  is_refused_ = true;
  respond(std::move(response));
}

// ---- responses ----

std::string HttpConnection::head_of(const HttpResponse& response) const {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + reason_of_status(response.status) + "\r\n";
  const auto put = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ");
    for (const char c : value) head += static_cast<unsigned char>(c) < ' ' || c == 0x7F ? ' ' : c;  // no value ends it
    head += "\r\n";
  };
  put("Server", "axfrd");
  if (!response.content_type.empty()) put("Content-Type", response.content_type);
  for (const auto& [name, value] : response.fields) put(name, value);
  const bool has_body = response.status != 204 && response.status != 304;
  if (is_chunked_) {
    put("Transfer-Encoding", "chunked");
  } else if (has_body && !response.stream) {
    put("Content-Length", std::to_string(response.body.size()));
  }
  const bool says_how_long =
      std::ranges::any_of(response.fields, [](const auto& f) { return f.first == "Cache-Control"; });
  if (!says_how_long) put("Cache-Control", "no-store");
  put("X-Content-Type-Options", "nosniff");
  if (!keeps_) put("Connection", "close");
  return head + "\r\n";
}

void HttpConnection::respond(HttpResponse response) {
  if (state_ == State::closed) return;
  const bool is_streamed = response.stream != nullptr;
  is_chunked_ = is_streamed && knows_chunks_;
  if (is_streamed && !knows_chunks_) keeps_ = false;  // the body ends with the connection
  output_ = head_of(response);
  enter(State::writing, owner_.patience.taking);
  if (!is_streamed || is_head_) {
    if (!is_head_ && response.status != 204) output_ += response.body;
    return write(false);
  }
  stream_ = std::move(response.stream);
  write_piece();
}

void HttpConnection::write_piece() {
  stream_([self = shared_from_this()](const std::string& text, bool more) {
    if (self->state_ == State::closed) return;
    if (!self->is_chunked_) {
      self->output_ += text;
    } else {
      if (!text.empty()) self->output_ += hexadecimal_size(text.size()) + "\r\n" + text + "\r\n";
      if (!more) self->output_ += "0\r\n\r\n";
    }
    if (self->output_.empty()) return self->on_written(more);
    self->write(more);
  });
}

void HttpConnection::write(bool more) {
  wait(owner_.patience.taking);
  wire_->write(boost::asio::buffer(output_), [self = shared_from_this(), more](const error_code& error, size_t) {
    if (self->state_ == State::closed) return;
    if (error) return self->close();
    self->on_written(more);
  });
}

void HttpConnection::on_written(bool more) {
  output_.clear();
  if (more) return write_piece();
  output_ = std::string();
  stream_ = nullptr;
  body_ = 0;
  asked_for_body_ = false;
  if (!keeps_) return linger();
  reader_ = RequestReader();
  enter(State::reading, input_.empty() ? owner_.patience.idle : owner_.patience.header);
  if (input_.empty()) return read();
  take_input();
}

// A socket that is closed with octets unread resets the connection, and the client may not see the response.
void HttpConnection::linger() {
  if (!is_refused_) return close();
  enter(State::lingering, owner_.patience.lingering);
  input_ = std::string();
  wire_->end_output();
  read();
}

}  // namespace axfrd::control
