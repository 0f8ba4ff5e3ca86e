// Zones that come signed: the one rule of what may change in them.
//
// axfrd makes no signatures. So a signed zone is changed by whoever signs it, and not by axfrd: a change must bring the
// signatures of all that it changes, or a validator would take the rest for forged ("bogus", RFC 4033 §5).
//
// Threads. Pure.
#pragma once

#include <optional>
#include <string>

#include "zones/data/delta.h"
#include "zones/data/version.h"

namespace axfrd::zones {

// Whether the SOA is signed.
bool is_signed(const ZoneVersion& version);

// What axfrd itself has put into a change, beyond what somebody wrote.
struct OwnChanges {
  bool serial = false;   // it chose the serial
  bool servers = false;  // it added NS records of secondaries, or removed some
};

// Which RRset a validator would refuse after the change from `base` (null: the zone is new) to `next`, and why; nothing
// if the zone is not signed, or if the change brings all that it needs:
// - each RRset that changes has signatures, none of which was there before, or it needs none (RFC 4035 §2.2);
// - where types or names come or go, NSEC or NSEC3 say so (RFC 4035 §2.3, RFC 5155 §7.1);
// - the SOA changes together with its signature, and has the serial that was signed;
// - no A or AAAA are to be derived from ALIAS or URL.
// The signatures themselves are not verified: that needs the time, and is a validator's business. A change by which a
// zone becomes unsigned, DNSKEY and all, is no such change. Costs what the delta touches.
// @pre next = base with `delta` applied
std::optional<std::string> find_bogus(const ZoneVersion* base, const ZoneVersion& next, const Delta& delta,
                                      OwnChanges own);

}  // namespace axfrd::zones
