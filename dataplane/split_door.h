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
// Threads. Control's; once the port serves, restore_addresses() is Watch's, and counts() for anybody.
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
  // Claims the interface for as long as this lives. `queues`: its first so many, one for each worker. Throws
  // std::runtime_error with a sentence for the operator: when there is no such interface, when it has too few queues,
  // or when another program is attached to it.
  SplitDoor(const std::string& interface, unsigned queues);
  // Takes back the addresses that it gave, and detaches the program if no port was there to do it. @pre the port is
  // closed
  ~SplitDoor();
  SplitDoor(const SplitDoor&) = delete;
  SplitDoor& operator=(const SplitDoor&) = delete;

  const std::string& interface() const { return interface_; }
  // The argument with which the EAL makes the port.
  const std::string& device() const { return device_; }
  // How many more queues the interface has than were requested. Frames on those are left to the kernel.
  unsigned unattended_queues() const { return unattended_queues_; }

  // The interface's own addresses, without those that mean something on its link only.
  std::vector<Address> addresses() const;
  // Assigns to the interface those addresses that the host does not have yet.
  void add_addresses(std::span<const Address> addresses);
  // Assigns those of them again that the interface has lost since. Throws.
  void restore_addresses();

  // Once the port is there, finds the program's maps. Throws.
  void find_program();
  // Tries to attach the program, to find out why the port could not be made. Empty if that works.
  std::string why_not() const;
  // What the destructor does, at any time and by another thread; the process ends right after.
  void let_go() const;
  // Redirects queries to `addresses` to the port from now on. Throws when they are too many.
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
