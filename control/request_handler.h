// RequestHandler: what becomes of one DNS request that came by a kernel socket.
//
// Plain queries go to the answering core; what needs time or people (transfers, NOTIFY, UPDATE, TSIG) is decided here.
//
// Threads. The service thread.
#pragma once

#include <optional>

#include "control/acl.h"
#include "control/dns_counters.h"
#include "control/ixfr_cache.h"
#include "zones/respond.h"
#include "zones/transfer.h"

namespace axfrd::control {

class RequestHandler {
 public:
  RequestHandler(const zones::Responder& responder, const AccessList& allow_transfer, uint16_t udp_payload,
                 RequestCounters& counters)
      : responder_(responder), allow_transfer_(allow_transfer), udp_payload_(udp_payload), counters_(counters) {}

  // A response of `size` octets that lies where the request lay, or a transfer to be sent, or neither: no DNS request.
  struct Outcome {
    unsigned size = 0;
    std::optional<zones::Transfer> transfer;
  };

  // Takes the request of `size` octets at `message`, where `capacity` octets may be written.
  // @pre inside a read section of the zone table
  Outcome handle(uint8_t* message, unsigned size, unsigned capacity, zones::Transport transport, const IpAddress& peer);

 private:
  static constexpr size_t kIxfrCacheOctets = 64U << 20;

  Outcome decide(zones::Query& query, const IpAddress& peer);
  Outcome start_transfer(zones::Query& query, const IpAddress& peer);
  Outcome answer_ixfr(zones::Query& query, const zones::ZoneVersion& version);
  unsigned answer_privileged(zones::Query& query);
  unsigned answer_signed(zones::Query& query);

  const zones::Responder& responder_;
  const AccessList& allow_transfer_;
  const uint16_t udp_payload_;
  RequestCounters& counters_;
  IxfrCache differences_{kIxfrCacheOctets};
};

}  // namespace axfrd::control
