// DnsTcp: DNS over TCP on the kernel's stack: listeners, and the sessions they accept.
//
// A session over a limit takes the place of the one that has been idle longest (of the same client, when the client is
// at its limit), so that peers which keep connections open do not lock out one that wants something. When nobody is
// idle the newcomer is turned away.
//
// Threads. The service thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "control/dns/session.h"
#include "control/dns/tcp_limits.h"

namespace axfrd::control {

class DnsTcp {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  DnsTcp(boost::asio::io_context& loop, RequestHandler& handler, DnsUpdates& updates, Notifier& notifier,
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
  struct Listener {
    explicit Listener(boost::asio::io_context& loop) : acceptor(loop), retry(loop) {}
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer retry;
  };

  void accept(Listener& listener);
  void wait_for_descriptors(Listener& listener, const boost::system::error_code& error);
  void admit(boost::asio::ip::tcp::socket socket);
  bool make_room_for(const IpAddress& client);
  bool evict(const IpAddress* client);
  void forget(DnsSession& session);
  void sweep_later();
  void sweep();
  std::vector<std::shared_ptr<DnsSession>> snapshot() const { return {sessions_.begin(), sessions_.end()}; }

  boost::asio::io_context& loop_;
  const TcpLimits limits_;
  TcpCounters& counters_;
  const Log& log_;
  DnsSession::Shared shared_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::set<std::shared_ptr<DnsSession>> sessions_;
  std::map<IpAddress, size_t> sessions_of_;  // by client
  boost::asio::steady_timer sweep_timer_;
  bool finishing_ = false;
};

}  // namespace axfrd::control
