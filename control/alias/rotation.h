// Rotation: which of a target's addresses are published when its answers take turns.
//
// A CDN answers with 8 of 60 addresses, others each time. Taken at its word, its zone would change with every lookup.
// So an address that left and came back within the hold time makes the target a rotating one, and the addresses of a
// rotating target stay for the hold time after they were seen last. No failover waits for that: an answer of addresses
// none of which was seen within the hold time replaces all at once, and so does any answer of a target that is not
// rotating.
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
  std::set<std::string> last_;        // answer
  std::optional<Time> returned_at_;   // when an address last came back
};

// No more than `most` of the addresses: first those that `kept` has, too, and then from the lowest up.
std::string at_most(const std::string& addresses, size_t size, size_t most, const std::string& kept);

// Whether the address (RDATA of A or AAAA) is one that the Internet does not reach, by the registries of
// special-purpose addresses (RFC 6890): private, loopback, link-local, documentation, multicast, …
bool is_special(const std::string& address);

// Without those that are special.
std::string without_special(const std::string& addresses, size_t size);

}  // namespace axfrd::control
