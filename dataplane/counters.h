// Counters of the packet path. Every received packet gets exactly one verdict, and every frame to send is counted. For
// each worker, these hold between two turns:
//
//   received                              = answered + neighbours + Σ punted + Σ dropped
//   answered + neighbours + from_kernel   = transmitted + untransmitted
//
// Threads. A Counter has one writer, and any thread may read it. Accesses are relaxed: a reader sees each count late,
// but never torn. Counts that a reader adds up may be a turn apart; they agree exactly once the workers have stopped.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/split_door_maps.h"
#include "dataplane/verdict.h"

namespace axfrd::dataplane {

class Counter {
 public:
  void add(uint64_t n = 1) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// The 16 RCODEs of the header's four bits, then BADVERS and BADCOOKIE.
constexpr unsigned kRcodes = 18;

// The counters of one worker, which is their only writer. Aligned so that no two workers share a cache line.
struct alignas(64) WorkerCounters {
  Counter received;
  std::array<Counter, kVerdicts> verdicts;
  std::array<Counter, kRcodes> responses;
  Counter slipped;  // of those answered: by TC or BADCOOKIE, because of the rate limit
  Counter from_kernel;
  Counter transmitted;
  Counter untransmitted;  // refused by a full transmit queue
  Counter turns, busy_turns;
  Counter busy_cycles, send_cycles;  // TSC cycles in busy turns; those of them spent in Port::send()
};

struct NamedCount {
  std::string_view name;
  uint64_t value;
};

struct WorkerStats {
  uint64_t received = 0, answered = 0, neighbours = 0, slipped = 0, from_kernel = 0, transmitted = 0, untransmitted = 0;
  std::vector<NamedCount> punted, dropped;  // by reason
  std::vector<NamedCount> responses;        // by RCODE
  uint64_t turns = 0, busy_turns = 0;
  double busy_seconds = 0, send_seconds = 0;
};
struct KernelPathStats {
  uint64_t to_kernel = 0, from_kernel = 0;
  std::vector<NamedCount> dropped;
};
// What Watch has observed of a port.
struct PortHealth {
  bool link_up = true;
  bool stalled = false;  // it loses packets and receives none
  uint64_t stalls = 0;
  std::optional<bool> attached;  // whether its XDP program is; none: it has no program
  uint64_t reattached = 0;       // times that the program had been detached by others
};
struct PortStats {
  std::string device, driver, mac;
  std::string tap;                   // empty: none
  std::optional<SplitCounts> split;  // none: the port takes everything
  PortHealth health;
  uint64_t lost_buffers = 0;  // rejected by the kernel; 0 unless something is wrong
  uint64_t rx_packets = 0, tx_packets = 0, rx_missed = 0, rx_no_buffer = 0, errors = 0;
};
struct DataplaneStats {
  std::vector<WorkerStats> workers;
  KernelPathStats kernel_path;
  std::vector<PortStats> ports;
  uint64_t buffers_in_use = 0, buffers = 0;
};

WorkerStats read_stats(const WorkerCounters& counters);

}  // namespace axfrd::dataplane
