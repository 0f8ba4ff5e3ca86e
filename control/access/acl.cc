#include "control/access/acl.h"

#include <algorithm>

namespace axfrd::control {

void AccessList::allow(const Prefix& prefix, const std::vector<zones::Name>& keys) {
  ByLength& rules = prefix.address.is_v4() ? v4_ : v6_;
  const auto [rule, is_new] = rules[prefix.length].try_emplace(prefix.address, keys);
  if (is_new || rule->second.empty()) return;
  if (keys.empty()) {
    rule->second.clear();
  } else {
    rule->second.insert(rule->second.end(), keys.begin(), keys.end());
  }
}

bool satisfies_keys(const std::vector<zones::Name>& keys, const zones::Name* key) {
  return keys.empty() || (key != nullptr && std::ranges::find(keys, *key) != keys.end());
}

std::optional<AccessRule> AccessList::match(const IpAddress& address, const zones::Name* key) const {
  const IpAddress peer = normalised(address);
  std::optional<AccessRule> wants_another_key;
  for (const auto& [length, addresses] : rules_for(peer)) {
    const auto rule = addresses.find(Prefix::masked(peer, length));
    if (rule == addresses.end()) continue;
    const Prefix prefix{rule->first, length};
    const Keys& keys = rule->second;
    if (satisfies_keys(keys, key)) return AccessRule{prefix};
    if (!wants_another_key) wants_another_key = AccessRule{prefix, false};
  }
  return wants_another_key;
}

size_t AccessList::hosts() const {
  const auto of = [](const ByLength& rules, unsigned bits) {
    const auto full = rules.find(bits);
    return full != rules.end() ? full->second.size() : 0;
  };
  return of(v4_, 32) + of(v6_, 128);
}

bool AccessList::names_host(const IpAddress& address) const {
  const IpAddress peer = normalised(address);
  const ByLength& rules = rules_for(peer);
  const auto full = rules.find(address_bits(peer));
  return full != rules.end() && full->second.contains(peer);
}

bool AccessList::names_key(const zones::Name& key) const {
  const auto names = [&](const ByLength& rules) {
    return std::ranges::any_of(rules, [&](const auto& of_length) {
      return std::ranges::any_of(
          of_length.second, [&](const auto& rule) { return std::ranges::find(rule.second, key) != rule.second.end(); });
    });
  };
  return names(v4_) || names(v6_);
}

}  // namespace axfrd::control
