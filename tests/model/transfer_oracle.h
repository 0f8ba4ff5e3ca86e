// The transfer oracle: what a client of TCP gets of a zone must be the zone, to the octet, whatever the zone, its
// history and the client's wishes are.
//
// Zones and their histories are made up (provider_zone.h); the real code builds its versions of them and serves them
// through a session. Each message that comes back is taken apart by a decoder of its own (message_reader.h), its MAC
// is computed anew, and what all say together is compared with the made-up zone: RFC 5936 §2.2, RFC 1995 §4, RFC 6891
// §6.1, RFC 8945 §5.3.
#pragma once

#include <cstdint>
#include <stdexcept>

#include "tests/model/choices.h"

namespace axfrd::model {

// What does not hold, of which transfer, in one sentence.
struct OracleFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What was seen, so that a test knows that it tested something.
struct TransferTally {
  uint64_t transfers = 0, messages = 0, records = 0;
  uint64_t full = 0, differences = 0, full_for_ixfr = 0, up_to_date = 0;
  uint64_t is_signed = 0, edns = 0, other_case = 0;
};

// How large a world may be.
struct TransferLimits {
  uint32_t records = 300;  // of a zone at first
  uint32_t steps = 6;      // of its history
  uint32_t requests = 4;   // at one time
};

// One world: a zone, its history, requests for it at each of its serials. Throws OracleFailure.
void check_transfers(Choices& choices, const TransferLimits& limits, TransferTally& tally);

// A zone with a record of each type, and one of so many records. Throws OracleFailure.
void check_every_type(Choices& choices, TransferTally& tally);
void check_large_zone(Choices& choices, uint32_t records, TransferTally& tally);

}  // namespace axfrd::model
