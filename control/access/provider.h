// Wishes for secondaries, and providers: secondaries that are stated once, under a name, for many zones. Zones that
// refer to a provider follow its changes.
//
// Errors. What an operator may have mistyped is std::invalid_argument with a sentence.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/access/key_book.h"
#include "control/access/secondary.h"
#include "control/base/json.h"
#include "control/base/outcome.h"
#include "zones/data/version.h"

namespace axfrd::control {

// Lists as they come from the control socket, items separated by commas; empty: not stated. `allow`: who may transfer
// and, being hosts, is notified unless `notify` says who is.
struct SecondaryWish {
  std::string ns, allow, notify, key;
  bool knows_all = true;  // false: a later axfrd has stored more of this provider, and it is not edited

  friend bool operator==(const SecondaryWish&, const SecondaryWish&) = default;
};
Json to_json(const SecondaryWish& wish);
// A member that is missing, or is no string, counts as not stated.
SecondaryWish wish_from(const Json& object);
// The stored form of a provider (tagged values; JSON until format 6).
std::string wish_to_stored(const SecondaryWish& wish);
// Throws std::invalid_argument.
SecondaryWish wish_from_stored(const std::string& stored);

using Providers = std::map<std::string, SecondaryWish>;

// `base` with other providers in place of those to which it refers, and with what `wish` states in place of what the
// zone states itself. Throws std::invalid_argument: names, addresses, doubles, limits, keys that are not in `keys`,
// addresses that are ours, a provider that there is not.
zones::SecondaryDns refer(const SecondaryWish& wish, std::vector<std::string> providers, zones::SecondaryDns base,
                          const Providers& known, const KeyBook& keys, const std::vector<IpAddress>& ours);
// `settings` as they are when the providers are as they are now; one that is gone adds nothing. Without providers, the
// same settings.
zones::SecondaryDns follow_providers(zones::SecondaryDns settings, const Providers& known);

// Why the NS names cannot stand in this zone: one is inside, and has no address there.
std::optional<Failure> check_servers(const zones::SecondaryDns& settings, const zones::ZoneVersion& zone);

}  // namespace axfrd::control
