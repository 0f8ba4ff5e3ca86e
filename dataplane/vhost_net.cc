#include "dataplane/vhost_net.h"

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

#include "dataplane/port.h"

namespace axfrd::dataplane {
namespace {

constexpr const char* kVhostDevice = "/dev/vhost-net";
constexpr uint16_t kVhostRing = VhostNet::kPackets / 2;

}  // namespace

VhostNet::VhostNet(const std::string& name, const Port& port, std::span<const Address> addresses)
    : KernelInterface(name) {
  if (access(kVhostDevice, R_OK | W_OK) != 0)
    fail(std::string("cannot open ") + kVhostDevice + " (modprobe vhost_net, or do without --vhost-net)", errno);
  const std::string arguments =
      std::string("path=") + kVhostDevice + ",iface=" + name + ",queue_size=" + std::to_string(kVhostRing);
  if (const int error = rte_eal_hotplug_add("vdev", device().c_str(), arguments.c_str()); error != 0)
    fail("DPDK makes no virtio_user device; its messages above may say why", -error);
  try {
    start(port);
    set_up(port, addresses);
  } catch (const std::runtime_error&) {
    remove();
    throw;
  }
}

VhostNet::~VhostNet() {
  rte_eth_dev_stop(id_);
  remove();
}

std::string VhostNet::device() const { return "net_virtio_user_" + name(); }

void VhostNet::remove() const { rte_eal_hotplug_remove("vdev", device().c_str()); }

// The start of the device creates the kernel's interface.
void VhostNet::start(const Port& port) {
  const auto check = [this](int error) {
    if (error != 0) fail("cannot be set up (does an interface of that name exist? DPDK's messages say more)", -error);
  };
  check(rte_eth_dev_get_port_by_name(device().c_str(), &id_));
  rte_eth_dev_info info{};
  check(rte_eth_dev_info_get(id_, &info));
  rte_eth_conf conf{};
  conf.rxmode.mtu = port.interface().mtu;
  conf.txmode.offloads = info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  check(rte_eth_dev_configure(id_, 1, 1, &conf));
  rte_eth_txconf tx = info.default_txconf;
  tx.offloads = conf.txmode.offloads;
  const auto socket = static_cast<unsigned>(port.socket());
  check(rte_eth_rx_queue_setup(id_, 0, kVhostRing, socket, &info.default_rxconf, &port.pool()));
  check(rte_eth_tx_queue_setup(id_, 0, kVhostRing, socket, &tx));
  check(rte_eth_dev_start(id_));
}

unsigned VhostNet::read(std::span<rte_mbuf*> frames) {
  return rte_eth_rx_burst(id_, 0, frames.data(), static_cast<uint16_t>(frames.size()));
}

bool VhostNet::write(rte_mbuf* frame) { return rte_eth_tx_burst(id_, 0, &frame, 1) == 1; }

uint64_t VhostNet::no_buffer() const {
  rte_eth_stats counts{};
  return rte_eth_stats_get(id_, &counts) == 0 ? counts.rx_nombuf : 0;
}

}  // namespace axfrd::dataplane
