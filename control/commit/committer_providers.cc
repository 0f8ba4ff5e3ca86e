// The part of Committer for providers: when a provider changes, the zones that refer to it are changed.
#include <algorithm>
#include <memory>
#include <utility>

#include "control/commit/committer.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::VersionRef;

// Zones that are changed before other requests get their turn.
constexpr size_t kZonesAtOnce = 256;

bool refers_to(const zones::SecondaryDns& settings, const std::string& provider) {
  return std::ranges::find(settings.providers, provider) != settings.providers.end();
}

}  // namespace

// A change of a provider that is being applied to its zones. The committer's thread.
struct Committer::Following {
  std::string whom;  // "provider acme"
  Cause cause;
  std::vector<Name> zones;
  size_t next = 0;
  ProviderSet result{};
  Done<ProviderSet> done;
};

std::vector<Name> Committer::zones_with(const std::function<bool(const zones::SecondaryDns&)>& wanted) const {
  std::vector<Name> names;
  zones_.for_each([&](const zones::Zone& zone) {
    const auto& settings = zone.current()->attributes().secondary_dns;
    if (settings && wanted(*settings)) names.emplace_back(zone.current()->apex().name);
  });
  return names;
}

Outcome<Proposal> Committer::follow_now(const VersionRef& base, const Providers& known, const Cause& cause) const {
  const SecondaryEdit follow = [&known](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
    const auto& settings = zone.attributes().secondary_dns;
    try {
      auto next = follow_providers(settings ? *settings : zones::SecondaryDns{}, known);
      if (next.stands()) {
        if (auto failure = check_servers(next, zone)) return std::move(*failure);
      }
      return next;
    } catch (const std::invalid_argument& error) {
      return Failure{FailureCode::failed, error.what()};
    }
  };
  return propose_secondary(base, follow, rules(cause));
}

// Changes a few zones, and enqueues itself for the rest, so that other requests do not wait long.
void Committer::follow_next(const std::shared_ptr<Following>& following) {
  const SettingsRef settings = group_->settings();
  const size_t end = std::min(following->next + kZonesAtOnce, following->zones.size());
  for (; following->next < end; ++following->next) {
    const Name& apex = following->zones[following->next];
    const VersionRef base = group_->current(apex);
    if (!base || !base->attributes().secondary_dns) continue;
    auto outcome = follow_now(base, *settings->providers, following->cause);
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
      ++following->result.failed;
      log_.warning("zone ", apex.to_text(), " does not follow ", following->whom, ": ", failure->reason);
    } else if (const auto& made = std::get<Proposal>(outcome); made.changes()) {
      ++following->result.zones;
      AuditRecord record{.cause = following->cause, .kind = "zone", .name = apex.to_text()};
      record.old_serial = base->serial();
      record.serial = made.next->serial();
      record.what = "follows " + following->whom;
      record.is_one_of_many = true;
      group_->record(std::move(record));
      group_->set(apex, made.next);
    }
  }
  const bool more = following->next < following->zones.size();
  const auto go_on = [this, following, more] {
    if (more) return queue_.enqueue([this, following] { follow_next(following); });
    if (following->result.zones + following->result.failed != 0) {
      log_.info(following->whom, ": ", following->result.zones, " zones follow, ", following->result.failed, " do not");
    }
    following->done(following->result);
  };
  group_->then(go_on, [following](Failure failure) { following->done(std::move(failure)); });
}

void Committer::set_provider(std::string name, std::optional<SecondaryWish> wish, Cause cause, bool dry_run,
                             Done<ProviderSet> done) {
  auto following = std::make_shared<Following>();
  following->whom = "provider " + name;
  following->cause = std::move(cause);
  following->cause.kind = kSecondaryDns;
  following->cause.detail = "of provider " + name;
  following->done = std::move(done);
  const auto set = [this, name = std::move(name), wish = std::move(wish), dry_run,
                    following]() -> Outcome<ProviderSet> {
    if (is_standby()) return takes_no_changes();
    auto outcome = set_provider_now(name, wish, dry_run);
    if (const auto* result = std::get_if<ProviderSet>(&outcome)) {
      following->result = {result->was_there};
      if (!dry_run && wish) following->zones = zones_with([&](const auto& s) { return refers_to(s, name); });
    }
    return outcome;
  };
  enqueue<ProviderSet>(
      [this, following](Outcome<ProviderSet> outcome) {
        if (std::holds_alternative<Failure>(outcome) || following->zones.empty())
          return following->done(std::move(outcome));
        queue_.enqueue([this, following] { follow_next(following); });
      },
      set);
}

Outcome<Committer::ProviderSet> Committer::set_provider_now(const std::string& name,
                                                            const std::optional<SecondaryWish>& wish, bool dry_run) {
  const SettingsRef settings = group_->settings();
  ProviderSet result{settings->provider(name) != nullptr};
  if (!wish) {
    if (!result.was_there) return result;
    const auto users = zones_with([&](const auto& s) { return refers_to(s, name); });
    if (!users.empty()) {
      return Failure{FailureCode::conflict, "provider " + name + " is used by " + std::to_string(users.size()) +
                                                (users.size() == 1 ? " zone, " : " zones, ") + users.front().to_text() +
                                                (users.size() == 1 ? "" : " first") +
                                                "; give them another one first: axfrctl secondary edit"};
    }
  }
  if (dry_run) {
    Providers known = *settings->providers;
    if (wish) known.insert_or_assign(name, *wish);
    for (const Name& apex : zones_with([&](const auto& s) { return refers_to(s, name); })) {
      const VersionRef base = group_->current(apex);
      if (!base) continue;
      const auto outcome = follow_now(base, known, {});
      const auto* made = std::get_if<Proposal>(&outcome);
      if (made == nullptr) ++result.failed;
      if (made != nullptr && made->changes()) ++result.zones;
    }
    return result;
  }
  if (auto failure = group_->set({provider_setting(name, wish)})) return std::move(*failure);
  return result;
}

// At start: axfrd may have ended before all zones followed a changed provider.
void Committer::follow_providers_at_start() {
  auto following = std::make_shared<Following>();
  following->whom = "providers that changed before the start";
  following->cause.kind = kSecondaryDns;
  const ProvidersRef known = settings_.get()->providers;
  following->zones = zones_with([&known](const zones::SecondaryDns& settings) {
    if (settings.providers.empty()) return false;
    try {
      return !(follow_providers(settings, *known) == settings);
    } catch (const std::invalid_argument&) {
      return true;  // follow_next() logs the reason
    }
  });
  following->done = [](const Outcome<ProviderSet>&) {};
  if (!following->zones.empty()) queue_.enqueue([this, following] { follow_next(following); });
}

}  // namespace axfrd::control
