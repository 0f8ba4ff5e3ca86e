#include "dataplane/tap.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <rte_mbuf.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "dataplane/port.h"

namespace axfrd::dataplane {

Tap::Tap(const std::string& name, const Port& port, std::span<const Address> addresses)
    : KernelInterface(name), port_(port), fd_(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)) {
  if (fd_.get() < 0) fail("cannot open /dev/net/tun (is the module tun loaded, have we CAP_NET_ADMIN?)", errno);
  ifreq request{};
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  if (ioctl(fd_.get(), TUNSETIFF, &request) != 0) fail("cannot make it (does an interface of that name exist?)", errno);
  set_up(port, addresses);
}

unsigned Tap::read(std::span<rte_mbuf*> frames) {
  unsigned n = 0;
  while (n < frames.size() && (frames[n] = read_one()) != nullptr) ++n;
  return n;
}

rte_mbuf* Tap::read_one() {
  rte_mbuf* frame = rte_pktmbuf_alloc(&port_.pool());
  if (frame == nullptr) {
    no_buffer_.add();  // the frame stays in the kernel
    return nullptr;
  }
  const ssize_t size = ::read(fd_.get(), rte_pktmbuf_mtod(frame, void*), rte_pktmbuf_tailroom(frame));
  if (size <= 0) {
    rte_pktmbuf_free(frame);
    return nullptr;
  }
  frame->data_len = static_cast<uint16_t>(size);
  frame->pkt_len = frame->data_len;
  return frame;
}

bool Tap::write(rte_mbuf* frame) {
  // No device makes as many segments of a frame. A frame of more would be cut short, and the kernel's checks would
  // notice.
  std::array<iovec, 16> pieces;
  int count = 0;
  for (const rte_mbuf* segment = frame; segment != nullptr && count < 16; segment = segment->next) {
    pieces[static_cast<unsigned>(count++)] = {rte_pktmbuf_mtod(segment, void*), segment->data_len};
  }
  if (writev(fd_.get(), pieces.data(), count) <= 0) return false;
  rte_pktmbuf_free(frame);
  return true;
}

}  // namespace axfrd::dataplane
