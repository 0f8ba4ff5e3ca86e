// Datagrams: UDP to many other name servers, from a socket for each address family.
//
// Threads. The thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/base/address.h"
#include "zones/wire/wire.h"

namespace axfrd::control::dnsclient {

class Datagrams {
 public:
  using Endpoint = boost::asio::ip::udp::endpoint;
  using Received = std::function<void(const Endpoint& from, zones::Bytes message)>;

  // `sources`: addresses to send from, the first of each family; without one, the kernel chooses.
  Datagrams(boost::asio::io_context& loop, std::vector<IpAddress> sources);

  // Begins to receive. A host may be without one of the families: then nothing can be sent to it.
  void open(Received received);
  void close();
  // The address to send from to `to`; none: the kernel chooses.
  std::optional<IpAddress> source_to(const IpAddress& to) const;
  // False: it cannot be sent. What a full buffer did not take counts as lost on the way.
  bool send(const Endpoint& to, const std::string& message);

 private:
  using Socket = boost::asio::ip::udp::socket;
  std::optional<Socket> bound_socket(bool v6) const;
  void receive(Socket& socket);

  boost::asio::io_context& loop_;
  const std::vector<IpAddress> sources_;
  Received received_;
  std::optional<Socket> v4_, v6_;
  Endpoint from_;
  std::vector<uint8_t> buffer_;
};

}  // namespace axfrd::control::dnsclient
