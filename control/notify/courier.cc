#include "control/notify/courier.h"

#include <optional>
#include <utility>

#include "control/base/resolver.h"
#include "control/dnsclient/tcp_exchange.h"

namespace axfrd::control {

namespace {

constexpr auto kTcpTime = std::chrono::seconds(5);

// What an answer to an SOA query proves. An answer without AA is not authoritative (RFC 1035 §4.1.1): a host that is
// also a resolver may answer from its cache.
Delivery::Answer judge(const zones::SecondaryResponse& response) {
  Delivery::Answer answer{response.rcode, std::nullopt, ""};
  if (response.rcode != zones::Rcode::noerror) {
    answer.problem = "answers the query for its SOA with " + name_of_rcode(static_cast<int>(response.rcode));
  } else if (!response.authoritative) {
    answer.problem = "answers the query for its SOA without authority (AA is not set)";
  } else if (!response.serial) {
    answer.problem = "answers the query for its SOA without a SOA of the zone";
  } else {
    answer.serial = response.serial;
  }
  return answer;
}

}  // namespace

Courier::Courier(boost::asio::io_context& loop, const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader,
                 const CurrentSettings& settings, std::vector<IpAddress> sources, Listener listener)
    : loop_(loop),
      zones_(zones),
      reader_(reader),
      settings_(settings),
      listener_(std::move(listener)),
      datagrams_(loop, std::move(sources)) {}

void Courier::open() {
  datagrams_.open([this](const Endpoint& from, zones::Bytes message) { receive(from, message); });
}

uint16_t Courier::draw_id(const Endpoint& to) {
  const Flights& flights = flights_[to];
  uint16_t id = 0;
  do {
    id = static_cast<uint16_t>(random_());
  } while (flights.contains(id));
  return id;
}

void Courier::enter(const Endpoint& to, uint16_t id, Flight flight) {
  places_.emplace(flight.ticket, std::pair(to, id));
  flights_[to].emplace(id, std::move(flight));
}

Courier::Sent Courier::send_notify(const Destination& to, const zones::Name& apex, Ticket ticket, Channel channel) {
  using Outcome = Sent::Outcome;
  TsigKeyRef key;
  if (to.key) {
    const KeyRef found = settings_.keys()->find(*to.key);
    if (!found) return {Outcome::key_missing};
    key = found->tsig;
  }
  const uint16_t id = draw_id(to.endpoint);
  std::string message;
  uint32_t serial = 0;
  {
    const dataplane::ReadSection section(reader_);
    const zones::Zone* zone = zones_.find(zones::NameHash::process().of(apex), apex);
    if (zone == nullptr) return {Outcome::no_zone};
    serial = zone->current()->serial();
    message = zones::make_notify(id, *zone->current());
  }
  Flight flight{ticket, apex, true, dnsclient::Request::make(std::move(message), std::move(key))};
  const std::string octets = flight.request.message;
  if (channel == Channel::udp && !datagrams_.send(to.endpoint, octets)) return {Outcome::unsendable};
  enter(to.endpoint, id, std::move(flight));
  if (channel == Channel::tcp) send_by_tcp(to.endpoint, ticket, octets);
  return {Outcome::sent, serial};
}

bool Courier::send_query(const Destination& to, const zones::Name& apex, Ticket ticket) {
  const uint16_t id = draw_id(to.endpoint);
  Flight flight{ticket, apex, false, {zones::make_soa_query(id, apex), nullptr, {}}};
  if (!datagrams_.send(to.endpoint, flight.request.message)) return false;
  enter(to.endpoint, id, std::move(flight));
  return true;
}

void Courier::send_by_tcp(const Endpoint& to, Ticket ticket, const std::string& message) {
  dnsclient::exchange_by_tcp(loop_, {to.address(), to.port()}, datagrams_.source_to(to.address()), message, kTcpTime,
                             [this, to, ticket](zones::Bytes response, const boost::system::error_code& error) {
                               receive(to, response);
                               listener_.tcp_ended(ticket, error == boost::asio::error::connection_refused);
                             });
}

void Courier::abandon(Ticket ticket) {
  const auto place = places_.find(ticket);
  if (place == places_.end()) return;
  const auto [endpoint, id] = place->second;
  places_.erase(place);
  const auto flights = flights_.find(endpoint);
  flights->second.erase(id);
  if (flights->second.empty()) flights_.erase(flights);
}

void Courier::receive(const Endpoint& from, zones::Bytes message) {
  const auto response = zones::read_response(message);
  if (!response) return;
  const auto flights = flights_.find(from);
  if (flights == flights_.end()) return;
  const auto found = flights->second.find(response->id);
  if (found == flights->second.end()) return;
  const Flight& flight = found->second;
  if (!zones::is_about(message, flight.apex)) return;
  if (response->opcode != (flight.notify ? zones::Opcode::notify : zones::Opcode::query)) return;
  const Ticket ticket = flight.ticket;
  Delivery::Answer answer{response->rcode, std::nullopt, ""};
  if (flight.request.key) {
    const TsigCheck check = flight.request.check(message);
    answer.tsig = check.record.error;
    answer.is_signed = check.authentic();
    if (!check.authentic()) return listener_.answered_unsigned(ticket, answer);
  }
  if (!flight.notify) answer = judge(*response);
  abandon(ticket);
  listener_.answered(ticket, answer);
}

}  // namespace axfrd::control
