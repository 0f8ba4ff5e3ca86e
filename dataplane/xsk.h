// The AF_XDP sockets of this process, which DPDK's net_af_xdp makes and tells nobody of.
//
// Threads. Any, but descriptors come and go with ports.
#pragma once

#include <cstdint>
#include <vector>

namespace axfrd::dataplane {

// All that are open.
std::vector<int> xsk_descriptors();

// What the kernel counts of one.
struct XskCounts {
  uint64_t missed = 0;        // packets, for want of room or of a buffer
  uint64_t lost_buffers = 0;  // that it threw away, because they lie beyond the memory it was told of
};
XskCounts xsk_counts(int descriptor);

}  // namespace axfrd::dataplane
