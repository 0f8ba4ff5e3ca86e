// RequestReader: octets become one request. It knows no socket; the parsing is Boost.Beast's.
//
// It stops behind the header, so that its owner can say, by whom it is, how long a body may be. A request that it
// refuses is the last of its connection: where the next one would begin is not known.
//
// Threads. Those of the owner, one at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "control/http/message.h"

namespace axfrd::control {

class RequestReader {
 public:
  static constexpr size_t kMostHeader = size_t{16} << 10;
  // What no owner may allow more than.
  static constexpr size_t kMostBody = size_t{32} << 20;

  RequestReader();
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  enum class State : uint8_t {
    header,   // is not whole
    body,     // the header is; the body is not, or allow_body() was not called yet
    whole,    // take() gives it
    refused,  // refusal() says why
  };
  State state() const;

  // Takes octets from the front of `octets`, and returns how many. Those that it leaves come again with more behind
  // them, or belong to the next request.
  size_t feed(std::string_view octets);
  // The request without its body. @pre the header is whole
  const HttpRequest& head() const;
  // Goes on with the body, which may have so many octets. @pre state() == body, and once
  void allow_body(size_t most);
  // Whether the client waits for a word before it sends the body (RFC 9110 §10.1.1), whether it speaks HTTP/1.1, which
  // has chunks, and whether it keeps the connection.
  bool expects_continue() const;
  bool knows_chunks() const;
  bool keeps_alive() const;
  // @pre state() == whole
  HttpRequest take();
  HttpResponse refusal() const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace axfrd::control
