#include "dataplane/packet_pool.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_memory.h>
#include <rte_mempool.h>

#include <stdexcept>
#include <vector>

namespace axfrd::dataplane {
namespace {

// The octets from the beginning of one buffer to that of the next, without gaps.
size_t stride_of(const rte_mempool& pool) { return pool.header_size + pool.elt_size + pool.trailer_size; }

// The page size of the memory at `address`; 0 if it is not DPDK's.
size_t page_size_at(const void* address) {
  const rte_memseg_list* list = rte_mem_virt2memseg_list(address);
  return list != nullptr ? list->page_sz : 0;
}

struct Range {
  uintptr_t begin, end;
  bool all_inside = true;
};

void look_whether_inside(rte_mempool* pool, void* range, void* object, unsigned /*number*/) {
  auto& in = *static_cast<Range*>(range);
  const auto begin = reinterpret_cast<uintptr_t>(object) - pool->header_size;
  in.all_inside = in.all_inside && begin >= in.begin && begin + stride_of(*pool) <= in.end;
}

rte_mempool* make(const std::string& name, unsigned packets, unsigned octets, int socket, PacketPool::Layout layout) {
  const unsigned room = octets + RTE_PKTMBUF_HEADROOM;
  // A buffer that need not be contiguous for DMA may cross pages, so the pool leaves no gaps.
  const unsigned flags = layout == PacketPool::Layout::one_piece ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
  rte_mempool* pool = rte_mempool_create_empty(name.c_str(), packets, sizeof(rte_mbuf) + room, PacketPool::kCache,
                                               sizeof(rte_pktmbuf_pool_private), socket, flags);
  if (pool == nullptr) return nullptr;
  rte_pktmbuf_pool_private about{};
  about.mbuf_data_room_size = static_cast<uint16_t>(room);
  int error = rte_mempool_set_ops_byname(pool, "ring_mt_rts", nullptr);
  if (error == 0) {
    rte_pktmbuf_pool_init(pool, &about);
    error = rte_mempool_populate_default(pool);
  }
  if (error < 0) {
    rte_mempool_free(pool);
    rte_errno = -error;
    return nullptr;
  }
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
  return pool;
}

}  // namespace

PacketPool::PacketPool(const std::string& name, unsigned packets, unsigned octets, int socket, Layout layout)
    : pool_(make(name, packets, octets, socket, layout)) {
  if (!pool_) {
    throw std::runtime_error("no memory for " + std::to_string(packets) + " packet buffers of " +
                             std::to_string(octets) + " octets: " + rte_strerror(rte_errno) +
                             "; give DPDK more memory (--memory)");
  }
  if (layout == Layout::by_page) return;
  check_one_piece();
  if (rte_eal_has_hugepages() != 0) set_aside_what_crosses_pages();
}

void PacketPool::Free::operator()(rte_mempool* pool) const { rte_mempool_free(pool); }

// net_af_xdp assumes that all buffers lie in one range that begins where the pool's memory does.
void PacketPool::check_one_piece() const {
  const auto begin = reinterpret_cast<uintptr_t>(STAILQ_FIRST(&pool_->mem_list)->addr);
  Range range{begin, begin + pool_->populated_size * stride_of(*pool_)};
  rte_mempool_obj_iter(pool_.get(), look_whether_inside, &range);
  if (range.all_inside) return;
  throw std::runtime_error("the memory for " + std::to_string(pool_->populated_size) + " packet buffers is in " +
                           std::to_string(pool_->nb_mem_chunks) +
                           " pieces, and AF_XDP wants one; give DPDK more memory (--memory), or larger huge pages");
}

void PacketPool::set_aside_what_crosses_pages() {
  std::vector<void*> all(pool_->populated_size), keep;
  if (rte_mempool_get_bulk(pool_.get(), all.data(), pool_->populated_size) != 0)
    return;  // cannot fail: no other thread has the pool yet
  for (void* object : all) {
    const auto begin = reinterpret_cast<uintptr_t>(object) - pool_->header_size;
    const size_t page = page_size_at(object);
    if (page == 0 || begin / page == (begin + stride_of(*pool_) - 1) / page) keep.push_back(object);
  }
  set_aside_ = static_cast<unsigned>(all.size() - keep.size());
  rte_mempool_put_bulk(pool_.get(), keep.data(), static_cast<unsigned>(keep.size()));
}

unsigned PacketPool::buffers() const { return pool_->populated_size - set_aside_; }

unsigned PacketPool::in_use() const { return rte_mempool_in_use_count(pool_.get()) - set_aside_; }

}  // namespace axfrd::dataplane
