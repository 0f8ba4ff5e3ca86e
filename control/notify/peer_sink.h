// PeerSink: what DNS sessions and the request handler report of the peers that they serve.
//
// Sessions see this interface alone, not NOTIFY or the ledger behind it. It also says which hosts are secondaries of
// zones, because sessions are reserved for them.
//
// Threads. The service thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "control/base/address.h"
#include "control/notify/trouble.h"
#include "zones/wire/name.h"

namespace axfrd::control {

// A transfer that was sent completely, or as far as it came (broken_off()).
struct TransferReport {
  zones::Name apex;
  IpAddress peer;
  std::string key;  // empty: none
  bool incremental;
  uint32_t from, to;  // from: of IXFR
  uint64_t messages, octets, first_octet_ms, total_ms;
};

// A refused request for one of our zones, or one with a wrong signature.
struct Refusal {
  zones::Name apex;
  IpAddress peer;
  bool by_tcp;  // false: by a datagram, which may be forged
  Reason reason;
  std::string why;  // a sentence
  std::string key;  // named in the request; empty: none
};

// Addresses are normalised: an IPv4 peer is never given as an IPv4-mapped IPv6 address.
class PeerSink {
 public:
  virtual ~PeerSink() = default;

  // A request came from that address. Without `by_tcp` it was a datagram, which can be forged.
  virtual void heard_from(const IpAddress& address, bool by_tcp) = 0;
  // A query for the SOA, or for IXFR from `serial`, came by a datagram, which may be forged. `apex`: the hash of the
  // zone's apex.
  virtual void polled(uint64_t apex, const IpAddress& address, std::optional<uint32_t> serial) = 0;
  // An IXFR request over TCP stated which serial the peer has.
  virtual void saw_serial(zones::NameView apex, const IpAddress& peer, uint32_t serial) = 0;
  virtual void transferred(const TransferReport& report) = 0;
  // A transfer was not completed. `report`: what was sent until then; `why`: a sentence.
  virtual void broken_off(const TransferReport& report, const std::string& why) = 0;
  virtual void refused(const Refusal& refusal) = 0;

  // Whether some zone lists exactly this host, and not only a prefix around it, among the secondaries that may transfer
  // it.
  virtual bool names(const IpAddress& address) const = 0;
  // The number of such hosts.
  virtual size_t named_hosts() const = 0;
  // Whether each transfer is written to a log of its own.
  virtual bool logs_transfers() const = 0;
};

}  // namespace axfrd::control
