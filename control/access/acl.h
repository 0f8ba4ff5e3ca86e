// AccessList: who may transfer zones, by address. What no rule allows is denied.
//
// Threads. Immutable once filled; read by the service thread.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "control/base/address.h"

namespace axfrd::control {

class AccessList {
 public:
  void allow(const Prefix& prefix);
  // The longest prefix that covers `address`, or nothing when no rule does. 0.0.0.0/0 covers no IPv6 address and ::/0
  // no IPv4.
  std::optional<Prefix> match(const IpAddress& address) const;
  // Rules that are for one address.
  size_t hosts() const;
  bool names_host(const IpAddress& address) const;
  bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  // By prefix length, longest first: one look-up for each length in use, however many rules there are.
  using ByLength = std::map<unsigned, std::set<IpAddress>, std::greater<>>;
  const ByLength& rules_for(const IpAddress& address) const { return address.is_v4() ? v4_ : v6_; }

  ByLength v4_, v6_;
};

}  // namespace axfrd::control
