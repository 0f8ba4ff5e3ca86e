// SecondaryDns: what a customer set for the secondaries of a zone (RFC 9499 §6: secondary server).
//
// Threads. Immutable once it is part of a version.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zones/wire/name.h"

namespace axfrd::zones {

// Addresses of one secondary: a host, or a prefix.
struct Secondary {
  std::array<uint8_t, 16> address{};  // network order; IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2)
  uint8_t prefix = 128;               // bits of `address`; 96 more than in an IPv4 prefix
  uint16_t port = 53;                 // where it takes NOTIFY
  bool transfers = true;              // may transfer the zone
  bool notified = true;               // is told of changes; only a host can be
  std::vector<Name> keys;             // it signs with one of these, and NOTIFY is signed with the last; empty: none

  bool is_host() const { return prefix == 128; }
  friend bool operator==(const Secondary&, const Secondary&) = default;
};

// Secondary DNS on its way out: the NS names have left the zone, and the addresses may transfer and are notified until
// the parent zone, and the caches of resolvers, have forgotten the names, too.
struct Ending {
  int64_t since = 0;          // Unix seconds
  std::vector<Name> leaving;  // what the parent zone is to drop, and what nobody brings back into the zone meanwhile

  friend bool operator==(const Ending&, const Ending&) = default;
};

struct SecondaryDns {
  bool enabled = false;
  std::vector<Name> servers;  // names of the secondaries, which stand in the NS RRset of the apex while stands()
  std::vector<Name> added;    // those that the zone would not have by itself, and that leave it on disable
  std::vector<Secondary> secondaries;

  // Providers of secondaries that the zone refers to, by their names. With some, `servers` and `secondaries` are what
  // the zone states itself (own_*) and what they state, and follow when one of them changes. Without, own_* are empty.
  std::vector<std::string> providers = {};
  std::vector<Name> own_servers = {};
  std::vector<Secondary> own_secondaries = {};

  std::optional<Ending> ending = {};  // only while enabled

  bool stands() const { return enabled && !ending; }
  // The rest is remembered for the next time.
  void disable() {
    enabled = false;
    ending.reset();
  }
  friend bool operator==(const SecondaryDns&, const SecondaryDns&) = default;
};
using SecondaryDnsRef = std::shared_ptr<const SecondaryDns>;  // null: nothing was ever set

}  // namespace axfrd::zones
