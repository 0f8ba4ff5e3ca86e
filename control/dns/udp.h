// DnsUdp: DNS over the kernel's UDP sockets. It serves requests that the packet path leaves to the kernel, or all
// requests if there is no DPDK port.
//
// Threads. The service thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <vector>

#include "control/dns/counters.h"
#include "control/dns/request_handler.h"
#include "dataplane/rcu.h"

namespace axfrd::control {

class DnsUdp {
 public:
  using Endpoint = boost::asio::ip::udp::endpoint;

  DnsUdp(boost::asio::io_context& loop, RequestHandler& handler, DnsUpdates& updates, dataplane::Rcu::Reader& reader,
         UdpCounters& counters);

  // The same as DnsTcp::listen().
  Endpoint listen(const Endpoint& endpoint, bool freebind);
  void close();

 private:
  using Socket = boost::asio::ip::udp::socket;

  void wait(Socket& socket);
  void drain(Socket& socket);
  bool serve_one(Socket& socket);

  boost::asio::io_context& loop_;
  RequestHandler& handler_;
  DnsUpdates& updates_;
  dataplane::Rcu::Reader& reader_;
  UdpCounters& counters_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::vector<uint8_t> message_;  // the one being answered
};

}  // namespace axfrd::control
