// A port without a wire, for benches of the packet path alone: frames are put into one ring (net_ring), and taken from
// another.
#pragma once

#include <rte_eth_ring.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <array>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "bench/world.h"
#include "dataplane/checksum.h"
#include "dataplane/eal.h"
#include "dataplane/port.h"
#include "dataplane/ring.h"
#include "dataplane/worker.h"

namespace axfrd::bench {

using namespace dataplane;  // NOLINT(google-build-using-namespace)

// An EAL without huge pages.
inline std::unique_ptr<Eal> eal_in_memory() {
  EalOptions options;
  options.huge_pages = false;
  options.control_cpus = {allowed_cpus().back()};
  options.extra = {"--no-telemetry"};
  return std::make_unique<Eal>(options, [](std::string_view) {});
}

constexpr unsigned kRing = 1024;

inline AddressSet our_addresses() {
  const std::array addresses{Address::parse("192.0.2.53")};
  return AddressSet(addresses);
}

inline uint16_t device_between(const char* in, const char* out) {
  rte_ring* rings[] = {rte_ring_lookup(in), rte_ring_lookup(out)};
  const int id = rte_eth_from_rings("turn", &rings[0], 1, &rings[1], 1, 0);
  if (id < 0) throw std::runtime_error("no net_ring device");
  return static_cast<uint16_t>(id);
}

// A port whose wire is two rings. One in a process.
struct Wire {
  AddressSet addresses = our_addresses();
  MbufRing in{"turn_in", kRing, -1}, out{"turn_out", kRing, -1};
  Port port{"net_ring turn", device_between("turn_in", "turn_out"), 1, 2 * kRing, addresses};

  void arrive(const std::string& frame) {
    rte_mbuf* packet = rte_pktmbuf_alloc(&port.pool());
    if (packet == nullptr) throw std::runtime_error("the pool is empty");
    std::memcpy(rte_pktmbuf_append(packet, static_cast<uint16_t>(frame.size())), frame.data(), frame.size());
    if (in.send({&packet, 1}) != 1) throw std::runtime_error("the ring is full");
  }
  // The octets of all that was sent.
  size_t take_away() {
    std::array<rte_mbuf*, kBurst> packets;
    const unsigned n = out.receive(packets);
    if (n != kBurst) throw std::runtime_error("not all packets came back");
    size_t octets = 0;
    for (const rte_mbuf* packet : packets) octets += packet->data_len;
    rte_pktmbuf_free_bulk(packets.data(), n);
    return octets;
  }
};

// ---- frames ----

inline std::string octets16(unsigned n) { return {static_cast<char>(n >> 8), static_cast<char>(n)}; }

inline std::string query_message(const std::string& name, uint16_t type, bool dnssec_ok) {
  const std::string opt = std::string("\0\0\x29\x04\xD0\0\0", 7) + octets16(dnssec_ok ? 0x8000 : 0) + octets16(0);
  return std::string("\x12\x34\0\0\0\1\0\0\0\0\0\1", 12) + wire_of(name) + octets16(type) + octets16(1) + opt;
}

inline const uint8_t* octets_of(const std::string& s) { return reinterpret_cast<const uint8_t*>(s.data()); }

inline void put_checksum(std::string& header, size_t at, uint64_t sum) {
  const auto checksum = static_cast<uint16_t>(~fold_sum(sum));
  std::memcpy(&header[at], &checksum, 2);
}

// An IPv4 frame from a client of 192.0.2.0/24.
inline std::string frame_of(const MacAddress& to, const std::string& dns, unsigned client) {
  const unsigned udp_size = kUdpSize + static_cast<unsigned>(dns.size());
  const std::string addresses =
      std::string("\xC0\0\2", 3) + static_cast<char>(100 + client % 100) + std::string("\xC0\0\2\x35", 4);
  std::string ip =
      std::string("\x45\0", 2) + octets16(kIpv4Size + udp_size) + std::string("\0\1\0\0\x40\x11\0\0", 8) + addresses;
  put_checksum(ip, 10, add_octets(0, octets_of(ip), ip.size()));
  std::string udp = octets16(1024 + client % 60'000) + octets16(53) + octets16(udp_size) + octets16(0) + dns;
  const uint64_t pseudo = add_number(add_number(add_octets(0, octets_of(addresses), addresses.size()), udp_size), 17);
  put_checksum(udp, 6, add_octets(pseudo, octets_of(udp), udp.size()));
  return std::string(to.begin(), to.end()) + std::string("\2\0\0\0\1\1\x08\0", 8) + ip + udp;
}

}  // namespace axfrd::bench
