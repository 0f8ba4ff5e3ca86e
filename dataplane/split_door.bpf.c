// The XDP program of the split door (split_door.h). It runs in the kernel for every frame that its interface receives.
// It redirects a DNS query that the packet path may answer to the AF_XDP socket of its queue, and passes all other
// frames to the kernel's stack.
//
// The program checks only what that decision needs. packet.cc classifies a redirected frame again, and checks its
// lengths and checksums. Our kernel sockets serve a query that the program passes on, such as one in fragments.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "dataplane/split_door_maps.h"

char kLicense[] SEC("license") = "Apache-2.0";

// The AF_XDP sockets by queue. DPDK's net_af_xdp fills in this map, which it finds by this name.
struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, 128);
  __type(key, __u32);
  __type(value, __u32);
} xsks_map SEC(".maps");

// The set of addresses that we serve. Empty until SplitDoor::open().
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, kMostServedAddresses);
  __type(key, struct ServedAddress);
  __type(value, __u8);
} served SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct SplitCounts);
} counts SEC(".maps");

struct tag {
  __be16 identifier;
  __be16 type;
};

// Each of these functions returns whether the octets from `at` to `end` are what its name says.

static __always_inline int is_query(const void* at, const void* end, const struct ServedAddress* to) {
  const struct udphdr* udp = at;
  if ((const void*)(udp + 1) > end || udp->dest != bpf_htons(53)) return 0;
  return bpf_map_lookup_elem(&served, to) != 0;
}

static __always_inline int is_ipv4_query(const void* at, const void* end) {
  const struct iphdr* ip = at;
  if ((const void*)(ip + 1) > end || ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_UDP) return 0;
  if ((ip->frag_off & bpf_htons(0x3FFF)) != 0) return 0;  // more fragments, or an offset
  const struct ServedAddress to = {{0, 0, bpf_htonl(0xFFFF), ip->daddr}};
  return is_query(ip + 1, end, &to);
}

static __always_inline int is_ipv6_query(const void* at, const void* end) {
  const struct ipv6hdr* ip = at;
  if ((const void*)(ip + 1) > end || ip->version != 6 || ip->nexthdr != IPPROTO_UDP) return 0;
  const __be32* words = ip->daddr.in6_u.u6_addr32;
  const struct ServedAddress to = {{words[0], words[1], words[2], words[3]}};
  return is_query(ip + 1, end, &to);
}

static __always_inline int is_for_us(const void* at, const void* end) {
  const struct ethhdr* ethernet = at;
  const void* next = ethernet + 1;
  if (next > end) return 0;
  __be16 type = ethernet->h_proto;
  if (type == bpf_htons(ETH_P_8021Q)) {
    const struct tag* tag = next;
    next = tag + 1;
    if (next > end) return 0;
    type = tag->type;
  }
  if (type == bpf_htons(ETH_P_IP)) return is_ipv4_query(next, end);
  if (type == bpf_htons(ETH_P_IPV6)) return is_ipv6_query(next, end);
  return 0;
}

SEC("xdp")
int axfrd_split(struct xdp_md* frame) {
  const __u32 first = 0;
  struct SplitCounts* count = bpf_map_lookup_elem(&counts, &first);
  if (!count) return XDP_PASS;  // impossible, but the verifier demands the check
  if (!is_for_us((const void*)(long)frame->data, (const void*)(long)frame->data_end)) {
    count->passed++;
    return XDP_PASS;
  }
  // If the queue has no socket, the kernel's stack gets the query, and our kernel sockets answer it.
  const int action = (int)bpf_redirect_map(&xsks_map, frame->rx_queue_index, XDP_PASS);
  if (action == XDP_REDIRECT) {
    count->redirected++;
  } else {
    count->unattended++;
  }
  return action;
}
