#include "dataplane/port.h"

#include <net/if.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <stdexcept>

#include "dataplane/eal.h"
#include "dataplane/xsk.h"

namespace axfrd::dataplane {
namespace {

constexpr uint16_t kRingSize = 1024;  // if a device names no size: the packets of 100 µs at 10 Mpps

constexpr uint64_t kRxChecksums = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
constexpr uint64_t kTxChecksums = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;

rte_eth_dev_info info_of(uint16_t id) {
  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(id, &info); error != 0) {
    throw std::runtime_error("port " + std::to_string(id) + ": " + rte_strerror(-error));
  }
  return info;
}

// The MTU of the kernel's interface under a device, or Ethernet's if there is no interface.
unsigned mtu_beneath(unsigned if_index) {
  ifreq request{};
  if (if_index == 0 || if_indextoname(if_index, request.ifr_name) == nullptr) return RTE_ETHER_MTU;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool known = fd >= 0 && ioctl(fd, SIOCGIFMTU, &request) == 0;
  if (fd >= 0) close(fd);
  return known ? static_cast<unsigned>(request.ifr_mtu) : RTE_ETHER_MTU;
}

// The largest MTU that ethdev accepts. ethdev adds the device's own overhead to an MTU, or Ethernet's if the device
// does not report one.
unsigned largest_mtu(const rte_eth_dev_info& info) {
  const bool says = info.max_mtu != UINT16_MAX && info.max_rx_pktlen > info.max_mtu;
  const uint32_t overhead = says ? info.max_rx_pktlen - info.max_mtu : RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
  return std::min<uint32_t>(info.max_mtu, info.max_rx_pktlen - overhead);
}

uint16_t ring_size(uint16_t preferred) { return preferred != 0 ? preferred : kRingSize; }

}  // namespace

uint16_t find_device(const std::string& device) {
  uint16_t id;
  if (rte_eth_dev_get_port_by_name(device_name(device).c_str(), &id) != 0) {
    throw std::runtime_error("port " + device + ": DPDK made no such device; its messages above may say why. " +
                             (is_pci(device) ? "Is it bound to vfio-pci (dpdk-devbind.py --status)?"
                                             : "Does the interface exist, and are the arguments right?"));
  }
  return id;
}

Port::Port(const std::string& name, uint16_t id, unsigned queues, unsigned elsewhere, const AddressSet& addresses,
           Intake intake)
    : name_(name),
      id_(id),
      intake_(intake),
      queues_(static_cast<uint16_t>(queues)),
      socket_(rte_eth_dev_socket_id(id)) {
  const rte_eth_dev_info info = info_of(id);
  interface_index_ = info.if_index;
  interface_.addresses = &addresses;
  interface_.mtu = std::min(mtu_beneath(info.if_index), largest_mtu(info));
  check_queues(info);
  read_address();
  configure(info);
  const Rings rings = choose_rings(info);
  make_pool(info, rings, elsewhere);
  set_up_queues(info, rings);
  if (const int error = rte_eth_dev_start(id_); error != 0) fail("does not start", error);
  if (intake_ == Intake::everything) accept_multicast();
}

Port::~Port() {
  // af_packet and af_xdp set promiscuous mode on the kernel's interface, which remains after the process.
  rte_eth_promiscuous_disable(id_);
  rte_eth_dev_stop(id_);
  rte_eth_dev_close(id_);
}

void Port::fail(const std::string& what, int error) const {
  throw std::runtime_error("port " + name_ + " " + what + ": " + rte_strerror(-error));
}

void Port::check_queues(const rte_eth_dev_info& info) const {
  const std::string workers = std::to_string(queues_);
  const unsigned most = std::min(info.max_rx_queues, info.max_tx_queues);
  if (most < queues_) {
    throw std::runtime_error("port " + name_ + " offers " + std::to_string(most) + " queues and there are " + workers +
                             " workers: each needs one (af_packet: qpairs=" + workers +
                             ", af_xdp: queue_count=" + workers + "), or use fewer workers");
  }
  // The kernel spreads packets over all queues of the device, including those that no worker serves.
  if (info.if_index != 0 && info.nb_rx_queues > queues_) {
    throw std::runtime_error("port " + name_ + " was made with " + std::to_string(info.nb_rx_queues) +
                             " queues and there are " + workers +
                             " workers: what arrives on the others would be lost (af_packet: qpairs=" + workers + ")");
  }
}

void Port::read_address() {
  rte_ether_addr mac;
  if (const int error = rte_eth_macaddr_get(id_, &mac); error != 0) fail("has no MAC address", error);
  if (rte_is_zero_ether_addr(&mac)) rte_eth_random_addr(mac.addr_bytes);  // net_ring has none
  std::copy(std::begin(mac.addr_bytes), std::end(mac.addr_bytes), interface_.mac.begin());
}

void Port::configure(const rte_eth_dev_info& info) {
  rx_offloads_ = info.rx_offload_capa & kRxChecksums;
  tx_offloads_ = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
  interface_.checksum_offload = (info.tx_offload_capa & kTxChecksums) == kTxChecksums;
  if (interface_.checksum_offload) tx_offloads_ |= kTxChecksums;

  rte_eth_conf conf{};
  conf.rxmode.mtu = interface_.mtu;
  conf.rxmode.offloads = rx_offloads_;
  conf.txmode.offloads = tx_offloads_;
  const uint64_t spread = info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);
  if (queues_ > 1 && spread != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = spread;
  }
  if (const int error = rte_eth_dev_configure(id_, queues_, queues_, &conf); error != 0)
    fail("refuses its configuration", error);
}

