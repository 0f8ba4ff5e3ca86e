#include "control/access/acl.h"

namespace axfrd::control {

void AccessList::allow(const Prefix& prefix) {
  ByLength& rules = prefix.address.is_v4() ? v4_ : v6_;
  rules[prefix.length].insert(prefix.address);
}

std::optional<Prefix> AccessList::match(const IpAddress& address) const {
  const IpAddress peer = normalised(address);
  for (const auto& [length, addresses] : rules_for(peer)) {
    const Prefix candidate{Prefix::masked(peer, length), length};
    if (addresses.contains(candidate.address)) return candidate;
  }
  return std::nullopt;
}

}  // namespace axfrd::control
