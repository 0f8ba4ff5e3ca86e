// RateLimiter: how many responses one network gets over UDP in a second, of those that are alike and in all. What
// arrives with forged senders is an attack on them, and none of it shall be worth more than what was sent.
//
// Alike are responses of one kind (RCODE; with an answer or without) that come from the data of one name (Query::
// answered_at), so that random names in a zone all count as one. A network is an IPv4 /24 or an IPv6 /56. Whoever has
// shown a cookie of ours is not limited: his address is not forged.
//
// In all, a network gets kInAll times as many as it gets alike ones, so that who has a list of names, or of zones,
// gains little by it. Beyond that every response slips, and none is dropped: there may be many resolvers behind one
// network, and they come back over TCP. Secondaries that look for changes are let through: they ask for the SOA of each
// zone, all at once after a restart, and an answer with a SOA is hardly larger than its question.
//
//   table    lines of a cache line each; a key belongs to one line
//   line     eight entries: tag of the key (24 bits) | when its bucket is full again (40 bits of ticks)
//
// One number makes a token bucket: each response moves that time on by 1/rate s, and a response that would move it more
// than a second ahead is one too many. An entry in the past is as good as none. The entry nearest to that gives way to
// a new key, so that a flood of keys does not push out those that are being limited. What a network gets in all stands
// in a table of its own, with one entry for a key: of two networks that meet there, the one that was first and is busy
// is counted. Which ones meet is a secret.
//
// Threads. One; each worker has a limiter of its own, and shares nothing.
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
  unsigned bits = 128;                // of its prefix; 96 more than in an IPv4 prefix
};

struct RateLimitOptions {
  unsigned rate = 200;  // alike responses a second, and as many at once; 0: no limit, of all together neither
  unsigned slip = 1;  // of those above it, each slip-th slips (Responder::slip), the others are dropped; 0: none slips
  std::vector<Network> secondaries{};  // that may poll any zone, besides those of the zone
};

class RateLimiter {
 public:
  enum class Fate : uint8_t { sent, slipped, dropped };

  static constexpr unsigned kInAll = 50;

  // Of one response; 0: it is not limited.
  struct Key {
    uint64_t alike = 0, network = 0;
    explicit operator bool() const { return alike != 0; }
  };

  // `hz`: ticks in a second of the clock that decide() is told. Makes the tables, 1.5 MiB, unless there is no limit.
  RateLimiter(uint64_t hz, const RateLimitOptions& options);

  bool on() const { return table_ != nullptr; }
  // What the response to `query` counts as. @pre on(), and the response is written
  Key key_of(const zones::Query& query) const;
  // Asks the cache for what decide() reads.
  void prefetch(const Key& key) const {
    zones::prefetch(&table_[line_of(key.alike)]);
    zones::prefetch(&networks_[place_of(key.network)]);
  }
  // Counts the response to `query`, and says what becomes of it. @pre on(), key, and the response is written
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
  std::array<uint64_t, 2> secret_;  // senders choose what goes into keys
  unsigned shift_ = 0;              // from the clock's ticks to ours, of which a second has ten to twenty millions
  uint64_t second_ = 0;             // in our ticks
  uint64_t cost_ = 0, network_cost_ = 0;  // of one response
  const std::vector<Network> secondaries_;
  const unsigned slip_;
  unsigned limited_ = 0;  // since the last one that slipped
};

}  // namespace axfrd::dataplane
