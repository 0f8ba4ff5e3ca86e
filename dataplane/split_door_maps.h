// The maps that the XDP program of the split door shares with axfrd. Both compile this file, the program as C.
#pragma once

#include <linux/types.h>

enum { kMostServedAddresses = 256 };

// Octets in network order; IPv4 as ::ffff:a.b.c.d.
struct ServedAddress {
  __u32 words[4];
};

struct SplitCounts {
  __u64 redirected;  // queries that went to the packet path
  __u64 passed;      // other frames, which went to the kernel's stack
  __u64 unattended;  // queries on a queue without a worker; our kernel sockets answer them
};
