#include "dataplane/ring.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <array>
#include <stdexcept>

namespace axfrd::dataplane {

MbufRing::MbufRing(const std::string& name, unsigned size, int socket)
    : ring_(rte_ring_create(name.c_str(), size, socket, RING_F_SP_ENQ | RING_F_SC_DEQ)) {
  if (!ring_) throw std::runtime_error("cannot make the ring " + name + ": " + rte_strerror(rte_errno));
}

MbufRing::~MbufRing() {
  std::array<rte_mbuf*, 32> packets;
  while (const unsigned n = receive(packets)) rte_pktmbuf_free_bulk(packets.data(), n);
}

void MbufRing::Free::operator()(rte_ring* ring) const { rte_ring_free(ring); }

unsigned MbufRing::send(std::span<rte_mbuf*> packets) {
  return rte_ring_sp_enqueue_burst(ring_.get(), reinterpret_cast<void* const*>(packets.data()),
                                   static_cast<unsigned>(packets.size()), nullptr);
}

unsigned MbufRing::receive(std::span<rte_mbuf*> packets) {
  return rte_ring_sc_dequeue_burst(ring_.get(), reinterpret_cast<void**>(packets.data()),
                                   static_cast<unsigned>(packets.size()), nullptr);
}

PuntRings::PuntRings(unsigned worker)
    : urgent("axfrd_urgent" + std::to_string(worker), kUrgent, SOCKET_ID_ANY),
      bulk("axfrd_bulk" + std::to_string(worker), kBulk, SOCKET_ID_ANY) {}

}  // namespace axfrd::dataplane
