#include "control/notify/notify_service.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <span>

#include "control/base/unix_time.h"
#include "control/commit/proofs.h"

namespace axfrd::control {

namespace {

constexpr auto kTick = std::chrono::seconds(1);
constexpr size_t kHosts = 64;  // listed one by one
// Limits of one page, which keep it to about a millisecond: octets of lines, and zones looked at.
constexpr size_t kStatusPage = 128 * 1024, kZonesOfPage = 4000;

}  // namespace

NotifyService::NotifyService(boost::asio::io_context& loop, const zones::ZoneTable& zones, dataplane::Rcu& rcu,
                             Committer& committer, const CurrentSettings& settings, std::vector<IpAddress> sources,
                             TransferLog& transfers, EventFeed& events, const Log& log, DeliverySettings delivery)
    : loop_(loop),
      sources_(std::move(sources)),
      reader_(rcu),
      committer_(committer),
      transfers_(transfers),
      events_(events),
      log_(log),
      delivery_(*this, log, delivery),
      courier_(loop, zones, reader_, settings, sources_,
               {[this](Delivery::Ticket ticket, const Delivery::Answer& answer) { delivery_.answered(ticket, answer); },
                [this](Delivery::Ticket ticket, const Delivery::Answer& answer) {
                  delivery_.answered_unsigned(ticket, answer);
                },
                [this](Delivery::Ticket ticket, bool refused) { delivery_.tcp_ended(ticket, refused); }}),
      wake_timer_(loop),
      tick_timer_(loop) {}

void NotifyService::start() {
  courier_.open();
  delivery_.start();
  tick();
}

void NotifyService::stop() {
  delivery_.stop();
  courier_.close();
  wake_timer_.cancel();
  tick_timer_.cancel();
}

void NotifyService::run(std::function<void(NotifyService&)> work) {
  boost::asio::post(loop_, [this, work = std::move(work)] { work(*this); });
}

void NotifyService::published(const Published& published) {
  for (const auto& zone : published.zones) delivery_.set_zone(*zone.version, zone.ledger);
  for (const zones::Name& apex : published.gone) delivery_.forget(apex);
  if (published.keys) delivery_.keys_changed();
  if (published.promoted) {
    delivery_.begin_doubt(published.recovered_at);
  } else if (published.recovered_at != 0) {
    delivery_.set_recovered_at(published.recovered_at);
  }
}

// ---- what secondaries do ----

template <class Fields>
void NotifyService::tell(const char* event, const zones::Name& zone, const std::string& peer, Fields&& fields) {
  const bool is_watched = events_.is_watched();
  if (!is_watched && !transfers_.writes()) return;
  Json made = fields();
  if (transfers_.writes()) transfers_.write(event, made);
  if (is_watched) events_.publish(event, zone, peer, std::move(made));
}

void NotifyService::transferred(const TransferReport& report) {
  tell("transfer", report.apex, report.peer.to_string(), [&] { return to_json(report); });
  delivery_.transferred(report);
}

void NotifyService::broken_off(const TransferReport& report, const std::string& why) {
  tell("broken off", report.apex, report.peer.to_string(), [&] {
    Json fields = to_json(report);
    fields["result"] = why;
    return fields;
  });
  delivery_.broken_off(report, why);
}

void NotifyService::refused(const Refusal& refusal) {
  const std::string peer = refusal.peer.to_string();
  tell("refused", refusal.apex, peer, [&] {
    return Json{{"zone", refusal.apex.to_text()},
                {"peer", peer},
                {"key", refusal.key.empty() ? Json() : Json(refusal.key)},
                {"reason", to_text(refusal.reason)},
                {"transport", refusal.by_tcp ? "TCP" : "UDP"},
                {"result", refusal.why}};
  });
  delivery_.refused(refusal);
}

void NotifyService::told(const Delivery::Line& line, const char* outcome, const std::string& why) {
  const std::string peer = place_of(line.destination().endpoint);
  const zones::Name& zone = line.zone->facts.apex;
  tell("notify", zone, peer, [&] {
    const LineFacts& facts = line.facts;
    return Json{{"zone", zone.to_text()},
                {"peer", peer},
                {"serial", facts.notified_serial ? Json(*facts.notified_serial) : Json()},
                {"attempt", facts.attempts},
                {"rcode", facts.notify_rcode ? Json(static_cast<int>(*facts.notify_rcode)) : Json()},
                {"answer", facts.notify_rcode ? Json(name_of(*facts.notify_rcode)) : Json()},
                {"result", outcome},
                {"why", why.empty() ? Json() : Json(why)}};
  });
}

void NotifyService::caught_up(const Delivery::Line& line, std::optional<Delivery::Clock::duration> took) {
  if (!events_.is_watched()) return;
  const Delivery::Zone& zone = *line.zone;
  const std::string peer = place_of(line.destination().endpoint);
  const auto behind = std::ranges::count_if(zone.lines, [](const auto& other) { return other->owes(); });
  const auto seconds = [](Delivery::Clock::duration time) { return std::chrono::duration<double>(time).count(); };
  events_.publish("proven", zone.facts.apex, peer,
                  {{"zone", zone.facts.apex.to_text()},
                   {"secondary", peer},
                   {"serial", zone.facts.serial},
                   {"seconds", took ? Json(seconds(*took)) : Json()},
                   {"behind", behind},
                   {"secondaries", zone.lines.size()}});
}

void NotifyService::raise_serial(const Delivery::Line& line, uint32_t above) {
  const std::string zone = line.zone->facts.apex.to_text(), peer = place_of(line.destination().endpoint);
  committer_.raise_serial(line.zone->facts.apex, above, {.kind = "recovery", .detail = "below " + peer},
                          [this, zone, peer, above](const Outcome<Committer::Changed>& outcome) {
                            if (const auto* failure = std::get_if<Failure>(&outcome)) {
                              log_.warning("recovery: secondary ", peer, " has serial ", above, " of ", zone,
                                           ", and may have other records under it: ", failure->reason);
                            }
                          });
}

// ---- what operators ask ----

Outcome<size_t> NotifyService::notify(const zones::Name& apex) {
  if (!delivery_.notify_again(apex))
    return Failure{FailureCode::no_such_zone, "zone " + apex.to_text() + " has no secondary DNS enabled"};
  return delivery_.find(apex)->lines.size();
}

Outcome<size_t> NotifyService::notify(const IpAddress& host, std::optional<uint16_t> port) {
  const size_t count = delivery_.notify_again(host, port);
  if (count != 0) return count;
  return Failure{FailureCode::failed, host.to_string() + " is notified of no zone"};
}

template <class Take>
void NotifyService::for_each_line(const Delivery::Zone& zone, const Wanted& wanted, Take&& take) const {
  for (const auto& line : zone.lines) {
    if (wanted.behind && line->facts.in_step(zone.facts.serial)) continue;
    const auto& endpoint = line->destination().endpoint;
    if (wanted.secondary && (endpoint.address() != wanted.secondary->address ||
                             wanted.secondary->port.value_or(endpoint.port()) != endpoint.port()))
      continue;
    if (!wanted.state.empty() && delivery_.state_of(*line).find(wanted.state) == std::string::npos) continue;
    take(*line);
  }
}

void NotifyService::append_lines(std::string& lines, const Delivery::Zone& zone, const Wanted& wanted) const {
  const int64_t now = unix_time();
  for_each_line(zone, wanted, [&](const Delivery::Line& line) {
    if (!lines.empty()) lines += ',';
    append_json(lines, zone.facts, line.facts, line.destination(), delivery_.state_of(line), now);
  });
}

Json NotifyService::lines_of(const Delivery::Zone* zone, const Wanted& wanted) const {
  std::string lines;
  if (zone != nullptr) append_lines(lines, *zone, wanted);
  return Json::parse("[" + lines + "]");
}

Json NotifyService::status(const zones::Name& apex, const Wanted& wanted) const {
  return lines_of(delivery_.find(apex), wanted);
}

uint32_t NotifyService::lowest_proven(const zones::Name& apex) const {
  const Delivery::Zone* zone = delivery_.find(apex);
  std::optional<uint32_t> lowest;
  for (size_t i = 0; zone != nullptr && i < zone->lines.size(); ++i) {
    const auto& serial = zone->lines[i]->facts.serial;
    if (!serial) return 0;
    if (!lowest || zones::serial_newer(*lowest, *serial)) lowest = serial;
  }
  return lowest.value_or(zone != nullptr ? zone->facts.serial : 0);
}

Json NotifyService::seen(const zones::Name& apex, const IpAddress& peer) const {
  Json seen = Json::array();
  if (const Delivery::Zone* zone = delivery_.find(apex)) {
    for (const auto& line : zone->lines) {
      const LineFacts& facts = line->facts;
      if (line->destination().endpoint.address() != peer) continue;
      if (facts.is_ahead(zone->facts.serial)) {
        seen.push_back({{"reason", "ahead"},
                        {"text", "it has serial " + std::to_string(*facts.serial) + " and we have " +
                                     std::to_string(zone->facts.serial) + ": it takes nothing from us"},
                        {"first_at", facts.ahead_since},
                        {"last_at", facts.proven_at},
                        {"count", 1},
                        {"over_at", nullptr},
                        {"unverified", false}});
      }
      if (!facts.troubles) continue;
      for (Json& trouble : facts.troubles->to_json()) seen.push_back(std::move(trouble));
    }
  }
  for (Json& attempt : delivery_.strangers().of(apex)) {
    if (attempt["peer"] == peer.to_string()) seen.push_back(std::move(attempt));
  }
  return seen;
}

Json NotifyService::hosts() const {
  std::vector<Delivery::Host> hosts = delivery_.hosts();
  if (hosts.size() > kHosts) {
    std::ranges::stable_sort(hosts, std::ranges::greater(), &Delivery::Host::behind);
    Delivery::Host other{"other"};
    for (const Delivery::Host& host : std::span(hosts).subspan(kHosts)) {
      other.lines += host.lines;
      other.behind += host.behind;
      other.ahead += host.ahead;
      other.pending += host.pending;
      other.max_behind = std::max(other.max_behind, host.max_behind);
      other.alive_at = std::max(other.alive_at, host.alive_at);
      other.answers = other.answers && host.answers;
      if (host.oldest_debt == 0 || (other.oldest_debt != 0 && other.oldest_debt <= host.oldest_debt)) continue;
      other.oldest_debt = host.oldest_debt;
      other.oldest_zone = host.oldest_zone;
    }
    hosts.resize(kHosts);
    hosts.push_back(std::move(other));
  }
  Json list = Json::array();
  for (const Delivery::Host& host : hosts) {
    Json entry{{"host", host.place},
               {"pairs", host.lines},
               {"behind", host.behind},
               {"ahead", host.ahead},
               {"max_behind_seconds", host.max_behind},
               {"oldest_debt", host.oldest_debt},
               {"oldest_zone", host.oldest_zone.empty() ? Json() : Json(host.oldest_zone)},
               {"pending", host.pending},
               {"alive_at", host.alive_at},
               {"answers", host.answers}};
    list.push_back(std::move(entry));
  }
  return list;
}

void NotifyService::reopen_log() {
  if (const auto problem = transfers_.reopen()) {
    log_.error(*problem, "; it goes on in the old one");
  } else if (transfers_.writes()) {
    log_.info("the transfer log is opened anew");
  }
}

NotifyService::Overview NotifyService::overview() const {
  constexpr size_t kMostCounted = 20'000;
  Overview overview{delivery_.zones().size(), 0, 0, delivery_.count_behind(kMostCounted), 0};
  for (const Delivery::Host& host : delivery_.hosts()) {
    overview.pairs += host.lines;
    overview.behind_pairs += host.behind;
    if (host.oldest_debt == 0) continue;
    if (overview.oldest_debt == 0 || host.oldest_debt < overview.oldest_debt) overview.oldest_debt = host.oldest_debt;
  }
  return overview;
}

Json NotifyService::oldest_debts(size_t most, const std::function<bool(const zones::Name&)>& is_wanted) const {
  constexpr size_t kMostLooked = 20'000;
  Json debts = Json::array();
  size_t looked = 0;
  delivery_.for_each_debt([&](int64_t since, const Delivery::Line& line) {
    if (debts.size() == most || looked++ == kMostLooked) return false;
    const Delivery::Zone& zone = *line.zone;
    if (!is_wanted(zone.facts.apex)) return true;
    const Trouble* const worst = line.facts.troubles ? line.facts.troubles->worst() : nullptr;
    debts.push_back({{"zone", zone.facts.apex.to_text()},
                     {"secondary", place_of(line.destination().endpoint)},
                     {"behind_since", since},
                     {"serial", zone.facts.serial},
                     {"has_serial", line.facts.serial ? Json(*line.facts.serial) : Json()},
                     {"state", delivery_.state_of(line)},
                     {"reason_text", worst != nullptr ? Json(worst->text) : Json()}});
    return true;
  });
  return debts;
}

namespace {

NotifyService::ZoneCount count_of(const Delivery::Zone& zone) {
  NotifyService::ZoneCount count;
  for (const auto& line : zone.lines) {
    ++count.secondaries;
    if (!line->owes()) continue;
    ++count.behind;
    const int64_t since = line->facts.behind_since;
    if (count.behind_since == 0 || since < count.behind_since) count.behind_since = since;
  }
  return count;
}

}  // namespace

NotifyService::ZoneCount NotifyService::count(const zones::Name& apex) const {
  const Delivery::Zone* zone = delivery_.find(apex);
  return zone != nullptr ? count_of(*zone) : ZoneCount{};
}

NotifyService::BehindPage NotifyService::behind_page(const std::optional<std::string>& after) const {
  BehindPage found{};
  const Page page = walk(
      after,
      [&](const Delivery::Zone& zone) {
        if (count_of(zone).behind != 0) found.zones.push_back(zone.facts.apex);
      },
      [] { return false; });
  found.last = page.last;
  found.more = page.more;
  return found;
}

template <class Take, class Enough>
NotifyService::Page NotifyService::walk(const std::optional<std::string>& after, Take&& take, Enough&& enough) const {
  Page page{{}, after, false};
  const auto& zones = delivery_.zones();
  auto zone = after ? zones.upper_bound(*after) : zones.begin();
  auto last = zones.end();
  for (size_t seen = 0; zone != zones.end() && seen < kZonesOfPage && !enough(); ++zone, ++seen) {
    take(*zone->second);
    last = zone;
  }
  if (last != zones.end()) page.last = last->first;
  page.more = zone != zones.end();
  return page;
}

NotifyService::Page NotifyService::status_page(const std::optional<std::string>& after, const Wanted& wanted) const {
  std::string lines;
  Page page = walk(
      after, [&](const Delivery::Zone& zone) { append_lines(lines, zone, wanted); },
      [&] { return lines.size() >= kStatusPage; });
  page.lines = std::move(lines);
  return page;
}

void NotifyService::add_to(Sums& sums, const Delivery::Zone& zone, const Wanted& wanted) const {
  const int64_t now = unix_time();
  for_each_line(zone, wanted, [&](const Delivery::Line& line) {
    const LineFacts& facts = line.facts;
    Sum& sum = sums[line.destination().endpoint];
    ++sum.zones;
    sum.last_seen =
        std::max({sum.last_seen, facts.answered_at, facts.polled_at, facts.transferred_at, facts.proven_at});
    if (facts.in_step(zone.facts.serial)) return;
    ++sum.behind;
    if (facts.owes(zone.facts.serial)) sum.behind_seconds = std::max(sum.behind_seconds, now - facts.behind_since);
  });
}

NotifyService::Page NotifyService::sum_page(const std::optional<std::string>& after, const Wanted& wanted,
                                            Sums& sums) const {
  return walk(
      after, [&](const Delivery::Zone& zone) { add_to(sums, zone, wanted); }, [] { return false; });
}

NotifyService::Sums NotifyService::sums(const zones::Name& apex, const Wanted& wanted) const {
  Sums sums;
  if (const Delivery::Zone* zone = delivery_.find(apex)) add_to(sums, *zone, wanted);
  return sums;
}

void NotifyService::wait_for(const zones::Name& apex, uint32_t serial, std::chrono::seconds patience, Waited done) {
  const std::string zone = zones::sort_key(apex);
  waiters_.emplace(zone, Waiter{serial, now() + patience, std::move(done)});
  check_waiters(zone);
}

// A zone without secondaries ends the wait at once.
void NotifyService::check_waiters(const std::string& key) {
  const auto [first, last] = waiters_.equal_range(key);
  if (first == last) return;
  const auto entry = delivery_.zones().find(key);
  const Delivery::Zone* zone = entry != delivery_.zones().end() ? entry->second.get() : nullptr;
  for (auto at = first; at != last;) {
    const Waiter& waiter = at->second;
    const bool all = zone == nullptr || std::ranges::all_of(zone->lines, [&](const auto& line) {
                       return !line->facts.owes(waiter.serial) && !line->facts.is_ahead(zone->facts.serial);
                     });
    if (!all && now() < waiter.deadline) {
      ++at;
      continue;
    }
    waiter.done(all, lines_of(zone, {}));
    at = waiters_.erase(at);
  }
}

// ---- what Delivery needs ----

int64_t NotifyService::unix_now() { return unix_time(); }

void NotifyService::wake(Delivery::Time time) {
  wake_timer_.expires_at(time);
  wake_timer_.async_wait([this](const auto& cancelled) {
    if (!cancelled) delivery_.turn();
  });
}

void NotifyService::proven(const Delivery::Zone& zone) {
  const std::string key = zones::sort_key(zone.facts.apex);
  unkept_.insert(key);
  check_waiters(key);
}

// ---- time ----

void NotifyService::tick() {
  keep_proofs();
  delivery_.watch();
  std::set<std::string> waited;
  for (const auto& [zone, waiter] : waiters_) waited.insert(zone);
  for (const std::string& zone : waited) check_waiters(zone);
  tick_timer_.expires_after(kTick);
  tick_timer_.async_wait([this](const auto& cancelled) {
    if (!cancelled) tick();
  });
}

void NotifyService::keep_proofs() {
  std::vector<Store::LedgerText> texts;
  for (const std::string& key : std::exchange(unkept_, {})) {
    const auto zone = delivery_.zones().find(key);
    if (zone == delivery_.zones().end()) continue;
    std::vector<KeptProof> proofs;
    for (const auto& line : zone->second->lines) {
      const LineFacts& facts = line->facts;
      if (facts.serial) proofs.push_back({place_of(line->destination().endpoint), *facts.serial, facts.proven_at});
    }
    texts.push_back({zone->second->facts.apex, proofs_to_stored(proofs)});
  }
  if (!texts.empty()) committer_.keep_ledger(std::move(texts), [](const Outcome<size_t>&) {});
}

}  // namespace axfrd::control
