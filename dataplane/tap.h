// Tap: a network interface of the kernel whose other end is this program (/dev/net/tun).
//
// The kernel sees the port through it: the interface has the port's MAC address and MTU, and our IP addresses. ARP,
// neighbour discovery, ICMP and TCP are the kernel's, and we have no stack.
//
// Opened without offloads: the kernel hands over whole frames of at most the MTU, checksums filled in.
//
// It is the tap device itself and not DPDK's net_tap driver, whose receive queue wakes up by a real-time signal that
// every thread of the program would have to respect, and whose descriptor nobody can poll().
//
// Threads. Made and destroyed by control; read() and write() by the kernel path. The interface goes when the Tap goes.
#pragma once

#include <span>
#include <string>

#include "dataplane/address.h"
#include "dataplane/packet.h"

struct rte_mbuf;

namespace axfrd::dataplane {

class Tap {
 public:
  // Throws std::runtime_error with a sentence for the operator.
  Tap(const std::string& name, const MacAddress& mac, unsigned mtu, std::span<const Address> addresses);
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  const std::string& name() const { return name_; }
  // Readable when the kernel has a frame for the wire.
  int descriptor() const { return fd_; }

  // Reads one frame into the empty `packet`; false if there is none. Never waits.
  bool read(rte_mbuf& packet);
  // Gives one frame to the kernel; false if it does not want it (the interface is down). The packet stays the caller's.
  // Never waits.
  bool write(const rte_mbuf& packet);

 private:
  const std::string name_;
  const int fd_;
};

}  // namespace axfrd::dataplane
