#include "dataplane/kernel_path.h"

#include <pthread.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>

#include "dataplane/vhost_net.h"

namespace axfrd::dataplane {
namespace {

constexpr unsigned kWireRing = 1024;
constexpr unsigned kBatch = 32;
constexpr unsigned kShortestPause = 20, kLongestPause = 1000;  // µs
constexpr unsigned kLastTurns = 64;                            // at most, after stop() under load

}  // namespace

unsigned KernelPath::packets_held(unsigned workers, Carrier carrier) {
  return workers * (PuntRings::kUrgent + PuntRings::kBulk) + kWireRing + kBatch +
         (carrier == Carrier::vhost_net ? VhostNet::kPackets : 0);
}

KernelPath::TwoWay::TwoWay(const Port& port, std::unique_ptr<KernelInterface> made, unsigned number)
    : interface(std::move(made)), to_wire("axfrd_wire" + std::to_string(number), kWireRing, port.socket()) {
  held.reserve(kBatch);
}

KernelPath::TwoWay::~TwoWay() { rte_pktmbuf_free_bulk(held.data(), static_cast<unsigned>(held.size())); }

KernelPath::KernelPath(std::span<const Port* const> ports, Carrier carrier, const std::string& tap,
                       std::span<const Address> addresses, unsigned workers) {
  for (unsigned i = 0; i < ports.size(); ++i) {
    Door& door = doors_.emplace_back(*ports[i]);
    if (door.port.intake() == Intake::everything) {
      door.two_way.emplace(door.port,
                           KernelInterface::make(carrier, tap + std::to_string(i), door.port,
                                                 i == 0 ? addresses : std::span<const Address>()),
                           i);
    } else if (!injector_) {
      injector_.emplace();
    }
  }
  for (unsigned i = 0; i < workers; ++i) from_workers_.emplace_back(i);
}

KernelPath::~KernelPath() { stop(); }

void KernelPath::start() {
  thread_ = std::thread([this] { run(); });
}

void KernelPath::stop() {
  stop_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

KernelPathStats KernelPath::stats() const {
  uint64_t no_buffer = 0;
  for (const Door& door : doors_) no_buffer += door.two_way ? door.two_way->interface->no_buffer() : 0;
  return {to_kernel_.read(), from_kernel_.read(), {{"refused", refused_.read()}, {"no_buffer", no_buffer}}};
}

void KernelPath::run() {
  pthread_setname_np(pthread_self(), "axfrd-kernel");
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  prctl(PR_SET_TIMERSLACK, 1UL);  // the default slack would add up to 50 µs to each sleep
  rte_thread_register();          // for a cache of its own in the packet pools; a failure only costs speed

  unsigned pause = kShortestPause;
  while (!stop_.load(std::memory_order_relaxed)) {
    if (turn()) {
      pause = kShortestPause;
      continue;
    }
    wait(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  for (unsigned i = 0; i < kLastTurns && turn(); ++i) {
  }
  rte_thread_unregister();
}

bool KernelPath::turn() {
  unsigned packets = 0;
  for (PuntRings& rings : from_workers_) {
    while (const unsigned n = deliver(rings.urgent)) packets += n;
  }
  for (PuntRings& rings : from_workers_) packets += deliver(rings.bulk);
  for (Door& door : doors_) packets += collect(door);
  return packets != 0;
}

unsigned KernelPath::deliver(MbufRing& ring) {
  std::array<rte_mbuf*, kBatch> packets;
  const unsigned n = ring.receive(packets);
  for (unsigned i = 0; i < n; ++i) deliver_one(packets[i]);
  return n;
}

void KernelPath::deliver_one(rte_mbuf* packet) {
  const auto door =
      std::find_if(doors_.begin(), doors_.end(), [&](const Door& d) { return d.port.id() == packet->port; });
  const bool taken = door->two_way ? door->two_way->interface->write(packet) : injector_->write(packet);
  (taken ? to_kernel_ : refused_).add();
  if (!taken) rte_pktmbuf_free(packet);
}

unsigned KernelPath::collect(Door& door) {
  if (!door.two_way) return 0;
  std::vector<rte_mbuf*>& held = door.two_way->held;
  if (held.empty()) {
    held.resize(kBatch);
    held.resize(door.two_way->interface->read(held));
    from_kernel_.add(held.size());
  }
  const unsigned sent = door.two_way->to_wire.send(held);
  held.erase(held.begin(), held.begin() + sent);
  return sent;
}

// Sleeps until an interface that may be read has a frame, or until the time is over.
void KernelPath::wait(unsigned microseconds) {
  polled_.clear();
  for (const Door& door : doors_) {
    // ppoll() ignores a negative descriptor.
    if (door.two_way && door.two_way->held.empty())
      polled_.push_back({door.two_way->interface->descriptor(), POLLIN, 0});
  }
  const timespec timeout{0, static_cast<long>(microseconds) * 1000};
  ppoll(polled_.data(), polled_.size(), &timeout, nullptr);
}

}  // namespace axfrd::dataplane
