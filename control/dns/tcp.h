// DnsTcp: DNS over TCP on the kernel's stack: listeners, and the sessions they accept.
//
// Whose session ends when there is no room for another, SessionTable decides. Sessions also end when they ask or read
// nothing for too long, or do not come to the end of a request (RFC 7766 §6.2.3).
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

  // Listens at `endpoint`, which with `freebind` need not be an address of this host yet. Returns where: a port of 0 is
  // replaced by a free one. Throws std::runtime_error.
  Endpoint listen(const Endpoint& endpoint, bool freebind);

  // Accepts nobody more, and lets sessions end when what they were asked for is written.
  void finish();
  // Ends everything at once.
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
  size_t most_held_ = 0;  // octets that all sessions had, since memory was last given back
  boost::asio::steady_timer sweep_timer_;
  bool finishing_ = false;
};

}  // namespace axfrd::control
