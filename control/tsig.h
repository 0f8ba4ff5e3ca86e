// TSIG (RFC 8945): the record that signs a message.
//
// There are no keys yet, so every key is unknown and every signed request is answered by BADKEY.
#pragma once

#include <cstdint>
#include <optional>

#include "zones/name.h"
#include "zones/query.h"

namespace axfrd::control {

// What a response has to repeat from a request's TSIG record.
struct TsigRecord {
  zones::Name key, algorithm;
  uint64_t time_signed;  // 48 bits, seconds
  uint16_t fudge;
  uint16_t original_id;
};

// The TSIG record of a request; nothing if it is malformed. @pre query.parse() found signed_request.
std::optional<TsigRecord> read_tsig(const zones::Query& query);

// Appends the unsigned TSIG record that says "BADKEY" (RFC 8945 §5.2.1, §5.3.2) to the response of `size` octets at
// `message`. Returns the new size, or `size` when `capacity` has no room for it.
unsigned append_badkey(const TsigRecord& request, uint8_t* message, unsigned size, unsigned capacity);

}  // namespace axfrd::control
