// Service: DNS on the kernel's stack, over TCP and UDP.
//
// Threads. The thread that runs the loop constructs and uses it. Any thread may read the counters.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "control/dns/tcp.h"
#include "control/dns/udp.h"

namespace axfrd::control {

struct ServiceOptions {
  std::vector<IpAddress> addresses;  // empty: all addresses of the host
  uint16_t port = 53;
  bool freebind = false;  // the addresses may not exist yet, as those of a tap
  TcpLimits tcp;
  AccessList allow_transfer;
  uint16_t udp_payload = 1232;
  dataplane::RateLimitOptions rate_limit;  // for UDP
};

class Service {
 public:
  Service(boost::asio::io_context& loop, ServiceOptions options, const zones::Responder& responder, dataplane::Rcu& rcu,
          Committer& committer, const CurrentSettings& settings, PeerSink& peers, const Log& log);

  // Opens the sockets and starts to serve. Throws std::runtime_error.
  void listen();

  // Accepts no more requests, lets sessions finish their writes for a short time, closes the others, and calls
  // `stopped`.
  void stop(std::function<void()> stopped);

  const ServiceOptions& options() const { return options_; }

  const UdpCounters& udp_counters() const { return udp_counters_; }
  const TcpCounters& tcp_counters() const { return tcp_counters_; }
  // The number of log lines that could not be written. Any thread.
  uint64_t dropped_log_lines() const { return log_.dropped_lines(); }

 private:
  void listen_everywhere();
  void listen_at(const IpAddress& address);
  void wait_for_sessions(DnsSession::Clock::time_point deadline);

  boost::asio::io_context& loop_;
  const ServiceOptions options_;
  const Log& log_;
  UdpCounters udp_counters_;
  TcpCounters tcp_counters_;
  dataplane::Rcu::Reader reader_;
  RequestHandler udp_handler_, tcp_handler_;
  DnsUpdates updates_;
  DnsUdp udp_;
  DnsTcp tcp_;
  boost::asio::steady_timer stop_timer_;
  std::function<void()> stopped_;
};

}  // namespace axfrd::control
