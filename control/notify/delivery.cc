#include "control/notify/delivery.h"

#include <algorithm>
#include <utility>

#include "control/commit/proofs.h"

namespace axfrd::control {

namespace {

using boost::asio::ip::udp;
using std::chrono::milliseconds, std::chrono::seconds;
using zones::Rcode;

constexpr size_t kWindow = 128;      // messages in flight at a target: what a socket buffer takes at once
constexpr size_t kQueryWindow = 32;  // of these, queries, so that there is always room for a change
constexpr unsigned kUdpTries = 2;    // then one by TCP
constexpr unsigned kDown = 8;        // failures in a row after which a target is tried by one message at a time
constexpr unsigned kMostRounds = 9;  // pauses do not grow beyond
constexpr unsigned kMostAttempts = 60;
constexpr auto kAnswerTime = seconds(1);  // for an answer by UDP
constexpr auto kCoalesce = milliseconds(100);
constexpr auto kTransferTime = seconds(3);  // from an answered NOTIFY to our question whether the transfer was made
constexpr auto kFirstRest = seconds(2), kLongestRest = seconds(600);
constexpr auto kSoon = milliseconds(1);  // a next try that waits for nothing, but not within this call

// The pause after `count` failures in a row.
Delivery::Clock::duration pause_after(unsigned count) {
  return std::min<Delivery::Clock::duration>(kLongestRest, kFirstRest * (1U << std::min(count, kMostRounds)));
}

// Times that a NOTIFY was tried, one more.
uint8_t one_more(uint8_t count, unsigned most) { return static_cast<uint8_t>(std::min(count + 1U, most)); }

}  // namespace

bool Delivery::Target::is_down() const { return failures >= kDown; }
bool Delivery::Line::owes() const { return facts.owes(zone->facts.serial); }
const Destination& Delivery::Line::destination() const { return target->destination; }

std::string Delivery::Line::state_text() const {
  if (facts.serial && zones::serial_newer(*facts.serial, zone->facts.serial))
    return "ahead: it has a newer serial than we";
  if (!owes()) return state == State::current ? "up to date" : "up to date, to be confirmed";
  switch (state) {
    case State::current:
    case State::queued:
      return "NOTIFY waits for its turn";
    case State::pausing:
      return "NOTIFY waits for further changes";
    case State::notifying:
      return "NOTIFY sent";
    case State::expecting:
    case State::confirming:
      return "NOTIFY answered, transfer awaited";
    case State::query_queued:
      return "waits to be asked for its serial";
    case State::querying:
      return "asked for its serial";
    case State::stale:
      return "answers, but does not transfer; NOTIFY is sent again after a pause";
    case State::backing_off:
      return "does not answer; NOTIFY is sent again after a pause";
    case State::no_key:
      return "NOTIFY cannot be signed: there is no key " + target->destination.key->to_text();
  }
  return "";
}

void Delivery::start() {
  started_ = true;
  for (const auto& [key, zone] : zones_) {
    for (const auto& line : zone->lines) {
      if (line->owes()) apply(*line, Event::changed);
    }
  }
}

// ---- zones and lines ----

const Delivery::Zone* Delivery::find(zones::NameView apex) const {
  const auto zone = zones_.find(zones::sort_key(apex));
  return zone != zones_.end() ? zone->second.get() : nullptr;
}

Delivery::Zone* Delivery::find_zone(zones::NameView apex) { return const_cast<Zone*>(find(apex)); }

void Delivery::set_zone(const zones::ZoneVersion& version, const std::string& kept) {
  if (version.attributes().enabled_secondaries() == nullptr) return forget(zones::Name(version.apex().name));
  auto& zone = zones_[zones::sort_key(version.apex().name)];
  if (!zone) {
    zone = std::make_unique<Zone>();
    zone->facts.apex = zones::Name(version.apex().name);
    zones_by_hash_.emplace(version.apex().hash, zone.get());
  }
  const bool new_serial = zone->facts.serial != version.serial();
  zone->facts.serial = version.serial();
  if (zone->settings != version.attributes().secondary_dns) {
    set_settings(*zone, version.attributes().secondary_dns);
    set_lines(*zone, kept);
  }
  for (const auto& line : zone->lines) {
    if (!line->owes()) continue;
    if (line->facts.behind_since == 0) line->facts.behind_since = world_.unix_now();
    if (started_ && (new_serial || line->state == State::current)) apply(*line, Event::changed);
  }
}

void Delivery::set_settings(Zone& zone, zones::SecondaryDnsRef settings) {
  const auto hosts_of = [](const zones::SecondaryDnsRef& of, const auto& each_host) {
    if (of == nullptr) return;
    for (const zones::Secondary& secondary : of->secondaries) {
      if (secondary.is_host() && secondary.transfers) each_host(address_of(secondary));
    }
  };
  hosts_of(settings, [this](const IpAddress& host) { ++hosts_[host]; });
  hosts_of(zone.settings, [this](const IpAddress& host) {
    if (--hosts_[host] == 0) hosts_.erase(host);
  });
  zone.settings = std::move(settings);
}

// Lines that are still wanted stay as they are.
void Delivery::set_lines(Zone& zone, const std::string& kept) {
  std::vector<std::unique_ptr<Line>> before = std::exchange(zone.lines, {});
  const auto proofs = proofs_from_stored(kept);
  for (const zones::Secondary& secondary : zone.settings->secondaries) {
    if (!secondary.notified) continue;
    Target& target = target_of(secondary);
    const auto same = std::ranges::find_if(before, [&](const auto& line) { return line && line->target == &target; });
    if (same != before.end()) {
      zone.lines.push_back(std::move(*same));
      continue;
    }
    auto line = std::make_unique<Line>();
    line->zone = &zone;
    line->target = &target;
    const std::string place = place_of(target.destination.endpoint);
    for (const KeptProof& proof : proofs) {
      if (proof.place != place) continue;
      line->facts.serial = proof.serial;
      line->facts.proof = Proof::kept;
      line->facts.proven_at = proof.time;
    }
    zone.lines.push_back(std::move(line));
  }
  for (const auto& line : before) {
    if (line) drop(*line);
  }
}

Delivery::Target& Delivery::target_of(const zones::Secondary& secondary) {
  const udp::endpoint endpoint = endpoint_of(secondary);
  const std::string key = secondary.keys.empty() ? "" : zones::sort_key(secondary.keys.back());
  auto& target = targets_[{endpoint, key}];
  if (!target) {
    target = std::make_unique<Target>();
    target->destination.endpoint = endpoint;
    if (!secondary.keys.empty()) target->destination.key = secondary.keys.back();
    targets_at_.emplace(endpoint.address(), target.get());
  }
  return *target;
}

// A target without lines stays: there are as many as there are secondary providers, and they come back.
void Delivery::drop(Line& line) {
  leave(line);
  pump(*line.target);
}

void Delivery::forget(const zones::Name& apex) {
  const auto entry = zones_.find(zones::sort_key(apex));
  if (entry == zones_.end()) return;
  const std::unique_ptr<Zone> zone = std::move(entry->second);
  zones_.erase(entry);
  zones_by_hash_.erase(zones::NameHash::process().of(apex));
  const auto lines = std::exchange(zone->lines, {});
  for (const auto& line : lines) drop(*line);
  set_settings(*zone, nullptr);
  world_.proven(*zone);
}

void Delivery::keys_changed() {
  for (const auto& [key, target] : targets_) {
    for (Line* line : std::set<Line*>(target->without_key)) apply(*line, Event::keys_changed);
    pump(*target);
  }
}

// ---- from state to state ----

void Delivery::apply(Line& line, Event event) {
  const Step what = step(line.state, event);
  if (what == Step::none || what == Step::stay) return;
  const State before = line.state;
  leave(line);
  switch (what) {
    case Step::none:
    case Step::stay:
      break;
    case Step::notify: {
      line.rounds = 0;
      const auto since = world_.now() - line.notify_sent;
      if (since >= kCoalesce) return enter_queue(line, State::queued, line.target->notifies);
      line.state = State::pausing;
      return set_due(line, kCoalesce - since);
    }
    case Step::queue:
      return enter_queue(line, State::queued, line.target->notifies);
    case Step::fly:
      line.state = before == State::queued ? State::notifying : State::querying;
      flights_.emplace(line.ticket, &line);
      ++line.target->in_flight;
      if (line.state == State::querying) ++line.target->queries_in_flight;
      if (line.target->tcp != line.ticket) set_due(line, kAnswerTime);
      return;
    case Step::expect:
      line.state = State::expecting;
      return set_due(line, kTransferTime * (1U << line.rounds));
    case Step::confirm:
      line.rounds = line.facts.attempts = 0;
      line.state = State::confirming;
      return set_due(line, kTransferTime);
    case Step::ask:
      return enter_queue(line, State::query_queued, line.target->queries);
    case Step::rest:
      line.rounds = one_more(line.rounds, kMostRounds);
      line.state = State::stale;
      return set_due(line, pause_after(line.rounds));
    case Step::retry: {
      const unsigned attempts = line.facts.attempts;
      const bool soon = attempts <= kUdpTries && !line.target->is_down();
      line.state = State::backing_off;
      line.target->backing_off.insert(&line);
      return set_due(line, soon ? kSoon : pause_after(attempts - std::min(attempts, kUdpTries + 1)));
    }
    case Step::hold:
      line.state = State::no_key;
      line.target->without_key.insert(&line);
      return;
    case Step::settle:
      line.rounds = line.facts.attempts = 0;
      return;
  }
}

void Delivery::leave(Line& line) {
  Target& target = *line.target;
  switch (line.state) {
    case State::queued:
      target.notifies.erase(line.waiting);
      break;
    case State::query_queued:
      target.queries.erase(line.waiting);
      break;
    case State::notifying:
    case State::querying:
      land(line);
      break;
    case State::backing_off:
      target.backing_off.erase(&line);
      break;
    case State::no_key:
      target.without_key.erase(&line);
      break;
    case State::current:
    case State::pausing:
    case State::expecting:
    case State::confirming:
    case State::stale:
      break;
  }
  due_.clear(line);
  line.state = State::current;
}

// Forgets the line's message. Does nothing the second time.
void Delivery::land(Line& line) {
  if (flights_.erase(line.ticket) == 0) return;
  --line.target->in_flight;
  if (line.state == State::querying) --line.target->queries_in_flight;
  world_.abandon(line.ticket);
}

void Delivery::enter_queue(Line& line, State state, std::list<Line*>& queue) {
  line.state = state;
  line.waiting = queue.insert(queue.end(), &line);
  pump(*line.target);
}

// ---- sending ----

// NOTIFY goes first. What cannot be sent comes back here at once: without the flag, a long queue would be as deep a
// recursion.
void Delivery::pump(Target& target) {
  if (!started_ || std::exchange(target.pumping, true)) return;
  const auto has_room = [&] { return target.in_flight < (target.is_down() ? 1 : kWindow); };
  while (!target.notifies.empty() && has_room()) {
    target.oldest_next = !target.oldest_next;
    send_notify(target.oldest_next ? *target.notifies.front() : *target.notifies.back());
  }
  while (!target.queries.empty() && has_room() && target.queries_in_flight < kQueryWindow)
    send_query(*target.queries.front());
  target.pumping = false;
}

// UDP may not get through: every third time by TCP, one at a time.
void Delivery::send_notify(Line& line) {
  using Outcome = World::Sent::Outcome;
  Target& target = *line.target;
  const bool by_tcp = line.facts.attempts % (kUdpTries + 1) == kUdpTries && !target.tcp;
  line.ticket = ++last_ticket_;
  const World::Sent sent = world_.send_notify(target.destination, line.zone->facts.apex, line.ticket,
                                              by_tcp ? World::Channel::tcp : World::Channel::udp);
  switch (sent.outcome) {
    case Outcome::no_zone:  // it is being removed
      return apply(line, Event::satisfied);
    case Outcome::key_missing:
      if (!std::exchange(target.warned_of_key, true)) {
        const std::string key = target.destination.key->to_text();
        log_.warning("secondary ", place_of(target.destination.endpoint),
                     ": NOTIFY cannot be signed, because there is "
                     "no key ",
                     key, "; add it with axfrctl key add ", key, ", or take it out of the secondary");
      }
      return apply(line, Event::key_missing);
    case Outcome::unsendable:
      return unanswered(line);
    case Outcome::sent:
      break;
  }
  target.warned_of_key = false;
  line.notify_sent = world_.now();
  line.facts.notified_at = world_.unix_now();
  line.facts.notified_serial = sent.serial;
  (by_tcp ? counters_.by_tcp : counters_.sent).add();
  if (by_tcp) {
    target.tcp = line.ticket;
    tcp_.emplace(line.ticket, &target);
  }
  apply(line, Event::sent);
}

void Delivery::send_query(Line& line) {
  line.ticket = ++last_ticket_;
  if (!world_.send_query(line.destination(), line.zone->facts.apex, line.ticket)) return unanswered(line);
  counters_.queries.add();
  apply(line, Event::sent);
}

// ---- what targets answer ----

void Delivery::answered(Ticket ticket, const Answer& answer) {
  const auto flight = flights_.find(ticket);
  if (flight == flights_.end()) return;
  Line& line = *flight->second;
  Target& target = *line.target;
  land(line);
  revive(target);
  if (line.state == State::querying) {
    line.facts.query_problem = answer.problem;
    if (answer.serial) prove(line, *answer.serial, Proof::query);
    apply(line, line.owes() ? Event::behind : Event::satisfied);
    return pump(target);
  }
  const bool accepted = answer.rcode == Rcode::noerror;
  line.facts.answered_at = world_.unix_now();
  line.facts.notify_rcode = answer.rcode;
  line.facts.attempts = 0;
  (accepted ? counters_.answered : counters_.refused).add();
  world_.told(line, accepted ? "answered" : "refused");
  if (!accepted) line.rounds = one_more(line.rounds, kMostRounds);
  const bool outdated = line.facts.notified_serial != line.zone->facts.serial;
  apply(line, !accepted ? Event::refused : outdated ? Event::outdated : Event::accepted);
  pump(target);
}

void Delivery::tcp_ended(Ticket ticket) {
  const auto use = tcp_.find(ticket);
  if (use == tcp_.end()) return;
  Target& target = *use->second;
  tcp_.erase(use);
  target.tcp.reset();
  if (const auto flight = flights_.find(ticket); flight != flights_.end()) unanswered(*flight->second);
  pump(target);
}

// Also of what could not be sent at all.
void Delivery::unanswered(Line& line) {
  Target& target = *line.target;
  if (++target.failures == kDown)
    log_.warning("secondary ", place_of(target.destination.endpoint),
                 " does not answer; it is tried again until it does");
  if (line.state == State::queued || line.state == State::notifying) {
    counters_.unanswered.add();
    line.facts.notify_rcode.reset();
    line.facts.attempts = one_more(line.facts.attempts, kMostAttempts);
    world_.told(line, "unanswered");
  } else if (line.owes()) {
    line.facts.attempts = one_more(line.facts.attempts, kMostAttempts);
  }
  // Who has transferred, and does not answer questions, has the serial all the same.
  apply(line, line.owes() ? Event::unanswered : Event::satisfied);
}

// Whoever answers is told at once of all that waited.
void Delivery::revive(Target& target) {
  if (target.is_down()) log_.info("secondary ", place_of(target.destination.endpoint), " answers again");
  target.failures = 0;
  for (Line* line : std::set<Line*>(target.backing_off)) {
    line->facts.attempts = 0;
    apply(*line, Event::alive);
  }
}

void Delivery::prove(Line& line, uint32_t serial, Proof proof) {
  const bool owed = line.owes();
  line.facts.serial = serial;
  line.facts.proof = proof;
  line.facts.proven_at = world_.unix_now();
  if (!line.owes()) {
    line.facts.behind_since = 0;
    if (owed) counters_.paid.add();
  } else if (!owed) {
    line.facts.behind_since = line.facts.proven_at;
  }
  world_.proven(*line.zone);
}

// ---- what peers do ----

void Delivery::heard_from(const IpAddress& address) {
  const auto [first, last] = targets_at_.equal_range(address);
  for (auto at = first; at != last; ++at) {
    if (at->second->failures > 0) revive(*at->second);
    pump(*at->second);
  }
}

// Whoever says that it has the serial is asked at once: the answer cannot be forged as easily.
void Delivery::polled(uint64_t apex, const IpAddress& address, std::optional<uint32_t> serial) {
  heard_from(address);
  const auto zone = zones_by_hash_.find(apex);
  if (zone == zones_by_hash_.end()) return;
  for (const auto& line : zone->second->lines) {
    if (line->destination().endpoint.address() != address) continue;
    line->facts.polled_at = world_.unix_now();
    line->facts.polled_serial = serial;
    if (line->owes() && serial == zone->second->facts.serial) apply(*line, Event::claimed);
  }
}

void Delivery::saw_serial(zones::NameView apex, const IpAddress& peer, uint32_t serial) {
  heard_from(peer);
  Zone* zone = find_zone(apex);
  if (zone == nullptr) return;
  for (const auto& line : zone->lines) {
    if (line->destination().endpoint.address() != peer) continue;
    const bool owed = line->owes();
    prove(*line, serial, Proof::ixfr_request);
    if (!line->owes()) {
      apply(*line, Event::satisfied);
    } else if (!owed) {
      apply(*line, Event::lost);
    }
    pump(*line->target);
  }
}

void Delivery::transferred(const TransferReport& report) {
  heard_from(report.peer);
  Zone* zone = find_zone(report.apex);
  if (zone == nullptr) return;
  for (const auto& line : zone->lines) {
    if (line->destination().endpoint.address() != report.peer) continue;
    line->facts.transfer = std::make_unique<TransferReport>(report);
    line->facts.transferred_at = world_.unix_now();
    prove(*line, report.to, Proof::transfer);
    if (line->owes()) continue;
    apply(*line, Event::transferred);
    pump(*line->target);
  }
}

void Delivery::refused(zones::NameView apex, const IpAddress& peer, const std::string& why) {
  Zone* zone = find_zone(apex);
  if (zone == nullptr) return;
  zone->facts.refused_at = world_.unix_now();
  zone->facts.refused_peer = peer;
  zone->facts.refused_why = why;
}

bool Delivery::notify_again(const zones::Name& apex) {
  Zone* zone = find_zone(apex);
  if (zone == nullptr) return false;
  for (const auto& line : zone->lines) {
    if (line->target->failures > 0) revive(*line->target);
    line->facts.serial.reset();  // proven anew
    if (line->facts.behind_since == 0) line->facts.behind_since = world_.unix_now();
    line->facts.attempts = line->rounds = 0;
    apply(*line, Event::asked);
  }
  return true;
}

// ---- time ----

void Delivery::set_due(Line& line, Clock::duration pause) {
  const Time time = world_.now() + pause;
  due_.set(line, time);
  if (armed_at_ && *armed_at_ <= time) return;
  armed_at_ = time;
  world_.wake(time);
}

void Delivery::turn() {
  if (!started_) return;
  armed_at_.reset();
  const Time now = world_.now();
  while (Line* line = due_.take(now)) {
    Target& target = *line->target;
    if (line->state == State::notifying || line->state == State::querying) {
      unanswered(*line);
    } else {
      apply(*line, Event::due);
    }
    pump(target);
  }
  const auto next = due_.next();
  if (!next || (armed_at_ && *armed_at_ <= *next)) return;
  armed_at_ = next;
  world_.wake(*next);
}

}  // namespace axfrd::control
