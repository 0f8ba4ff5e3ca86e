#include "control/command/control_socket.h"

#include <numeric>
#include <vector>

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto kReplyGrace = std::chrono::milliseconds(500);
constexpr auto kFinishTick = std::chrono::milliseconds(10);
constexpr auto kTellEvery = std::chrono::seconds(10);
// Who holds no more than this would give nothing back.
constexpr size_t kWorthClosing = 64 * 1024;

}  // namespace

ControlSocket::ControlSocket(asio::io_context& loop, SocketFile& file, RpcHandler handler, RpcReach reach,
                             const Log& log, size_t max_line)
    : file_(file),
      log_(log),
      owner_{std::move(handler),
             std::move(reach),
             max_line,
             readers_,
             [this](const RpcConnection& grown) { return make_room(grown); },
             [this](RpcConnection& closed) { connections_.erase(closed.shared_from_this()); }},
      listener_({loop, asio::local::stream_protocol(), file.release()}, "clients of the control socket", log),
      timer_(loop) {
  listener_.start([this](Socket socket) { admit(std::move(socket)); });
}

ControlSocket::~ControlSocket() {
  readers_.stop();
  readers_.join();
}

void ControlSocket::admit(Socket socket) {
  const auto uid = file_.allowed_peer(socket.native_handle());
  if (!uid) {
    return log_.warning("a process of another user was turned away from the control socket");
  }
  if (connections_.size() >= kMaxClients && !close_idlest(nullptr, 0, "too many clients")) return;
  const auto connection = std::make_shared<RpcConnection>(std::move(socket), local_principal(*uid), owner_);
  connections_.insert(connection);
  connection->start();
}

// Closes the connection, other than `but`, that holds more than `holding` octets and waits for its client for the
// longest time. False if there is none.
bool ControlSocket::close_idlest(const RpcConnection* but, size_t holding, const char* why) {
  std::shared_ptr<RpcConnection> idlest;
  for (const auto& connection : connections_) {
    if (connection.get() == but || connection->is_served() || connection->held() <= holding) continue;
    if (!idlest || connection->last_active() < idlest->last_active()) idlest = connection;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ > kTellEvery) {
    told_ = now;
    log_.warning("control socket: ", why, idlest ? "; who was silent for the longest time is turned away" : "");
  }
  if (idlest) idlest->close();
  return idlest != nullptr;
}

// Whether there is room for what a connection holds, if need be after others went.
bool ControlSocket::make_room(const RpcConnection& grown) {
  if (grown.held() <= kWorthClosing) return true;
  const auto held = [this] {
    return std::transform_reduce(connections_.begin(), connections_.end(), size_t{0}, std::plus<>(),
                                 [](const auto& connection) { return connection->held(); });
  };
  while (held() > owner_.max_line + owner_.max_line / 4) {
    if (!close_idlest(&grown, kWorthClosing, "too much is held for clients that send half requests or do not read"))
      return held() == grown.held();
  }
  return true;
}

void ControlSocket::finish(std::function<void()> finished) {
  finished_ = std::move(finished);
  listener_.stop();
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
