// Counters of DNS over the kernel's sockets.
//
// Threads. Only the service thread writes; any thread may read.
#pragma once

#include <array>

#include "dataplane/counters.h"

namespace axfrd::control {

using dataplane::Counter;

struct RequestCounters {
  Counter queries;                    // messages received
  Counter ignored;                    // those of them that were no DNS requests
  Counter refused;                    // transfers that no rule allowed
  Counter bad_keys;                   // unknown keys, or wrong signatures
  Counter updates, updates_refused;   // DNS UPDATE: accepted, refused
  Counter slipped, rate_limited;      // by the rate limit of UDP: answered by TC or BADCOOKIE, not answered
  std::array<Counter, 16> responses;  // by the header's RCODE; transfers are not counted
};

struct UdpCounters {
  RequestCounters requests;
  Counter send_failures;
};

// Why a TCP session ended.
enum class SessionEnd : uint8_t {
  by_client,     // the client closed the connection, or it broke
  idle,          // it sent no request for too long
  half_open,     // no whole request in time after it opened, or after a request began
  stalled,       // the client did not read for too long
  malformed,     // it sent a message that was no DNS request
  evicted_idle,  // it was idle, and another client needed the session
  evicted_slow,  // it was the slowest reader, and another client needed the session
  client_limit,  // refused at once: too many sessions of its client,
  prefix_limit,  // of its prefix,
  full,          // or in all
  stopped        // axfrd is stopping
};
inline constexpr std::array kSessionEndNames{"by_client",    "idle",         "half_open",    "stalled",
                                             "malformed",    "evicted_idle", "evicted_slow", "client_limit",
                                             "prefix_limit", "full",         "stopped"};

struct TcpCounters {
  RequestCounters requests;
  Counter accepted;
  std::array<Counter, kSessionEndNames.size()> closed;  // by SessionEnd
  Counter transfers, transfers_finished, ixfr_finished, transfer_messages, transfer_bytes;

  void count(SessionEnd why) { closed[static_cast<size_t>(why)].add(); }
  uint64_t count_of(SessionEnd why) const { return closed[static_cast<size_t>(why)].read(); }
  uint64_t all_closed() const {
    uint64_t sum = 0;
    for (const Counter& each : closed) sum += each.read();
    return sum;
  }
};

}  // namespace axfrd::control
