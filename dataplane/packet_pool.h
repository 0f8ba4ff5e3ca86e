// PacketPool: the buffers of one port, for all its packets.
//
// Two layouts. For a device that does DMA no buffer may cross a page, and gaps before pages are allowed. net_af_xdp
// gives the kernel one range of memory for its sockets. The range begins at the first buffer and has the size of all
// buffers together, so gaps are not included. With gaps, the last buffers lie beyond the range (with pages of 4 KiB
// nearly half of all). The kernel discards each such buffer that it is offered. When it has no buffers left, the port
// receives nothing for ever. So these buffers lie in one piece, without gaps. If the interface's driver uses zero copy,
// the kernel also discards buffers that cross a page. Those buffers are set aside and never used.
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
  static constexpr unsigned kCache = 256;  // buffers that a thread may keep in its own cache of the pool

  enum class Layout : uint8_t { by_page, one_piece };

  // `octets`: the largest size of a packet. `socket`: the NUMA node of the memory. Throws std::runtime_error with a
  // sentence for the operator. @pre the EAL is up
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
