#include "dataplane/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <rte_mbuf.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "dataplane/netlink.h"

namespace axfrd::dataplane {
namespace {

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw std::runtime_error("kernel path interface " + name + ": " + what + ": " + std::strerror(errno));
}

int open_tap(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name) {
    throw std::runtime_error("\"" + name + "\" cannot name an interface: it needs 1 to 15 characters");
  }
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail(name, "cannot open /dev/net/tun (is the module tun loaded, have we CAP_NET_ADMIN?)");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  if (ioctl(fd, TUNSETIFF, &request) != 0) {
    const int error = errno;
    close(fd);
    errno = error;
    fail(name, "cannot make it (does an interface of that name exist?)");
  }
  return fd;
}

}  // namespace

Tap::Tap(const std::string& name, const MacAddress& mac, unsigned mtu, std::span<const Address> addresses)
    : name_(name), fd_(open_tap(name)) {
  try {
    Netlink netlink;
    const unsigned index = if_nametoindex(name.c_str());
    netlink.set_link(index, mac, mtu);
    for (const Address& address : addresses) netlink.add_address(index, address);
  } catch (const std::runtime_error& error) {
    close(fd_);
    throw std::runtime_error("kernel path interface " + name + ": " + error.what());
  }
}

Tap::~Tap() { close(fd_); }

bool Tap::read(rte_mbuf& packet) {
  const ssize_t size = ::read(fd_, rte_pktmbuf_mtod(&packet, void*), rte_pktmbuf_tailroom(&packet));
  if (size <= 0) return false;
  packet.data_len = static_cast<uint16_t>(size);
  packet.pkt_len = packet.data_len;
  return true;
}

bool Tap::write(const rte_mbuf& packet) {
  // More segments than any device makes of a frame; a frame of more is cut short, which the kernel's checks notice.
  std::array<iovec, 16> pieces;
  int count = 0;
  for (const rte_mbuf* segment = &packet; segment != nullptr && count < 16; segment = segment->next) {
    pieces[static_cast<unsigned>(count++)] = {rte_pktmbuf_mtod(segment, void*), segment->data_len};
  }
  return writev(fd_, pieces.data(), count) > 0;
}

}  // namespace axfrd::dataplane
