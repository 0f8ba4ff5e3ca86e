// Netlink: the few requests to the kernel's rtnetlink(7) that our interfaces need, each answered before it returns.
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
  Netlink();  // like all below, throws std::runtime_error with what failed
  ~Netlink();
  Netlink(const Netlink&) = delete;
  Netlink& operator=(const Netlink&) = delete;

  // Gives the interface a MAC address and an MTU, and sets it up.
  void set_link(unsigned index, const std::array<uint8_t, 6>& mac, unsigned mtu);
  // Assigns an address that is usable at once: IPv6 skips duplicate address detection, because the operator chose it.
  void add_address(unsigned index, const Address& address);
  void remove_address(unsigned index, const Address& address);

 private:
  void request(nlmsghdr& message, const std::string& what);

  const int fd_;
};

}  // namespace axfrd::dataplane
