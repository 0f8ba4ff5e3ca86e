#include "control/dns_udp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <sstream>
#include <stdexcept>

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

constexpr unsigned kBurst = 64;  // datagrams served before other work gets its turn

void set_option(int fd, int level, int option) {
  const int on = 1;
  setsockopt(fd, level, option, &on, sizeof on);
}

// A received datagram with the address it was sent to, made ready to be answered from there.
class Datagram {
 public:
  Datagram(uint8_t* message, size_t capacity) : piece_{message, capacity} {
    header_.msg_name = &peer_;
    header_.msg_namelen = sizeof peer_;
    header_.msg_iov = &piece_;
    header_.msg_iovlen = 1;
    header_.msg_control = control_;
    header_.msg_controllen = sizeof control_;
  }

  ssize_t receive(int fd) { return recvmsg(fd, &header_, MSG_DONTWAIT); }

  IpAddress peer() const {
    if (peer_.ss_family == AF_INET) {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer_);
      return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer_);
    asio::ip::address_v6::bytes_type octets;
    std::copy(std::begin(v6.sin6_addr.s6_addr), std::end(v6.sin6_addr.s6_addr), octets.begin());
    return normalised(asio::ip::address_v6(octets));
  }

  // The control message that told the destination now tells the source.
  bool reply(int fd, size_t size) {
    piece_.iov_len = size;
    header_.msg_flags = 0;
    route_freely();
    return sendmsg(fd, &header_, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(size);
  }

 private:
  // Routing chooses the interface; only link-local addresses mean nothing without one.
  void route_freely() {
    cmsghdr* head = CMSG_FIRSTHDR(&header_);
    if (head == nullptr) return;
    if (head->cmsg_level == IPPROTO_IP) {
      reinterpret_cast<in_pktinfo*>(CMSG_DATA(head))->ipi_ifindex = 0;
    } else {
      auto* info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(head));
      if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
    }
  }

  sockaddr_storage peer_{};
  alignas(cmsghdr) uint8_t control_[CMSG_SPACE(sizeof(in6_pktinfo))];
  iovec piece_;
  msghdr header_{};
};

}  // namespace

DnsUdp::DnsUdp(asio::io_context& loop, RequestHandler& handler, dataplane::Rcu::Reader& reader, UdpCounters& counters)
    : loop_(loop), handler_(handler), reader_(reader), counters_(counters), message_(zones::kMaxMessage) {}

DnsUdp::Endpoint DnsUdp::listen(const Endpoint& endpoint, bool freebind) {
  try {
    auto socket = std::make_unique<Socket>(loop_, endpoint.protocol());
    const bool v6 = endpoint.address().is_v6();
    if (v6) socket->set_option(asio::ip::v6_only(true));
    const int fd = socket->native_handle();
    const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    set_option(fd, level, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO);
    if (freebind) set_option(fd, level, v6 ? IPV6_FREEBIND : IP_FREEBIND);
    socket->bind(endpoint);
    sockets_.push_back(std::move(socket));
    wait(*sockets_.back());
    return sockets_.back()->local_endpoint();
  } catch (const boost::system::system_error& error) {
    std::ostringstream text;
    text << "cannot listen on UDP " << endpoint << ": " << error.code().message();
    throw std::runtime_error(std::move(text).str());
  }
}

void DnsUdp::close() {
  for (const auto& socket : sockets_) socket->close();
}

void DnsUdp::wait(Socket& socket) {
  socket.async_wait(Socket::wait_read, [this, &socket](const error_code& error) {
    if (error) return;
    drain(socket.native_handle());
    wait(socket);
  });
}

void DnsUdp::drain(int fd) {
  const dataplane::ReadSection section(reader_);
  for (unsigned i = 0; i < kBurst && serve_one(fd); ++i) {
  }
}

// False when there is nothing more to receive.
bool DnsUdp::serve_one(int fd) {
  Datagram datagram(message_.data(), message_.size());
  const ssize_t size = datagram.receive(fd);
  if (size < 0) return errno != EAGAIN && errno != EWOULDBLOCK;  // an ICMP error of an earlier reply: go on
  const auto outcome = handler_.handle(message_.data(), static_cast<unsigned>(size), zones::kMaxMessage,
                                       zones::Transport::udp, datagram.peer());
  if (outcome.size != 0 && !datagram.reply(fd, outcome.size)) counters_.send_failures.add();
  return true;
}

}  // namespace axfrd::control
