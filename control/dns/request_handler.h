// RequestHandler: handles one DNS request from a kernel socket.
//
// The answering core responds to plain queries. Transfers, NOTIFY, UPDATE and TSIG are handled here.
//
// Threads. The service thread.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "control/access/acl.h"
#include "control/access/settings.h"
#include "control/access/transfer_permission.h"
#include "control/base/cause.h"
#include "control/dns/counters.h"
#include "control/dns/dns_update.h"
#include "control/dns/ixfr_cache.h"
#include "control/notify/peer_sink.h"
#include "dataplane/rate_limit.h"
#include "zones/answer/respond.h"
#include "zones/answer/transfer.h"

namespace axfrd::control {

class RequestHandler {
 public:
  RequestHandler(const zones::Responder& responder, const CurrentSettings& settings, const AccessList& allow_transfer,
                 uint16_t udp_payload, const dataplane::RateLimitOptions& rate_limit, PeerSink& peers,
                 RequestCounters& counters, Auditor auditor)
      : responder_(responder),
        settings_(settings),
        allow_transfer_(allow_transfer),
        udp_payload_(udp_payload),
        limiter_(std::chrono::steady_clock::period::den, rate_limit),
        peers_(peers),
        counters_(counters),
        auditor_(std::move(auditor)) {}

  // One of these: a response of `size` octets, which has overwritten the request; a transfer to send, signed by
  // `signer` if there is one; an update to make; or nothing, if the message was no DNS request or its response was
  // dropped by the rate limit.
  struct Outcome {
    unsigned size = 0;
    std::optional<zones::Transfer> transfer;
    std::optional<TsigSigner> signer;
    std::optional<PendingUpdate> update;

    bool nothing() const { return size == 0 && !transfer && !update; }
  };

  // Handles the request of `size` octets at `message`, where `capacity` octets may be written. @pre inside a read
  // section of the zone table
  Outcome handle(uint8_t* message, unsigned size, unsigned capacity, zones::Transport transport, const IpAddress& peer);

  const AccessList& allow_transfer() const { return allow_transfer_; }

  // Counts a response that handle() did not return.
  void count_response(zones::Bytes response);

 private:
  static constexpr size_t kIxfrCacheOctets = 64U << 20;

  void limit(zones::Query& query, Outcome& outcome);
  unsigned look_up(zones::Query& query, const IpAddress& peer);
  Outcome decide(zones::Query& query, const IpAddress& peer);
  // `key`: the key that the request was signed with, or null.
  Outcome start_transfer(zones::Query& query, const IpAddress& peer, const zones::Name* key);
  Outcome answer_ixfr(zones::Query& query, const zones::ZoneVersion& version, const IpAddress& peer);
  Outcome answer_signed(zones::Query& query, const IpAddress& peer);
  Outcome answer_authentic(zones::Query& query, const TsigCheck& check, const IpAddress& peer);
  Outcome start_update(zones::Query& query, const TsigCheck& check, const IpAddress& peer);
  unsigned refuse_notify(zones::Query& query);
  void report_bad_key(const zones::Query& query, const TsigCheck& check, TsigTime now, const IpAddress& peer);
  unsigned refuse_unsigned(zones::Query& query);
  unsigned refuse_update(zones::Query& query, const TsigCheck& check, const IpAddress& peer, const std::string& why);

  const zones::Responder& responder_;
  const CurrentSettings& settings_;
  const AccessList& allow_transfer_;
  const uint16_t udp_payload_;
  dataplane::RateLimiter limiter_;  // as in the packet path, for requests from kernel sockets
  PeerSink& peers_;
  RequestCounters& counters_;
  const Auditor auditor_;
  IxfrCache differences_{kIxfrCacheOctets};
};

}  // namespace axfrd::control
