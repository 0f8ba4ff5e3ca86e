// SplitDoor: a network interface that keeps its kernel driver, its addresses and its whole life in the kernel, and
// gives the packet path nothing but queries.
//
//   wire ─► interface ─► XDP program ─┬─ UDP to port 53 of an address we serve ─► AF_XDP socket of queue i ─► worker i
//                                     └─ all else ─► the kernel's stack: ARP, neighbours, ICMP, TCP, other UDP
//
// The program (split_door.bpf.c) is linked into ours. DPDK's net_af_xdp loads it and attaches it to the interface as it
// sets up its first queue; we find it there by its name, and speak to it through its maps. While no address is in its
// map it takes nothing.
//
// Every end. The port detaches the program as it is closed. After an end without one (kill -9) the program stays, with
// no socket to give anything to, so that the kernel's stack gets all; the next SplitDoor at the interface removes it.
// It is known by its name, and nobody else is using it: a claim on the interface, which the kernel takes back from the
// dead, says so. Another program is never removed.
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
  // What makes the EAL make the port.
  const std::string& device() const { return device_; }
  // How many queues the interface has beyond those that were asked for. What comes in on them is left to the kernel.
  unsigned unattended_queues() const { return unattended_queues_; }

  // The interface's own addresses, without those that mean something on its link only.
  std::vector<Address> addresses() const;
  // Gives the interface those that the host does not have yet.
  void add_addresses(std::span<const Address> addresses);
  // Gives it those of them anew that it has lost since. Throws.
  void restore_addresses();

  // Once the port is there, finds the program's maps. Throws.
  void find_program();
  // Why the port could not be made, as far as trying to attach the program shows; empty if that works.
  std::string why_not() const;
  // What the destructor does, at any time and by another thread; the process ends right after.
  void let_go() const;
  // From now on queries to `addresses` come to the port. Throws when they are too many.
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
