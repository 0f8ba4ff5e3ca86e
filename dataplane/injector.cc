#include "dataplane/injector.h"

#include <netinet/in.h>
#include <rte_mbuf.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "dataplane/packet.h"

namespace axfrd::dataplane {
namespace {

// IPPROTO_RAW: a packet that is sent begins with its IP header.
FileDescriptor raw_socket(int family) {
  return FileDescriptor(socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
}

}  // namespace

Injector::Injector() : v4_(raw_socket(AF_INET)), v6_(raw_socket(AF_INET6)) {
  if (!v4_) throw std::runtime_error(std::string("no raw socket (it takes CAP_NET_RAW): ") + std::strerror(errno));
}

bool Injector::write(rte_mbuf* frame) {
  if (!send(*frame)) return false;
  rte_pktmbuf_free(frame);
  return true;
}

bool Injector::send(const rte_mbuf& frame) {
  const Bytes ip = ip_packet_in({rte_pktmbuf_mtod(&frame, const uint8_t*), frame.data_len});
  if (ip.empty()) return false;
  if (ip[0] >> 4 == 4) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, ip.data() + 16, 4);
    return sendto(v4_.get(), ip.data(), ip.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) > 0;
  }
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  std::memcpy(&to.sin6_addr, ip.data() + 24, 16);
  return sendto(v6_.get(), ip.data(), ip.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) > 0;
}

}  // namespace axfrd::dataplane
