// Who may transfer a zone: its secondaries, and those of --allow-transfer.
#pragma once

#include <optional>
#include <string>

#include "control/access/acl.h"
#include "control/base/address.h"
#include "zones/data/version.h"
#include "zones/wire/name.h"

namespace axfrd::control {

// Who asks.
struct Requester {
  IpAddress address;                 // normalised
  const zones::Name* key = nullptr;  // with which the request is signed; null: with none
  // Of --allow-transfer, that covers the address.
  std::optional<AccessRule> rule = {};
};

bool may_transfer(const zones::ZoneVersion& zone, const Requester& who);

struct TransferDecision {
  bool allowed;
  std::string why;  // a sentence: which rule says so, or why none does
};
// The same, with the reason.
TransferDecision decide_transfer(const zones::ZoneVersion& zone, const Requester& who);

}  // namespace axfrd::control
