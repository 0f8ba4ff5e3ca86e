#include "dataplane/netlink.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace axfrd::dataplane {
namespace {

// One request: a header, a fixed part and attributes.
template <class Fixed>
class Message {
 public:
  Message(uint16_t type, uint16_t flags) {
    header().nlmsg_len = NLMSG_LENGTH(sizeof(Fixed));
    header().nlmsg_type = type;
    header().nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  }

  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  Fixed& fixed() { return *static_cast<Fixed*>(NLMSG_DATA(&header())); }

  // @pre all attributes together fit 64 octets, as those in this file do
  void add(uint16_t type, const void* data, size_t size) {
    auto* attribute = reinterpret_cast<rtattr*>(bytes_.data() + NLMSG_ALIGN(header().nlmsg_len));
    attribute->rta_type = type;
    attribute->rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
    std::memcpy(RTA_DATA(attribute), data, size);
    header().nlmsg_len = static_cast<uint32_t>(NLMSG_ALIGN(header().nlmsg_len) + RTA_ALIGN(attribute->rta_len));
  }

 private:
  alignas(NLMSG_ALIGNTO) std::array<uint8_t, NLMSG_SPACE(sizeof(Fixed)) + 64> bytes_{};
};

Message<ifaddrmsg> about_address(uint16_t type, uint16_t flags, unsigned index, const Address& address) {
  Message<ifaddrmsg> message(type, flags);
  message.fixed().ifa_family = address.v6 ? AF_INET6 : AF_INET;
  message.fixed().ifa_prefixlen = address.prefix;
  message.fixed().ifa_index = index;
  message.add(IFA_LOCAL, address.octets.data(), address.size());
  message.add(IFA_ADDRESS, address.octets.data(), address.size());
  return message;
}

}  // namespace

Netlink::Netlink() : fd_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
  if (fd_ < 0) throw std::runtime_error(std::string("no netlink socket: ") + std::strerror(errno));
}

Netlink::~Netlink() { close(fd_); }

void Netlink::set_link(unsigned index, const std::array<uint8_t, 6>& mac, unsigned mtu) {
  Message<ifinfomsg> message(RTM_NEWLINK, 0);
  message.fixed().ifi_family = AF_UNSPEC;
  message.fixed().ifi_index = static_cast<int>(index);
  message.fixed().ifi_flags = IFF_UP;
  message.fixed().ifi_change = IFF_UP;
  message.add(IFLA_ADDRESS, mac.data(), mac.size());
  message.add(IFLA_MTU, &mtu, sizeof mtu);
  request(message.header(), "cannot set its MAC address and MTU, and set it up");
}

void Netlink::add_address(unsigned index, const Address& address) {
  Message<ifaddrmsg> message = about_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address);
  message.fixed().ifa_flags = address.v6 ? IFA_F_NODAD : 0;
  request(message.header(),
          address.v6 ? "cannot assign an IPv6 address (is IPv6 disabled here?)" : "cannot assign an IPv4 address");
}

void Netlink::remove_address(unsigned index, const Address& address) {
  Message<ifaddrmsg> message = about_address(RTM_DELADDR, 0, index, address);
  request(message.header(), "cannot take an address away");
}

void Netlink::request(nlmsghdr& message, const std::string& what) {
  if (send(fd_, &message, message.nlmsg_len, 0) < 0) throw std::runtime_error(what + ": " + std::strerror(errno));
  alignas(nlmsghdr) std::array<uint8_t, 4096> answer;
  const ssize_t size = recv(fd_, answer.data(), answer.size(), 0);
  const auto& header = *reinterpret_cast<const nlmsghdr*>(answer.data());
  if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr))) || header.nlmsg_type != NLMSG_ERROR) {
    throw std::runtime_error(what + ": the kernel's answer makes no sense");
  }
  const auto& error = *static_cast<const nlmsgerr*>(NLMSG_DATA(&header));
  if (error.error != 0) throw std::runtime_error(what + ": " + std::strerror(-error.error));
}

}  // namespace axfrd::dataplane
