#include "control/commit/group.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "control/base/unix_time.h"
#include "control/commit/proposal.h"
#include "zones/data/integrity.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::VersionRef;
using zones::ZoneVersion;

// 1 for a zone without servers (zones/data/integrity.h), otherwise 0.
size_t lacks_servers(const ZoneVersion* version) {
  return version != nullptr && !zones::has_apex_servers(*version) ? 1 : 0;
}

// A Failure if the present setting of that kind and name must not be replaced. It may always be removed.
std::optional<Failure> refuse_unknown(const Settings& settings, const Setting& next) {
  bool known = true;
  switch (next.kind) {
    case SettingKind::key:
      if (const auto name = zones::NameView::read(zones::bytes_of(next.name))) {
        const KeyRef key = settings.keys->find(*name);
        known = !key || knows_all(key);
      }
      break;
    case SettingKind::provider:
      if (const SecondaryWish* provider = settings.provider(next.name)) known = provider->knows_all;
      break;
    case SettingKind::cookies:
      known = !settings.cookies || settings.cookies->knows_all;
      break;
    case SettingKind::token:
      if (const TokenRef token = settings.tokens->find(next.name)) known = !token->kept;
      break;
    case SettingKind::user:
      if (const UserRef user = settings.user(next.name)) known = !user->kept;
      break;
  }
  const bool removed = std::holds_alternative<std::monostate>(next.value);
  if (known || removed) return std::nullopt;
  return not_known(name_of_setting(next.kind, next.name));
}

}  // namespace

const ZoneVersion* CommitGround::current(zones::NameView apex) const {
  const zones::Zone* zone = zones.find(zones::NameHash::process().of(apex), apex);
  return zone != nullptr ? zone->current() : nullptr;
}

// ---- making ----

VersionRef Group::current(const Name& apex) const {
  const auto made = made_.find(zones::sort_key(apex));
  return made != made_.end() ? made->second.after : VersionRef(ground_.current(apex));
}

void Group::set(const Name& apex, VersionRef after) {
  const auto [made, fresh] = made_.try_emplace(zones::sort_key(apex), Made{apex, nullptr, nullptr});
  if (fresh) made->second.before = VersionRef(ground_.current(apex));
  const VersionRef& last = fresh ? made->second.before : made->second.after;
  if (!after && last) {
    const Tombstone tombstone{last->serial(), unix_time(), last->attributes().serial_policy};
    gone_.insert_or_assign(made->first, Tombstones::Gone{apex, tombstone});
  }
  made->second.after = std::move(after);
}

Tombstones::Gone* Group::tombstone(const Name& apex) {
  const auto found = gone_.find(zones::sort_key(apex));
  return found != gone_.end() ? &found->second : ground_.tombstones.find(apex);
}

std::optional<Failure> Group::set(std::vector<Setting> changed) {
  const SettingsRef before = settings();
  for (const Setting& setting : changed) {
    if (auto failure = refuse_unknown(*before, setting)) return failure;
  }
  settings_ = std::make_shared<const Settings>(before->with(changed));
  std::ranges::move(changed, std::back_inserter(changed_settings_));
  return std::nullopt;
}

void Group::keep_ledger(std::vector<Store::LedgerText> lines) { std::ranges::move(lines, std::back_inserter(ledger_)); }

void Group::bring_ledger(std::vector<Store::LedgerText> lines) {
  for (const Store::LedgerText& zone : lines) brought_.insert_or_assign(zones::sort_key(zone.apex), zone);
  keep_ledger(std::move(lines));
}

void Group::keep_tombstones(std::vector<Tombstones::Gone> gone) {
  std::ranges::move(gone, std::back_inserter(tombstones_));
}

// ---- the end ----

bool Group::end() {
  bool stored = false;
  try {
    shorten_histories();
    stored = commit();
  } catch (const std::exception& error) {
    for (const End& end : ends_) end.failed({FailureCode::failed, reason_of(error)});
    return false;
  }
  publish();
  for (const End& end : ends_) end.committed();
  for (const std::string& line : lines_) ground_.log.info(line);
  for (const AuditRecord& record : records_) ground_.auditor(record);
  return stored;
}

// Memory of all histories, including the group's changes.
size_t Group::history_octets() const {
  size_t octets = ground_.histories.octets();
  for (const auto& [key, made] : made_) octets += history_memory(made.after.get()) - history_memory(made.before.get());
  return octets;
}

