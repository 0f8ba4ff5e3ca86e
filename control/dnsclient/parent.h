// What the parent zone says of a zone: all of its name servers are asked for the delegation.
//
// Trust. The resolver says which servers the parent zone has, and at which addresses. They are asked by TCP, so that
// nobody who only guesses can answer in their place. Nothing is validated by DNSSEC: a delegation's NS RRset has no
// signature (RFC 4035 §2.2).
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
  std::string failure;             // why it is not known; empty: it is. Begins in lower case
  std::string parent;              // the name of the parent zone; empty: not found
  std::vector<zones::Name> named;  // of the names in question, those that some server names; not all, if any
  uint32_t ttl = 0;                // the highest of the delegations that were seen; 0: none was
};
using ParentDone = std::function<void(ParentAnswer)>;

// Where and how to ask. `resolver` outlives what is asked.
struct ParentSources {
  boost::asio::io_context& loop;
  // As Resolver::look_up().
  std::function<void(const std::string& name, uint16_t type, ResolvedDone done)> look_up;
  uint16_t port = 53;
};

// Finds out which of `names` the delegation of `zone` has, at any name server of the parent zone. That it has none of
// them counts only if each server has said so, at one of its addresses. `done` is called later, from the loop, within
// about a minute.
void ask_parent(const ParentSources& sources, const zones::Name& zone, std::vector<zones::Name> names, ParentDone done);

}  // namespace axfrd::control::dnsclient
