// Datagrams: UDP to many other name servers, with one socket for each address family.
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

  // `sources`: addresses to send from; the first of each family is used. Without one, the kernel chooses.
  Datagrams(boost::asio::io_context& loop, std::vector<IpAddress> sources);

  // Begins to receive. If the host lacks an address family, nothing can be sent to addresses of that family.
  void open(Received received);
  void close();
  // The source address of datagrams to `to`. None: the kernel chooses.
  std::optional<IpAddress> source_to(const IpAddress& to) const;
  // False if the datagram cannot be sent. A datagram for which the buffer is full counts as sent and lost on the way.
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
