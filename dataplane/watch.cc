#include "dataplane/watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace axfrd::dataplane {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenCounts(1);
constexpr unsigned kStalledAfter = 3;  // looks at the counts in a row

// A socket that is readable when an interface has changed. Its messages are not parsed; look() asks the kernel for the
// state.
FileDescriptor news_of_interfaces() {
  FileDescriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(std::string("no news of interfaces from the kernel: ") + std::strerror(errno));
  return fd;
}

// Goes on after ENOBUFS, which means that messages were lost: only the fact of a change matters.
void drain(int fd) {
  std::array<char, 4096> buffer;
  while (recv(fd, buffer.data(), buffer.size(), MSG_TRUNC) > 0 || errno == ENOBUFS || errno == EINTR) {
  }
}

// The flags of an interface (netdevice(7)); none if there is no such interface.
std::optional<int> flags_of(const std::string& name) {
  ifreq request{};
  name.copy(request.ifr_name, sizeof request.ifr_name - 1);
  const FileDescriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) return std::nullopt;
  return static_cast<unsigned short>(request.ifr_flags);
}

std::optional<int> flags_of(unsigned index) {
  std::array<char, IF_NAMESIZE> name;
  if (if_indextoname(index, name.data()) == nullptr) return std::nullopt;
  return flags_of(std::string(name.data()));
}

bool runs(int flags) { return (flags & IFF_UP) != 0 && (flags & IFF_RUNNING) != 0; }

}  // namespace

Watch::Watch(const std::vector<Subject>& subjects, Callbacks callbacks)
    : callbacks_(std::move(callbacks)), news_(news_of_interfaces()), stop_(eventfd(0, EFD_CLOEXEC)) {
  if (!stop_) throw std::runtime_error(std::string("no eventfd: ") + std::strerror(errno));
  for (const Subject& subject : subjects) watched_.emplace_back(subject);
  look();
}

Watch::~Watch() { stop(); }

void Watch::start() {
  thread_ = std::thread([this] { run(); });
}

void Watch::stop() {
  const uint64_t one = 1;
  if (!thread_.joinable() || write(stop_.get(), &one, sizeof one) != sizeof one) return;
  thread_.join();
}

PortHealth Watch::health(unsigned port) const {
  const Watched& watched = watched_[port];
  PortHealth health;
  health.link_up = watched.link_up;
  health.stalled = watched.stalled;
  health.stalls = watched.stalls.read();
  if (watched.subject.attachment != nullptr) {
    health.attached = watched.attached;
    health.reattached = watched.reattached.read();
  }
  return health;
}

void Watch::run() {
  pthread_setname_np(pthread_self(), "axfrd-watch");
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  Clock::time_point next_counts = Clock::now() + kBetweenCounts;
  std::array<pollfd, 2> polled{{{stop_.get(), POLLIN, 0}, {news_.get(), POLLIN, 0}}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_counts - Clock::now());
    poll(polled.data(), polled.size(), static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (polled[0].revents != 0) return;
    drain(news_.get());
    look();
    if (Clock::now() < next_counts) continue;
    next_counts = Clock::now() + kBetweenCounts;
    for (Watched& watched : watched_) look_at_counts(watched);
  }
}

void Watch::look() {
  for (Watched& watched : watched_) {
    look_at_link(watched);
    look_at_tap(watched);
    look_at_program(watched);
  }
}

void Watch::look_at_link(Watched& watched) {
  const Port& port = *watched.subject.port;
  bool up;
  if (const unsigned index = port.interface_index(); index != 0) {
    const auto flags = flags_of(index);
    if (!flags) fail("port " + port.name() + ": its interface is gone");
    up = flags && runs(*flags);
  } else {
    up = port.link_up();
  }
  if (up == watched.link_up) return;
  watched.link_up = up;
  if (!up) return callbacks_.warning("port " + port.name() + ": the link is down");
  callbacks_.notice("port " + port.name() + ": the link is up");
  // The kernel removes the IPv6 addresses of an interface that goes down.
  if (watched.subject.door == nullptr) return;
  try {
    watched.subject.door->restore_addresses();
  } catch (const std::runtime_error& error) {
    callbacks_.warning(error.what());
  }
}

void Watch::look_at_tap(Watched& watched) {
  const std::string& tap = watched.subject.tap;
  if (tap.empty()) return;
  const auto flags = flags_of(tap);
  if (!flags) fail("interface " + tap + " is gone, and with it the way to the kernel");
  const bool up = flags && (*flags & IFF_UP) != 0;
  if (up == watched.tap_up) return;
  watched.tap_up = up;
  if (up) return callbacks_.notice("interface " + tap + " is up");
  callbacks_.warning("interface " + tap +
                     " is down, so that only queries over UDP are served, and nobody finds us by "
                     "ARP or neighbour discovery: ip link set " +
                     tap + " up");
}

void Watch::look_at_program(Watched& watched) {
  using State = XdpAttachment::State;
  XdpAttachment* attachment = watched.subject.attachment;
  if (attachment == nullptr || failed_) return;
  const State now = attachment->look();
  watched.attached = now == State::attached || now == State::put_back;
  const std::string port = "port " + watched.subject.port->name() + ": ";
  if (now == State::put_back) {
    watched.reattached.add();
    callbacks_.warning(port + "somebody took its XDP program off; it is attached again");
  }
  if (watched.told == now) return;
  watched.told = now;
  if (now == State::replaced) {
    callbacks_.warning(port + "another XDP program (" + attachment->other() +
                       ") is in the place of ours, so that workers receive nothing; ours comes back when that is "
                       "detached (ip link set " +
                       watched.subject.port->interface_name() + " xdp off)");
  } else if (now == State::gone) {
    callbacks_.warning(port + "its XDP program is off, so that workers receive nothing, and cannot be attached: " +
                       attachment->reason());
  }
}

void Watch::look_at_counts(Watched& watched) {
  const Port& port = *watched.subject.port;
  const PortStats now = port.stats();
  const uint64_t missed = now.rx_missed + now.rx_no_buffer;
  const bool still = now.rx_packets == watched.received && missed > watched.missed;
  watched.seconds_still = still ? watched.seconds_still + 1 : 0;
  if (watched.seconds_still == kStalledAfter) {
    watched.stalled = true;
    watched.stalls.add();
    callbacks_.warning("port " + port.name() + ": stalled: it has received nothing for some seconds, while " +
                       std::to_string(missed) + " packets in all found no room or no buffer");
  } else if (watched.stalled && now.rx_packets != watched.received) {
    watched.stalled = false;
    callbacks_.notice("port " + port.name() + ": receives again");
  }
  if (now.lost_buffers > watched.lost_buffers) {
    callbacks_.warning("port " + port.name() + ": the kernel threw away " +
                       std::to_string(now.lost_buffers - watched.lost_buffers) +
                       " packet buffers; without buffers it receives nothing. Please report that");
  }
  watched.received = now.rx_packets;
  watched.missed = missed;
  watched.lost_buffers = now.lost_buffers;
}

void Watch::fail(const std::string& why) {
  if (failed_) return;
  failed_ = true;
  callbacks_.failed(why);
}

}  // namespace axfrd::dataplane
