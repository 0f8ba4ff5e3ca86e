// SplitDoor: a network interface that keeps its kernel driver and its addresses, and passes only queries to the packet
// path.
//
//   wire ─► interface ─► XDP program ─┬─ UDP to port 53 of an address we serve ─► AF_XDP socket of queue i ─► worker i
//                                     └─ all else ─► the kernel's stack: ARP, neighbours, ICMP, TCP, other UDP
//
// The XDP program (split_door.bpf.c) is linked into axfrd. DPDK's net_af_xdp loads it and attaches it to the interface
// when it sets up its first queue. SplitDoor finds it there by its name and controls it through its maps. Without an
// address in its map the program redirects nothing.
//
// Detaching. The port detaches the program when it is closed. After kill -9 the program stays without a socket, so the
// kernel's stack gets all frames, and the next SplitDoor at the interface removes it. It recognises the program by its
// name. A claim on the interface, which the kernel releases when a process dies, proves that no other axfrd uses it.
// Another program is never removed.
//
// Threads. Control. Once the port serves, Watch calls restore_addresses(), and any thread may call counts().
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dataplane/address.h"
#include "dataplane/file_descriptor.h"
#include "dataplane/split_door_maps.h"

namespace axfrd::dataplane {

class SplitDoor {
 public:
  // Claims the interface for the lifetime of the object. `queues`: how many of its queues are used, from the first on,
  // one for each worker. Throws std::runtime_error with a sentence for the operator if there is no such interface, if
  // it has too few queues, or if another program is attached to it.
  SplitDoor(const std::string& interface, unsigned queues);
  // Removes the addresses that add_addresses() assigned, and detaches the program if no port has done so. @pre the port
  // is closed
  ~SplitDoor();
  SplitDoor(const SplitDoor&) = delete;
  SplitDoor& operator=(const SplitDoor&) = delete;

  const std::string& interface() const { return interface_; }
  // The argument with which the EAL makes the port.
  const std::string& device() const { return device_; }
  // The number of queues that the interface has beyond the requested ones. The kernel's stack gets their frames.
  unsigned unattended_queues() const { return unattended_queues_; }

  // The interface's own addresses, except for link-local ones.
  std::vector<Address> addresses() const;
  // Assigns to the interface those of `addresses` that the host does not have yet. Throws.
  void add_addresses(std::span<const Address> addresses);
  // Assigns the addresses of add_addresses() again that the host has lost since. Throws.
  void restore_addresses();

  // Finds the program's maps. Throws. @pre the port is made
  void find_program();
  // Tries to attach the program, to find out why the port could not be made. Returns the reason; empty if that works.
  std::string why_not() const;
  // Does the destructor's work at any time, in another thread, just before the process ends.
  void let_go() const;
  // From now on the program redirects queries to `addresses` to the port. Throws if there are too many addresses.
  void open(std::span<const Address> addresses);

  SplitCounts counts() const;  // @pre find_program()

 private:
  void check_queues(unsigned wanted);
  void remove_stale_program() const;

  const std::string interface_;
  const unsigned index_;
  const FileDescriptor claim_, object_;
  std::string device_;
  unsigned unattended_queues_ = 0;
  FileDescriptor served_, counts_;  // maps
  std::vector<Address> added_;
};

}  // namespace axfrd::dataplane
