// Asks all name servers of the parent zone for the delegation of a zone.
//
// Trust. The resolver returns the name servers of the parent zone and their addresses. The servers are asked over TCP,
// so that an attacker off the path cannot forge answers. Nothing is validated by DNSSEC, because the NS RRset of a
// delegation has no signature (RFC 4035 §2.2).
//
// Threads. The thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "control/base/resolver.h"
#include "zones/wire/name.h"

namespace axfrd::control::dnsclient {

struct ParentAnswer {
  std::string failure;             // why the delegation is not known; empty: it is. Begins in lower case
  std::string parent;              // the name of the parent zone; empty: not found
  std::vector<zones::Name> named;  // those of the names that one server's delegation has; the search ends there
  uint32_t ttl = 0;                // the highest of the delegations seen; 0: none
};
using ParentDone = std::function<void(ParentAnswer)>;

// Where and how to ask. The resolver behind `look_up` outlives all questions.
struct ParentSources {
  boost::asio::io_context& loop;
  // The same as Resolver::look_up().
  std::function<void(const std::string& name, uint16_t type, ResolvedDone done)> look_up;
  uint16_t port = 53;
};

// Finds out which of `names` the delegation of `zone` has, at any name server of the parent zone. The result that it
// has none of them requires that each server says so, at one of its addresses. `done` is called later, from the loop,
// within about a minute.
void ask_parent(const ParentSources& sources, const zones::Name& zone, std::vector<zones::Name> names, ParentDone done);

}  // namespace axfrd::control::dnsclient
