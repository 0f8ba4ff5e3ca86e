#include "control/dns/udp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <sstream>
#include <stdexcept>

#include "control/base/open_socket.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;
using zones::Bytes;

constexpr unsigned kDatagramsInARow = 64;  // datagrams served before other work gets its turn

// Each received datagram comes with the address that it was sent to.
void ask_for_destinations(udp::socket& socket, bool v6) {
  const int on = 1;
  setsockopt(socket.native_handle(), v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on,
             sizeof on);
}

// The source of a datagram, and its destination, which is the source of the response. Can be kept and copied.
class Exchange {
 public:
  // Receives a datagram. Returns its size, or -1 with errno.
  ssize_t receive(int fd, zones::MutableBytes buffer) {
    iovec piece{buffer.data(), buffer.size()};
    msghdr header = header_of(piece);
    const ssize_t size = recvmsg(fd, &header, MSG_DONTWAIT);
    peer_size_ = header.msg_namelen;
    control_size_ = header.msg_controllen;
    return size;
  }

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

  // The control message that held the destination now sets the source.
  bool reply(int fd, Bytes message) {
    iovec piece{const_cast<uint8_t*>(message.data()), message.size()};  // sendmsg() does not write to it
    msghdr header = header_of(piece);
    route_freely(header);
    return sendmsg(fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) == static_cast<ssize_t>(message.size());
  }

 private:
  msghdr header_of(iovec& piece) {
    msghdr header{};
    header.msg_name = &peer_;
    header.msg_namelen = peer_size_;
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control_;
    header.msg_controllen = control_size_;
    return header;
  }

  // Lets routing choose the interface. Only a link-local address needs its interface.
  static void route_freely(msghdr& header) {
    cmsghdr* head = CMSG_FIRSTHDR(&header);
    if (head == nullptr) return;
    if (head->cmsg_level == IPPROTO_IP) {
      reinterpret_cast<in_pktinfo*>(CMSG_DATA(head))->ipi_ifindex = 0;
    } else {
      auto* info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(head));
      if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
    }
  }

  sockaddr_storage peer_{};
  socklen_t peer_size_ = sizeof peer_;
  alignas(cmsghdr) uint8_t control_[CMSG_SPACE(sizeof(in6_pktinfo))];
  size_t control_size_ = sizeof control_;
};

}  // namespace

DnsUdp::DnsUdp(asio::io_context& loop, RequestHandler& handler, DnsUpdates& updates, dataplane::Rcu::Reader& reader,
               UdpCounters& counters)
    : loop_(loop),
      handler_(handler),
      updates_(updates),
      reader_(reader),
      counters_(counters),
      message_(zones::kMaxMessage) {}

DnsUdp::Endpoint DnsUdp::listen(const Endpoint& endpoint, bool freebind) {
  try {
    auto socket = std::make_unique<Socket>(loop_);
    open_socket(*socket, endpoint, freebind);
    ask_for_destinations(*socket, endpoint.address().is_v6());
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
    drain(socket);
    wait(socket);
  });
}

void DnsUdp::drain(Socket& socket) {
  const dataplane::ReadSection section(reader_);
  for (unsigned i = 0; i < kDatagramsInARow && serve_one(socket); ++i) {
  }
}

// False if there is no more datagram to receive.
bool DnsUdp::serve_one(Socket& socket) {
  Exchange exchange;
  const ssize_t size = exchange.receive(socket.native_handle(), message_);
  if (size < 0) return errno != EAGAIN && errno != EWOULDBLOCK;  // after an ICMP error of an earlier reply it goes on
  auto send = [this, &socket, exchange](Bytes response) mutable {
    if (socket.is_open() && !exchange.reply(socket.native_handle(), response)) counters_.send_failures.add();
  };
  auto outcome = handler_.handle(message_.data(), static_cast<unsigned>(size), zones::kMaxMessage,
                                 zones::Transport::udp, exchange.peer());
  if (outcome.size != 0) send(Bytes(message_).first(outcome.size));
  if (!outcome.update) return true;
  updates_.start(std::move(*outcome.update), [this, send](Bytes response) mutable {
    handler_.count_response(response);
    send(response);
  });
  return true;
}

}  // namespace axfrd::control
