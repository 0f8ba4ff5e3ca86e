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

size_t AccessList::hosts() const {
  const auto of = [](const ByLength& rules, unsigned bits) {
    const auto full = rules.find(bits);
    return full != rules.end() ? full->second.size() : 0;
  };
  return of(v4_, 32) + of(v6_, 128);
}

bool AccessList::names_host(const IpAddress& address) const {
  const auto rule = match(address);
  return rule && rule->length == address_bits(rule->address);
}

}  // namespace axfrd::control
