#include "dataplane/polls.h"

#include <rte_errno.h>
#include <rte_ring.h>

#include <stdexcept>
#include <string>

namespace axfrd::dataplane {

PollRing::PollRing(unsigned worker)
    : ring_(rte_ring_create_elem(("axfrd_polls" + std::to_string(worker)).c_str(), sizeof(Poll), kSize, SOCKET_ID_ANY,
                                 RING_F_SP_ENQ | RING_F_SC_DEQ)) {
  if (!ring_) throw std::runtime_error(std::string("cannot make a ring for polls: ") + rte_strerror(rte_errno));
}

void PollRing::Free::operator()(rte_ring* ring) const { rte_ring_free(ring); }

void PollRing::put(const Poll& poll) { rte_ring_sp_enqueue_burst_elem(ring_.get(), &poll, sizeof poll, 1, nullptr); }

unsigned PollRing::take(std::span<Poll> polls) {
  return rte_ring_sc_dequeue_burst_elem(ring_.get(), polls.data(), sizeof(Poll), static_cast<unsigned>(polls.size()),
                                        nullptr);
}

}  // namespace axfrd::dataplane
