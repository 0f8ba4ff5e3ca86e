#include "control/dns/request_handler.h"

#include <utility>

#include "control/base/unix_time.h"
#include "zones/answer/ixfr.h"
#include "zones/wire/serial.h"

namespace axfrd::control {

namespace {

using zones::Disposition;
using zones::Query;
using zones::Rcode;

RequestHandler::Outcome answer(unsigned size) {
  RequestHandler::Outcome outcome;
  outcome.size = size;
  return outcome;
}

RequestHandler::Outcome send(zones::Transfer transfer) {
  RequestHandler::Outcome outcome;
  outcome.transfer = std::move(transfer);
  return outcome;
}

uint16_t rcode_nibble(const uint8_t* message) { return zones::load16(message + 2) & 0xF; }

}  // namespace

RequestHandler::Outcome RequestHandler::handle(uint8_t* message, unsigned size, unsigned capacity,
                                               zones::Transport transport, const IpAddress& peer) {
  Query query;
  query.message = message;
  query.size = size;
  query.capacity = capacity;
  query.transport = transport;
  const AddressOctets client(peer);
  query.client = client.bytes();
  query.now = static_cast<uint32_t>(unix_time());
  counters_.queries.add();
  peers_.heard_from(normalised(peer), transport == zones::Transport::tcp);
  Outcome outcome = decide(query, peer);
  if (outcome.nothing()) counters_.ignored.add();
  if (limiter_.on() && outcome.size != 0 && !query.signed_request) limit(query, outcome);
  if (outcome.size != 0) count_response({message, outcome.size});
  return outcome;
}

void RequestHandler::limit(Query& query, Outcome& outcome) {
  using Fate = dataplane::RateLimiter::Fate;
  const auto key = limiter_.key_of(query);
  if (!key) return;
  switch (
      limiter_.decide(key, query, static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()))) {
    case Fate::sent:
      break;
    case Fate::slipped:
      outcome.size = responder_.slip(query, outcome.size);
      counters_.slipped.add();
      break;
    case Fate::dropped:
      outcome.size = 0;
      counters_.rate_limited.add();
      break;
  }
}

void RequestHandler::count_response(zones::Bytes response) { counters_.responses[rcode_nibble(response.data())].add(); }

RequestHandler::Outcome RequestHandler::decide(Query& query, const IpAddress& peer) {
  switch (query.parse()) {
    case Disposition::answer:
      return answer(look_up(query, peer));
    case Disposition::transfer:
      return start_transfer(query, peer, nullptr);
    case Disposition::privileged:
      return query.signed_request ? answer_signed(query, peer) : answer(refuse_unsigned(query));
    case Disposition::drop:
      break;
  }
  return {};
}

unsigned RequestHandler::look_up(Query& query, const IpAddress& peer) {
  const bool ixfr = query.qtype == zones::rrtype::IXFR;
  const auto serial =
      ixfr ? zones::ixfr_serial(query) : std::nullopt;  // read first: the response overwrites the request
  const unsigned size = responder_.respond(query);
  if ((ixfr || query.qtype == zones::rrtype::SOA) && zones::is_poll(query))
    peers_.polled(query.lookup.version->apex().hash, normalised(peer), serial);
  return size;
}

RequestHandler::Outcome RequestHandler::start_transfer(Query& query, const IpAddress& peer, const zones::Name* key) {
  if (query.transport == zones::Transport::udp) return answer(responder_.refuse(query, Rcode::notimp));
  const zones::HashedName& name = query.qname;
  const zones::Zone* zone = responder_.zones().find(name.hash(name.labels()), name.view());
  if (zone == nullptr) return answer(responder_.refuse(query, Rcode::notauth));
  const zones::ZoneVersion& version = *zone->current();
  if (version.serving() == zones::Serving::expired) return answer(responder_.refuse_unserved(query, version));
  const IpAddress address = normalised(peer);
  const Requester who{address, key, allow_transfer_.match(peer, key)};
  if (!may_transfer(version, who)) {
    const std::string why = decide_transfer(version, who).why;
    counters_.refused.add();
    peers_.refused({zones::Name(version.apex().name), address, true, Reason::not_allowed, why,
                    key != nullptr ? key->to_text() : ""});
    return answer(responder_.refuse(query, Rcode::refused, zones::Ede::prohibited, why));
  }
  if (query.qtype == zones::rrtype::IXFR) return answer_ixfr(query, version, address);
  return send(zones::Transfer(&version, query, responder_.opt(query, version)));
}

