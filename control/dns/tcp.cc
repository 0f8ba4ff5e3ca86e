#include "control/dns/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "control/base/open_socket.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// What the kernel may hold unsent: more would only delay answers queued behind a transfer, and cost memory for clients
// that do not read.
constexpr int kMaxUnsent = 256 * 1024;

// Whom a limit is counted against: who has an IPv6 address has a /64 of them.
IpAddress client_of(const IpAddress& peer) { return peer.is_v6() ? Prefix::masked(peer, 64) : peer; }

// Closes with RST: nothing was said that the client could miss, and no TIME_WAIT is left behind.
void turn_away(tcp::socket socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

// Sessions inherit these, which saves two system calls for each.
void set_session_options(tcp::acceptor& acceptor) {
  acceptor.set_option(tcp::no_delay(true));
  setsockopt(acceptor.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMaxUnsent, sizeof kMaxUnsent);
}

}  // namespace

DnsTcp::DnsTcp(asio::io_context& loop, RequestHandler& handler, DnsUpdates& updates, Notifier& notifier,
               dataplane::Rcu::Reader& reader, const TcpLimits& limits, TcpCounters& counters, const Log& log)
    : loop_(loop),
      limits_(limits),
      counters_(counters),
      log_(log),
      shared_{handler,
              updates,
              notifier,
              reader,
              counters,
              log,
              [this](DnsSession& session) { forget(session); },
              std::vector<uint8_t>(2 + zones::kMaxMessage),
              {}},
      sweep_timer_(loop) {
  sweep_later();
}

DnsTcp::Endpoint DnsTcp::listen(const Endpoint& endpoint, bool freebind) {
  try {
    auto listener = std::make_unique<Listener>(loop_);
    open_socket(listener->acceptor, endpoint, freebind);
    set_session_options(listener->acceptor);
    listener->acceptor.bind(endpoint);
    listener->acceptor.listen();
    accept(*listener);
    listeners_.push_back(std::move(listener));
    return listeners_.back()->acceptor.local_endpoint();
  } catch (const boost::system::system_error& error) {
    std::ostringstream text;
    text << "cannot listen on TCP " << endpoint << ": " << error.code().message();
    throw std::runtime_error(std::move(text).str());
  }
}

void DnsTcp::accept(Listener& listener) {
  listener.acceptor.async_accept([this, &listener](const error_code& error, tcp::socket socket) {
    if (finishing_) return;
    if (error == asio::error::no_descriptors || error == asio::error::no_memory ||
        error == asio::error::no_buffer_space) {
      return wait_for_descriptors(listener, error);
    }
    if (!error) admit(std::move(socket));  // other errors belong to the connection, which is gone
    accept(listener);
  });
}

void DnsTcp::wait_for_descriptors(Listener& listener, const error_code& error) {
  log_.warning("cannot accept TCP sessions: ", error.message());
  listener.retry.expires_after(kAcceptPause);
  listener.retry.async_wait([this, &listener](const error_code& cancelled) {
    if (!cancelled) accept(listener);
  });
}

void DnsTcp::admit(tcp::socket socket) {
  error_code error;
  const IpAddress peer = normalised(socket.remote_endpoint(error).address());
  if (error) return;  // gone already
  counters_.accepted.add();
  const IpAddress client = client_of(peer);
  if (!make_room_for(client)) {
    counters_.rejected.add();
    counters_.closed.add();
    return turn_away(std::move(socket));
  }
  const auto session = std::make_shared<DnsSession>(std::move(socket), peer, shared_);
  sessions_.insert(session);
  ++sessions_of_[client];
  session->start();
}

bool DnsTcp::make_room_for(const IpAddress& client) {
  const auto of_client = sessions_of_.find(client);
  if (of_client != sessions_of_.end() && of_client->second >= limits_.max_per_client && !evict(&client)) return false;
  return sessions_.size() < limits_.max_sessions || evict(nullptr);
}

// Closes the session that has been idle longest, of `client` or of all; false if none is idle.
bool DnsTcp::evict(const IpAddress* client) {
  std::shared_ptr<DnsSession> oldest;
  for (const auto& session : sessions_) {
    if (!session->idle() || (client != nullptr && client_of(session->peer()) != *client)) continue;
    if (!oldest || session->quiet_since() < oldest->quiet_since()) oldest = session;
  }
  if (!oldest) return false;
  counters_.evicted.add();
  oldest->close();
  return true;
}

void DnsTcp::forget(DnsSession& session) {
  counters_.closed.add();
  const auto of_client = sessions_of_.find(client_of(session.peer()));
  if (--of_client->second == 0) sessions_of_.erase(of_client);
  sessions_.erase(session.shared_from_this());
}

void DnsTcp::sweep_later() {
  sweep_timer_.expires_after(std::min<std::chrono::milliseconds>(std::chrono::seconds(1), limits_.idle / 4));
  sweep_timer_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) sweep();
  });
}

void DnsTcp::sweep() {
  const auto limit = DnsSession::Clock::now() - limits_.idle;
  for (const auto& session : snapshot()) {
    if (session->quiet_since() > limit) continue;
    (session->idle() ? counters_.idle_closed : counters_.stalled_closed).add();
    session->close();
  }
  if (!finishing_) sweep_later();
}

void DnsTcp::finish() {
  finishing_ = true;
  sweep_timer_.cancel();
  for (const auto& listener : listeners_) {
    listener->acceptor.close();
    listener->retry.cancel();
  }
  for (const auto& session : snapshot()) session->finish();
}

void DnsTcp::close() {
  finish();
  for (const auto& session : snapshot()) session->close();
}

}  // namespace axfrd::control
