// DnsTcp: DNS over TCP on the kernel's stack. It has the listeners and the sessions that they accept.
//
// SessionTable decides which session ends when there is no room for another. A session also ends if it sends or reads
// nothing for too long, or does not complete a request (RFC 7766 §6.2.3).
//
// Threads. The service thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "control/base/listener.h"
#include "control/dns/session.h"
#include "control/dns/tcp_limits.h"

namespace axfrd::control {

class DnsTcp {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  DnsTcp(boost::asio::io_context& loop, RequestHandler& handler, DnsUpdates& updates, PeerSink& peers,
         dataplane::Rcu::Reader& reader, const TcpLimits& limits, TcpCounters& counters, const Log& log);

  // Listens at `endpoint`. With `freebind` its address need not be one of this host yet. Returns the local endpoint, in
  // which a free port has replaced port 0. Throws std::runtime_error.
  Endpoint listen(const Endpoint& endpoint, bool freebind);

  // Accepts no more sessions, and lets sessions end when all responses are written.
  void finish();
  // Ends all sessions at once.
  void close();

  size_t session_count() const { return sessions_.size(); }

 private:
  void admit(std::unique_ptr<Channel> channel);
  void forget(DnsSession& session);
  void sweep_later();
  void sweep();
  void give_memory_back(size_t held);
  std::vector<std::shared_ptr<DnsSession>> snapshot() const;

  boost::asio::io_context& loop_;
  const TcpLimits limits_;
  TcpCounters& counters_;
  const Log& log_;
  RequestHandler& handler_;
  PeerSink& peers_;
  SessionTable table_;
  DnsSession::Shared shared_;
  std::list<Listener<boost::asio::ip::tcp>> listeners_;
  std::unordered_map<const SessionTable::Entry*, std::shared_ptr<DnsSession>> sessions_;
  size_t most_held_ = 0;  // most octets of all sessions since memory was last given back
  boost::asio::steady_timer sweep_timer_;
  bool finishing_ = false;
};

}  // namespace axfrd::control
