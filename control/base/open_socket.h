// Opening a socket that is to be bound, and accepting, alike for all that listen or receive.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/socket_base.hpp>

namespace axfrd::control {

// Opens `socket`, of UDP or a TCP acceptor, to be bound to `endpoint` and closed on exec: IPv6 alone where it is an
// IPv6 address; with `freebind`, an address that need not be this host's yet. A TCP port can be bound while connections
// of a former process wait for their end. UDP holds a burst of some thousands, or as much as it may without
// CAP_NET_ADMIN: of many zones and secondaries, answers and polls come together, and the kernel's default holds some
// hundred. Throws boost::system::system_error.
template <class Socket, class Endpoint>
void open_socket(Socket& socket, const Endpoint& endpoint, bool freebind) {
  constexpr bool accepts = requires { socket.listen(); };
  socket.open(endpoint.protocol());
  fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  const bool v6 = endpoint.address().is_v6();
  if (v6) socket.set_option(boost::asio::ip::v6_only(true));
  if (accepts) {
    socket.set_option(boost::asio::socket_base::reuse_address(true));
  } else {
    const int octets = 4 << 20;
    if (setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets) != 0)
      setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
  }
  const int on = 1;
  if (freebind) {
    setsockopt(socket.native_handle(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &on,
               sizeof on);
  }
}

}  // namespace axfrd::control
