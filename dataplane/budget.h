// PuntBudgets: limits how many packets of each class a worker may punt to the kernel path in a second.
//
// Threads. Each worker has budgets of its own; nothing is shared.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "dataplane/verdict.h"

namespace axfrd::dataplane {

// A token bucket. Its unit is a cycle of the clock, so that a refill needs no division.
class TokenBucket {
 public:
  // Allows `burst` packets at once and `rate` packets a second in the long run. `hz`: cycles of the clock in a second.
  // The bucket starts full.
  TokenBucket(uint64_t hz, uint64_t rate, uint64_t burst)
      : cost_(std::max<uint64_t>(hz / rate, 1)), capacity_(burst * cost_), credit_(capacity_) {}

  // True if one more packet may pass at time `now`, in cycles. @pre `now` does not decrease from call to call
  bool take(uint64_t now) {
    credit_ = std::min(capacity_, credit_ + (now - last_));
    last_ = now;
    if (credit_ < cost_) return false;
    credit_ -= cost_;
    return true;
  }

 private:
  uint64_t cost_, capacity_, credit_;
  uint64_t last_ = 0;
};

class PuntBudgets {
 public:
  explicit PuntBudgets(uint64_t hz)
      : buckets_{{
            {hz, 5'000, 1'000},     // neighbour: a large, busy LAN asks for a few hundred a second
            {hz, 10'000, 1'000},    // icmp
            {hz, 50'000, 5'000},    // tcp_open: more than the kernel's stack can accept on one CPU
            {hz, 500'000, 10'000},  // tcp: acknowledgements of transfers at line rate
            {hz, 50'000, 5'000},    // dns: each costs the control plane a signature check
            {hz, 100'000, 20'000},  // udp: NOTIFY responses come back in one burst after a bulk change
            {hz, 5'000, 1'000},     // other: rare on purpose
        }} {}

  bool take(PuntClass c, uint64_t now) { return buckets_[index(c)].take(now); }

 private:
  std::array<TokenBucket, kPuntClasses> buckets_;
};

}  // namespace axfrd::dataplane
