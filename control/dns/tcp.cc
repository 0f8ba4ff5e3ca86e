#include "control/dns/tcp.h"

#include <malloc.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "control/base/open_socket.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// The octets that the kernel may hold unsent. More would only delay answers behind a transfer, and cost memory for
// clients that do not read.
constexpr int kMaxUnsent = 256 * 1024;
constexpr int kMaxUnsentOfMany = 32 * 1024;  // when a quarter of all sessions are open

constexpr size_t kWorthGivingBack = 16U << 20;  // octets

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
      shared_{loop,
              handler,
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
    tcp::acceptor acceptor(loop_);
    open_socket(acceptor, endpoint, freebind);
    set_channel_options(acceptor, kMaxUnsent);
    acceptor.bind(endpoint);
    acceptor.listen();
    auto& listener = listeners_.emplace_back(std::move(acceptor), "TCP sessions", log_);
    listener.start([this](tcp::socket socket) {
      if (auto channel = tcp_channel(std::move(socket))) admit(std::move(channel));
    });
    return listener.local_endpoint();
  } catch (const boost::system::system_error& error) {
    std::ostringstream text;
    text << "cannot listen on TCP " << endpoint << ": " << error.code().message();
    throw std::runtime_error(std::move(text).str());
  }
}

void DnsTcp::admit(std::unique_ptr<Channel> channel) {
  const IpAddress peer = channel->who().peer;
  counters_.accepted.add();
  const AccessList& allowed = handler_.allow_transfer();
  table_.keep_room_for(peers_.named_hosts() + allowed.hosts());
  const bool named = peers_.names(peer) || allowed.names_host(peer);
  const SessionTable::Room room = table_.room_for(peer, named, DnsSession::Clock::now());
  if (room.refusal) {
    counters_.count(end_of(*room.refusal));
    return channel->abort();  // no response is lost
  }
  if (room.evicted != nullptr) {
    const bool idle = SessionTable::is_idle(*room.evicted);
    const auto evicted = sessions_.at(room.evicted);
    evicted->close(idle ? SessionEnd::evicted_idle : SessionEnd::evicted_slow);
  }
  if (table_.size() >= limits_.max_sessions / 4) channel->limit_unsent(kMaxUnsentOfMany);
  SessionTable::Entry& entry = table_.enter(peer, room);
  const auto session = std::make_shared<DnsSession>(std::move(channel), entry, shared_);
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

// The allocator keeps the memory of many closed sessions unless it is told to give it back.
void DnsTcp::give_memory_back(size_t held) {
  most_held_ = std::max(most_held_, held);
  if (most_held_ - held < kWorthGivingBack) return;
  most_held_ = held;
  malloc_trim(0);
}

void DnsTcp::finish() {
  finishing_ = true;
  sweep_timer_.cancel();
  for (auto& listener : listeners_) listener.stop();
  for (const auto& session : snapshot()) session->finish(SessionEnd::stopped);
}

void DnsTcp::close() {
  finish();
  for (const auto& session : snapshot()) session->close(SessionEnd::stopped);
}

}  // namespace axfrd::control
