// A signer without keys: what it adds to a zone has the right owners, types and links, and made-up signatures.
#pragma once

#include "tests/model/zone.h"

namespace axfrd::model {

struct Signing {
  bool nsec3 = false;
  bool opt_out = false;  // delegations without DS are left out of the chain (RFC 5155 section 6)
  Nsec3Parameters parameters;
};

// Adds DNSKEY, RRSIG, and NSEC or NSEC3PARAM and NSEC3.
void sign(ModelZone& zone, const Signing& signing);

}  // namespace axfrd::model
