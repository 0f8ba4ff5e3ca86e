// Ledger: the facts about each secondary of each zone.
//
// A line is a zone and a host that is to be notified. It owes the zone's serial until the host has proven to have that:
// by the end of a transfer, by an IXFR request that states it, or by the answer to a query of ours. What was proven
// last is kept in the store, so that a restart knows who is behind and troubles nobody else. Which message is sent
// next, and when, is not the ledger's business (delivery.h).
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
#include "zones/version.h"

namespace axfrd::control {

enum class Proof : uint8_t { none, kept, transfer, ixfr_request, query };

// Where NOTIFY goes, and the key that signs it.
struct Destination {
  boost::asio::ip::udp::endpoint endpoint;
  std::optional<zones::Name> key;

  bool operator==(const Destination&) const = default;
};

// Times are seconds since 1970, 0 for never.
struct LineFacts {
  std::optional<uint32_t> serial;  // that the secondary has
  Proof proof = Proof::none;
  int64_t proven_at = 0;
  int64_t behind_since = 0;  // when the first serial came that it lacks; 0: it lacks none

  int64_t notified_at = 0, answered_at = 0;
  std::optional<uint32_t> notified_serial;
  std::optional<zones::Rcode> notify_rcode;
  uint8_t attempts = 0;  // at NOTIFY, since it was last answered

  int64_t polled_at = 0;                  // by a query for the SOA, or for IXFR
  std::optional<uint32_t> polled_serial;  // that the poll stated

  // The last answer to our SOA query that proved nothing, in words; empty: the last one was sound.
  std::string query_problem;

  int64_t transferred_at = 0;
  std::unique_ptr<TransferReport> transfer;  // the last one

  // Whether the secondary is not proven to have `current`.
  bool owes(uint32_t current) const { return !serial || zones::serial_newer(current, *serial); }
};

struct ZoneFacts {
  zones::Name apex;
  uint32_t serial = 0;
  // The last transfer that was refused, to whomever.
  int64_t refused_at = 0;
  IpAddress refused_peer;
  std::string refused_why;
};

// {"zone", "serial", "secondary", "has_serial", "behind_seconds", "proof", "state", …}
Json to_json(const ZoneFacts& zone, const LineFacts& line, const Destination& destination, const std::string& state,
             int64_t now);
Json to_json(const TransferReport& report);

// "192.0.2.1@53"
std::string place_of(const boost::asio::ip::udp::endpoint& endpoint);

}  // namespace axfrd::control
