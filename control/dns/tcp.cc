#include "control/dns/tcp.h"

#include <malloc.h>
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
constexpr int kMaxUnsentOfMany = 32 * 1024;  // when a quarter of all sessions are open

constexpr size_t kWorthGivingBack = 16U << 20;  // octets

// Closes with RST: nothing was said that the client could miss, and no TIME_WAIT is left behind.
void turn_away(tcp::socket socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

void limit_unsent(int socket, const int& octets) {
  setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &octets, sizeof octets);
}

// Sessions inherit these, which saves two system calls for each.
void set_session_options(tcp::acceptor& acceptor) {
  acceptor.set_option(tcp::no_delay(true));
  limit_unsent(acceptor.native_handle(), kMaxUnsent);
}

SessionEnd end_of(SessionTable::Room::Refusal refusal) {
  using enum SessionTable::Room::Refusal;
  switch (refusal) {
    case client:
      return SessionEnd::client_limit;
    case prefix:
      return SessionEnd::prefix_limit;
    case full:
      break;
  }
  return SessionEnd::full;
}

}  // namespace

DnsTcp::DnsTcp(asio::io_context& loop, RequestHandler& handler, DnsUpdates& updates, PeerSink& peers,
               dataplane::Rcu::Reader& reader, const TcpLimits& limits, TcpCounters& counters, const Log& log)
    : loop_(loop),
      limits_(limits),
      counters_(counters),
      log_(log),
      handler_(handler),
      peers_(peers),
      table_({limits.max_sessions, limits.max_per_client, limits.max_per_prefix, limits.max_per_secondary},
             [this](const SessionTable::Entry& entry) { return sessions_.at(&entry)->taken(); }),
      shared_{handler,
              updates,
              peers,
              reader,
              counters,
              log,
              table_,
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
  const AccessList& allowed = handler_.allow_transfer();
  table_.keep_room_for(peers_.named_hosts() + allowed.hosts());
  const bool named = peers_.names(peer) || allowed.names_host(peer);
  const SessionTable::Room room = table_.room_for(peer, named, DnsSession::Clock::now());
  if (room.refusal) {
    counters_.count(end_of(*room.refusal));
    return turn_away(std::move(socket));
  }
  if (room.evicted != nullptr) {
    const bool idle = SessionTable::is_idle(*room.evicted);
    const auto evicted = sessions_.at(room.evicted);
    evicted->close(idle ? SessionEnd::evicted_idle : SessionEnd::evicted_slow);
  }
  if (table_.size() >= limits_.max_sessions / 4) limit_unsent(socket.native_handle(), kMaxUnsentOfMany);
  SessionTable::Entry& entry = table_.enter(peer, room);
  const auto session = std::make_shared<DnsSession>(std::move(socket), peer, entry, shared_);
  sessions_.emplace(&entry, session);
  session->start();
}

void DnsTcp::forget(DnsSession& session) {
  const SessionTable::Entry* entry = &session.entry();
  table_.leave(session.entry());
  sessions_.erase(entry);
}

std::vector<std::shared_ptr<DnsSession>> DnsTcp::snapshot() const {
  std::vector<std::shared_ptr<DnsSession>> all;
  all.reserve(sessions_.size());
  for (const auto& [entry, session] : sessions_) all.push_back(session);
  return all;
}

void DnsTcp::sweep_later() {
  sweep_timer_.expires_after(std::min<std::chrono::milliseconds>(std::chrono::seconds(1), limits_.idle / 4));
  sweep_timer_.async_wait([this](const error_code& cancelled) {
    if (!cancelled) sweep();
  });
}

void DnsTcp::sweep() {
  const auto now = DnsSession::Clock::now();
  size_t held = 0;
  for (const auto& session : snapshot()) {
    held += session->memory();
    if (const auto why = session->overdue(now, limits_)) session->close(*why);
  }
  table_.rank(now);
  give_memory_back(held);
  if (!finishing_) sweep_later();
}

// What many sessions had stays in our heap when they are gone, unless it is told to give it back.
void DnsTcp::give_memory_back(size_t held) {
  most_held_ = std::max(most_held_, held);
  if (most_held_ - held < kWorthGivingBack) return;
  most_held_ = held;
  malloc_trim(0);
}

void DnsTcp::finish() {
  finishing_ = true;
  sweep_timer_.cancel();
  for (const auto& listener : listeners_) {
    listener->acceptor.close();
    listener->retry.cancel();
  }
  for (const auto& session : snapshot()) session->finish(SessionEnd::stopped);
}

void DnsTcp::close() {
  finish();
  for (const auto& session : snapshot()) session->close(SessionEnd::stopped);
}

}  // namespace axfrd::control