// A client with an older serial gets the difference, or the whole zone if there is no difference (RFC 1995 §4).
RequestHandler::Outcome RequestHandler::answer_ixfr(Query& query, const zones::ZoneVersion& version,
                                                    const IpAddress& peer) {
  const auto theirs = zones::ixfr_serial(query);
  if (!theirs) return answer(responder_.refuse(query, Rcode::formerr));
  peers_.saw_serial(version.apex().name, peer, *theirs);
  if (!zones::serial_newer(version.serial(), *theirs)) return answer(responder_.respond(query));  // with the SOA alone
  std::string opt = responder_.opt(query, version);
  auto difference = differences_.find(version, *theirs);
  if (!difference) return send(zones::Transfer(&version, query, std::move(opt)));
  return send(zones::Transfer(&version, std::move(difference), query, std::move(opt)));
}

// ---- NOTIFY and UPDATE ----

// NOTAUTH for zones that are changed here, as Knot answers, and for unknown zones. REFUSED for a zone that axfrd
// follows, because no host may send NOTIFY for it.
unsigned RequestHandler::refuse_notify(Query& query) {
  const zones::HashedName& name = query.qname;
  const zones::Zone* zone = responder_.zones().find(name.hash(name.labels()), name.view());
  const bool followed = zone != nullptr && !zone->current()->attributes().is_local();
  return responder_.refuse(query, followed ? Rcode::refused : Rcode::notauth);
}

unsigned RequestHandler::refuse_unsigned(Query& query) {
  if (query.opcode == zones::Opcode::notify) return refuse_notify(query);
  counters_.updates_refused.add();
  return responder_.refuse(query, Rcode::refused, zones::Ede::prohibited, "updates have to be signed with a key");
}

unsigned RequestHandler::refuse_update(Query& query, const TsigCheck& check, const IpAddress& peer,
                                       const std::string& why) {
  counters_.updates_refused.add();
  const std::string text = "key " + check.key->name().to_text() + " " + why;
  auditor_(failed_update(zones::Name(query.qname.view()), peer, check.key->name(), text));
  return responder_.refuse(query, Rcode::refused, zones::Ede::prohibited, text);
}

// Permissions are checked before prerequisites, which could tell the contents of a zone to a key that may not change
// it.
RequestHandler::Outcome RequestHandler::start_update(Query& query, const TsigCheck& check, const IpAddress& peer) {
  auto read = zones::read_update(query);
  if (const auto* rcode = std::get_if<Rcode>(&read)) return answer(responder_.refuse(query, *rcode));
  const zones::HashedName& name = query.qname;
  const zones::Zone* zone = responder_.zones().find(name.hash(name.labels()), name.view());
  if (zone == nullptr) return answer(responder_.refuse(query, Rcode::notauth));
  // RFC 2136 §6 lets a secondary forward the request to the primary. axfrd does not do that.
  if (!zone->current()->attributes().is_local()) return answer(responder_.refuse(query, Rcode::notimp));
  const zones::Name apex(name.view());
  const KeyRef key = settings_.keys()->find(check.key->name());
  if (!key || !key->may_update(apex)) return answer(refuse_update(query, check, peer, "may not update the zone"));
  auto& request = std::get<zones::UpdateRequest>(read);
  for (const zones::Edit& edit : request.edits) {
    if (key->may_make(apex, edit.record)) continue;
    const std::string what = edit.record.owner.to_text() + " " + zones::type_to_text(edit.record.type);
    return answer(refuse_update(query, check, peer, "may not change " + what));
  }
  counters_.updates.add();
  Outcome outcome;
  outcome.update = PendingUpdate{{query.message, query.message + query.size},
                                 query.transport,
                                 peer,
                                 check,
                                 apex,
                                 std::make_shared<const zones::UpdateRequest>(std::move(request))};
  return outcome;
}