// Drops the oldest steps of all zones until the rest is within the limit.
void Group::shorten_histories() {
  for (size_t octets = history_octets(); octets > ground_.histories.limit();) {
    const auto oldest = ground_.histories.take_oldest();
    if (!oldest) return;
    const zones::Zone* zone = ground_.zones.guess(oldest->zone);
    if (zone == nullptr) continue;
    const Name apex(zone->current()->apex().name);
    const VersionRef version = current(apex);
    if (!version || !version->history() || version->history()->steps().front()->from() != oldest->from) continue;
    zones::Attributes attributes = version->attributes();
    attributes.history = zones::History::trim(version->history());
    octets -= history_memory(version.get());
    VersionRef next = version->apply({}, version->soa_record(), std::move(attributes));
    octets += history_memory(next.get());
    set(apex, std::move(next));
  }
}

bool Group::commit() {
  end_grants();
  Store::Changes changes;
  for (const auto& [key, made] : made_) {
    if (made.before != made.after) changes.zones.push_back({made.before.get(), made.after.get()});
  }
  for (const Setting& setting : changed_settings_)
    changes.settings.push_back({static_cast<char>(setting.kind), setting.name, setting_to_stored(setting.value)});
  changes.ledger = std::move(ledger_);
  for (const Tombstones::Gone& gone : tombstones_) changes.tombstones.push_back({gone.apex, gone.tombstone});
  if (changes.empty()) return false;
  ground_.store.commit(changes);
  return true;
}

// Removes the grants for zones that are removed: a later zone of the same name may have another owner.
void Group::end_grants() {
  if (gone_.empty()) return;
  const auto ends = [&](const UpdateGrant& grant) {
    return grant.zone && gone_.contains(zones::sort_key(*grant.zone));
  };
  std::vector<Setting> shortened;
  const KeyBookRef keys = settings()->keys;
  for (const KeyRef& key : keys->keys()) {
    if (std::ranges::none_of(key->grants, ends)) continue;
    const Name& name = key->tsig->name();
    if (key->kept) {
      ground_.log.warning(not_known("key " + name.to_text()).reason);
      continue;
    }
    auto next = std::make_shared<Key>(*key);
    const size_t count = std::erase_if(next->grants, ends);
    log("key ", name.to_text(), ": ", count, count == 1 ? " grant has" : " grants have", " ended with the zone");
    shortened.push_back(key_setting(name, std::move(next)));
  }
  if (!shortened.empty()) set(std::move(shortened));
}

void Group::publish() {
  Published published;
  publish_settings(published);
  publish_zones(published);
  if (!published.empty()) ground_.observer(std::move(published));
}

void Group::publish_settings(Published& published) {
  if (changed_settings_.empty()) return;
  ground_.settings.set(settings_);
  for (const Setting& setting : changed_settings_) {
    if (setting.kind == SettingKind::key) published.keys = true;
  }
  const bool cookies = std::ranges::any_of(changed_settings_,
                                           [](const Setting& setting) { return setting.kind == SettingKind::cookies; });
  if (cookies && settings_->cookies) ground_.retired.add(ground_.cookies.publish(settings_->cookies->secrets));
}

void Group::publish_zones(Published& published) {
  std::vector<VersionRef> fresh;
  std::vector<std::pair<const Name*, bool>> roster;  // zones that are new, and that are gone
  ground_.histories.set_octets(history_octets());
  for (auto& [key, gone] : gone_) {
    if (!made_.at(key).after) ground_.tombstones.set(std::move(gone));
  }
  ground_.tombstones.forget_beyond_limit();
  for (auto& [key, made] : made_) {
    if (!made.before && made.after) ground_.tombstones.erase(made.apex);
    if (made.before == made.after) continue;
    if (!made.before || !made.after) roster.emplace_back(&made.apex, !made.before);
    if (made.after) ground_.histories.note_steps(made.before.get(), *made.after);
    if (is_followed(made.after.get())) {
      auto brought = brought_.extract(key);
      published.zones.push_back({made.after, brought ? std::move(brought.mapped().text) : std::string()});
    } else if (is_followed(made.before.get())) {
      published.gone.push_back(made.apex);
    }
    const size_t without_servers = ground_.zones_without_servers.load(std::memory_order_relaxed);
    ground_.zones_without_servers.store(
        without_servers - lacks_servers(made.before.get()) + lacks_servers(made.after.get()),
        std::memory_order_relaxed);
    if (!made.after) {
      ground_.retired.add(ground_.zones.remove(made.apex));
    } else if (!made.before) {
      fresh.push_back(std::move(made.after));
    } else {
      ground_.retired.add(ground_.zones.publish(std::move(made.after)));
    }
  }
  for (auto& [key, ledger] : brought_) {
    VersionRef version(ground_.current(ledger.apex));
    if (is_followed(version.get())) published.zones.push_back({std::move(version), std::move(ledger.text)});
  }
  for (Tombstones::Gone& gone : tombstones_) ground_.tombstones.set(std::move(gone));
  if (!fresh.empty()) ground_.retired.add(ground_.zones.publish_new(std::move(fresh)));
  for (const auto& [apex, is_there] : roster) ground_.roster(*apex, is_there);
}

}  // namespace axfrd::control
