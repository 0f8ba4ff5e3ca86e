// Requests for the MAC address of an address that we serve: ARP requests (RFC 826) and neighbour solicitations (RFC
// 4861 §4.3), turned into their replies in place.
//
// Workers answer these themselves. The kernel could, too, but a flood of them would fill every budget on the way to it,
// and then hosts could not resolve our address. The kernel gets all other cases: probes for duplicates (ARP from
// 0.0.0.0, solicitations from ::), unknown options, addresses that only the kernel has.
//
// Pure functions over octets, as in packet.h.
#pragma once

#include "dataplane/packet.h"

namespace axfrd::dataplane {

// The size of the reply that now stands in `frame`; 0: it is untouched, and the kernel's. `room`: octets that may be
// written at `frame`. @pre classify() says arp or neighbour_discovery
unsigned answer_neighbour(zones::MutableBytes frame, unsigned room, const Interface& interface);

}  // namespace axfrd::dataplane
