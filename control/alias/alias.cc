#include "control/alias/alias.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "control/base/unix_time.h"
#include "zones/data/derived.h"

namespace axfrd::control {

namespace {

using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::seconds;
using zones::folded_target, zones::PseudoRecord;

// Answers that come within this time make one change of a zone.
constexpr auto kGather = milliseconds(100);
// The pause between changes of a zone, for each of its ALIAS and URL records, because the cost of a change grows with
// their number.
constexpr auto kPauseForEach = std::chrono::microseconds(20);
// When lookups wait for tokens, turns are at least this far apart, so that one wake-up serves several lookups.
constexpr auto kShortestTurn = milliseconds(50);
constexpr size_t kMostUnderWay = 1024;
constexpr auto kLongestPause = seconds(86400);
// The longest pause after failures, unless the floor is longer.
constexpr auto kLongestRetry = seconds(300);
// Changes of a zone that may follow each other without a pause.
constexpr double kBurst = 10;
// Alarms that are logged in a span. When a resolver is down, all its targets fail.
constexpr unsigned kAlarmsLogged = 20;
constexpr auto kAlarmSpan = seconds(60);

bool is_known(const zones::Addresses& addresses) { return addresses.a.known || addresses.aaaa.known; }

const char* name_of(uint16_t type) { return type == zones::rrtype::A ? "A" : "AAAA"; }

template <size_t Size, class Address>
void append_texts(Json& list, const std::string& octets) {
  for (size_t at = 0; at + Size <= octets.size(); at += Size) {
    typename Address::bytes_type bytes;
    std::copy_n(octets.begin() + static_cast<ptrdiff_t>(at), Size, bytes.begin());
    list.push_back(Address(bytes).to_string());
  }
}

Json texts_of(const zones::Addresses& addresses) {
  Json list = Json::array();
  append_texts<4, boost::asio::ip::address_v4>(list, addresses.a.octets);
  append_texts<16, boost::asio::ip::address_v6>(list, addresses.aaaa.octets);
  return list;
}

bool much_alike(uint32_t x, uint32_t y) { return std::max(x, y) - std::min(x, y) <= std::max(x, y) / 8; }

}  // namespace

uint32_t SteadyTtl::after(uint32_t seen) {
  const auto [x, y] = last_;
  last_ = {y, seen};
  const bool three_same = x == seen && y == seen;
  const bool three_alike = much_alike(x, seen) && much_alike(y, seen) && much_alike(x, y);
  const uint32_t most = std::max({x, y, seen});
  if (ttl_ == 0 || three_same || seen > ttl_ + ttl_ / 8) {
    ttl_ = seen;
  } else if (three_alike && most < ttl_ - ttl_ / 8) {
    ttl_ = most;
  }
  return ttl_;
}

Aliases::Aliases(AliasSettings settings, World world, const Log& log)
    : settings_(std::move(settings)),
      world_(std::move(world)),
      log_(log),
      allowance_(bucket_for_rate(settings_.rate, world_.now())) {}

// ---- zones ----

void Aliases::published(const Published& published) {
  for (const auto& zone : published.zones) set_zone(*zone.version);
  for (const zones::Name& apex : published.gone) forget(apex);
  arm();
}

void Aliases::set_zone(const zones::ZoneVersion& version) {
  const zones::Name apex(version.apex().name);
  if (!version.pseudo()) return forget(apex);
  auto& zone = zones_[zones::sort_key(apex)];
  if (!zone) {
    const TokenBucket changes(settings_.changes_an_hour / 3600.0, kBurst, kBurst, world_.now());
    zone = std::make_unique<ZoneUse>(apex, changes);
  }
  if (zone->pseudo == version.pseudo()) return;
  zone->pseudo = version.pseudo();
  std::set<Target*> before = std::exchange(zone->targets, {});
  for (const PseudoRecord& record : *zone->pseudo) {
    if (record.kind != PseudoRecord::Kind::alias) {
      if (!is_known(settings_.url) && is_known(record.addresses) && !std::exchange(warned_of_url_, true))
        log_.warning("zone ", apex.to_text(),
                     " has URL records, and --url-address is not set: the addresses that are "
                     "published stay, here and in other zones");
      continue;
    }
    Target& target = target_of(record);
    target.zones.insert(zone.get());
    zone->targets.insert(&target);
    before.erase(&target);
  }
  for (Target* target : before) release(*target, *zone);
  mark(*zone);
}

void Aliases::forget(const zones::Name& apex) {
  const auto at = zones_.find(zones::sort_key(apex));
  if (at == zones_.end()) return;
  ZoneUse& zone = *at->second;
  for (Target* target : zone.targets) release(*target, zone);
  dirty_.erase(&zone);
  zones_.erase(at);
}

// A new target is looked up first. A target whose addresses are in the store is looked up at a random time within the
// floor.
Aliases::Target& Aliases::target_of(const PseudoRecord& record) {
  auto& target = targets_[folded_target(record.target)];
  if (!target) {
    target = std::make_unique<Target>();
    target->name = record.target;
    target->a.target = target->aaaa.target = target.get();
    target->a.type = zones::rrtype::A;
    target->aaaa.type = zones::rrtype::AAAA;
    ++counters_.targets;
  }
  const auto seed = [&](Question& question, const zones::AddressSet& known) {
    if (question.set.known || question.under_way) return;
    if (known.known) {
      question.set = known;
      question.ttl = SteadyTtl(known.ttl);
      question.good_at = world_.now() - seconds(std::max<int64_t>(unix_time() - record.addresses.time, 0));
      target->found_at = record.addresses.time;
    }
    if (question.failing_since || (question.due.is_set() && !known.known)) return;
    auto spread = std::uniform_int_distribution<int64_t>(0, milliseconds(settings_.floor).count());
    const Time soon = known.known ? world_.now() + milliseconds(spread(random_)) : Time::min();
    queue_.set(question, soon);
  };
  seed(target->a, record.addresses.a);
  seed(target->aaaa, record.addresses.aaaa);
  return *target;
}

const Aliases::Target* Aliases::find(const std::string& name) const {
  const auto target = targets_.find(folded_target(name));
  return target != targets_.end() ? target->second.get() : nullptr;
}

void Aliases::release(Target& target, ZoneUse& zone) {
  target.zones.erase(&zone);
  if (!target.zones.empty()) return;
  for (Question* question : {&target.a, &target.aaaa}) {
    queue_.clear(*question);
    if (question->failing_since) --counters_.failing;
  }
  --counters_.targets;
  targets_.erase(folded_target(target.name));
}

// ---- lookups ----

Aliases::Time Aliases::later(seconds pause) {
  pause = std::clamp(pause, settings_.floor, std::max(settings_.floor, kLongestPause));
  const int64_t shortest = milliseconds(pause).count();
  return world_.now() + milliseconds(std::uniform_int_distribution<int64_t>(shortest, shortest * 11 / 10)(random_));
}

void Aliases::turn() {
  armed_at_.reset();
  const Time now = world_.now();
  allowance_.fill(now);
  while (allowance_.has_one() && under_way_ < kMostUnderWay) {
    Question* const question = queue_.take(now);
    if (question == nullptr) break;
    allowance_.take_one();
    ask(*question);
  }
  if (change_at_ && *change_at_ <= now) change_dirty_zones();
  arm();
}

void Aliases::ask(Question& question) {
  question.under_way = true;
  ++under_way_;
  counters_.lookups.add();
  world_.look_up(question.target->name, question.type,
                 [this, name = question.target->name, type = question.type](const Resolved& resolved) {
                   on_answer(name, type, resolved);
                   arm();
                 });
}

// The target may have been released and added again since the lookup began. Then it is looked up anew, and either
// answer is good.
void Aliases::on_answer(const std::string& name, uint16_t type, const Resolved& resolved) {
  --under_way_;
  const auto at = targets_.find(folded_target(name));
  if (at == targets_.end()) return;
  Target& target = *at->second;
  Question& question = type == zones::rrtype::A ? target.a : target.aaaa;
  question.under_way = false;
  if (!resolved.failure.empty()) return on_failure(question, resolved.failure);
  if (!settings_.allow_special && !resolved.octets.empty() &&
      without_special(resolved.octets, type == zones::rrtype::A ? 4 : 16).empty())
    return on_failure(question, "answers with special-purpose addresses alone, which --alias-special allows");
  const zones::AddressSet before = question.set;
  on_success(question, resolved);
  const bool differs = question.set != before;
  if (differs) target.found_at = unix_time();
  for (ZoneUse* zone : target.zones) {
    if (differs || !zone->problem.empty()) mark(*zone);
  }
}

void Aliases::on_failure(Question& question, const std::string& why) {
  counters_.failures.add();
  question.failure = why;
  ++question.failures;
  if (!question.failing_since) {
    question.failing_since = world_.now();
    ++counters_.failing;
    alarm(question);
  }
  const auto longest = std::max(settings_.floor, kLongestRetry);
  queue_.set(question, later(std::min(settings_.floor * (1U << std::min(question.failures - 1, 9U)), longest)));
}

void Aliases::on_success(Question& question, const Resolved& resolved) {
  const auto floor = static_cast<uint32_t>(settings_.floor.count());
  question.set.known = true;
  question.set.octets = chosen(question, resolved.octets);
  question.set.ttl = resolved.octets.empty() ? 0 : question.ttl.after(std::max(resolved.ttl, floor));
  question.good_at = world_.now();
  question.failures = 0;
  if (question.failing_since) {
    question.failing_since.reset();
    --counters_.failing;
    log_.info("ALIAS target ", question.target->name, ' ', name_of(question.type), ": resolves again");
  }
  queue_.set(question, later(seconds(resolved.ttl)));
}

std::string Aliases::chosen(Question& question, const std::string& octets) {
  const size_t size = question.type == zones::rrtype::A ? 4 : 16;
  const std::string sound = settings_.allow_special ? octets : without_special(octets, size);
  const bool special = sound.size() != octets.size();
  if (special && !std::exchange(question.special, special)) {
    counters_.alarms.add();
    log_.warning("ALIAS target ", question.target->name, ' ', name_of(question.type),
                 ": special-purpose addresses are left out, in ", used_by(*question.target));
  }
  question.special = special;
  const std::string held = question.rotation.after(sound, size, world_.now(), settings_.hold);
  std::string most = at_most(held, size, settings_.max_addresses, question.set.octets);
  const bool too_many = most.size() != held.size();
  if (too_many && !question.too_many) {
    counters_.alarms.add();
    log_.warning("ALIAS target ", question.target->name, ' ', name_of(question.type), ": has ", held.size() / size,
                 " addresses, of which ", settings_.max_addresses, " are published (--alias-max-addresses), in ",
                 used_by(*question.target));
  }
  question.too_many = too_many;
  return most;
}

// "cdn.test. and 3 more zones"
std::string Aliases::used_by(const Target& target) {
  if (target.zones.empty()) return "no zone";
  const size_t more = target.zones.size() - 1;
  std::string text = "zone " + (*target.zones.begin())->apex.to_text();
  if (more != 0) text += " and " + std::to_string(more) + " more";
  return text;
}

void Aliases::alarm(const Question& question) {
  counters_.alarms.add();
  if (world_.now() - alarms_from_ > kAlarmSpan) {
    alarms_from_ = world_.now();
    alarms_logged_ = 0;
  }
  if (++alarms_logged_ > kAlarmsLogged) return;
  log_.warning("ALIAS target ", question.target->name, ' ', name_of(question.type), ": ", question.failure, "; ",
               question.set.known ? "the last good addresses stay" : "there are no addresses yet", " in ",
               used_by(*question.target));
  if (alarms_logged_ == kAlarmsLogged) log_.warning("more ALIAS targets may fail; axfrctl stats counts them");
}

// ---- changes of zones ----

// Whether the addresses in the zone differ from those found. Puts the found addresses that differ into `found`.
bool Aliases::wants(const ZoneUse& zone, Found& found) const {
  bool url = false;
  for (const PseudoRecord& record : *zone.pseudo) {
    if (record.kind == PseudoRecord::Kind::url) {
      url = url || (is_known(settings_.url) && !record.addresses.same_as(settings_.url));
      continue;
    }
    const zones::Addresses addresses = find(record.target)->addresses();
    if (!record.addresses.same_as(addresses)) found.insert_or_assign(folded_target(record.target), addresses);
  }
  return url || !found.empty();
}

// Checks after kGather whether the zone has to be changed.
void Aliases::mark(ZoneUse& zone) {
  dirty_.insert(&zone);
  const Time soon = world_.now() + kGather;
  change_at_ = change_at_ ? std::min(*change_at_, soon) : soon;
}

void Aliases::change_dirty_zones() {
  const Time now = world_.now();
  change_at_.reset();
  for (auto at = dirty_.begin(); at != dirty_.end();) {
    ZoneUse& zone = **at;
    Found found;
    if (zone.changing) {  // on_changed() marks it again
      ++at;
    } else if (zone.not_before <= now && !wants(zone, found)) {
      at = dirty_.erase(at);
    } else if (zone.not_before > now || !take_token(zone)) {
      change_at_ = change_at_ ? std::min(*change_at_, zone.not_before) : zone.not_before;
      ++at;
    } else {
      at = dirty_.erase(at);
      zone.not_before = now + kPauseForEach * zone.pseudo->size();
      change(zone, std::move(found));
    }
  }
}

// Takes a token for a change now. If there is none, returns false and sets `not_before`.
bool Aliases::take_token(ZoneUse& zone) {
  const Time now = world_.now();
  // After an hour without a change the bucket is full, even if its rate is lower.
  if (now - zone.tokens.filled_at() >= std::chrono::hours(1)) {
    zone.tokens.fill_up(now);
  } else {
    zone.tokens.fill(now);
  }
  if (zone.tokens.is_full()) zone.defers = false;
  if (zone.tokens.has_one()) {
    zone.tokens.take_one();
    return true;
  }
  zone.not_before = zone.tokens.next();
  counters_.deferred_changes.add();
  if (!std::exchange(zone.defers, true)) {
    counters_.alarms.add();
    log_.warning("zone ", zone.apex.to_text(),
                 ": the addresses of its ALIAS targets change so often that changes are "
                 "put off to ",
                 settings_.changes_an_hour, " an hour (--alias-changes)",
                 settings_.hold.count() == 0 ? "; --alias-hold keeps the addresses of targets that rotate them" : "");
  }
  return false;
}

void Aliases::change(ZoneUse& zone, Found found) {
  zone.changing = true;
  world_.change_zone(zone.apex, std::move(found), [this, apex = zone.apex](const std::optional<Failure>& failure) {
    on_changed(apex, failure);
    arm();
  });
}

void Aliases::on_changed(const zones::Name& apex, const std::optional<Failure>& failure) {
  (failure ? counters_.refused_changes : counters_.changes).add();
  const auto at = zones_.find(zones::sort_key(apex));
  if (at == zones_.end()) return;
  ZoneUse& zone = *at->second;
  zone.changing = false;
  const std::string problem = failure ? failure->reason : "";
  if (!problem.empty() && problem != zone.problem)
    log_.error("zone ", apex.to_text(), ": the addresses of its ALIAS records cannot be changed: ", problem);
  zone.problem = problem;
  if (dirty_.contains(&zone)) mark(zone);
}

// ---- time ----

void Aliases::arm() {
  std::optional<Time> next = change_at_;
  if (const auto first = queue_.next(); first && under_way_ < kMostUnderWay) {
    Time due = std::max(*first, allowance_.next());
    if (!allowance_.has_one()) due = std::max(due, allowance_.filled_at() + kShortestTurn);
    next = next ? std::min(*next, due) : due;
  }
  if (!next || next == armed_at_) return;
  armed_at_ = next;
  world_.wake(*next);
}

// ---- reports ----

Json Aliases::report(const zones::ZoneVersion& version) const {
  Json lines = Json::array();
  if (!version.pseudo()) return lines;
  const auto zone = zones_.find(zones::sort_key(zones::Name(version.apex().name)));
  for (const PseudoRecord& record : *version.pseudo())
    lines.push_back(describe(record, zone != zones_.end() ? zone->second.get() : nullptr));
  return lines;
}

Json Aliases::describe(const PseudoRecord& record, const ZoneUse* zone) const {
  const bool alias = record.kind == PseudoRecord::Kind::alias;
  Json line{{"owner", record.owner.to_text()},
            {"type", alias ? "ALIAS" : "URL"},
            {"ttl", record.ttl},
            {"target", record.target},
            {"age_seconds", nullptr},
            {"failing_seconds", nullptr},
            {"addresses", texts_of(record.addresses)},
            {"rotating", false},
            {"error", nullptr}};
  const auto since = [&](Time then) { return duration_cast<seconds>(world_.now() - then).count(); };
  if (!alias) {
    line["state"] = line["addresses"].empty() ? "no redirector: --url-address is not set"
                    : is_known(settings_.url) ? "ok"
                                              : "kept: --url-address is not set";
    return line;
  }
  const Target* const target = find(record.target);
  const bool known = record.addresses.a.known || record.addresses.aaaa.known;
  line["state"] = known ? "ok" : "never resolved";
  if (target == nullptr) return line;
  for (const Question* question : {&target->a, &target->aaaa}) {
    if (question->good_at) {
      const int64_t age = since(*question->good_at);
      if (line["age_seconds"].is_null() || line["age_seconds"] < age) line["age_seconds"] = age;
    }
    line["rotating"] = line.value("rotating", false) || question->rotation.is_rotating();
    if (question->too_many && line["error"].is_null()) line["error"] = "not all addresses are published";
    if (!question->failing_since) continue;
    if (known) line["state"] = "failing";
    const int64_t failing = since(*question->failing_since);
    if (line["failing_seconds"].is_null() || line["failing_seconds"] < failing) line["failing_seconds"] = failing;
    const std::string error = std::string(name_of(question->type)) + ": " + question->failure;
    line["error"] = line["error"].is_null() ? error : line["error"].get<std::string>() + "; " + error;
  }
  if (zone != nullptr && !zone->problem.empty()) {
    line["state"] = "failing";
    line["error"] = zone->problem;
  }
  return line;
}

}  // namespace axfrd::control
