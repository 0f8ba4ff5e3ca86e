// IXFR (RFC 1995): the request's serial, and the response as ready messages.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "zones/answer/query.h"
#include "zones/data/version.h"

namespace axfrd::zones {

// The serial the requester has: that of the SOA which begins the authority section; nothing if there is none.
// @pre request.parse() found a well-formed IXFR question, and no response was written yet.
std::optional<uint32_t> ixfr_serial(const Request& request);

// Whether a request, now answered, is about the apex of a zone.
bool is_about_apex(const Query& query);

// Whether a request for SOA or IXFR, now answered, was that of a secondary looking for changes: about the apex of a
// zone that has secondaries.
bool is_poll(const Query& query);

// One difference sequence (RFC 1995 §4), condensed (§5): all that leads from one serial to a version, and nothing that
// came and went in between. Immutable, shared by all who ask for it.
struct Difference {
  uint32_t from;
  std::vector<MessageImage> messages;  // opening and closing SOA included
  size_t octets;
};

// From `serial` to `version`; null when the whole zone is the better answer: history does not go back so far, it is not
// sound, it holds a record that is refused today (zones/data/stored_check.h), or the difference is larger than the
// zone.
std::shared_ptr<const Difference> make_difference(const ZoneVersion& version, uint32_t serial);

}  // namespace axfrd::zones
