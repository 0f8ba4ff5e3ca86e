// What does a packet cost without a kernel? Cycles of a worker's whole turn over a port made of memory (net_ring),
// beside a bare echo on the same port: receive, swap addresses and ports, write checksums, send.
//
//   bench_turn [ZONES]    zones at most, 1 000 000 unless told
//
// Packets are queries put into fresh buffers just before a turn, as a NIC would; that is not counted. A turn has 32,
// and what is counted ends when they are in the port's transmit ring. Questions are drawn evenly from all names.
// Medians, so that a turn in which the machine was away does not count; the cycles are those of the time-stamp counter.
//
// A second table says where a turn spends them: the worker's own steps, called here one after the other, each over the
// whole burst. Their sum has to come near the turn.

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/memory_port.h"
#include "bench/world.h"
#include "dataplane/worker.h"

namespace axfrd::bench {
namespace {

using namespace dataplane;
using zones::rrtype::A;

constexpr unsigned kQuestions = 1 << 18, kTurns = kQuestions / kBurst, kWarmUp = kTurns / 8;
constexpr unsigned kHosts = 100'000, kCuts = 10'000, kSignedHosts = 20'000, kNamesOfZone = 12;

// ---- measuring ----

double median(std::vector<uint64_t>& turns) {
  const auto middle = turns.begin() + static_cast<std::ptrdiff_t>(turns.size() / 2);
  std::nth_element(turns.begin(), middle, turns.end());
  return static_cast<double>(*middle) / kBurst;
}

struct Figure {
  double cycles;  // a packet
  double octets;  // a frame that was sent
};

// The median over all turns of the questions.
template <class Turn>
Figure measure(Wire& wire, const std::vector<std::string>& frames, Turn&& turn) {
  std::vector<uint64_t> cycles;
  size_t octets = 0;
  for (unsigned t = 0; t < kWarmUp + kTurns; ++t) {
    for (unsigned i = 0; i < kBurst; ++i) wire.arrive(frames[(t * kBurst + i) % kQuestions]);
    const uint64_t begin = rte_rdtsc_precise();
    turn();
    const uint64_t end = rte_rdtsc_precise();
    if (t >= kWarmUp) cycles.push_back(end - begin);
    octets += wire.take_away();
  }
  return {median(cycles), static_cast<double>(octets) / ((kWarmUp + kTurns) * kBurst)};
}

// Receives, turns round, sends. The frames are IPv4 without a tag, and nothing is checked.
void echo(const Wire& wire) {
  std::array<rte_mbuf*, kBurst> packets;
  const unsigned n = wire.port.receive(0, packets);
  for (unsigned i = 0; i < n; ++i) rte_prefetch0(rte_pktmbuf_mtod(packets[i], void*));
  for (unsigned i = 0; i < n; ++i) {
    rte_mbuf& packet = *packets[i];
    Datagram datagram{kEthernetSize, kIpv4Size, 0};
    datagram.dns_size = static_cast<uint16_t>(packet.data_len - datagram.dns_at());
    packet.data_len = static_cast<uint16_t>(
        turn_round(rte_pktmbuf_mtod(&packet, uint8_t*), datagram, datagram.dns_size, wire.port.interface()));
  }
  wire.port.send(0, {packets.data(), n});
}

// A worker's steps, each timed.
class Steps {
 public:
  static constexpr std::array<const char*, 6> kNames{"receive and classify", "parse", "look up", "write",
                                                     "turn round",           "send"};
  Steps(const Wire& wire, const zones::Responder& responder) : wire_(wire), responder_(responder) {}

  void turn() {
    const Interface& interface = wire_.port.interface();
    time_ = rte_rdtsc_precise();
    const unsigned n = wire_.port.receive(0, packets_);
    for (unsigned i = 0; i < n; ++i) rte_prefetch0(frame(i));
    for (unsigned i = 0; i < n; ++i) {
      if (classify({frame(i), packets_[i]->data_len}, {}, interface, datagrams_[i]) != Verdict::answered)
        throw std::runtime_error("not a query");
    }
    lap(0);
    for (unsigned i = 0; i < n; ++i) parse(i, interface);
    lap(1);
    responder_.prepare([this](auto&& step) {
      for (zones::Query& query : queries_) step(query);
    });
    lap(2);
    for (unsigned i = 0; i < n; ++i) sizes_[i] = responder_.write(queries_[i]);
    lap(3);
    for (unsigned i = 0; i < n; ++i) {
      packets_[i]->data_len = static_cast<uint16_t>(turn_round(frame(i), datagrams_[i], sizes_[i], interface));
    }
    lap(4);
    wire_.port.send(0, packets_);
    lap(5);
  }

  // Median cycles a packet of each step.
  std::array<double, kNames.size()> cycles() {
    std::array<double, kNames.size()> medians;
    for (size_t i = 0; i < medians.size(); ++i) medians[i] = median(laps_[i]);
    return medians;
  }

 private:
  uint8_t* frame(unsigned i) const { return rte_pktmbuf_mtod(packets_[i], uint8_t*); }
  void parse(unsigned i, const Interface& interface) {
    zones::Query& query = queries_[i];
    query.message = frame(i) + datagrams_[i].dns_at();
    query.size = datagrams_[i].dns_size;
    query.capacity = dns_capacity(datagrams_[i], packets_[i]->buf_len - packets_[i]->data_off, interface);
    query.client = sender_octets(frame(i), datagrams_[i]);
    query.parse();
  }
  void lap(size_t step) {
    const uint64_t now = rte_rdtsc_precise();
    laps_[step].push_back(now - time_);
    time_ = rte_rdtsc_precise();
  }

