#include "control/notify/delivery.h"

#include <algorithm>
#include <utility>

#include "control/commit/proofs.h"

namespace axfrd::control {

namespace {

using boost::asio::ip::udp;
using std::chrono::milliseconds, std::chrono::seconds;
using zones::Rcode;

constexpr size_t kWindow = 128;      // messages in flight at a target: as many as fit into a socket buffer
constexpr size_t kQueryWindow = 32;  // of these, SOA queries; the rest is left to NOTIFY
constexpr unsigned kUdpTries = 2;    // then one try by TCP
constexpr unsigned kDown = 8;        // failures in a row after which a target gets one message at a time
constexpr unsigned kMostRounds = 9;  // rounds after which the pause stops growing
constexpr unsigned kMostAttempts = 60;
constexpr auto kAnswerTime = seconds(1);  // for an answer by UDP
constexpr auto kCoalesce = milliseconds(100);
constexpr auto kTransferTime = seconds(3);  // from an answered NOTIFY to our SOA query
constexpr auto kFirstRest = seconds(2), kLongestRest = seconds(600);
// Divisors of the SOA's EXPIRE: a proof older than EXPIRE/kFresh is renewed, one older than EXPIRE/kStale is logged.
constexpr int64_t kFresh = 4, kStale = 2;
constexpr int64_t kLeastFresh = 30, kLeastStale = 60;  // seconds
constexpr size_t kLeastWatched = 200;                  // zones that watch() looks at each second, at least
constexpr size_t kRound = 600;                         // seconds in which it looks at all zones
constexpr auto kSoon = milliseconds(1);                // an immediate retry, but not within this call

// The pause after `count` rounds without a proof.
Delivery::Clock::duration pause_after(unsigned count) {
  return std::min<Delivery::Clock::duration>(kLongestRest, kFirstRest * (1U << std::min(count, kMostRounds)));
}

std::string quantity(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string span_text(int64_t span) {
  const int64_t d = span / 86400, h = span / 3600 % 24, min = span / 60 % 60;
  if (d > 0) return std::to_string(d) + " d " + std::to_string(h) + " h";
  if (h > 0) return std::to_string(h) + " h " + std::to_string(min) + " min";
  if (min > 0) return std::to_string(min) + " min";
  return std::to_string(span) + " s";
}

// "NOTAUTH, BADSIG"
std::string text_of(const Delivery::Answer& answer) {
  std::string text = name_of(answer.rcode);
  if (answer.tsig != TsigError::none) text += ", " + to_text(answer.tsig);
  return text;
}

// The likely cause, for an operator.
std::string meaning_of(const Delivery::Answer& answer, const Destination& to) {
  const std::string key = to.key ? to.key->to_text() : "";
  switch (answer.tsig) {
    case TsigError::badsig:
      return "it has another secret for the key " + key;
    case TsigError::badkey:
      return "it does not know the key " + key + ", or has it with another algorithm";
    case TsigError::badtime:
      return "its clock and ours are too far apart";
    case TsigError::badtrunc:
    case TsigError::none:
      break;
  }
  switch (answer.rcode) {
    case Rcode::notauth:
      return "it does not serve this zone, or not as a secondary of ours";
    case Rcode::refused:
      return "it does not take NOTIFY for this zone from our address" + (to.key ? " with the key " + key : "");
    case Rcode::notimp:
      return "it does not take NOTIFY at all";
    case Rcode::servfail:
      return "it cannot serve the zone now";
    default:
      return "";
  }
}

// When the first version after `serial` was committed, or the oldest one in the history; 0 without a history.
int64_t lacks_since(const zones::ZoneVersion& version, uint32_t serial) {
  if (!version.history()) return 0;
  const auto& steps = version.history()->steps();
  const auto lacked = std::ranges::find_if(steps, [serial](const auto& step) { return step->from() == serial; });
  return (lacked != steps.end() ? *lacked : steps.front())->time();
}

uint8_t one_more(uint8_t count, unsigned most) { return static_cast<uint8_t>(std::min(count + 1U, most)); }

}  // namespace

bool Delivery::Target::is_down() const { return failures >= kDown; }
bool Delivery::Line::owes() const { return facts.owes(zone->facts.serial); }
const Destination& Delivery::Line::destination() const { return target->destination; }

std::string Delivery::Line::state_text() const {
  if (facts.serial && zones::serial_newer(*facts.serial, zone->facts.serial))
    return "AHEAD: its serial is newer than ours, and it takes nothing from us";
  if (!owes()) {
    if (facts.is_ahead(zone->facts.serial)) return "AHEAD: its serial cannot be compared with ours";
    return state == State::current ? "up to date" : "up to date, to be confirmed";
  }
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
      return facts.notify_rcode.value_or(Rcode::noerror) == Rcode::noerror
                 ? "NOTIFY answered, transfer awaited"
                 : "refuses NOTIFY; will be asked for its SOA";
    case State::query_queued:
      return "no transfer seen, will be asked for its SOA";
    case State::querying:
      return "no transfer seen, asked for its SOA";
    case State::stale:
      return "answers, but does not transfer; NOTIFY is sent again after a pause";
    case State::backing_off:
      if (facts.unsigned_answer) return "refuses NOTIFY; it is sent again after a pause";
      return facts.attempts == 0 && facts.answered_at != 0
                 ? "does not answer our query for its SOA; NOTIFY is sent again after a pause"
                 : "does not answer; NOTIFY is sent again after a pause";
    case State::no_key:
      return "NOTIFY cannot be signed: there is no key " + target->destination.key->to_text();
  }
  return "";
}

void Delivery::begin_doubt(int64_t time) {
  recovered_at_ = time;
  for (const auto& [key, zone] : zones_) {
    for (const auto& line : zone->lines) {
      LineFacts& facts = line->facts;
      facts.proven_at = std::min(facts.proven_at, time - 1);
      const bool owed = line->owes();
      if (!owed) facts.serial.reset();  // its SOA is queried until it answers
      note_debt(*line);
      if (!owed) line->lacks_since = {};
    }
  }
}

void Delivery::start() {
  started_ = true;
  armed_at_.reset();
  for (const auto& [key, zone] : zones_) {
    for (const auto& line : zone->lines) {
      leave(*line);  // before start(), states changed but nothing was sent
      if (in_doubt(*line)) {
        apply(*line, Event::aged);
      } else if (line->owes()) {
        apply(*line, Event::changed);
      }
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
  zone->facts.expire = version.expire();
  if (zone->settings != version.attributes().secondary_dns) {
    set_settings(*zone, version.attributes().secondary_dns);
    set_lines(*zone, kept);
  }
  if (!kept.empty() && !started_) {
    const auto proofs = proofs_from_stored(kept);
    for (const auto& line : zone->lines) {
      take_kept(*line, proofs);
      if (line->facts.proof == Proof::kept && line->owes() && line->facts.behind_since == 0)
        line->facts.behind_since = lacks_since(version, *line->facts.serial);
    }
  }
  for (const auto& line : zone->lines) {
    if (new_serial) line->serial_rises = false;
    note_debt(*line);
    if (!line->owes()) continue;
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

// Lines for destinations that remain keep their state.
void Delivery::set_lines(Zone& zone, const std::string& kept) {
  std::vector<std::unique_ptr<Line>> before = std::exchange(zone.lines, {});
  const auto proofs = proofs_from_stored(kept);
  for (const zones::Secondary& secondary : zone.settings->secondaries) {
    if (!secondary.notified) continue;
    Target& target = target_of(secondary);
    const auto same = std::ranges::find_if(before, [&](const auto& line) { return line && line->target == &target; });
    if (same != before.end()) {
      end_trouble(**same, TroubleKind::request);  // the new settings may allow it
      zone.lines.push_back(std::move(*same));
      continue;
    }
    auto line = std::make_unique<Line>();
    line->zone = &zone;
    line->target = &target;
    ++target.lines;
    take_kept(*line, proofs);
    zone.lines.push_back(std::move(line));
  }
  for (const auto& line : before) {
    if (line) drop(*line);
  }
}

// Takes the stored proof of a line if it is newer than ours. It was stored here, or by the primary whose backup a
// standby has loaded.
void Delivery::take_kept(Line& line, const std::vector<KeptProof>& proofs) {
  const std::string place = place_of(line.destination().endpoint);
  for (const KeptProof& proof : proofs) {
    if (proof.place != place || proof.time < line.facts.proven_at) continue;
    line.facts.serial = proof.serial;
    line.facts.proof = Proof::kept;
    line.facts.proven_at = proof.time;
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

// A target without lines stays, because there are few (one for each secondary provider) and they are often used again.
void Delivery::drop(Line& line) {
  Target& target = *line.target;
  leave(line);
  if (line.counted_owing != 0) target.owing.erase({line.counted_owing, &line});
  if (line.counted_ahead) --target.ahead;
  --target.lines;
  pump(target);
}

void Delivery::note_debt(Line& line) {
  LineFacts& facts = line.facts;
  Target& target = *line.target;
  const uint32_t current = line.zone->facts.serial;
  const bool owes = facts.owes(current), ahead = facts.is_ahead(current);
  if (!owes) {
    facts.behind_since = 0;
  } else if (facts.behind_since == 0) {
    facts.behind_since = world_.unix_now();
  }
  if (line.counted_owing != facts.behind_since) {
    if (line.counted_owing != 0) {
      target.owing.erase({line.counted_owing, &line});
    } else {
      line.lacks_since = world_.now();
    }
    if (facts.behind_since != 0) target.owing.emplace(facts.behind_since, &line);
    line.counted_owing = facts.behind_since;
  }
  if (!ahead) {
    facts.ahead_since = 0;
  } else if (facts.ahead_since == 0) {
    facts.ahead_since = world_.unix_now();
  }
  if (ahead && !line.counted_ahead && !line.serial_rises) {
    const std::string zone = line.zone->facts.apex.to_text(), place = place_of(target.destination.endpoint);
    notices_.tell(world_.now(), place, "ahead",
                  "secondary " + place + " has serial " + std::to_string(*facts.serial) + " of " + zone +
                      ", which is ahead of ours, " + std::to_string(current) +
                      ": it takes no change from us before our serial is beyond that; have it transfer the zone "
                      "anew, or give the zone a higher serial",
                  zone);
  }
  if (ahead != line.counted_ahead) {
    line.counted_ahead = ahead;
    ahead ? ++target.ahead : --target.ahead;
  }
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

// Forgets the line's message in flight, if there is one.
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

// NOTIFY goes before SOA queries. A message that cannot be sent leads to another call of pump(). The flag `pumping`
// keeps those calls from recursing once for each entry of a long queue.
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

// Every third try goes by TCP, in case UDP does not get through. A target has at most one TCP connection at a time.
void Delivery::send_notify(Line& line) {
  using Outcome = World::Sent::Outcome;
  Target& target = *line.target;
  const bool by_tcp = line.facts.attempts % (kUdpTries + 1) == kUdpTries && !target.tcp;
  line.ticket = ++last_ticket_;
  const World::Sent sent = world_.send_notify(target.destination, line.zone->facts.apex, line.ticket,
                                              by_tcp ? World::Channel::tcp : World::Channel::udp);
  switch (sent.outcome) {
    case Outcome::no_zone:  // the zone is being removed
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
  trace(line, "NOTIFY of serial ", sent.serial, by_tcp ? " sent by TCP" : " sent", ", try ", line.facts.attempts + 1);
  line.bad_answer.reset();
  line.notify_sent = world_.now();
  line.facts.notified_at = world_.unix_now();
  line.facts.notify_rcode.reset();
  line.facts.unsigned_answer = false;
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
  line.bad_answer.reset();
  line.facts.asked_at = world_.unix_now();
  trace(line, "asked for its SOA");
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
  is_alive(target);
  if (line.state == State::querying) {
    trace(line, answer.serial ? "has serial " + std::to_string(*answer.serial) : answer.problem);
    line.facts.query_problem = answer.problem;
    const bool was_in_doubt = in_doubt(line);
    if (answer.serial) prove(line, *answer.serial, Proof::query);
    // A secondary that was in doubt has not been sent NOTIFY yet.
    apply(line, !line.owes() ? Event::satisfied : was_in_doubt && answer.serial ? Event::changed : Event::behind);
    return pump(target);
  }
  const bool accepted = answer.rcode == Rcode::noerror;
  line.facts.answered_at = world_.unix_now();
  line.facts.notify_rcode = answer.rcode;
  line.facts.unsigned_answer = false;
  line.facts.attempts = 0;
  (accepted ? counters_.answered : counters_.refused).add();
  std::string said;
  if (accepted) {
    end_trouble(line, TroubleKind::notify);
  } else {
    const std::string means = meaning_of(answer, target.destination);
    said = "it answers NOTIFY with " + text_of(answer) + (answer.is_signed ? " (signed)" : "") +
           (means.empty() ? "" : ": " + means);
    note(line, Reason::notify_refused, said);
  }
  trace(line, "NOTIFY answered ", text_of(answer));
  world_.told(line, accepted ? "answered" : "refused", said);
  if (!accepted) line.rounds = one_more(line.rounds, kMostRounds);
  const bool outdated = line.facts.notified_serial != line.zone->facts.serial;
  apply(line, !accepted ? Event::refused : outdated ? Event::outdated : Event::accepted);
  pump(target);
}

// RFC 8945 §5.4: such an answer is logged, and a correctly signed one may still follow.
void Delivery::answered_unsigned(Ticket ticket, const Answer& answer) {
  const auto flight = flights_.find(ticket);
  if (flight == flights_.end()) return;
  trace(*flight->second, "NOTIFY answered ", text_of(answer), ", but not signed as it has to be");
  flight->second->bad_answer = std::make_unique<Answer>(answer);
}

void Delivery::tcp_ended(Ticket ticket, bool refused) {
  const auto use = tcp_.find(ticket);
  if (use == tcp_.end()) return;
  Target& target = *use->second;
  tcp_.erase(use);
  target.tcp.reset();
  if (const auto flight = flights_.find(ticket); flight != flights_.end()) unanswered(*flight->second, refused);
  pump(target);
}

// Also called for a message that could not be sent.
void Delivery::unanswered(Line& line, bool refused) {
  Target& target = *line.target;
  const bool notify = line.state == State::queued || line.state == State::notifying;
  const bool unsendable = line.state == State::queued || line.state == State::query_queued;
  // A target with an unsigned answer is not silent.
  if (!line.bad_answer && target.silent++ == 0) target.silent_since = world_.unix_now();
  ++target.failures;
  if (notify) {
    Reason reason = Reason::no_answer;
    std::string text = "it does not answer NOTIFY";
    if (line.bad_answer) {
      const std::string means = meaning_of(*line.bad_answer, target.destination);
      reason = Reason::notify_unsigned;
      text =
          "it answers NOTIFY with " + text_of(*line.bad_answer) + " (unsigned)" + (means.empty() ? "" : ": " + means);
    } else if (refused) {
      reason = Reason::connection_refused;
      text = "it does not answer NOTIFY, and refuses the connection: no name server runs at that address and port";
    } else if (unsendable) {
      reason = Reason::unsendable;
      text = "nothing can be sent there: this host has no route to it, or no address of its family";
    }
    target.silence = text;
    counters_.unanswered.add();
    line.facts.unsigned_answer = line.bad_answer != nullptr;
    line.facts.notify_rcode = line.bad_answer ? std::optional(line.bad_answer->rcode) : std::nullopt;
    line.facts.attempts = one_more(line.facts.attempts, kMostAttempts);
    if (line.owes()) note(line, reason, text);
    trace(line, "NOTIFY: ", text);
    world_.told(line, line.bad_answer ? "refused" : "unanswered", text);
  } else {
    trace(line, "does not answer the query for its SOA");
    if (target.silence.empty()) target.silence = "it does not answer queries for its SOA";
    if (line.owes()) line.facts.attempts = one_more(line.facts.attempts, kMostAttempts);
  }
  if (target.silent >= kDown && !std::exchange(target.alarmed, true)) {
    const std::string place = place_of(target.destination.endpoint);
    notices_.tell(world_.now(), place, "does not answer",
                  "secondary " + place + " does not answer: " + target.silence + "; " +
                      quantity(target.owing.size(), "zone") + " of " + std::to_string(target.lines) +
                      " behind there; it is tried again until it does",
                  line.zone->facts.apex.to_text());
  }
  // A secondary that has transferred but does not answer SOA queries still has the serial.
  apply(line, line.owes() ? Event::unanswered : Event::satisfied);
}

// Retries all lines that are backing off.
void Delivery::revive(Target& target) {
  target.failures = 0;
  for (Line* line : std::set<Line*>(target.backing_off)) {
    line->facts.attempts = 0;
    apply(*line, Event::alive);
  }
}

void Delivery::is_alive(Target& target) {
  target.alive_at = world_.unix_now();
  if (target.alarmed) {
    target.alarmed = false;
    const std::string place = place_of(target.destination.endpoint);
    notices_.tell(world_.now(), place, "answers again",
                  "secondary " + place + " answers again, after " + span_text(target.alive_at - target.silent_since) +
                      "; " + quantity(target.owing.size(), "zone") + " of " + std::to_string(target.lines) +
                      " behind there",
                  "");
  }
  target.silent = 0;
  target.silence.clear();
  revive(target);
}

// ---- what is wrong ----

template <class... Parts>
void Delivery::trace(const Line& line, const Parts&... parts) const {
  if (!log_.shows(LogLevel::debug)) return;
  log_.debug("zone ", line.zone->facts.apex.to_text(), ", secondary ", place_of(line.destination().endpoint), ": ",
             parts...);
}

// A host that does not answer is logged once, by unanswered(), and not again for each of its zones.
void Delivery::note(Line& line, Reason reason, const std::string& text) {
  auto& troubles = line.facts.troubles;
  if (!troubles) troubles = std::make_unique<Troubles>();
  troubles->note(reason, text, world_.unix_now());
  const bool of_host =
      reason == Reason::no_answer || reason == Reason::connection_refused || reason == Reason::unsendable;
  if (of_host) return;
  const std::string place = place_of(line.destination().endpoint), zone = line.zone->facts.apex.to_text();
  notices_.tell(world_.now(), place, to_text(reason), "secondary " + place + ", zone " + zone + ": " + text, zone);
}

void Delivery::end_trouble(Line& line, TroubleKind kind) {
  if (line.facts.troubles) line.facts.troubles->end(kind, world_.unix_now());
}

// The reason of the line that has been behind for longest.
std::string Delivery::why(const Target& target) const {
  const LineFacts& facts = target.owing.begin()->second->facts;
  const Trouble* const worst = facts.troubles ? facts.troubles->worst() : nullptr;
  return worst != nullptr ? worst->text : target.owing.begin()->second->state_text();
}

// ---- alarms ----

void Delivery::watch() {
  if (!started_) return;
  notices_.turn(world_.now());
  foreign_.turn(world_.now());
  for (const auto& [key, target] : targets_) watch_target(*target);
  auto zone = zones_.upper_bound(watched_);
  const size_t share = std::max(kLeastWatched, zones_.size() / kRound);
  for (size_t seen = 0; zone != zones_.end() && seen < share; ++zone, ++seen) {
    watched_ = zone->first;
    for (const auto& line : zone->second->lines) watch_line(*line);
  }
  if (zone == zones_.end()) watched_.clear();
}

void Delivery::watch_target(Target& target) {
  const int64_t alarm = settings_.behind_alarm.count();
  if (alarm == 0) return;
  const int64_t now = world_.unix_now();
  const int64_t oldest = target.owing.empty() ? now : target.owing.begin()->first;
  const std::string place = place_of(target.destination.endpoint);
  if (now - oldest <= alarm) {
    if (std::exchange(target.alarmed_behind, false))
      notices_.say(world_.now(), LogLevel::warning,
                   "secondary " + place +
                       (target.owing.empty()
                            ? " has all serials again"
                            : " is not behind for long any more; " + quantity(target.owing.size(), "zone") + " are"));
    return;
  }
  if (std::exchange(target.alarmed_behind, true)) return;
  const auto late = static_cast<size_t>(
      std::ranges::count_if(target.owing, [&](const auto& debt) { return now - debt.first > alarm; }));
  notices_.say(world_.now(), LogLevel::warning,
               "secondary " + place + " is behind for more than " + span_text(alarm) + " with " +
                   quantity(late, "zone") + " of " + std::to_string(target.lines) + ", for longest with " +
                   target.owing.begin()->second->zone->facts.apex.to_text() + ": " + why(target));
}

void Delivery::watch_line(Line& line) {
  LineFacts& facts = line.facts;
  const ZoneFacts& zone = line.zone->facts;
  const int64_t now = world_.unix_now();
  const int64_t stale = std::max<int64_t>(zone.expire / kStale, kLeastStale);
  const int64_t unproven = now - facts.unproven_since(zone.serial);
  if (facts.is_ahead(zone.serial)) return;
  if (unproven > stale && !std::exchange(line.warned_of_expiry, true)) {
    const std::string place = place_of(line.destination().endpoint), apex = zone.apex.to_text();
    notices_.tell(world_.now(), place, "half of EXPIRE unproven",
                  "secondary " + place + " has not proven to be in step with " + apex + " for " + span_text(unproven) +
                      ", more than half of the SOA's EXPIRE, " + span_text(zone.expire) +
                      ", after which it stops to serve the zone",
                  apex);
  }
  if (line.state != State::current || facts.owes(zone.serial)) return;
  const int64_t fresh = std::max<int64_t>(zone.expire / kFresh, kLeastFresh);
  if (now - std::max(facts.proven_at, facts.asked_at) > fresh) {
    apply(line, Event::aged);
    pump(*line.target);
  }
}

std::vector<Delivery::Host> Delivery::hosts() const {
  std::vector<Host> hosts;  // targets_ is in order of endpoints, so equal ones are neighbours
  const int64_t now = world_.unix_now();
  const boost::asio::ip::udp::endpoint* last = nullptr;
  for (const auto& [key, target] : targets_) {
    if (target->lines == 0) continue;
    if (last == nullptr || *last != key.first) hosts.push_back({place_of(key.first)});
    last = &key.first;
    Host& host = hosts.back();
    host.lines += target->lines;
    host.behind += target->owing.size();
    host.ahead += target->ahead;
    host.alive_at = std::max(host.alive_at, target->alive_at);
    host.answers = host.answers && !target->alarmed;
    host.pending += target->notifies.size() + target->in_flight - target->queries_in_flight;
    if (target->owing.empty()) continue;
    const auto& [since, line] = *target->owing.begin();
    if (host.oldest_debt != 0 && host.oldest_debt <= since) continue;
    host.oldest_debt = since;
    host.max_behind = std::max<int64_t>(0, now - since);
    host.oldest_zone = line->zone->facts.apex.to_text();
  }
  return hosts;
}

// Each target has its debts in order, so the oldest of all is always the first of some target's rest.
void Delivery::for_each_debt(const std::function<bool(int64_t begin, const Line& line)>& take) const {
  using Debts = std::set<std::pair<int64_t, const Line*>>;
  using Rest = std::pair<Debts::const_iterator, Debts::const_iterator>;
  const auto is_later = [](const Rest& a, const Rest& b) { return *a.first > *b.first; };
  std::vector<Rest> rests;
  for (const auto& [key, target] : targets_) {
    if (!target->owing.empty()) rests.emplace_back(target->owing.begin(), target->owing.end());
  }
  std::ranges::make_heap(rests, is_later);
  while (!rests.empty()) {
    std::ranges::pop_heap(rests, is_later);
    Rest& rest = rests.back();
    if (!take(rest.first->first, *rest.first->second)) return;
    if (++rest.first == rest.second) {
      rests.pop_back();
    } else {
      std::ranges::push_heap(rests, is_later);
    }
  }
}

std::optional<size_t> Delivery::count_behind(size_t most) const {
  size_t lines = 0;
  for (const auto& [key, target] : targets_) lines += target->owing.size();
  if (lines > most) return std::nullopt;
  std::set<const Zone*> zones;
  for (const auto& [key, target] : targets_) {
    for (const auto& [since, line] : target->owing) zones.insert(line->zone);
  }
  return zones.size();
}

void Delivery::prove(Line& line, uint32_t serial, Proof proof) {
  const bool owed = line.owes();
  // The content that it transferred from us is known, so there is no doubt.
  if (proof != Proof::transfer && in_doubt(line) && !zones::serial_newer(line.zone->facts.serial, serial)) {
    line.serial_rises = true;
    world_.raise_serial(line, serial);
  }
  line.facts.serial = serial;
  line.facts.proof = proof;
  line.facts.proven_at = world_.unix_now();
  note_debt(line);
  if (owed && !line.owes()) {
    counters_.paid.add();
    const auto took = line.lacks_since != Time{} ? std::optional(world_.now() - line.lacks_since) : std::nullopt;
    if (took) counters_.propagation.add(*took);
    world_.caught_up(line, took);
  }
  if (line.facts.in_step(line.zone->facts.serial)) {
    line.warned_of_expiry = false;
    end_trouble(line, TroubleKind::notify);  // it has the serial that NOTIFY announced
  }
  trace(line, "is proven to have serial ", serial);
  world_.proven(*line.zone);
}

bool Delivery::in_doubt(const Line& line) const {
  return line.facts.proven_at < recovered_at_ && world_.unix_now() < recovered_at_ + line.zone->facts.expire;
}

// ---- what peers do ----

void Delivery::heard_from(const IpAddress& address, bool by_tcp) {
  const auto [first, last] = targets_at_.equal_range(address);
  for (auto at = first; at != last; ++at) {
    if (by_tcp) {
      is_alive(*at->second);
    } else if (at->second->failures > 0) {
      revive(*at->second);
    }
    pump(*at->second);
  }
}

// A poll that states the current serial leads to an SOA query at once, because its answer is harder to forge.
void Delivery::polled(uint64_t apex, const IpAddress& address, std::optional<uint32_t> serial) {
  heard_from(address, false);
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
  heard_from(peer, true);
  Zone* zone = find_zone(apex);
  if (zone == nullptr) return;
  for (const auto& line : zone->lines) {
    if (line->destination().endpoint.address() != peer) continue;
    const bool owed = line->owes();
    end_trouble(*line, TroubleKind::request);
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
  heard_from(report.peer, true);
  Zone* zone = find_zone(report.apex);
  if (zone == nullptr) return;
  for (const auto& line : zone->lines) {
    if (line->destination().endpoint.address() != report.peer) continue;
    line->facts.transfer = std::make_unique<TransferReport>(report);
    line->facts.transferred_at = world_.unix_now();
    end_trouble(*line, TroubleKind::request);
    end_trouble(*line, TroubleKind::transfer);
    prove(*line, report.to, Proof::transfer);
    if (line->owes()) continue;
    apply(*line, Event::transferred);
    pump(*line->target);
  }
}

void Delivery::broken_off(const TransferReport& report, const std::string& why) {
  Zone* zone = find_zone(report.apex);
  if (zone == nullptr) return;
  for (const auto& line : zone->lines) {
    if (line->destination().endpoint.address() == report.peer)
      note(*line, Reason::broken_off,
           "its transfer was broken off after " + std::to_string(report.octets) + " octets in " +
               span_text(static_cast<int64_t>(report.total_ms / 1000)) + ": " + why);
  }
}

// A refused peer at the address of one of the zone's secondaries is a trouble of that secondary. Any other is recorded
// as a stranger.
void Delivery::refused(const Refusal& refusal) {
  const int64_t now = world_.unix_now();
  Zone* zone = find_zone(refusal.apex);
  const std::string peer = refusal.peer.to_string(), apex = refusal.apex.to_text();
  bool known = false, listed = false;
  if (zone != nullptr) {
    for (const auto& line : zone->lines) {
      if (line->destination().endpoint.address() != refusal.peer) continue;
      known = true;
      if (refusal.by_tcp) {
        note(*line, refusal.reason, refusal.why);
        continue;
      }
      auto& troubles = line->facts.troubles;
      if (!troubles) troubles = std::make_unique<Troubles>();
      troubles->note_unverified(refusal.reason, refusal.why, now);
    }
    listed = std::ranges::any_of(zone->settings->secondaries,
                                 [&](const zones::Secondary& s) { return covers(s, refusal.peer); });
  }
  if (!known) {
    strangers_.note({refusal.apex, refusal.peer, listed, refusal.reason, refusal.why, refusal.by_tcp, now, now});
  } else if (refusal.by_tcp) {
    return;
  }
  foreign_.tell(world_.now(), peer, to_text(refusal.reason),
                (known ? "unverified (by UDP, it may be forged): " : "no secondary of the zone: ") + peer +
                    " asks for " + apex + " and is refused: " + refusal.why,
                apex);
}

bool Delivery::notify_again(const zones::Name& apex) {
  Zone* zone = find_zone(apex);
  if (zone == nullptr) return false;
  for (const auto& line : zone->lines) notify_again(*line);
  return true;
}

size_t Delivery::notify_again(const IpAddress& host, std::optional<uint16_t> port) {
  size_t count = 0;
  for (const auto& [key, zone] : zones_) {
    for (const auto& line : zone->lines) {
      const auto& endpoint = line->destination().endpoint;
      if (endpoint.address() != host || (port && endpoint.port() != *port)) continue;
      notify_again(*line);
      ++count;
    }
  }
  return count;
}

void Delivery::notify_again(Line& line) {
  if (line.target->failures > 0) revive(*line.target);
  const bool owed = line.owes();
  line.facts.serial.reset();  // so that a new proof is required
  note_debt(line);
  if (!owed) line.lacks_since = {};
  line.facts.attempts = line.rounds = 0;
  apply(line, Event::asked);
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
