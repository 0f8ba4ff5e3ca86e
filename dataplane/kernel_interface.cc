#include "dataplane/kernel_interface.h"

#include <net/if.h>

#include <cstring>
#include <stdexcept>

#include "dataplane/netlink.h"
#include "dataplane/port.h"
#include "dataplane/tap.h"
#include "dataplane/vhost_net.h"

namespace axfrd::dataplane {

std::unique_ptr<KernelInterface> KernelInterface::make(Carrier carrier, const std::string& name, const Port& port,
                                                       std::span<const Address> addresses) {
  if (carrier == Carrier::vhost_net) return std::make_unique<VhostNet>(name, port, addresses);
  return std::make_unique<Tap>(name, port, addresses);
}

KernelInterface::KernelInterface(std::string name) : name_(std::move(name)) {
  if (name_.empty() || name_.size() >= IFNAMSIZ)
    throw std::runtime_error("\"" + name_ + "\" cannot name an interface: it needs 1 to 15 characters");
}

void KernelInterface::set_up(const Port& port, std::span<const Address> addresses) const {
  try {
    Netlink netlink;
    const unsigned index = if_nametoindex(name_.c_str());
    netlink.set_link(index, port.interface().mac, port.interface().mtu);
    for (const Address& address : addresses) netlink.add_address(index, address);
  } catch (const std::runtime_error& error) {
    fail(error.what(), 0);
  }
}

void KernelInterface::fail(const std::string& what, int error) const {
  throw std::runtime_error("kernel path interface " + name_ + ": " + what +
                           (error != 0 ? std::string(": ") + std::strerror(error) : ""));
}

}  // namespace axfrd::dataplane
