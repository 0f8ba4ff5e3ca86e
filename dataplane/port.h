// Port: one DPDK Ethernet device, configured and started.
//
// There are as many receive and transmit queues as workers. Queue i belongs to worker i alone, from construction to
// destruction.
//
// Offloads are those that axfrd wants and the device offers; the rest is done in software:
//   - the device computes checksums of responses if it offers both IPv4 and UDP, otherwise turn_round() does;
//   - checksums of requests are checked in software unless the device has marked the packet as checked;
//   - VLAN tags stay in the frame. Stripping would save nothing, because the tag would have to accompany the frame
//     everywhere, and be put back.
//
// Ownership. The port owns its packet pool. All frames that it sends come from that pool, so that the device may free
// sent buffers without checks (FAST_FREE).
//
// Threads. Built by one thread, then immutable except for the queues. Any thread may call stats() and link_up().
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/counters.h"
#include "dataplane/mutex.h"
#include "dataplane/packet.h"
#include "dataplane/packet_pool.h"

struct rte_eth_dev_info;
struct rte_mbuf;
struct rte_mempool;

namespace axfrd::dataplane {

// The number of the device that the EAL made of `device`, which is a port option or SplitDoor::device(). Throws
// std::runtime_error with a sentence for the operator.
uint16_t find_device(const std::string& device);

// Which of the arriving frames a device passes to us.
enum class Intake : uint8_t {
  everything,  // frames for the kernel have to be carried to it
  queries,     // the kernel has the driver and gets all other frames (split_door.h)
};

class Port {
 public:
  // `name`: the operator's name. `id`: the device's number. `elsewhere`: packets of the port that rings may hold at
  // once. Throws std::runtime_error with a sentence for the operator.
  Port(const std::string& name, uint16_t id, unsigned queues, unsigned elsewhere, const AddressSet& addresses,
       Intake intake = Intake::everything);
  ~Port();  // @pre no thread uses its queues, and no ring holds its packets
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  const std::string& name() const { return name_; }
  uint16_t id() const { return id_; }
  // The kernel's interface under the device. 0 and empty: there is none.
  unsigned interface_index() const { return interface_index_; }
  std::string interface_name() const;
  // The AF_XDP sockets of the port's queues, which the driver does not report. Empty for all other ports.
  std::span<const int> xsk_descriptors() const { return xsks_; }

  int socket() const { return socket_; }
  Intake intake() const { return intake_; }
  const Interface& interface() const { return interface_; }
  rte_mempool& pool() const { return pool_->mempool(); }

  // ---- the worker that owns `queue` ----
  unsigned receive(unsigned queue, std::span<rte_mbuf*> packets) const;
  // Sends the first packets, as many as the queue takes, and returns their number. Some drivers wait for the kernel
  // here, so no read section may be open.
  unsigned send(unsigned queue, std::span<rte_mbuf*> packets) const;

  PortStats stats() const;  // leaves `tap`, `split` and `health` at their defaults
  bool link_up() const;     // as the driver reports
  // The configuration in effect, for an operator.
  std::string describe() const;
  unsigned buffers() const;
  unsigned buffers_in_use() const;

 private:
  struct Rings {
    uint16_t rx = 0, tx = 0;
  };

  [[noreturn]] void fail(const std::string& what, int error) const;
  void check_queues(const rte_eth_dev_info& info) const;
  void read_address();
  void configure(const rte_eth_dev_info& info);
  Rings choose_rings(const rte_eth_dev_info& info) const;
  void make_pool(const rte_eth_dev_info& info, Rings rings, unsigned elsewhere);
  void set_up_queues(const rte_eth_dev_info& info, Rings rings);
  void note_xsk(const std::vector<int>& before);
  void accept_multicast() const;

  const std::string name_;
  const uint16_t id_;
  const Intake intake_;
  const uint16_t queues_;
  const int socket_;
  unsigned interface_index_ = 0;
  Interface interface_;
  uint64_t rx_offloads_ = 0, tx_offloads_ = 0;
  std::optional<PacketPool> pool_;
  std::vector<int> xsks_;      // by queue; owned by the driver
  mutable Mutex stats_mutex_;  // drivers allow one such call at a time
};

}  // namespace axfrd::dataplane
