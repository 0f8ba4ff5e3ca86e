#include "dataplane/rate_limit.h"

#include <algorithm>
#include <bit>
#include <random>

#include "zones/answer/ixfr.h"
#include "zones/data/version.h"

namespace axfrd::dataplane {
namespace {

__extension__ using uint128 = unsigned __int128;

// The same function as NameHash::mix.
uint64_t mix(uint64_t x, uint64_t secret) {
  const uint128 product = static_cast<uint128>(x + 0x9E3779B97F4A7C15) * (secret | 1);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t draw() {
  std::random_device entropy;
  return uint64_t{entropy()} << 32 | entropy();
}

// The network of an address, with the lowest octet left for flags. 2001:db8:0:12ab:: becomes its first 7 octets,
// 192.0.2.1 its first 3.
uint64_t network_of(zones::Bytes address) {
  const uint64_t first = zones::load32(address.data());
  if (address.size() == 4) return first & 0xFFFFFF00;
  return (first << 32 | zones::load32(&address[4])) & ~uint64_t{0xFF};
}

using Octets16 = std::array<uint8_t, 16>;

Octets16 mapped(zones::Bytes address) {
  Octets16 octets{};
  if (address.size() == 4) octets[10] = octets[11] = 0xFF;
  std::copy(address.begin(), address.end(), octets.end() - static_cast<ptrdiff_t>(address.size()));
  return octets;
}

// True if `address` lies in the prefix of `bits` bits.
bool covers(const Octets16& prefix, unsigned bits, const Octets16& address) {
  const unsigned whole = bits / 8, rest = bits % 8;
  if (!std::equal(prefix.begin(), prefix.begin() + whole, address.begin())) return false;
  return rest == 0 || (prefix[whole] ^ address[whole]) >> (8 - rest) == 0;
}

}  // namespace

RateLimiter::RateLimiter(uint64_t hz, const RateLimitOptions& options)
    : secret_{draw(), draw()}, secondaries_(options.secondaries), slip_(options.slip) {
  if (options.rate == 0) return;
  constexpr uint64_t kLeastTicks = 10'000'000;
  if (hz > kLeastTicks) shift_ = static_cast<unsigned>(std::bit_width(hz / kLeastTicks)) - 1;
  second_ = hz >> shift_;
  cost_ = std::max<uint64_t>(second_ / options.rate, 1);
  network_cost_ = std::max<uint64_t>(second_ / (uint64_t{options.rate} * kInAll), 1);
  table_ = std::make_unique<Line[]>(kLines);
  networks_ = std::make_unique<uint64_t[]>(kNetworks);
}

RateLimiter::Key RateLimiter::key_of(const zones::Query& query) const {
  if (query.reply.valid_cookie) return {};
  const bool v6 = query.client.size() != 4, answers = zones::load16(query.message + 6) != 0;
  const uint64_t kind = static_cast<unsigned>(query.reply.rcode) | (answers ? 0x40U : 0U) | (v6 ? 0x80U : 0U);
  constexpr uint64_t not_zero = uint64_t{1} << 31;  // a bit that belongs to neither line nor tag
  const uint64_t network = network_of(query.client) | (v6 ? 0x80U : 0U);
  return {mix(mix(network | kind, secret_[0]) ^ query.reply.answered_at, secret_[1]) | not_zero,
          mix(network, secret_[1])};
}

RateLimiter::Fate RateLimiter::decide(const Key& key, const zones::Query& query, uint64_t now) {
  const uint64_t time = (now >> shift_) & kTimeMask;
  const Fate fate = decide_alike(key.alike, time);
  if (fate != Fate::sent || charge_network(key.network, time) || is_secondarys_poll(query)) return fate;
  return Fate::slipped;
}

RateLimiter::Fate RateLimiter::decide_alike(uint64_t key, uint64_t time) {
  const uint64_t tag = key >> kTimeBits;
  auto& entries = table_[line_of(key)].entries;
  uint64_t* entry = &entries.front();
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

// False if the network has used up its share.
bool RateLimiter::charge_network(uint64_t key, uint64_t time) {
  uint64_t& entry = networks_[place_of(key)];
  const uint64_t tag = key >> kTimeBits;
  uint64_t debt = (entry - time) & kTimeMask;
  if (debt > second_) debt = 0;
  if (entry >> kTimeBits != tag && debt != 0) return true;  // the entry is in use by another network
  if (debt + network_cost_ > second_) return false;
  entry = tag << kTimeBits | ((time + debt + network_cost_) & kTimeMask);
  return true;
}

bool RateLimiter::is_secondarys_poll(const zones::Query& query) const {
  if (query.qtype != zones::rrtype::SOA && query.qtype != zones::rrtype::IXFR) return false;
  if (!zones::is_about_apex(query)) return false;
  const auto client = mapped(query.client);
  if (std::any_of(secondaries_.begin(), secondaries_.end(),
                  [&](const Network& each) { return covers(each.address, each.bits, client); }))
    return true;
  const zones::SecondaryDns* zone = query.lookup.version->attributes().enabled_secondaries();
  return zone != nullptr &&
         std::any_of(zone->secondaries.begin(), zone->secondaries.end(),
                     [&](const zones::Secondary& each) { return covers(each.address, each.prefix, client); });
}

RateLimiter::Fate RateLimiter::limit() {
  if (slip_ == 0 || ++limited_ < slip_) return Fate::dropped;
  limited_ = 0;
  return Fate::slipped;
}

}  // namespace axfrd::dataplane
