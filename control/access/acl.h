// AccessList: who may transfer zones, by address, and by TSIG key if the rule names keys. Without a matching rule a
// transfer is denied.
//
// Threads. Immutable once filled; read by the service thread.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "control/base/address.h"
#include "zones/wire/name.h"

namespace axfrd::control {

// Whether a request that is signed with `key` meets a rule that requires one of `keys`. `key`: null if the request is
// unsigned. `keys`: empty if the rule requires none.
bool satisfies_keys(const std::vector<zones::Name>& keys, const zones::Name* key);

// A rule that covers an address.
struct AccessRule {
  Prefix prefix;
  bool allows = true;  // false: it requires a key that did not sign the request
};

class AccessList {
 public:
  // `keys`: a request must be signed with one of them. Calls for the same prefix add up. An empty list removes the
  // requirement, whatever the other calls state.
  void allow(const Prefix& prefix, const std::vector<zones::Name>& keys = {});
  // Returns the longest rule that covers `address` and allows the request. If none allows it, returns the longest that
  // covers it, which requires another key. Returns nothing if no rule covers it. 0.0.0.0/0 covers no IPv6 address and
  // ::/0 no IPv4 address. `key`: null if the request is unsigned.
  std::optional<AccessRule> match(const IpAddress& address, const zones::Name* key) const;
  // The number of rules for a single address.
  size_t hosts() const;
  bool names_host(const IpAddress& address) const;
  bool names_key(const zones::Name& key) const;
  bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  using Keys = std::vector<zones::Name>;  // empty: none is required
  // By prefix length, longest first. A match takes one look-up for each length in use, however many rules there are.
  using ByLength = std::map<unsigned, std::map<IpAddress, Keys>, std::greater<>>;
  const ByLength& rules_for(const IpAddress& address) const { return address.is_v4() ? v4_ : v6_; }

  ByLength v4_, v6_;
};

}  // namespace axfrd::control
