// Who asks for the MAC address of an address that we serve: ARP requests (RFC 826) and neighbour solicitations (RFC
// 4861 §4.3), turned into their replies in the same octets.
//
// Workers answer these by themselves. The kernel would, too, but a flood of them fills every budget on the way there,
// and then nobody finds us any more. What is not the plain question stays the kernel's: probes for duplicates (ARP from
// 0.0.0.0, solicitations from ::), options that we do not know, addresses that only the kernel has.
//
// Pure functions over octets, as packet.h.
#pragma once

#include "dataplane/packet.h"

namespace axfrd::dataplane {

// The size of the reply that now stands in `frame`; 0: it is untouched, and the kernel's. `room`: octets that may be
// written at `frame`. @pre classify() says arp or neighbour_discovery
unsigned answer_neighbour(zones::MutableBytes frame, unsigned room, const Interface& interface);

}  // namespace axfrd::dataplane
