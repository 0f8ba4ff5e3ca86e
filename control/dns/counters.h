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
  Counter put_off, rate_limited;      // by the rate limit of UDP: put off, and not answered at all
  std::array<Counter, 16> responses;  // by RCODE, without its EDNS extension; a transfer counts as none
};

struct UdpCounters {
  RequestCounters requests;
  Counter send_failures;
};

struct TcpCounters {
  RequestCounters requests;
  Counter accepted, rejected;  // rejected: accepted by the kernel and closed by us at once
  Counter closed;              // accepted - closed = open now
  Counter transfers, transfers_finished, ixfr_finished, transfer_messages, transfer_bytes;

  // Why we closed sessions; the rest was closed by clients.
  Counter idle_closed;       // no request for too long
  Counter stalled_closed;    // did not read for too long
  Counter evicted;           // idle, and made room for a new client
  Counter malformed_closed;  // sent what is no DNS request
};

}  // namespace axfrd::control
