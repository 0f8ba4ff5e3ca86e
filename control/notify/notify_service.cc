#include "control/notify/notify_service.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "control/base/unix_time.h"
#include "control/commit/proofs.h"

namespace axfrd::control {

namespace {

constexpr auto kTick = std::chrono::seconds(1);
constexpr unsigned kStatusPage = 200;  // zones of which lines are told at once: a millisecond's work

}  // namespace

NotifyService::NotifyService(boost::asio::io_context& loop, const zones::ZoneTable& zones, dataplane::Rcu& rcu,
                             Committer& committer, const CurrentSettings& settings, std::vector<IpAddress> sources,
                             TransferLog& transfers, const Log& log)
    : loop_(loop),
      reader_(rcu),
      committer_(committer),
      transfers_(transfers),
      delivery_(*this, log),
      courier_(loop, zones, reader_, settings, std::move(sources),
               {[this](Delivery::Ticket ticket, const Delivery::Answer& answer) { delivery_.answered(ticket, answer); },
                [this](Delivery::Ticket ticket) { delivery_.tcp_ended(ticket); }}),
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
}

// ---- what secondaries do ----

void NotifyService::transferred(const TransferReport& report) {
  if (transfers_.writes()) transfers_.write("transfer", to_json(report));
  delivery_.transferred(report);
}

void NotifyService::refused(zones::NameView apex, const IpAddress& peer, const std::string& why) {
  transfers_.write("refused", {{"zone", apex.to_text()}, {"peer", peer.to_string()}, {"result", why}});
  delivery_.refused(apex, peer, why);
}

void NotifyService::told(const Delivery::Line& line, const char* outcome) {
  if (!transfers_.writes()) return;
  const LineFacts& facts = line.facts;
  transfers_.write("notify", {{"zone", line.zone->facts.apex.to_text()},
                              {"peer", place_of(line.destination().endpoint)},
                              {"serial", facts.notified_serial ? Json(*facts.notified_serial) : Json()},
                              {"attempt", facts.attempts},
                              {"rcode", facts.notify_rcode ? Json(static_cast<int>(*facts.notify_rcode)) : Json()},
                              {"result", outcome}});
}

// ---- what operators ask ----

Outcome<size_t> NotifyService::notify(const zones::Name& apex) {
  if (!delivery_.notify_again(apex))
    return Failure{FailureCode::no_such_zone, "zone " + apex.to_text() + " has no secondary DNS enabled"};
  return delivery_.find(apex)->lines.size();
}

void NotifyService::add_lines(Json& lines, const Delivery::Zone& zone, bool behind) const {
  const int64_t now = unix_time();
  for (const auto& line : zone.lines) {
    if (!behind || line->owes())
      lines.push_back(to_json(zone.facts, line->facts, line->destination(), line->state_text(), now));
  }
}

Json NotifyService::status(const zones::Name& apex, bool behind) const {
  Json lines = Json::array();
  if (const Delivery::Zone* zone = delivery_.find(apex)) add_lines(lines, *zone, behind);
  return lines;
}

NotifyService::Page NotifyService::status_page(const std::optional<std::string>& after, bool behind) const {
  Page page{Json::array(), after, false};
  const auto& zones = delivery_.zones();
  auto zone = after ? zones.upper_bound(*after) : zones.begin();
  for (unsigned seen = 0; zone != zones.end() && seen < kStatusPage; ++zone, ++seen) {
    add_lines(page.lines, *zone->second, behind);
    page.last = zone->first;
  }
  page.more = zone != zones.end();
  return page;
}

void NotifyService::wait_for(const zones::Name& apex, uint32_t serial, std::chrono::seconds patience, Waited done) {
  const std::string zone = zones::sort_key(apex);
  waiters_.emplace(zone, Waiter{serial, now() + patience, std::move(done)});
  check_waiters(zone);
}

// A zone that nobody is to have keeps nobody waiting.
void NotifyService::check_waiters(const std::string& key) {
  const auto [first, last] = waiters_.equal_range(key);
  if (first == last) return;
  const auto entry = delivery_.zones().find(key);
  const Delivery::Zone* zone = entry != delivery_.zones().end() ? entry->second.get() : nullptr;
  for (auto at = first; at != last;) {
    const Waiter& waiter = at->second;
    const bool all = zone == nullptr || std::ranges::all_of(zone->lines, [&](const auto& line) {
                       return !line->facts.owes(waiter.serial);
                     });
    if (!all && now() < waiter.deadline) {
      ++at;
      continue;
    }
    Json lines = Json::array();
    if (zone != nullptr) add_lines(lines, *zone, false);
    waiter.done(all, std::move(lines));
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
