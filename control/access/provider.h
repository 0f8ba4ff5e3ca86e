// Wishes for secondaries, and providers: secondaries that are stated once, under a name, for many zones. Zones that
// refer to a provider follow its changes.
//
// Errors. std::invalid_argument, with a sentence for the operator.
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

// Lists as the control socket delivers them, with items separated by commas; empty: not stated. `allow`: secondaries
// that may transfer. Those that are hosts are also notified, unless `notify` states other targets.
struct SecondaryWish {
  std::string ns, allow, notify, key;
  bool knows_all = true;  // false: a later axfrd stored tags that this one does not know; not edited

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

// `base` with `providers` in place of the providers to which it refers, and with what `wish` states in place of the
// zone's own settings. Throws std::invalid_argument for malformed or repeated names and addresses, for exceeded limits,
// for keys that are not in `keys`, for addresses of this server (`ours`), and for unknown providers.
zones::SecondaryDns refer(const SecondaryWish& wish, std::vector<std::string> providers, zones::SecondaryDns base,
                          const Providers& known, const KeyBook& keys, const std::vector<IpAddress>& ours);
// `settings`, with the servers and secondaries that their providers state in `known`. A provider that is not there adds
// nothing. Settings without providers are returned unchanged.
zones::SecondaryDns follow_providers(zones::SecondaryDns settings, const Providers& known);

// A Failure if an NS name of `settings` is inside the zone and has no address there.
std::optional<Failure> check_servers(const zones::SecondaryDns& settings, const zones::ZoneVersion& zone);

}  // namespace axfrd::control
