// Finds the AF_XDP sockets of this process. DPDK's net_af_xdp makes them and has no function that returns them.
//
// Threads. Any. Descriptors come and go with ports.
#pragma once

#include <cstdint>
#include <vector>

namespace axfrd::dataplane {

// All open AF_XDP sockets, in ascending order.
std::vector<int> xsk_descriptors();

// The kernel's counts for one socket.
struct XskCounts {
  uint64_t missed = 0;        // packets for which there was no room or no buffer
  uint64_t lost_buffers = 0;  // discarded, because they lie outside of the registered memory
};
XskCounts xsk_counts(int descriptor);

}  // namespace axfrd::dataplane
