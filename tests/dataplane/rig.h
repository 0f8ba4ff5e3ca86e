// A port whose wire is two rings in the test's hands (net_ring), on an EAL without huge pages.
#pragma once

#include <gtest/gtest.h>
#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "dataplane/eal.h"
#include "dataplane/port.h"
#include "dataplane/ring.h"
#include "frames.h"

namespace axfrd::dataplane::test {

// The EAL lives as long as the test program.
class EalEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    EalOptions options;
    options.huge_pages = false;
    options.memory_mib = 192;
    options.control_cpus = allowed_cpus();
    options.extra = {"--no-telemetry"};
    eal_.emplace(options, [](std::string_view) {});
  }
  void TearDown() override { eal_.reset(); }

 private:
  std::optional<Eal> eal_;
};

inline const AddressSet& served() {
  static const std::array addresses = {Address::parse(kOurs4), Address::parse(kOurs6)};
  static const AddressSet set(addresses);
  return set;
}

// Octets in a buffer of `pool`, the caller's.
inline rte_mbuf* packet_of(rte_mempool& pool, const Octets& octets) {
  rte_mbuf* packet = rte_pktmbuf_alloc(&pool);
  if (packet == nullptr) throw std::runtime_error("the pool is empty");
  std::copy(octets.begin(), octets.end(), rte_pktmbuf_append(packet, static_cast<uint16_t>(octets.size())));
  return packet;
}
inline Octets take_octets(rte_mbuf* packet) {
  Octets octets(rte_pktmbuf_mtod(packet, const char*), packet->data_len);
  rte_pktmbuf_free(packet);
  return octets;
}

class Wire {
 public:
  explicit Wire(const std::string& name, Intake intake = Intake::everything)
      : incoming_(name + "_in", 8192, SOCKET_ID_ANY),
        outgoing_(name + "_out", 64, SOCKET_ID_ANY),
        port_("net_ring " + name, make_device(name), 1, 8192, served(), intake) {}

  Port& port() { return port_; }
  Octets mac() const { return {port_.interface().mac.begin(), port_.interface().mac.end()}; }

  void arrive(rte_mbuf* packet) { ASSERT_EQ(incoming_.send({&packet, 1}), 1U); }
  void arrive(const Octets& frame) { arrive(packet_of(port_.pool(), frame)); }
  // What was sent since the last call.
  std::vector<Octets> sent() {
    std::vector<Octets> frames;
    rte_mbuf* packet;
    while (outgoing_.receive({&packet, 1}) == 1) frames.push_back(take_octets(packet));
    return frames;
  }

 private:
  static uint16_t make_device(const std::string& name) {
    rte_ring* rings[] = {rte_ring_lookup((name + "_in").c_str()), rte_ring_lookup((name + "_out").c_str())};
    const int id = rte_eth_from_rings(name.c_str(), &rings[0], 1, &rings[1], 1, 0);
    if (id < 0) throw std::runtime_error("no net_ring device");
    return static_cast<uint16_t>(id);
  }

  MbufRing incoming_, outgoing_;
  Port port_;
};

}  // namespace axfrd::dataplane::test
