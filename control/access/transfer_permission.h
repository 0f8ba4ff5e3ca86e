// Decides who may transfer a zone: its secondaries, and the addresses of --allow-transfer.
#pragma once

#include <optional>
#include <string>

#include "control/access/acl.h"
#include "control/base/address.h"
#include "zones/data/version.h"
#include "zones/wire/name.h"

namespace axfrd::control {

// The client that requests a transfer.
struct Requester {
  IpAddress address;                 // normalised
  const zones::Name* key = nullptr;  // that signed the request; null: it is unsigned
  // The rule of --allow-transfer that AccessList::match() found.
  std::optional<AccessRule> rule = {};
};

bool may_transfer(const zones::ZoneVersion& zone, const Requester& who);

struct TransferDecision {
  bool allowed;
  std::string why;  // a sentence: which rule allows it, or why none does
};
// The same, with the reason.
TransferDecision decide_transfer(const zones::ZoneVersion& zone, const Requester& who);

}  // namespace axfrd::control
