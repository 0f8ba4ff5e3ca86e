// Ledger: what is known of each secondary of each zone, and what it is owed.
//
// A line is a zone and a host that is to be notified. It owes the zone's serial until the host has proven to have that:
// by the end of a transfer, by an IXFR request that states it, or by the answer to a query of ours. A transfer is
// confirmed by a query soon after, because what was received may yet be lost. What was proven last is kept in the
// store, so that a restart knows who is behind and troubles nobody else.
//
// Threads. The service thread.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/base/address.h"
#include "control/base/json.h"
#include "zones/version.h"

namespace axfrd::control {

enum class Proof : uint8_t { none, kept, transfer, ixfr_request, query };

// One transfer, or attempt at one, for the ledger and the log.
struct TransferReport {
  zones::Name apex;
  IpAddress peer;
  std::string key;  // empty: none
  bool incremental;
  uint32_t from, to;  // from: of IXFR
  uint64_t messages, octets, first_octet_ms, total_ms;
};

struct NotifyTarget;

struct LedgerLine {
  using Clock = std::chrono::steady_clock;
  enum class Phase : uint8_t {
    idle,       // nothing is owed
    queued,     // waits for its turn at the target
    notifying,  // NOTIFY is on its way
    answered,   // NOTIFY was answered, a transfer should follow
    doubted,    // waits for its turn to be asked what it has
    asking,     // our SOA query is on its way
    resting     // waits before the next try
  };

  struct LedgerZone* zone = nullptr;
  NotifyTarget* target = nullptr;
  Phase phase = Phase::idle;
  uint8_t attempts = 0;                                           // at NOTIFY, since it was last answered
  uint8_t rounds = 0;                                             // answered NOTIFYs without a proof
  uint16_t id = 0;                                                // of the message on its way
  std::multimap<Clock::time_point, LedgerLine*>::iterator due{};  // @pre is_due
  bool is_due = false;
  std::list<LedgerLine*>::iterator place{};  // in the target's queue, or among its doubted; @pre phase says so

  std::optional<uint32_t> serial;  // that the secondary has
  Proof proof = Proof::none;
  int64_t proven_at = 0;  // this and the others: seconds since 1970, 0 for never
  int64_t notified_at = 0, answered_at = 0;
  std::optional<uint32_t> notified_serial;
  std::optional<zones::Rcode> notify_rcode;
  Clock::time_point notify_sent{};
  int64_t polled_at = 0;                  // by a query for the SOA, or for IXFR
  std::optional<uint32_t> polled_serial;  // that the poll stated
  int64_t transferred_at = 0;
  std::unique_ptr<TransferReport> transfer;  // the last one

  bool owes() const;
};

// A zone that has secondary DNS.
struct LedgerZone {
  zones::Name apex;
  uint32_t serial = 0;
  int64_t serial_since = 0;
  zones::SecondaryDnsRef settings;
  std::vector<std::unique_ptr<LedgerLine>> lines;
  // The last transfer that was refused, to whomever.
  int64_t refused_at = 0;
  IpAddress refused_peer;
  std::string refused_why;
};

inline bool LedgerLine::owes() const { return !serial || zones::serial_newer(zone->serial, *serial); }

// {"zone", "serial", "secondary", "has_serial", "behind_seconds", "proof", …}, one for each line.
Json to_json(const LedgerLine& line, const std::string& place, int64_t now);
Json to_json(const TransferReport& report);

std::string place_of(const boost::asio::ip::udp::endpoint& endpoint);

}  // namespace axfrd::control
