// Ledger: the facts about each secondary of each zone.
//
// A line is a zone and a host that gets NOTIFY. The line owes the zone's serial until the host has proven that it has
// it: by completing a transfer, by an IXFR request that states it, or by the answer to a query of ours. The store keeps
// the last proof, so that after a restart only secondaries that are behind get a message. delivery.h decides which
// message is sent next, and when.
//
// Threads. The service thread.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/base/address.h"
#include "control/base/json.h"
#include "control/notify/peer_sink.h"
#include "control/notify/trouble.h"
#include "zones/data/version.h"

namespace axfrd::control {

enum class Proof : uint8_t { none, kept, transfer, ixfr_request, query };

// The address and port that NOTIFY is sent to, and the key that signs it.
struct Destination {
  boost::asio::ip::udp::endpoint endpoint;
  std::optional<zones::Name> key;

  bool operator==(const Destination&) const = default;
};

// Times are seconds since 1970, 0 for never.
struct LineFacts {
  std::optional<uint32_t> serial;  // the last one that the secondary is proven to have
  Proof proof = Proof::none;
  int64_t proven_at = 0;
  int64_t behind_since = 0;  // when the first serial that it lacks was published; 0: it lacks none

  int64_t notified_at = 0, answered_at = 0;
  std::optional<uint32_t> notified_serial;
  std::optional<zones::Rcode> notify_rcode;  // of the answer to the last NOTIFY; none: not answered
  bool unsigned_answer = false;              // that answer was not signed correctly, and so is not accepted
  uint8_t attempts = 0;                      // failed tries since the last answer

  int64_t polled_at = 0;                  // its last query for the SOA or for IXFR by UDP
  std::optional<uint32_t> polled_serial;  // stated in that query, if it was for IXFR

  // Why the last answer to our SOA query proved nothing, a sentence; empty: it proved a serial.
  std::string query_problem;

  int64_t transferred_at = 0;
  std::unique_ptr<TransferReport> transfer;  // the last one

  int64_t asked_at = 0;     // when we last queried its SOA
  int64_t ahead_since = 0;  // when it was first seen to have a serial that is newer than ours; 0: it has none

  std::unique_ptr<Troubles> troubles;  // null: there were none

  // Whether the secondary is not proven to have `current`.
  bool owes(uint32_t current) const { return !serial || zones::serial_newer(current, *serial); }
  // Whether the secondary has a serial above ours: it transfers nothing before ours is higher.
  bool is_ahead(uint32_t current) const { return !owes(current) && *serial != current; }
  bool in_step(uint32_t current) const { return serial == current; }
  // The time since when the secondary has not been proven to be in step; seconds since 1970.
  int64_t unproven_since(uint32_t current) const { return in_step(current) ? proven_at : behind_since; }
};

struct ZoneFacts {
  zones::Name apex;
  uint32_t serial = 0;
  uint32_t expire = 0;  // of the SOA
};

// Appends {"zone", "serial", "secondary", "has_serial", "in_step", "behind_seconds", "proof", "state", "reason", …}.
void append_json(std::string& out, const ZoneFacts& zone, const LineFacts& line, const Destination& destination,
                 std::string_view state, int64_t now);
Json to_json(const TransferReport& report);

// "NOTAUTH" and so on.
const char* name_of(zones::Rcode rcode);

// "192.0.2.1@53"
std::string place_of(const boost::asio::ip::udp::endpoint& endpoint);

}  // namespace axfrd::control
