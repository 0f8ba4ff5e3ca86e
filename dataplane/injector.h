// Injector: passes received IP packets to the kernel.
//
// It serves queries that the split door (split_door.h) took and that the packet path leaves to the kernel's sockets. A
// raw socket sends them with their original header. Their destination is the host itself, so they return at the
// loopback interface and reach the addressed socket, whose answer takes the usual way. So no further interface is
// needed, with addresses, filters and reverse paths of its own, and a VLAN tag does not matter.
//
// Threads. Constructed by control, used by the kernel path's thread.
#pragma once

#include "dataplane/file_descriptor.h"

struct rte_mbuf;

namespace axfrd::dataplane {

class Injector {
 public:
  Injector();  // throws std::runtime_error

  // Passes the packet in `frame` to the kernel and frees the buffer. Returns false if the kernel refuses it, or if
  // there is no IP packet; then the caller still owns the frame. Never waits.
  bool write(rte_mbuf* frame);

 private:
  bool send(const rte_mbuf& frame);

  const FileDescriptor v4_, v6_;  // v6_ is none on a host without IPv6
};

}  // namespace axfrd::dataplane
