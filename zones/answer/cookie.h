// Cookie: DNS Cookies (RFC 7873) in the form of RFC 9018, which servers of different make behind one address share.
//
//   cookie   client's part (8) | version 1 (1) | reserved (3) | time (4) | hash (8)
//   hash     SipHash-2-4, under a secret, of all before it and of the client's address
//
// A client that shows a cookie of ours has received something at its address: the address is not forged.
//
// Threads. CookieSecrets are immutable. A CookieJar has one writer (the committer), which stores a new pointer and
// keeps the old one until all readers have left their read sections (zone_table.h); readers load, inside such a
// section.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "zones/wire/wire.h"

namespace axfrd::zones {

constexpr unsigned kClientCookie = 8, kServerCookie = 16, kCookie = kClientCookie + kServerCookie;
constexpr unsigned kMaxCookie = 40;  // RFC 7873 §4: what others may call a server cookie is up to 32 octets

using CookieSecret = std::array<uint8_t, 16>;

// With two secrets a cluster can roll from one to the next: all members learn the new one before any uses it, and still
// accept the old one after all do (RFC 9018 §5).
struct CookieSecrets {
  CookieSecret active;                 // makes cookies
  std::optional<CookieSecret> staged;  // is accepted beside it: the next one, or the last one
};

// A secret that nobody knows.
CookieSecret random_cookie_secret();

// Answers a client's cookie. The first kClientCookie octets of `cookie` are his; what follows is set to the server
// cookie that he gets: the one he sent if it is young, or else a new one. Returns whether the one he sent is ours, his
// and not too old. `received`: octets of the option he sent. `now`: seconds since 1970, in 32 bits.
bool renew_cookie(std::span<uint8_t, kCookie> cookie, unsigned received, Bytes address, uint32_t now,
                  const CookieSecrets& secrets);

class CookieJar {
 public:
  explicit CookieJar(const CookieSecrets& secrets = {random_cookie_secret(), {}})
      : current_(new CookieSecrets(secrets)) {}
  ~CookieJar() { delete current_.load(std::memory_order_relaxed); }  // @pre no reader is left
  CookieJar(const CookieJar&) = delete;
  CookieJar& operator=(const CookieJar&) = delete;

  // @pre inside a read section (or the writer).
  const CookieSecrets& current() const { return *current_.load(std::memory_order_acquire); }
  // Returns what readers may still be looking at.
  [[nodiscard]] std::unique_ptr<const CookieSecrets> publish(const CookieSecrets& secrets) {
    return std::unique_ptr<const CookieSecrets>(
        current_.exchange(new CookieSecrets(secrets), std::memory_order_acq_rel));
  }

 private:
  std::atomic<const CookieSecrets*> current_;  // owned
};

}  // namespace axfrd::zones
