#include "zones/answer/cookie.h"

#include <algorithm>
#include <random>

#include "zones/wire/serial.h"

namespace axfrd::zones {
namespace {

constexpr uint8_t kVersion = 1;
constexpr unsigned kTimeAt = kClientCookie + 4, kHashAt = kClientCookie + 8;
// RFC 9018 §4.3, in seconds.
constexpr uint32_t kOldest = 3600, kYoung = 1800, kAhead = 300;

uint64_t load64_little(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return std::endian::native == std::endian::little ? v : __builtin_bswap64(v);
}

// SipHash-2-4 (Aumasson, Bernstein 2012).
class SipHash {
 public:
  explicit SipHash(const CookieSecret& secret) {
    const uint64_t k0 = load64_little(secret.data()), k1 = load64_little(secret.data() + 8);
    a_ = k0 ^ 0x736f6d6570736575;
    b_ = k1 ^ 0x646f72616e646f6d;
    c_ = k0 ^ 0x6c7967656e657261;
    d_ = k1 ^ 0x7465646279746573;
  }
  void add(uint64_t word) {
    d_ ^= word;
    mix();
    mix();
    a_ ^= word;
  }
  uint64_t finish() {
    c_ ^= 0xFF;
    for (unsigned i = 0; i < 4; ++i) mix();
    return a_ ^ b_ ^ c_ ^ d_;
  }

 private:
  void mix() {
    a_ += b_;
    c_ += d_;
    b_ = std::rotl(b_, 13) ^ a_;
    d_ = std::rotl(d_, 16) ^ c_;
    a_ = std::rotl(a_, 32);
    c_ += b_;
    a_ += d_;
    b_ = std::rotl(b_, 17) ^ c_;
    d_ = std::rotl(d_, 21) ^ a_;
    c_ = std::rotl(c_, 32);
  }
  uint64_t a_, b_, c_, d_;
};

// Of the first kHashAt octets of `cookie` and the address.
uint64_t hash_of(const uint8_t* cookie, Bytes address, const CookieSecret& secret) {
  std::array<uint8_t, kHashAt + 16 + 8> input{};
  const auto size = static_cast<unsigned>(kHashAt + address.size());
  std::copy_n(cookie, kHashAt, input.begin());
  std::ranges::copy(address, input.begin() + kHashAt);
  input[size | 7] = static_cast<uint8_t>(size);  // the last octet of the last word is the size
  SipHash hash(secret);
  for (unsigned at = 0; at <= size; at += 8) hash.add(load64_little(&input[at]));
  return hash.finish();
}

bool has_hash(const uint8_t* cookie, Bytes address, const CookieSecret& secret) {
  return hash_of(cookie, address, secret) == load64_little(cookie + kHashAt);
}

void make(uint8_t* cookie, Bytes address, uint32_t now, const CookieSecret& secret) {
  store32(cookie + kClientCookie, uint32_t{kVersion} << 24);
  store32(cookie + kTimeAt, now);
  uint64_t hash = hash_of(cookie, address, secret);
  if constexpr (std::endian::native == std::endian::big) hash = __builtin_bswap64(hash);
  std::memcpy(cookie + kHashAt, &hash, sizeof hash);
}

}  // namespace

CookieSecret random_cookie_secret() {
  std::random_device entropy;
  CookieSecret secret;
  for (uint8_t& octet : secret) octet = static_cast<uint8_t>(entropy());
  return secret;
}

bool renew_cookie(std::span<uint8_t, kCookie> cookie, unsigned received, Bytes address, uint32_t now,
                  const CookieSecrets& secrets) {
  bool valid = false, keep = false;
  if (received == kCookie && cookie[kClientCookie] == kVersion) {
    const uint32_t time = load32(&cookie[kTimeAt]);
    const bool ahead = serial_newer(time, now);
    const uint32_t distance = ahead ? time - now : now - time;
    if (distance <= (ahead ? kAhead : kOldest)) {
      const bool by_active = has_hash(cookie.data(), address, secrets.active);
      valid = by_active || (secrets.staged && has_hash(cookie.data(), address, *secrets.staged));
      keep = by_active && (ahead || distance <= kYoung);
    }
  }
  if (!keep) make(cookie.data(), address, now, secrets.active);
  return valid;
}

}  // namespace axfrd::zones
