// MbufRing: the only way of a packet from one thread to another. It has one producer and one consumer; neither waits.
//
// Threads. send(): the producer. receive(): the consumer.
// Ownership. The sender gives a packet to the ring, and the receiver takes it. Packets that are left are freed with the
// ring.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct rte_mbuf;
struct rte_ring;

namespace axfrd::dataplane {

class MbufRing {
 public:
  // The ring has room for size - 1 packets. `name` is unique in the process. @pre size is a power of two, and the EAL
  // is up
  MbufRing(const std::string& name, unsigned size, int socket);
  ~MbufRing();  // @pre the packets' pools are still there
  MbufRing(const MbufRing&) = delete;
  MbufRing& operator=(const MbufRing&) = delete;

  // Takes the first packets of `packets`, as many as there is room for, and returns their number.
  unsigned send(std::span<rte_mbuf*> packets);
  // Fills the first places of `packets` and returns their number.
  unsigned receive(std::span<rte_mbuf*> packets);

 private:
  struct Free {
    void operator()(rte_ring* ring) const;
  };
  const std::unique_ptr<rte_ring, Free> ring_;
};

// The rings from one worker to the kernel path. ARP and neighbour discovery have their own ring, which goes first.
struct PuntRings {
  static constexpr unsigned kUrgent = 512, kBulk = 4096;

  explicit PuntRings(unsigned worker);
  MbufRing urgent;  // PuntClass::neighbour
  MbufRing bulk;    // all other classes
};

}  // namespace axfrd::dataplane
