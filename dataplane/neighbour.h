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

// Turns the request in `frame` into its reply and returns the reply's size. Returns 0, with `frame` untouched, if the
// frame is one for the kernel. `room`: octets that may be written at `frame`. @pre classify() returned arp or
// neighbour_discovery
unsigned answer_neighbour(zones::MutableBytes frame, unsigned room, const Interface& interface);

}  // namespace axfrd::dataplane
