#include "control/ending/endings.h"

#include <algorithm>
#include <utility>

namespace axfrd::control {

namespace {

using std::chrono::milliseconds, std::chrono::seconds;
using zones::Name;

constexpr size_t kMostQuestions = 64;  // in flight
constexpr auto kLongestTtl = seconds(7 * 86400);
// When the parents cannot be reached, the questions of all zones fail.
constexpr unsigned kWarningsAMinute = 20;

std::string list_of_names(const std::vector<Name>& names) {
  std::string text;
  for (const Name& name : names) text += (text.empty() ? "" : ", ") + name.to_text();
  return text;
}

uint32_t ttl_of_servers(const zones::ZoneVersion& version) {
  uint32_t ttl = 0;
  for (const zones::OwnedRecord& record : version.records_at(Name(version.apex().name))) {
    if (record.type == zones::rrtype::NS) ttl = std::max(ttl, record.ttl);
  }
  return ttl;
}

Json names_of(const std::vector<Name>& names) {
  Json list = Json::array();
  for (const Name& name : names) list.push_back(name.to_text());
  return list;
}

}  // namespace

Endings::Endings(const EndingSettings& settings, World world, const Log& log)
    : settings_(settings),
      world_(std::move(world)),
      log_(log),
      allowance_(bucket_for_rate(settings_.rate, world_.now())),
      notices_(log, LogLevel::warning, kWarningsAMinute, "about secondary DNS that is ending") {}

// ---- zones ----

void Endings::published(const Published& published) {
  for (const auto& zone : published.zones) set_zone(*zone.version);
  for (const Name& apex : published.gone) forget(apex);
  arm();
}

void Endings::set_zone(const zones::ZoneVersion& version) {
  const Name apex(version.apex().name);
  const zones::SecondaryDns* settings = version.attributes().enabled_secondaries();
  if (settings == nullptr || !settings->ending) return forget(apex);
  Zone* zone = find(apex);
  if (zone != nullptr && zone->ending != *settings->ending) {
    forget(apex);
    zone = nullptr;
  }
  if (zone == nullptr) {
    auto fresh = std::make_unique<Zone>();
    zone = fresh.get();
    zone->apex = apex;
    zone->ending = *settings->ending;
    zones_.emplace(zones::sort_key(apex), std::move(fresh));
    counters_.zones = zones_.size();
    queue_.set(*zone, world_.now());
  }
  zone->own_ttl = std::max(zone->own_ttl, ttl_of_servers(version));
}

void Endings::forget(const Name& apex) {
  const auto at = zones_.find(zones::sort_key(apex));
  if (at == zones_.end()) return;
  queue_.clear(*at->second);
  set_problem(*at->second, "");
  set_dropped(*at->second, std::nullopt);
  zones_.erase(at);
  counters_.zones = zones_.size();
}

Endings::Zone* Endings::find(const Name& apex) const {
  const auto at = zones_.find(zones::sort_key(apex));
  return at != zones_.end() ? at->second.get() : nullptr;
}

// ---- questions ----

void Endings::turn() {
  armed_at_.reset();
  const Time now = world_.now();
  allowance_.fill(now);
  while (allowance_.has_one() && under_way_ < kMostQuestions) {
    Zone* const zone = queue_.take(now);
    if (zone == nullptr) break;
    allowance_.take_one();
    ask(*zone);
  }
  arm();
}

void Endings::ask(Zone& zone) {
  ++under_way_;
  zone.question = ++last_question_;
  counters_.questions.add();
  world_.ask(zone.apex, zone.ending.leaving,
             [this, apex = zone.apex, question = zone.question](const dnsclient::ParentAnswer& answer) {
               --under_way_;
               // The ending may be over by now, and another one may have begun.
               Zone* const asked = find(apex);
               if (asked != nullptr && asked->question == question) {
                 asked->question = 0;
                 on_answer(*asked, answer);
               }
               arm();
             });
}

void Endings::on_answer(Zone& zone, const dnsclient::ParentAnswer& answer) {
  zone.asked_at = world_.unix_now();
  if (!answer.parent.empty()) zone.parent = answer.parent;
  zone.parent_ttl = std::max(zone.parent_ttl, answer.ttl);
  if (!answer.failure.empty()) return on_failure(zone, answer.failure);
  set_problem(zone, "");
  if (!answer.named.empty()) return on_named(zone, answer.named);
  on_dropped(zone);
}

void Endings::on_failure(Zone& zone, const std::string& why) {
  counters_.failures.add();
  set_problem(zone, why);
  if (!std::exchange(zone.told, true))
    warn(zone, "whether its parent zone still names " + list_of_names(zone.ending.leaving) + " is not known: " + why +
                   "; its secondary DNS goes on until it is");
  queue_.set(zone, later(settings_.interval));
}

void Endings::on_named(Zone& zone, const std::vector<Name>& named) {
  if (zone.dropped_at)
    warn(zone,
         "its parent zone " + zone.parent + " names " + list_of_names(named) + " again; its secondary DNS goes on");
  set_dropped(zone, std::nullopt);
  zone.named = named;
  queue_.set(zone, later(settings_.interval));
}

void Endings::on_dropped(Zone& zone) {
  zone.named.clear();
  const Time now = world_.now();
  if (!zone.dropped_at) {
    set_dropped(zone, now);
    const auto left = std::chrono::duration_cast<seconds>(ends_at(zone) - now).count();
    log_.info("zone ", zone.apex.to_text(), ": its parent zone ", zone.parent, " names ",
              list_of_names(zone.ending.leaving), " no more; its secondary DNS ends in ", left, " s");
  }
  if (ends_at(zone) <= now) return end(zone);
  queue_.set(zone, std::min(later(settings_.interval), ends_at(zone)));
}

Endings::Time Endings::ends_at(const Zone& zone) const {
  const auto ttl = std::max<seconds>(settings_.floor, seconds(std::max(zone.own_ttl, zone.parent_ttl)));
  return *zone.dropped_at + std::min<seconds>(ttl, kLongestTtl);
}

void Endings::end(Zone& zone) {
  world_.end(zone.apex, zone.ending, [this, apex = zone.apex, ending = zone.ending](const auto& failure) {
    if (!failure) return counters_.ended.add();  // published() forgets the zone
    Zone* const still = find(apex);
    if (still == nullptr || still->ending != ending) return;
    set_problem(*still, failure->reason);
    if (!std::exchange(still->told_of_end, true))
      warn(*still, "its secondary DNS cannot be disabled: " + failure->reason);
    queue_.set(*still, later(settings_.interval));
    arm();
  });
}

void Endings::set_problem(Zone& zone, std::string problem) {
  if (problem.empty() && !zone.problem.empty()) --counters_.failing;
  if (!problem.empty() && zone.problem.empty()) ++counters_.failing;
  if (problem.empty()) zone.told = false;
  zone.problem = std::move(problem);
}

void Endings::set_dropped(Zone& zone, std::optional<Time> when) {
  if (zone.dropped_at && !when) --counters_.dropped;
  if (!zone.dropped_at && when) ++counters_.dropped;
  zone.dropped_at = when;
}

void Endings::warn(Zone& zone, const std::string& what) {
  notices_.say(world_.now(), LogLevel::warning, "zone " + zone.apex.to_text() + ": " + what);
}

// ---- time ----

Endings::Time Endings::later(seconds pause) {
  const auto most = std::chrono::duration_cast<milliseconds>(pause) / 10;
  return world_.now() + pause + milliseconds(std::uniform_int_distribution<int64_t>(0, most.count())(random_));
}

void Endings::arm() {
  const auto first = queue_.next();
  if (!first || under_way_ >= kMostQuestions) return;  // each answer calls arm()
  const Time next = std::max(*first, allowance_.next());
  if (next == armed_at_) return;
  armed_at_ = next;
  world_.wake(next);
}

// ---- reports ----

Json Endings::report(const Name& apex) const {
  const Zone* const zone = find(apex);
  if (zone == nullptr) return nullptr;
  Json report{{"since", zone->ending.since},
              {"leaving", names_of(zone->ending.leaving)},
              {"state", zone->dropped_at ? "dropped" : "named"},
              {"parent", zone->parent.empty() ? Json() : Json(zone->parent)},
              {"named", names_of(zone->named)},
              {"asked_at", zone->asked_at != 0 ? Json(zone->asked_at) : Json()},
              {"dropped_at", nullptr},
              {"ends_at", nullptr},
              {"problem", zone->problem.empty() ? Json() : Json(zone->problem)}};
  if (zone->dropped_at) {
    const auto whole = [](Clock::duration span) { return std::chrono::duration_cast<seconds>(span).count(); };
    const int64_t dropped_at = world_.unix_now() - whole(world_.now() - *zone->dropped_at);
    report["dropped_at"] = dropped_at;
    report["ends_at"] = dropped_at + whole(ends_at(*zone) - *zone->dropped_at);
  }
  return report;
}

}  // namespace axfrd::control
