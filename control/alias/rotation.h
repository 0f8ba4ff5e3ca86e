// Rotation: chooses the published addresses of a target that rotates its answers.
//
// A CDN may answer with 8 of 60 addresses, with others each time, so that the zone would change with every lookup. A
// target is therefore rotating if an address left and came back within the hold time. The addresses of a rotating
// target stay published for the hold time after they were last seen. A failover is not delayed: if none of the
// addresses in an answer was seen within the hold time, the answer replaces all addresses at once. So does any answer
// of a target that is not rotating.
//
// Threads. One. It has no clock.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace axfrd::control {

class Rotation {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // The addresses to be published after an answer at `now`: RDATA of `size` octets each, ascending. `hold`: 0 for none.
  std::string after(const std::string& answer, size_t size, Time now, std::chrono::seconds hold);
  bool is_rotating() const { return returned_at_.has_value(); }

 private:
  std::map<std::string, Time> seen_;  // within the hold time
  std::set<std::string> last_;        // in the last answer
  std::optional<Time> returned_at_;   // when an address last came back
};

// At most `most` of the addresses: first those that are also in `kept`, then the lowest.
std::string at_most(const std::string& addresses, size_t size, size_t most, const std::string& kept);

// Whether the address (RDATA of A or AAAA) is not reachable from the Internet, by the registries of special-purpose
// addresses (RFC 6890): private, loopback, link-local, documentation, multicast, …
bool is_special(const std::string& address);

// The addresses that are not special.
std::string without_special(const std::string& addresses, size_t size);

}  // namespace axfrd::control
