// Tap: an interface of the kernel whose other end is a descriptor (/dev/net/tun), with one system call for a frame.
//
// It uses the tap device itself and not DPDK's net_tap driver. The receive queue of that driver uses a real-time
// signal, which every thread would have to handle, and its descriptor cannot be polled. Opened without offloads.
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
