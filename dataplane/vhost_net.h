// VhostNet: an interface of the kernel with rings in our memory, which a thread of the kernel serves (/dev/vhost-net,
// DPDK's virtio_user device). A system call is needed only to wake that thread.
//
// It has no offloads, because axfrd could not complete a segment that is larger than the MTU, or a partial checksum.
#pragma once

#include "dataplane/kernel_interface.h"

namespace axfrd::dataplane {

class VhostNet : public KernelInterface {
 public:
  // The number of the port's packets that the rings of one interface may hold.
  static constexpr unsigned kPackets = 2048;

  VhostNet(const std::string& name, const Port& port, std::span<const Address> addresses);
  ~VhostNet() override;

  int descriptor() const override { return -1; }
  unsigned read(std::span<rte_mbuf*> frames) override;
  bool write(rte_mbuf* frame) override;
  uint64_t no_buffer() const override;

 private:
  std::string device() const;  // its name in DPDK
  void start(const Port& port);
  void remove() const;

  uint16_t id_ = 0;
};

}  // namespace axfrd::dataplane
