// Netlink: the requests to rtnetlink(7) that axfrd needs. Each waits for the kernel's answer.
//
// Threads. One.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/address.h"

struct nlmsghdr;

namespace axfrd::dataplane {

class Netlink {
 public:
  Netlink();  // this and all functions below throw std::runtime_error on failure
  ~Netlink();
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;

  // Sets the interface's MAC address and MTU, and brings it up.
  void set_link(unsigned index, const std::array<uint8_t, 6>& mac, unsigned mtu);
  // Assigns an address that is usable at once: IPv6 skips duplicate address detection, because the operator chose it.
  void add_address(unsigned index, const Address& address);
  void remove_address(unsigned index, const Address& address);

 private:
  void request(nlmsghdr& message, const std::string& what);

  const int fd_;
};

}  // namespace axfrd::dataplane
