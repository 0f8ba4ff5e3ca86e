// PrimaryView: the data that a secondary needs to transfer a zone from us, also as configuration of its name server.
//
// Threads. Any. Errors. Mistakes of the operator throw std::invalid_argument.
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
  std::vector<IpAddress> addresses;  // where the zone is transferred from
  uint16_t port = 53;
  std::vector<IpAddress> notify_sources;  // of NOTIFY, one of each family; empty: the kernel chooses
  std::vector<zones::Name> names = {};    // of this server, usable in place of addresses; may be empty
};

// Addresses of the host's interfaces, without loopback and link-local ones.
std::vector<IpAddress> host_addresses();

// The secondary of a zone that a configuration is for: the one at `place`. Without a place, any of them, if all have
// the same keys. Throws std::invalid_argument.
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
