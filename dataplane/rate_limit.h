// RateLimiter: how many alike responses one network gets over UDP in a second. What arrives with forged senders is an
// attack on them, and none of it shall be worth more than what was sent.
//
// Alike are responses of one kind (RCODE; with an answer or without) that come from the data of one name (Query::
// answered_at), so that random names in a zone all count as one. A network is an IPv4 /24 or an IPv6 /56. Whoever has
// shown a cookie of ours is not limited: his address is not forged.
//
//   table    lines of a cache line each; a key belongs to one line
//   line     eight entries: tag of the key (24 bits) | when its bucket is full again (40 bits of ticks)
//
// One number makes a token bucket: each response moves that time on by 1/rate s, and a response that would move it more
// than a second ahead is one too many. An entry in the past is as good as none. The entry nearest to that gives way to
// a new key, so that a flood of keys does not push out those that are being limited.
//
// Threads. One; each worker has a limiter of its own, and shares nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "zones/prefetch.h"
#include "zones/query.h"

namespace axfrd::dataplane {

struct RateLimitOptions {
  unsigned rate = 200;  // responses a second, and as many at once; 0: no limit
  unsigned slip = 1;    // of those above it, each slip-th is not dropped but put off (Responder::put_off); 0: none
};

class RateLimiter {
 public:
  enum class Fate : uint8_t { sent, put_off, dropped };

  // `hz`: ticks in a second of the clock that decide() is told. Makes the table, 1 MiB, unless there is no limit.
  RateLimiter(uint64_t hz, RateLimitOptions options);

  bool on() const { return table_ != nullptr; }
  // What the response to `query` counts as; 0: it is not limited. @pre on(), and the response is written
  uint64_t key_of(const zones::Query& query) const;
  // Asks the cache for what decide() reads.
  void prefetch(uint64_t key) const { zones::prefetch(&table_[line_of(key)]); }
  // Counts a response, and says what becomes of it. @pre on(), key != 0
  Fate decide(uint64_t key, uint64_t now);

 private:
  static constexpr unsigned kLines = 1U << 14, kWays = 8, kTimeBits = 40;
  static constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;
  struct alignas(64) Line {
    std::array<uint64_t, kWays> entries;
  };
  static unsigned line_of(uint64_t key) { return static_cast<unsigned>(key) & (kLines - 1); }
  Fate limit();

  std::unique_ptr<Line[]> table_;
  std::array<uint64_t, 2> secret_;  // senders choose what goes into keys
  unsigned shift_ = 0;              // from the clock's ticks to ours, of which a second has ten to twenty millions
  uint64_t second_ = 0, cost_ = 0;  // in our ticks; cost_: of one response
  const unsigned slip_;
  unsigned limited_ = 0;  // since the last one that was put off
};

}  // namespace axfrd::dataplane
