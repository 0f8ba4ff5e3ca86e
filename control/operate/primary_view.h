// The data that a secondary needs to transfer a zone from us, also as configuration of its name server.
//
// Threads. Any. Errors. What an operator may have mistyped is std::invalid_argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/base/address.h"
#include "zones/data/secondary_dns.h"
#include "zones/wire/name.h"

namespace axfrd::control {

struct PrimaryView {
  std::vector<IpAddress> addresses;  // that the zone is transferred from
  uint16_t port = 53;
  std::vector<IpAddress> notify_sources;  // where NOTIFY comes from, one of each family; empty: as the kernel chooses
  std::vector<zones::Name> names = {};    // of ours, that may stand in the place of the addresses; empty: none is known
};

// Addresses of the host's interfaces that others may know it by: none of the loopback, none that are link-local.
std::vector<IpAddress> host_addresses();

// The secondary of a zone that a configuration is for: the one at that place, or, without one, any, if all have the
// same key. Throws std::invalid_argument.
const zones::Secondary& chosen_secondary(const zones::SecondaryDns& settings, const std::optional<HostPort>& place);

struct PeerKey {
  zones::Name name;
  std::string algorithm;  // "hmac-sha256"
};

// `software`: bind, knot, nsd or powerdns. Throws std::invalid_argument for any other. The reader fills in the secret
// of the key, because axfrd shows a secret once, when it is made.
std::string peer_configuration(std::string_view software, const zones::Name& apex, const PrimaryView& primary,
                               const std::optional<PeerKey>& key);

}  // namespace axfrd::control
