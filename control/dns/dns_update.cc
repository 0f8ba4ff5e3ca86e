#include "control/dns/dns_update.h"

#include <boost/asio/post.hpp>

#include "control/base/unix_time.h"

namespace axfrd::control {
namespace {

using zones::Rcode;

Rcode rcode_of(const Failure& failure) {
  switch (failure.code) {
    case FailureCode::no_such_zone:
      return Rcode::notauth;
    case FailureCode::bad_zone:
    case FailureCode::standby:
      return Rcode::refused;
    default:
      return Rcode::servfail;
  }
}

Cause cause_of(const IpAddress& peer, const zones::Name& key) {
  return {.kind = "UPDATE", .detail = "from " + peer.to_string(), .who = key.to_text()};
}

}  // namespace

AuditRecord failed_update(const zones::Name& apex, const IpAddress& peer, const zones::Name& key, std::string why) {
  AuditRecord record{.cause = cause_of(peer, key), .kind = "zone", .name = apex.to_text(), .failure = std::move(why)};
  record.cause.verb = "update";
  return record;
}

unsigned append_tsig(const TsigCheck& check, uint8_t* message, unsigned size, unsigned capacity) {
  return TsigSigner(check).append(message, size, capacity, tsig_now());
}

void DnsUpdates::start(PendingUpdate update, Reply reply) {
  const uint64_t number = next_number_++;
  const Cause cause = cause_of(update.peer, update.check.key->name());
  const auto unmet = std::make_shared<Rcode>(Rcode::noerror);  // used only by the committer's thread
  const auto compose = [request = update.request, unmet](zones::Draft& draft) -> std::optional<Failure> {
    *unmet = zones::check_prerequisites(*request, draft);
    if (*unmet != Rcode::noerror) return Failure{FailureCode::conflict, "a prerequisite is not met"};
    if (auto reason = zones::make_update(*request, draft)) return Failure{FailureCode::bad_zone, std::move(*reason)};
    return std::nullopt;
  };
  const auto done = [this, number, unmet](const Outcome<Committer::Changed>& outcome) {
    const auto* failure = std::get_if<Failure>(&outcome);
    Rcode rcode = *unmet;
    if (failure != nullptr && rcode == Rcode::noerror) rcode = rcode_of(*failure);
    boost::asio::post(loop_, [this, number, rcode, why = failure != nullptr ? failure->reason : std::string()] {
      finish(number, rcode, why);
    });
  };
  const zones::Name apex = update.apex;
  waiting_.emplace(number, Waiting{std::move(update), std::move(reply)});
  committer_.change_zone(apex, cause, compose, done);
}

unsigned DnsUpdates::refuse(zones::Query& query, Rcode rcode) {
  const dataplane::ReadSection section(reader_);
  return responder_.refuse(query, rcode);
}

void DnsUpdates::finish(uint64_t number, Rcode rcode, const std::string& why) {
  const auto node = waiting_.extract(number);
  PendingUpdate& update = node.mapped().update;
  if (!why.empty()) committer_.record(failed_update(update.apex, update.peer, update.check.key->name(), why));
  zones::Query query;
  query.size = static_cast<unsigned>(update.message.size());
  query.capacity = zones::kMaxMessage;
  query.transport = update.transport;
  update.message.resize(query.capacity);
  query.message = update.message.data();
  const AddressOctets client(update.peer);
  query.client = client.bytes();
  query.now = static_cast<uint32_t>(unix_time());
  query.parse();
  const unsigned size = refuse(query, rcode);
  node.mapped().reply({query.message, append_tsig(update.check, query.message, size, query.capacity)});
}

}  // namespace axfrd::control
