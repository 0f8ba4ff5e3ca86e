// Secondaries as operators write them and read them.
//
//   ADDRESS[/LENGTH][@PORT][=KEY[+KEY]]     192.0.2.53   2001:db8::/64   192.0.2.53@5353=old.key+new.key
//
// Two keys are for the time of a change: the secondary may sign with either, NOTIFY is signed with the last.
//
// Errors. What an operator may have mistyped is std::invalid_argument with a sentence.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/access/key_book.h"
#include "control/base/address.h"
#include "control/base/json.h"
#include "control/base/outcome.h"
#include "zones/data/version.h"

namespace axfrd::control {

zones::Secondary parse_secondary(const std::string& text);
std::string to_text(const zones::Secondary& secondary);

IpAddress address_of(const zones::Secondary& secondary);
Prefix prefix_of(const zones::Secondary& secondary);
inline boost::asio::ip::udp::endpoint endpoint_of(const zones::Secondary& secondary) {
  return {address_of(secondary), secondary.port};
}
// Whether both are one host or prefix, and one port.
bool same_place(const zones::Secondary& a, const zones::Secondary& b);
// Whether `peer` is the secondary, or one of its prefix. @pre peer is normalised
bool covers(const zones::Secondary& secondary, const IpAddress& peer);

// {"enabled", "ns": […], "secondaries": [{"address", "transfers", "notified"}…]}, and, while it is ending, "ending":
// {"since", "leaving": […]}
Json to_json(const zones::SecondaryDns& settings);

// Lists as they come from the control socket, items separated by commas; empty: not stated. `allow`: who may transfer
// and, being hosts, is notified unless `notify` says who is.
struct SecondaryWish {
  std::string ns, allow, notify, key;
  bool knows_all = true;  // false: a later axfrd has stored more of this provider, and it is not edited

  friend bool operator==(const SecondaryWish&, const SecondaryWish&) = default;
};
Json to_json(const SecondaryWish& wish);
// What is missing in the object, or no string, is not stated.
SecondaryWish wish_from(const Json& object);
// What the store keeps of a provider (tagged values; JSON until format 6).
std::string wish_to_stored(const SecondaryWish& wish);
// Throws std::invalid_argument.
SecondaryWish wish_from_stored(const std::string& stored);

// The items of such a list.
std::vector<std::string> items_of(const std::string& list);

// ---- providers that a zone refers to ----

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

struct TransferDecision {
  bool allowed;
  std::string why;  // a sentence: which rule says so, or why none does
};
// Whether a peer may transfer a zone. `key`: with which the request was signed; null: with none. `rule`: of
// --allow-transfer, that covers the peer.
bool may_transfer(const zones::ZoneVersion& zone, const IpAddress& peer, const zones::Name* key,
                  const std::optional<Prefix>& rule);
// The same, with the reason.
TransferDecision decide_transfer(const zones::ZoneVersion& zone, const IpAddress& peer, const zones::Name* key,
                                 const std::optional<Prefix>& rule);

}  // namespace axfrd::control