Port::Rings Port::choose_rings(const rte_eth_dev_info& info) const {
  Rings rings{ring_size(info.default_rxportconf.ring_size), ring_size(info.default_txportconf.ring_size)};
  if (const int error = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rings.rx, &rings.tx); error != 0)
    fail("refuses every ring size", error);
  return rings;
}

void Port::make_pool(const rte_eth_dev_info& info, Rings rings, unsigned elsewhere) {
  // The device needs twice the rings, because af_xdp holds as many packets again in its fill and completion rings.
  const unsigned in_device = queues_ * 2U * (rings.rx + rings.tx);
  const unsigned cached = 2 * PacketPool::kCache * (queues_ + 1U);
  const unsigned packets = in_device + cached + elsewhere;
  const unsigned largest_frame = interface_.mtu + kEthernetSize + kTagSize + RTE_ETHER_CRC_LEN;
  const unsigned data = std::max<unsigned>(RTE_MBUF_DEFAULT_DATAROOM, RTE_ALIGN(largest_frame, 64U));
  const bool af_xdp = std::strcmp(info.driver_name, "net_af_xdp") == 0;
  try {
    pool_.emplace("axfrd_port" + std::to_string(id_), packets, data, socket_,
                  af_xdp ? PacketPool::Layout::one_piece : PacketPool::Layout::by_page);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("port " + name_ + ": " + error.what());
  }
}

void Port::set_up_queues(const rte_eth_dev_info& info, Rings rings) {
  const auto socket = static_cast<unsigned>(socket_);
  rte_eth_rxconf rx = info.default_rxconf;
  rte_eth_txconf tx = info.default_txconf;
  rx.offloads = rx_offloads_;
  tx.offloads = tx_offloads_;
  for (uint16_t queue = 0; queue < queues_; ++queue) {
    const std::vector<int> before = dataplane::xsk_descriptors();
    int error = rte_eth_rx_queue_setup(id_, queue, rings.rx, socket, &rx, &pool());
    if (error == 0) note_xsk(before);
    if (error == 0) error = rte_eth_tx_queue_setup(id_, queue, rings.tx, socket, &tx);
    const char* hint =
        error == -ENOMEM ? " (af_packet: framesz may be 2048 at most)" : " (DPDK's messages above say more)";
    if (error != 0) fail("cannot set up queue " + std::to_string(queue) + hint, error);
  }
}

// Records the AF_XDP socket that is new since `before`, if there is one.
void Port::note_xsk(const std::vector<int>& before) {
  const std::vector<int> now = dataplane::xsk_descriptors();
  std::set_difference(now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(xsks_));
}

std::string Port::interface_name() const {
  std::array<char, IF_NAMESIZE> name;
  return interface_index_ != 0 && if_indextoname(interface_index_, name.data()) != nullptr ? name.data() : "";
}

// Neighbour solicitations go to multicast addresses that only the kernel's side of the tap has joined.
void Port::accept_multicast() const {
  if (rte_eth_allmulticast_enable(id_) != 0) rte_eth_promiscuous_enable(id_);
}

unsigned Port::receive(unsigned queue, std::span<rte_mbuf*> packets) const {
  return rte_eth_rx_burst(id_, static_cast<uint16_t>(queue), packets.data(), static_cast<uint16_t>(packets.size()));
}

unsigned Port::send(unsigned queue, std::span<rte_mbuf*> packets) const {
  auto n = static_cast<uint16_t>(packets.size());
  if (interface_.checksum_offload) n = rte_eth_tx_prepare(id_, static_cast<uint16_t>(queue), packets.data(), n);
  return rte_eth_tx_burst(id_, static_cast<uint16_t>(queue), packets.data(), n);
}

PortStats Port::stats() const {
  PortStats stats;
  stats.device = name_;
  stats.driver = info_of(id_).driver_name;
  std::array<char, 18> mac;
  const MacAddress& m = interface_.mac;
  std::snprintf(mac.data(), mac.size(), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
  stats.mac = mac.data();
  for (const int xsk : xsks_) stats.lost_buffers += xsk_counts(xsk).lost_buffers;
  const Lock lock(stats_mutex_);
  rte_eth_stats counts{};
  if (rte_eth_stats_get(id_, &counts) != 0) return stats;
  stats.rx_packets = counts.ipackets;
  stats.tx_packets = counts.opackets;
  stats.rx_missed = xsks_.empty() ? counts.imissed : 0;
  for (const int xsk : xsks_) stats.rx_missed += xsk_counts(xsk).missed;
  stats.rx_no_buffer = counts.rx_nombuf;
  stats.errors = counts.ierrors + counts.oerrors;
  return stats;
}

bool Port::link_up() const {
  const Lock lock(stats_mutex_);
  rte_eth_link link{};
  return rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

std::string Port::describe() const {
  const PortStats now = stats();
  return "port " + name_ + ": " + now.driver + ", " + now.mac + ", MTU " + std::to_string(interface_.mtu) + ", " +
         std::to_string(queues_) + (queues_ == 1 ? " queue" : " queues") + ", checksums of responses by " +
         (interface_.checksum_offload ? "the device" : "software") + ", " + std::to_string(buffers()) + " buffers";
}

unsigned Port::buffers() const { return pool_->buffers(); }

unsigned Port::buffers_in_use() const { return pool_->in_use(); }

}  // namespace axfrd::dataplane
