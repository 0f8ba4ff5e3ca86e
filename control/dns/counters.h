// Counters of DNS over the kernel's sockets.
//
// Threads. Written by the service thread alone; anybody may read.
#pragma once

#include <array>

#include "dataplane/counters.h"

namespace axfrd::control {

using dataplane::Counter;

struct RequestCounters {
  Counter queries;                    // messages that were looked at
  Counter ignored;                    // of these, no DNS request
  Counter refused;                    // transfers that no rule allows
  Counter bad_keys;                   // signed by a key we do not know, or wrongly
  Counter updates, updates_refused;   // DNS UPDATE: let in, and not
  Counter slipped, rate_limited;      // by the rate limit of UDP: answered by TC or BADCOOKIE, and not answered at all
  std::array<Counter, 16> responses;  // by RCODE, without its EDNS extension; a transfer counts as none
};

struct UdpCounters {
  RequestCounters requests;
  Counter send_failures;
};

// Why a TCP session ended.
enum class SessionEnd : uint8_t {
  by_client,     // the client closed it, or it broke
  idle,          // no request for too long
  half_open,     // no whole request in time after it was opened, or after a request had begun
  stalled,       // the client did not read for too long
  malformed,     // what came was no DNS request
  evicted_idle,  // it was idle when another client wanted a session
  evicted_slow,  // the same, and it read slowest
  client_limit,  // it was one too many of its client,
  prefix_limit,  // of its prefix,
  full,          // or of all, and was turned away at once
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