// ---- TSIG ----

RequestHandler::Outcome RequestHandler::answer_signed(Query& query, const IpAddress& peer) {
  const TsigTime now = tsig_now();
  const TsigCheck check = check_request({query.message, query.size}, settings_.keys()->ring(), now);
  if (check.rcode == Rcode::formerr) return answer(responder_.refuse(query, Rcode::formerr));
  if (query.transport == zones::Transport::udp) {
    const unsigned payload = std::max<unsigned>(zones::kMinUdp, std::min(query.payload, udp_payload_));
    query.capacity = std::min(query.capacity, payload);
  }
  // The response leaves room for the TSIG record. RFC 8945 §5.3 demands TC rather than a response without it.
  const unsigned capacity = query.capacity;
  query.capacity -= std::min(capacity - zones::kHeaderSize, TsigSigner(check).max_size());
  Outcome outcome;
  if (check.authentic()) {
    check.key->note_use(now);
    outcome = answer_authentic(query, check, peer);
  } else {
    counters_.bad_keys.add();
    report_bad_key(query, check, now, peer);
    outcome = answer(responder_.refuse(query, check.rcode));
  }
  if (outcome.size != 0) outcome.size = append_tsig(check, query.message, outcome.size, capacity);
  if (outcome.transfer) outcome.signer.emplace(check);
  return outcome;
}

// Reports only queries for a zone that we have, because secondaries send no other requests.
void RequestHandler::report_bad_key(const Query& query, const TsigCheck& check, TsigTime now, const IpAddress& peer) {
  if (query.opcode != zones::Opcode::query) return;
  const zones::HashedName& name = query.qname;
  const zones::Zone* zone = responder_.zones().find(name.hash(name.labels()), name.view());
  if (zone == nullptr) return;
  const std::string key = check.record.key.to_text();
  const auto [reason, why] = [&]() -> std::pair<Reason, std::string> {
    switch (check.error) {
      case TsigError::badkey:
        return {Reason::badkey, "TSIG BADKEY: there is no key " + key + " here, or it has another algorithm here"};
      case TsigError::badtime: {
        const bool ahead = check.record.time_signed > now;
        const TsigTime apart = ahead ? check.record.time_signed - now : now - check.record.time_signed;
        return {Reason::badtime, "TSIG BADTIME, key " + key + ": its clock is " + std::to_string(apart) + " s " +
                                     (ahead ? "ahead of" : "behind") + " ours"};
      }
      case TsigError::badtrunc:
        return {Reason::badtrunc, "TSIG BADTRUNC, key " + key + ": it cuts its signatures short"};
      default:
        return {Reason::badsig, "TSIG BADSIG, key " + key + ": it signs with another secret than the key has here"};
    }
  }();
  peers_.refused(
      {zones::Name(name.view()), normalised(peer), query.transport == zones::Transport::tcp, reason, why, key});
}

RequestHandler::Outcome RequestHandler::answer_authentic(Query& query, const TsigCheck& check, const IpAddress& peer) {
  if (query.opcode == zones::Opcode::update) return start_update(query, check, peer);
  if (query.opcode == zones::Opcode::notify) return answer(refuse_notify(query));
  if (query.asks_for_transfer()) return start_transfer(query, peer, &check.key->name());
  return answer(look_up(query, peer));
}

}  // namespace axfrd::control
