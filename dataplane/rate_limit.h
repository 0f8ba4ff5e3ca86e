// RateLimiter: limits the responses that one network gets over UDP in a second: alike ones, and all together. Queries
// with forged sources are an attack on those sources, which axfrd must not amplify.
//
// Responses are alike if they are of one kind (RCODE; with an answer or without) and come from the data of one name
// (Reply::answered_at). So all random names in a zone count as one. A network is an IPv4 /24 or an IPv6 /56. A client
// that has shown a cookie of ours is not limited, because its address is not forged.
//
// All together, a network gets kInAll times as many responses as alike ones, so that an attacker gains little by a list
// of names or zones. Beyond that every response slips, and none is dropped: a network may have many resolvers, and they
// retry over TCP. Polls of secondaries are exempt: after a restart a secondary asks for the SOA of each zone at once,
// and an answer with a SOA is hardly larger than its question.
//
//   table    lines of a cache line each; a key belongs to one line
//   line     eight entries: tag of the key (24 bits) | when its bucket is full again (40 bits of ticks)
//
// The time of an entry is its token bucket. Each response adds 1/rate s to that time. A response that would move it
// more than a second ahead is over the limit. An entry whose time is past is free. A new key replaces the entry with
// the earliest time, so that a flood of keys does not replace those that are being limited. A second table counts all
// responses of a network and has one entry for a key. If two networks share an entry, only the one that is busy first
// is counted. A secret decides which networks share one.
//
// Threads. One; each worker has its own limiter.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "zones/answer/query.h"
#include "zones/wire/prefetch.h"

namespace axfrd::dataplane {

struct Network {
  std::array<uint8_t, 16> address{};  // network order; IPv4 as ::ffff:a.b.c.d
  unsigned bits = 128;                // length of its prefix; IPv4 prefix length + 96
};

struct RateLimitOptions {
  unsigned rate = 200;  // alike responses a second, and as many at once; 0: no limit at all
  unsigned slip = 1;  // of those above it, each slip-th slips (Responder::slip), the others are dropped; 0: none slips
  std::vector<Network> secondaries{};  // exempt polls of any zone, besides the zone's own secondaries
};

class RateLimiter {
 public:
  enum class Fate : uint8_t { sent, slipped, dropped };

  static constexpr unsigned kInAll = 50;

  // The keys of one response; 0: it is not limited.
  struct Key {
    uint64_t alike = 0, network = 0;
    explicit operator bool() const { return alike != 0; }
  };

  // `hz`: ticks in a second of the clock of decide(). Allocates the tables, 1.5 MiB, unless there is no limit.
  RateLimiter(uint64_t hz, const RateLimitOptions& options);

  bool on() const { return table_ != nullptr; }
  // The keys that the response to `query` counts under. @pre on(), and the response is written
  Key key_of(const zones::Query& query) const;
  // Prefetches what decide() reads.
  void prefetch(const Key& key) const {
    zones::prefetch(&table_[line_of(key.alike)]);
    zones::prefetch(&networks_[place_of(key.network)]);
  }
  // Counts the response to `query` and decides its fate. @pre on(), key, and the response is written
  Fate decide(const Key& key, const zones::Query& query, uint64_t now);

 private:
  static constexpr unsigned kLines = 1U << 14, kWays = 8, kTimeBits = 40, kNetworks = 1U << 16;
  static constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;
  struct alignas(64) Line {
    std::array<uint64_t, kWays> entries;
  };
  static unsigned line_of(uint64_t key) { return static_cast<unsigned>(key) & (kLines - 1); }
  static unsigned place_of(uint64_t key) { return static_cast<unsigned>(key) & (kNetworks - 1); }
  Fate decide_alike(uint64_t key, uint64_t time);
  bool charge_network(uint64_t key, uint64_t time);
  bool is_secondarys_poll(const zones::Query& query) const;
  Fate limit();

  std::unique_ptr<Line[]> table_;
  std::unique_ptr<uint64_t[]> networks_;
  std::array<uint64_t, 2> secret_;        // because senders choose the input of keys
  unsigned shift_ = 0;                    // from the clock's ticks to ours: 10 to 20 million a second
  uint64_t second_ = 0;                   // in our ticks
  uint64_t cost_ = 0, network_cost_ = 0;  // of one response
  const std::vector<Network> secondaries_;
  const unsigned slip_;
  unsigned limited_ = 0;  // since the last one that slipped
};

}  // namespace axfrd::dataplane
