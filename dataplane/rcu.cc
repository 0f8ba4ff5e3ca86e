#include "dataplane/rcu.h"

#include <rte_rcu_qsbr.h>

#include <new>
#include <stdexcept>

namespace axfrd::dataplane {

void Rcu::Free::operator()(rte_rcu_qsbr* q) const { ::operator delete (q, std::align_val_t{RTE_CACHE_LINE_SIZE}); }

// The memory is plain, not rte_malloc's, because control and tests make an Rcu before the EAL is up, or without it.
Rcu::Rcu(unsigned max_readers)
    : qsbr_(static_cast<rte_rcu_qsbr*>(
          ::operator new (rte_rcu_qsbr_get_memsize(max_readers), std::align_val_t{RTE_CACHE_LINE_SIZE}))),
      taken_(max_readers, false) {
  if (rte_rcu_qsbr_init(qsbr_.get(), max_readers) != 0) throw std::invalid_argument("Rcu: bad number of readers");
}

Rcu::~Rcu() = default;

Rcu::Token Rcu::start() { return rte_rcu_qsbr_start(qsbr_.get()); }

bool Rcu::passed(Token token) const { return rte_rcu_qsbr_check(qsbr_.get(), token, false) == 1; }

unsigned Rcu::take_id() {
  const Lock lock(mutex_);
  for (unsigned id = 0; id < taken_.size(); ++id) {
    if (taken_[id]) continue;
    taken_[id] = true;
    return id;
  }
  throw std::runtime_error("Rcu: more readers than it was made for");
}

void Rcu::release_id(unsigned id) {
  const Lock lock(mutex_);
  taken_[id] = false;
}

Rcu::Reader::Reader(Rcu& rcu) : rcu_(rcu), id_(rcu.take_id()) { rte_rcu_qsbr_thread_register(rcu_.qsbr_.get(), id_); }

Rcu::Reader::~Reader() {
  offline();
  rte_rcu_qsbr_thread_unregister(rcu_.qsbr_.get(), id_);
  rcu_.release_id(id_);
}

void Rcu::Reader::online() { rte_rcu_qsbr_thread_online(rcu_.qsbr_.get(), id_); }

void Rcu::Reader::offline() { rte_rcu_qsbr_thread_offline(rcu_.qsbr_.get(), id_); }

}  // namespace axfrd::dataplane
