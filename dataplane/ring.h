// MbufRing: the only way a packet goes from one thread to another. One producer, one consumer, no waiting.
//
// Threads. send(): the producer. receive(): the consumer.
// Ownership. A packet belongs to whoever took it last; those still inside are freed with the ring.
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
  // Room for size - 1 packets. `name` is unique in the process. @pre size is a power of two, and the EAL is up
  MbufRing(const std::string& name, unsigned size, int socket);
  ~MbufRing();  // @pre the packets' pools are still there
  MbufRing(const MbufRing&) = delete;
  MbufRing& operator=(const MbufRing&) = delete;

  // Takes the first packets of `packets`, as many as there is room for, and says how many.
  unsigned send(std::span<rte_mbuf*> packets);
  // Fills the first places of `packets`, and says how many.
  unsigned receive(std::span<rte_mbuf*> packets);

 private:
  struct Free {
    void operator()(rte_ring* ring) const;
  };
  const std::unique_ptr<rte_ring, Free> ring_;
};

// The door from one worker to the kernel path. What neighbours need to find us goes ahead of everything else.
struct PuntRings {
  static constexpr unsigned kUrgent = 512, kBulk = 4096;

  explicit PuntRings(unsigned worker);
  MbufRing urgent;  // PuntClass::neighbour
  MbufRing bulk;    // all other classes
};

}  // namespace axfrd::dataplane
