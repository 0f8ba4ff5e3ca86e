// Tap: an interface of the kernel that a descriptor is the other end of (/dev/net/tun), one system call for a frame.
//
// It is the tap device itself and not DPDK's net_tap driver, whose receive queue wakes up by a real-time signal that
// every thread of the program would have to respect, and whose descriptor nobody can poll(). Opened without offloads.
#pragma once

#include "dataplane/counters.h"
#include "dataplane/file_descriptor.h"
#include "dataplane/kernel_interface.h"

namespace axfrd::dataplane {

class Tap : public KernelInterface {
 public:
  Tap(const std::string& name, const Port& port, std::span<const Address> addresses);

  int descriptor() const override { return fd_.get(); }
  unsigned read(std::span<rte_mbuf*> frames) override;
  bool write(rte_mbuf* frame) override;
  uint64_t no_buffer() const override { return no_buffer_.read(); }

 private:
  rte_mbuf* read_one();

  const Port& port_;
  const FileDescriptor fd_;
  Counter no_buffer_;
};

}  // namespace axfrd::dataplane
