// The part of Committer for the start: reads the store, and serves its content.
#include <malloc.h>

#include <chrono>
#include <utility>

#include "control/base/unix_time.h"
#include "control/commit/committer.h"
#include "control/commit/proofs.h"
#include "zones/data/integrity.h"
#include "zones/data/stored_check.h"
#include "zones/wire/serial.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::VersionRef;

}  // namespace

void Committer::load_settings() {
  std::vector<Setting> settings;
  const auto take = [&](const Store::Setting& stored) {
    settings.push_back(setting_from_stored(stored.kind, stored.name, stored.text));
    if (!knows_all(settings.back().value))
      log_.warning(not_known(name_of_setting(settings.back().kind, stored.name)).reason);
  };
  const auto name = [](const Store::Setting& stored) {
    return name_of_setting(static_cast<SettingKind>(stored.kind), stored.name);
  };
  store_.load_settings(take, name, [this](const std::string& sentence) { log_.error(sentence); });
  auto loaded = std::make_shared<const Settings>(Settings().with(settings));
  settings_.set(loaded);
  // If there are none, the random ones stay in use.
  if (loaded->cookies) retired_.add(cookies_.publish(loaded->cookies->secrets));
}

// After changes were lost, the serials of secondaries may be newer than ours. So each zone gets a serial above all that
// are known. At start, this is done before the zones are served.
Committer::Raised Committer::raise_serials(std::vector<Store::Loaded>& loaded, const SerialRaised& raised) {
  constexpr size_t kTogether = 1000;
  std::vector<std::pair<VersionRef, VersionRef>> together;  // before and after
  Raised result;
  const auto commit = [&] {
    Store::Changes changes;
    for (const auto& [before, after] : together) changes.zones.push_back({before.get(), after.get()});
    if (!changes.empty()) store_.commit(changes);
    for (const auto& [before, after] : together) raised(before, after);
    result.zones += together.size();
    together.clear();
  };
  std::vector<Name> known;
  for (Store::Loaded& zone : loaded) {
    const VersionRef old = zone.version;
    const Name apex(old->apex().name);
    uint32_t highest = old->serial();
    const auto consider = [&](uint32_t serial) {
      if (zones::serial_newer(serial, highest)) highest = serial;
    };
    for (const KeptProof& proof : proofs_from_stored(zone.ledger)) consider(proof.serial);
    if (const auto* gone = tombstones_.find(apex)) {
      consider(gone->tombstone.serial);
      known.push_back(apex);
    }
    auto outcome = propose_higher_serial(old, highest, rules({.kind = "recovery"}));
    if (const auto* failure = std::get_if<Failure>(&outcome)) {
      if (result.left++ < Raised::kMostTold)
        result.told.push_back({apex.to_text(), old->serial(), highest, failure->reason});
      log_.warning("recovery: zone ", apex.to_text(), " has serial ", old->serial(), ", and secondaries may have ",
                   highest, " or a newer one: ", failure->reason);
      continue;
    }
    zone.version = std::get<Proposal>(outcome).next;
    together.emplace_back(old, zone.version);
    log_.info("recovery: zone ", apex.to_text(), " serial ", old->serial(), " to ", zone.version->serial());
    if (together.size() == kTogether) commit();
  }
  commit();
  if (!known.empty()) tombstones_.forget(known);
  store_.end_recovery();
  log_.warning("recovery: ", result.zones, " zones have new serials, ", result.left, " are left as they are");
  return result;
}

Outcome<size_t> Committer::load_store_now() {
  load_settings();
  tombstones_.load();
  constexpr size_t kLookAtClock = 4096, kMostZonesTold = 100;
  size_t octets = 0, without_servers = 0;
  std::vector<VersionRef> versions;  // published together, which builds the table once
  auto last_report = std::chrono::steady_clock::now();
  const auto report = [&] {
    if (const auto now = std::chrono::steady_clock::now(); now - last_report > std::chrono::seconds(1)) {
      last_report = now;
      log_.info("loading zones from the store: ", versions.size(), " so far");
    }
  };
  Published published;
  size_t zones_with_refused = 0;
  const auto enter = [&](Store::Loaded loaded) {
    VersionRef& version = loaded.version;
    if (version->attributes().kept) log_.warning(not_known("zone " + version->apex().name.to_text()).reason);
    if (const auto refused = zones::find_refused(*version, 1);
        !refused.empty() && ++zones_with_refused <= kMostZonesTold) {
      const std::string zone = version->apex().name.to_text();
      log_.warning("zone ", zone, " holds what secondaries refuse, and may not be transferred: ", refused.front(),
                   "; axfrctl zone check ", zone, " lists all");
    }
    octets += history_memory(version.get());
    if (!zones::has_apex_servers(*version)) ++without_servers;
    histories_.note_steps(nullptr, *version);
    if (is_followed(version.get())) published.zones.push_back({version, std::move(loaded.ledger)});
    versions.push_back(std::move(version));
    if (versions.size() % kLookAtClock == 0) report();
  };
  const auto damaged = [this](const std::string& damage) { log_.error(damage); };
  if (store_.in_recovery() && !is_standby()) {
    std::vector<Store::Loaded> all;
    store_.load([&](Store::Loaded loaded) { all.push_back(std::move(loaded)); }, damaged);
    raise_serials(all, [](const VersionRef&, const VersionRef&) {});
    for (Store::Loaded& loaded : all) enter(std::move(loaded));
  } else {
    store_.load(enter, damaged);
  }
  if (zones_with_refused > kMostZonesTold) {
    log_.warning(zones_with_refused - kMostZonesTold,
                 " more zones hold what secondaries refuse; axfrctl zone check --all lists them");
  }
  const size_t count = versions.size();
  if (count != 0) retired_.add(zones_.publish_new(std::move(versions)));
  retired_.free();
  malloc_trim(0);  // returns memory that only loading needed
  histories_.set_octets(octets);
  zones_without_servers_.store(without_servers, std::memory_order_relaxed);
  if (is_standby()) {
    backup_time_.store(store_.backup_time().value_or(0), std::memory_order_relaxed);
    std::error_code ignored;
    std::filesystem::remove_all(loading_directory(), ignored);  // left if axfrd was killed while it loaded a backup
  } else {
    published.recovered_at = store_.recovered_at();
  }
  if (!published.empty()) observer_(std::move(published));
  if (!is_standby()) follow_providers_at_start();
  return count;
}

}  // namespace axfrd::control
