// PowerDNS's search: zones and records that a pattern fits, in the zones of a principal.
//
// It goes through the zones piece by piece, with others served in between, and ends at a number of hits, or when it has
// looked at so many records that going on would be no service: then what was found is the answer.
//
// Threads. That of the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "control/operate/zone_operations.h"

namespace axfrd::control {

// Whether `text` fits: * stands for any octets, ? for one; in any case. Costs the product of their lengths at most.
bool fits_pattern(std::string_view text, std::string_view pattern);

struct PdnsSearch {
  std::string pattern;
  size_t most = 100;  // hits
  bool zones = true, records = true;
};

// Calls `done` with the list of hits, later.
void search_zones(boost::asio::io_context& loop, ZoneList list, const PdnsSearch& search,
                  std::function<void(Json)> done);

}  // namespace axfrd::control
