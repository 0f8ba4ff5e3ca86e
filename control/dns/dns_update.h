// DnsUpdates: passes DNS UPDATE requests that were accepted through the committer (RFC 2136, RFC 3007).
//
// Threads. The service thread. The committer's thread gets only the number of a request, and returns it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "control/access/tsig.h"
#include "control/base/address.h"
#include "control/base/cause.h"
#include "control/commit/committer.h"
#include "dataplane/rcu.h"
#include "zones/answer/dns_update.h"
#include "zones/answer/respond.h"

namespace axfrd::control {

// An UPDATE whose signature and permissions have been verified.
struct PendingUpdate {
  std::vector<uint8_t> message;  // the request
  zones::Transport transport;
  IpAddress peer;
  TsigCheck check;
  zones::Name apex;
  std::shared_ptr<const zones::UpdateRequest> request;
};

// The audit record of an UPDATE that changed nothing.
AuditRecord failed_update(const zones::Name& apex, const IpAddress& peer, const zones::Name& key, std::string why);

class DnsUpdates {
 public:
  using Reply = std::function<void(zones::Bytes response)>;

  DnsUpdates(boost::asio::io_context& loop, Committer& committer, const zones::Responder& responder,
             dataplane::Rcu::Reader& reader)
      : loop_(loop), committer_(committer), responder_(responder), reader_(reader) {}

  // Commits the change and calls `reply` with the signed response. Does not call `reply` if the server stops before.
  void start(PendingUpdate update, Reply reply);

 private:
  struct Waiting {
    PendingUpdate update;
    Reply reply;
  };
  void finish(uint64_t number, zones::Rcode rcode, const std::string& why);
  unsigned refuse(zones::Query& query, zones::Rcode rcode);

  boost::asio::io_context& loop_;
  Committer& committer_;
  const zones::Responder& responder_;
  dataplane::Rcu::Reader& reader_;
  std::map<uint64_t, Waiting> waiting_;
  uint64_t next_number_ = 0;
};

// Signs the response of `size` octets at `message`, and returns its new size.
unsigned append_tsig(const TsigCheck& check, uint8_t* message, unsigned size, unsigned capacity);

}  // namespace axfrd::control
