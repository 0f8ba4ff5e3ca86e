#include "control/base/listener.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace axfrd::control {

namespace {

using boost::system::error_code;

constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr auto kTellPauseEvery = std::chrono::minutes(1);

// Whether the error is that of one connection, which is gone: accept(2) names these. Any other error may come again at
// once, so that who does not pause would spin.
bool is_of_one_connection(const error_code& error) {
  switch (error.value()) {
    case ECONNABORTED:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case EPROTO:
      return true;
    default:
      return false;
  }
}

}  // namespace

template <class Protocol>
Listener<Protocol>::Listener(Acceptor acceptor, std::string whom, const Log& log)
    : acceptor_(std::move(acceptor)), retry_(acceptor_.get_executor()), whom_(std::move(whom)), log_(log) {}

template <class Protocol>
void Listener<Protocol>::start(Admit admit) {
  admit_ = std::move(admit);
  accept();
}

template <class Protocol>
void Listener<Protocol>::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  retry_.cancel();
}

template <class Protocol>
void Listener<Protocol>::accept() {
  acceptor_.async_accept([this](const error_code& error, Socket socket) {
    if (!acceptor_.is_open()) return;  // stop() came first
    if (error && !is_of_one_connection(error)) return pause(error);
    if (!error) {
      fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);  // Asio leaves it open for whatever a library may start
      admit_(std::move(socket));
    }
    accept();
  });
}

template <class Protocol>
void Listener<Protocol>::pause(const error_code& error) {
  const auto now = std::chrono::steady_clock::now();
  if (!told_ || now - *told_ >= kTellPauseEvery) {
    told_ = now;
    log_.warning("cannot accept ", whom_, ": ", error.message());
  }
  retry_.expires_after(kAcceptPause);
  retry_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) accept();
  });
}

template class Listener<boost::asio::ip::tcp>;
template class Listener<boost::asio::local::stream_protocol>;

}  // namespace axfrd::control