  const Wire& wire_;
  const zones::Responder& responder_;
  std::array<rte_mbuf*, kBurst> packets_;
  std::array<Datagram, kBurst> datagrams_;
  std::array<zones::Query, kBurst> queries_;
  std::array<unsigned, kBurst> sizes_;
  uint64_t time_ = 0;
  std::array<std::vector<uint64_t>, kNames.size()> laps_;
};

// ---- worlds ----

// Names as a customer has them, twelve, each with an address.
zones::VersionRef zone_of_twelve(unsigned i) {
  const std::string apex = small_apex(i);
  zones::RecordSet records(name_of(apex));
  add_apex(records, apex);
  const std::string address("\xC0\0\2\1", 4);
  records.add({name_of(apex), A, 300, bytes_of(address)});
  for (unsigned h = 1; h < kNamesOfZone; ++h) records.add({name_of(host_of(h, apex)), A, 300, bytes_of(address)});
  records.finish();
  return zones::ZoneVersion::build(records);
}

std::string name_of_many(unsigned i) {
  const std::string apex = small_apex(i / kNamesOfZone);
  return i % kNamesOfZone == 0 ? apex : host_of(i % kNamesOfZone, apex);
}

void add_zones(zones::ZoneTable& table, unsigned count) {
  std::vector<zones::VersionRef> versions;
  for (unsigned i = 0; i < count; ++i) versions.push_back(zone_of_twelve(i));
  (void)table.publish_new(std::move(versions));
}

struct Case {
  std::string name;
  const zones::ZoneTable& table;
  std::function<std::string(uint64_t)> qname;  // of a random number
  bool dnssec_ok = false;
};

class Bench {
 public:
  void run(const Case& c) {
    std::mt19937_64 random(1);
    std::vector<std::string> frames;
    for (unsigned i = 0; i < kQuestions; ++i) {
      frames.push_back(frame_of(wire_.port.interface().mac, query_message(c.qname(random()), A, c.dnssec_ok), i));
    }
    const zones::Responder responder(c.table, cookies_, {});
    Rcu rcu(1);
    WorkerOptions options{0, {{&wire_.port, nullptr}}, &to_kernel_, &polls_, false, {.rate = 0}};
    Worker worker(options, responder, rcu, stop_);
    const Figure bare = measure(wire_, frames, [&] { echo(wire_); });
    const Figure turn = measure(wire_, frames, [&] { worker.turn(); });
    Steps steps(wire_, responder);
    measure(wire_, frames, [&] { steps.turn(); });
    std::printf("| %-36s | %6.0f | %6.0f | %5.2f | %6.0f |", c.name.c_str(), bare.cycles, turn.cycles,
                turn.cycles / bare.cycles, turn.octets);
    for (const double step : steps.cycles()) std::printf(" %4.0f |", step);
    std::printf("\n");
    std::fflush(stdout);
  }

 private:
  Wire wire_;
  PuntRings to_kernel_{0};
  PollRing polls_{0};
  zones::CookieJar cookies_;
  std::atomic<bool> stop_{false};
};

void print_head() {
  std::string head = "| cycles a packet | echo | worker | ratio | octets sent |", line = "|---|---:|---:|---:|---:|";
  for (const char* step : Steps::kNames) {
    head += std::string(" ") + step + " |";
    line += "---:|";
  }
  std::printf("%s\n%s\n", head.c_str(), line.c_str());
}

void run(unsigned most_zones) {
  const auto eal = eal_in_memory();
  Bench bench;
  print_head();
  {
    zones::ZoneTable one;
    (void)one.publish(big_zone("example.test.", kHosts, 0));
    bench.run({"hit, one name", one, [](uint64_t) { return host_of(7, "example.test."); }});
    bench.run({"hit, 1 zone of 100 000 names", one,
               [](uint64_t r) { return host_of(static_cast<unsigned>(r % kHosts), "example.test."); }});
    bench.run({"NXDOMAIN, the same zone", one,
               [](uint64_t r) { return "x" + std::to_string(r % 1'000'000'000) + ".example.test."; }});
  }
  {
    zones::ZoneTable cuts;
    (void)cuts.publish(big_zone("example.test.", kHosts, kCuts));
    bench.run({"delegation, 1 zone of 10 000 cuts", cuts,
               [](uint64_t r) { return "www." + cut_of(static_cast<unsigned>(r % kCuts), "example.test."); }});
  }
  {
    zones::ZoneTable secure;
    (void)secure.publish(signed_zone("example.test.", kSignedHosts));
    const auto host = [](uint64_t r) { return host_of(static_cast<unsigned>(r % kSignedHosts), "example.test."); };
    bench.run({"signed hit, DO, 1 zone of 20 000 names", secure, host, true});
  }
  for (unsigned zones = 10'000; zones <= most_zones; zones *= 100) {
    zones::ZoneTable many;
    add_zones(many, zones);
    const std::string in = ", " + std::to_string(zones) + " zones";
    bench.run({"hit" + in, many,
               [zones](uint64_t r) { return name_of_many(static_cast<unsigned>(r % (zones * kNamesOfZone))); }});
    bench.run(
        {"NXDOMAIN" + in, many, [zones](uint64_t r) { return "nx." + small_apex(static_cast<unsigned>(r % zones)); }});
  }
}

}  // namespace
}  // namespace axfrd::bench

int main(int argc, char** argv) {
  try {
    axfrd::bench::run(argc > 1 ? static_cast<unsigned>(std::stoul(argv[1])) : 1'000'000);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_turn: %s\n", error.what());
    return 1;
  }
}
