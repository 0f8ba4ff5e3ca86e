#include "control/request_handler.h"

#include "control/tsig.h"
#include "zones/ixfr.h"
#include "zones/serial.h"

namespace axfrd::control {

namespace {

using zones::Disposition;
using zones::Query;
using zones::Rcode;

uint16_t rcode_nibble(const uint8_t* message) { return zones::load16(message + 2) & 0xF; }

}  // namespace

RequestHandler::Outcome RequestHandler::handle(uint8_t* message, unsigned size, unsigned capacity,
                                               zones::Transport transport, const IpAddress& peer) {
  Query query;
  query.message = message;
  query.size = size;
  query.capacity = capacity;
  query.transport = transport;
  counters_.queries.add();
  Outcome outcome = decide(query, peer);
  if (outcome.size != 0) {
    counters_.responses[rcode_nibble(message)].add();
  } else if (!outcome.transfer) {
    counters_.ignored.add();
  }
  return outcome;
}

RequestHandler::Outcome RequestHandler::decide(Query& query, const IpAddress& peer) {
  switch (query.parse()) {
    case Disposition::answer:
      return {responder_.respond(query), {}};
    case Disposition::transfer:
      return start_transfer(query, peer);
    case Disposition::privileged:
      return {answer_privileged(query), {}};
    case Disposition::drop:
      break;
  }
  return {};
}

RequestHandler::Outcome RequestHandler::start_transfer(Query& query, const IpAddress& peer) {
  if (query.transport == zones::Transport::udp) return {responder_.refuse(query, Rcode::notimp), {}};
  const zones::HashedName& name = query.qname;
  const zones::Zone* zone = responder_.zones().find(name.hash(name.labels()), name.view());
  if (zone == nullptr) return {responder_.refuse(query, Rcode::notauth), {}};
  if (!allow_transfer_.match(peer)) {
    counters_.refused.add();
    const std::string why = "no rule allows transfers to " + normalised(peer).to_string();
    return {responder_.refuse(query, Rcode::refused, zones::Ede::prohibited, why), {}};
  }
  const zones::ZoneVersion& version = *zone->current();
  if (query.qtype == zones::rrtype::IXFR) return answer_ixfr(query, version);
  return {0, zones::Transfer(&version, query, query.edns ? udp_payload_ : uint16_t{0})};
}

// Whoever is behind gets the difference, or the whole zone when there is none to give (RFC 1995 §4).
RequestHandler::Outcome RequestHandler::answer_ixfr(Query& query, const zones::ZoneVersion& version) {
  const auto theirs = zones::ixfr_serial(query);
  if (!theirs) return {responder_.refuse(query, Rcode::formerr), {}};
  if (!zones::serial_newer(version.serial(), *theirs)) return {responder_.respond(query), {}};  // the SOA alone
  const uint16_t payload = query.edns ? udp_payload_ : uint16_t{0};
  auto difference = differences_.find(version, *theirs);
  if (!difference) return {0, zones::Transfer(&version, query, payload)};
  return {0, zones::Transfer(&version, std::move(difference), query, payload)};
}

unsigned RequestHandler::answer_privileged(Query& query) {
  if (query.signed_request) return answer_signed(query);
  // We are primary of all our zones, so nobody has a change to tell us of; Knot says the same.
  if (query.opcode == zones::Opcode::notify) return responder_.refuse(query, Rcode::notauth);
  return responder_.refuse(query, Rcode::notimp);
}

// There are no keys yet, so every key is unknown.
unsigned RequestHandler::answer_signed(Query& query) {
  const TsigTime now = tsig_now();
  const TsigCheck check = check_request({query.message, query.size}, KeyRing(), now);
  if (check.rcode == Rcode::formerr) return responder_.refuse(query, Rcode::formerr);
  counters_.bad_keys.add();
  const unsigned capacity =
      query.transport == zones::Transport::udp ? std::max<unsigned>(zones::kMinUdp, query.payload) : query.capacity;
  const unsigned size = responder_.refuse(query, check.rcode);
  return TsigSigner(check).append(query.message, size, std::min(capacity, query.capacity), now);
}

}  // namespace axfrd::control
