// PacketPool: the buffers of one port, for all its packets.
//
// Two layouts. For a device that does DMA no buffer may cross a page, and gaps before pages are allowed. net_af_xdp
// gives the kernel one range of memory for its sockets: from the first buffer on, as many octets as all buffers have
// together. It takes no account of gaps. With gaps, the last buffers lie beyond that range (with pages of 4 KiB nearly
// half of all); the kernel throws away each one that it is offered, and when it has none left, the port receives
// nothing for ever. So these buffers stand without gaps, in one piece. The kernel also throws away those that cross a
// page, if the interface's driver reads and writes them itself (zero copy). They are set aside, and never used.
//
// Threads. As rte_mempool: threads share it. A thread may lose its CPU at any time. So its ring works in RTS mode, in
// which a thread that is preempted in the middle of an operation does not block the others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct rte_mempool;

namespace axfrd::dataplane {

class PacketPool {
 public:
  static constexpr unsigned kCache = 256;  // packets that a thread keeps to itself between visits to the pool

  enum class Layout : uint8_t { by_page, one_piece };

  // `octets`: of a packet, at most; `socket`: of the memory, as DPDK numbers NUMA nodes. Throws std::runtime_error with
  // a sentence for the operator. @pre the EAL is up
  PacketPool(const std::string& name, unsigned packets, unsigned octets, int socket, Layout layout);

  rte_mempool& mempool() const { return *pool_; }
  unsigned buffers() const;
  unsigned in_use() const;

 private:
  struct Free {
    void operator()(rte_mempool* pool) const;
  };

  void check_one_piece() const;
  void set_aside_what_crosses_pages();

  const std::unique_ptr<rte_mempool, Free> pool_;
  unsigned set_aside_ = 0;
};

}  // namespace axfrd::dataplane
