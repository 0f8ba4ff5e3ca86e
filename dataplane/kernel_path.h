// KernelPath: carries punted frames from the workers to the kernel, and frames of the kernel to the wire.
//
//   worker i ─ urgent, bulk ─►┐               ┌─► tap of port 0 ─► kernel: ARP, ND, ICMP, TCP, our UDP sockets
//   worker j ─ urgent, bulk ─►┴─ this thread ─┼─► tap of port 1
//                                             └─► injector, for ports that take only queries
//   worker 0 ◄──── to_wire of port p ◄────────────── tap of port p
//
// A port that takes only queries (Intake::queries) needs no tap, because the kernel has its interface and sends there.
// Such a port punts only DNS for our UDP sockets.
//
// Threads. One thread, on the control CPUs, makes the system calls that workers must not make: one or more for each
// packet. It alone uses the taps and its ends of the rings. Frames for the wire go through worker 0, so that each NIC
// queue has one owner.
//
// No thread waits for a full ring. Towards the kernel the worker counts a drop. Towards the wire a few frames are held,
// and no more are read from the tap, so that they queue in the kernel and TCP slows down.
//
// Latency. Only a tap wakes this thread, because a worker would need a system call for it. Without work the thread
// sleeps in ppoll() for 20 µs, then twice as long each time, up to 1 ms. So the first punted packet after a silence
// waits for that long at most.
#pragma once

#include <poll.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/address.h"
#include "dataplane/counters.h"
#include "dataplane/injector.h"
#include "dataplane/kernel_interface.h"
#include "dataplane/port.h"
#include "dataplane/ring.h"

namespace axfrd::dataplane {

class KernelPath {
 public:
  // The number of packets of one port that the kernel path may hold at once.
  static unsigned packets_held(unsigned workers, Carrier carrier);

  // Makes an interface for each port with Intake::everything. Its name is `tap` and the port's index in `ports`. If the
  // first port has such an interface, that interface gets `addresses`. The ports outlive the KernelPath.
  KernelPath(std::span<const Port* const> ports, Carrier carrier, const std::string& tap,
             std::span<const Address> addresses, unsigned workers);
  ~KernelPath();

  PuntRings& from_worker(unsigned worker) { return from_workers_[worker]; }
  // Null or empty for a port without a tap.
  MbufRing* to_wire(unsigned port) { return doors_[port].two_way ? &doors_[port].two_way->to_wire : nullptr; }
  std::string tap_name(unsigned port) const {
    return doors_[port].two_way ? doors_[port].two_way->interface->name() : "";
  }

  void start();
  // Carries the frames in flight, for a bounded number of turns, then ends the thread. @pre workers still run
  void stop();

  KernelPathStats stats() const;  // any thread

 private:
  // An interface of the kernel, and its frames for the wire.
  struct TwoWay {
    TwoWay(const Port& port, std::unique_ptr<KernelInterface> made, unsigned number);
    ~TwoWay();
    std::unique_ptr<KernelInterface> interface;
    MbufRing to_wire;
    std::vector<rte_mbuf*> held;  // were read, and wait for room in to_wire
  };
  struct Door {
    explicit Door(const Port& p) : port(p) {}
    const Port& port;
    std::optional<TwoWay> two_way;
  };

  void run();
  bool turn();
  unsigned deliver(MbufRing& ring);
  void deliver_one(rte_mbuf* packet);
  unsigned collect(Door& door);
  void wait(unsigned microseconds);

  std::deque<Door> doors_;              // by index of the port
  std::optional<Injector> injector_;    // if there is a port without a tap
  std::deque<PuntRings> from_workers_;  // by worker
  std::atomic<bool> stop_{false};       // written by control, read by the thread
  std::thread thread_;
  std::vector<pollfd> polled_;                 // used by the thread
  Counter to_kernel_, from_kernel_, refused_;  // written by the thread
};

}  // namespace axfrd::dataplane
