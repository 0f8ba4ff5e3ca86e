#include "control/http/request_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>

namespace axfrd::control {

namespace http = boost::beast::http;
using boost::system::error_code;

const char* reason_of_status(unsigned status) {
  // A string literal of Beast's, which ends with a zero.
  return http::obsolete_reason(http::int_to_status(status)).data();
}

struct RequestReader::Parser {
  http::request_parser<http::string_body> beast;
  HttpRequest head;
  State state = State::header;
  bool is_allowed = false;  // allow_body() was called
  HttpResponse refusal = {};

  void refuse(unsigned status, std::string why) {
    state = State::refused;
    refusal = text_response(status, std::move(why) + "\n");
  }
  void refuse(const error_code& error) {
    if (error == http::error::header_limit) return refuse(431, "the header is too long");
    if (error == http::error::body_limit) return refuse(413, "the body is too long");
    if (error == http::error::bad_version) return refuse(505, "HTTP/1.0 and HTTP/1.1 are spoken here");
    refuse(400, "that is no HTTP request");
  }
  void end_header();
};

// A field that stands twice, and would be read in two ways, is refused by Beast where that matters (Content-Length); of
// others the first counts.
void RequestReader::Parser::end_header() {
  const auto& message = beast.get();
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  for (const auto& field : message.base()) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    head.fields.emplace(std::move(name), std::string(field.value()));
  }
  state = State::body;
}

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {
  parser_->beast.header_limit(kMostHeader);
  parser_->beast.body_limit(kMostBody);
}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

RequestReader::State RequestReader::state() const { return parser_->state; }

size_t RequestReader::feed(std::string_view octets) {
  Parser& parser = *parser_;
  size_t taken = 0;
  while (taken < octets.size() &&
         (parser.state == State::header || (parser.state == State::body && parser.is_allowed))) {
    error_code error;
    const size_t some =
        parser.beast.put(boost::asio::const_buffer(octets.data() + taken, octets.size() - taken), error);
    taken += some;
    if (error && error != http::error::need_more) {
      parser.refuse(error);
    } else if (parser.state == State::header && parser.beast.is_header_done()) {
      parser.end_header();
    } else if (parser.state == State::body && parser.beast.is_done()) {
      parser.state = State::whole;
    } else if (error || some == 0) {
      break;
    }
  }
  return taken;
}

const HttpRequest& RequestReader::head() const { return parser_->head; }

void RequestReader::allow_body(size_t most) {
  Parser& parser = *parser_;
  parser.is_allowed = true;
  const auto length = parser.beast.content_length();
  if (length && *length > most) return parser.refuse(413, "the body is too long");
  parser.beast.body_limit(most);
  if (parser.beast.is_done()) parser.state = State::whole;
}

bool RequestReader::expects_continue() const {
  const std::string_view expected = parser_->head.field("expect");
  return boost::beast::iequals({expected.data(), expected.size()}, "100-continue");
}

bool RequestReader::knows_chunks() const { return parser_->beast.get().version() >= 11; }

bool RequestReader::keeps_alive() const { return parser_->beast.keep_alive(); }

HttpRequest RequestReader::take() {
  HttpRequest request = std::move(parser_->head);
  request.body = std::move(parser_->beast.get().body());
  return request;
}

HttpResponse RequestReader::refusal() const { return parser_->refusal; }

}  // namespace axfrd::control
