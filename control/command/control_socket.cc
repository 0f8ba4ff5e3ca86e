#include "control/command/control_socket.h"

#include <vector>

#include "control/base/open_socket.h"
#include "control/command/rpc_connection.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kMaxClients = 256;
constexpr auto kReplyGrace = std::chrono::milliseconds(500);
constexpr auto kFinishTick = std::chrono::milliseconds(10);

}  // namespace

ControlSocket::ControlSocket(asio::io_context& loop, SocketFile& file, RpcHandler handler, const Log& log,
                             size_t max_line)
    : file_(file),
      handler_(std::move(handler)),
      log_(log),
      max_line_(max_line),
      acceptor_(loop, asio::local::stream_protocol(), file.release()),
      timer_(loop) {
  accept();
}

ControlSocket::~ControlSocket() = default;

void ControlSocket::accept() {
  acceptor_.async_accept([this](const error_code& error, Socket socket) {
    if (!acceptor_.is_open()) return;  // finish() came first
    if (error) return pause_accepting();
    admit(std::move(socket));
    accept();
  });
}

void ControlSocket::pause_accepting() {
  timer_.expires_after(kAcceptPause);
  timer_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) accept();
  });
}

void ControlSocket::admit(Socket socket) {
  if (!file_.allows_peer(socket.native_handle())) {
    return log_.warning("a process of another user was turned away from the control socket");
  }
  if (connections_.size() >= kMaxClients) return log_.warning("too many clients at the control socket");
  const auto connection =
      std::make_shared<RpcConnection>(std::move(socket), handler_, max_line_,
                                      [this](RpcConnection& closed) { connections_.erase(closed.shared_from_this()); });
  connections_.insert(connection);
  connection->start();
}

void ControlSocket::finish(std::function<void()> finished) {
  finished_ = std::move(finished);
  acceptor_.close();
  const std::vector<std::shared_ptr<RpcConnection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->finish();
  wait_for_replies(std::chrono::steady_clock::now() + kReplyGrace);
}

void ControlSocket::wait_for_replies(std::chrono::steady_clock::time_point deadline) {
  if (connections_.empty() || std::chrono::steady_clock::now() >= deadline) return finished_();
  timer_.expires_after(kFinishTick);
  timer_.async_wait([this, deadline](const error_code& cancelled) {
    if (!cancelled) wait_for_replies(deadline);
  });
}

}  // namespace axfrd::control
