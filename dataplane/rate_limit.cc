#include "dataplane/rate_limit.h"

#include <algorithm>
#include <bit>
#include <random>

namespace axfrd::dataplane {
namespace {

__extension__ using uint128 = unsigned __int128;

// As NameHash::mix.
uint64_t mix(uint64_t x, uint64_t secret) {
  const uint128 product = static_cast<uint128>(x + 0x9E3779B97F4A7C15) * (secret | 1);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t draw() {
  std::random_device entropy;
  return uint64_t{entropy()} << 32 | entropy();
}

// The network of an address, with its last octet free: 2001:db8:0:12ab:: is ....12.., 192.0.2.1 is ..192.0.2.
uint64_t network_of(zones::Bytes address) {
  const uint64_t first = zones::load32(address.data());
  if (address.size() == 4) return first & 0xFFFFFF00;
  return (first << 32 | zones::load32(&address[4])) & ~uint64_t{0xFF};
}

}  // namespace

RateLimiter::RateLimiter(uint64_t hz, RateLimitOptions options) : secret_{draw(), draw()}, slip_(options.slip) {
  if (options.rate == 0) return;
  constexpr uint64_t kLeastTicks = 10'000'000;
  if (hz > kLeastTicks) shift_ = static_cast<unsigned>(std::bit_width(hz / kLeastTicks)) - 1;
  second_ = hz >> shift_;
  cost_ = std::max<uint64_t>(second_ / options.rate, 1);
  table_ = std::make_unique<Line[]>(kLines);
}

uint64_t RateLimiter::key_of(const zones::Query& query) const {
  if (query.valid_cookie) return 0;
  const bool v6 = query.client.size() != 4, answers = zones::load16(query.message + 6) != 0;
  const uint64_t kind = static_cast<unsigned>(query.rcode) | (answers ? 0x40U : 0U) | (v6 ? 0x80U : 0U);
  constexpr uint64_t not_zero = uint64_t{1} << 31;  // a bit that belongs to neither line nor tag
  return mix(mix(network_of(query.client) | kind, secret_[0]) ^ query.answered_at, secret_[1]) | not_zero;
}

RateLimiter::Fate RateLimiter::decide(uint64_t key, uint64_t now) {
  const uint64_t time = (now >> shift_) & kTimeMask, tag = key >> kTimeBits;
  auto& entries = table_[line_of(key)].entries;
  uint64_t* entry = nullptr;
  uint64_t debt = 0, least = ~uint64_t{0};  // how far ahead of `time` an entry is
  for (uint64_t& each : entries) {
    uint64_t ahead = (each - time) & kTimeMask;
    if (ahead > second_) ahead = 0;
    if (each >> kTimeBits == tag) {
      entry = &each;
      debt = ahead;
      break;
    }
    if (ahead < least) {
      entry = &each;
      least = ahead;
    }
  }
  if (debt + cost_ > second_) return limit();
  *entry = tag << kTimeBits | ((time + debt + cost_) & kTimeMask);
  return Fate::sent;
}

RateLimiter::Fate RateLimiter::limit() {
  if (slip_ == 0 || ++limited_ < slip_) return Fate::dropped;
  limited_ = 0;
  return Fate::put_off;
}

}  // namespace axfrd::dataplane
