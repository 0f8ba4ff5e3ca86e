// Injector: hands IP packets to the kernel as if they had come in by an interface, which they did.
//
// For queries that the split door (split_door.h) took and that the packet path leaves to the kernel's sockets. A raw
// socket sends them with the header they came with; as their destination is the host itself, they turn round at the
// loopback interface and reach the socket they were meant for. The answer goes the way that any answer goes. So no
// other interface is needed, with addresses, filters and reverse paths of its own; a VLAN tag does not matter either.
//
// Threads. The kernel path's.
#pragma once

#include "dataplane/file_descriptor.h"

struct rte_mbuf;

namespace axfrd::dataplane {

class Injector {
 public:
  Injector();  // throws std::runtime_error

  // Gives the packet in `frame` to the kernel, and the buffer back to its pool; false if the kernel does not want it,
  // or there is no IP packet, and then the frame stays the caller's. Never waits.
  bool write(rte_mbuf* frame);

 private:
  bool send(const rte_mbuf& frame);

  const FileDescriptor v4_, v6_;  // v6_: none on a host without IPv6
};

}  // namespace axfrd::dataplane
