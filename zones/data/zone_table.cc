#include "zones/data/zone_table.h"

#include <utility>

namespace axfrd::zones {
namespace {

Zone* zone_of(const HashTrie<Zone*>& trie, uint64_t hash, NameView name) {
  Zone* const* found = trie.find(
      hash, [&](const Zone* zone) { return zone->hash() == hash && zone->current()->apex().name.equals(name); });
  return found != nullptr ? *found : nullptr;
}

}  // namespace

ZoneTable::ZoneTable() : snapshot_(new Snapshot) {}

ZoneTable::~ZoneTable() {
  const std::unique_ptr<const Snapshot> last(snapshot_.load(std::memory_order_relaxed));
  last->trie.for_each([](Zone* zone) { delete zone; });
}

const Zone* ZoneTable::find(uint64_t hash, NameView name) const { return zone_of(snapshot().trie, hash, name); }

const Zone* ZoneTable::closest(const HashedName& name, unsigned most_labels) const {
  const Snapshot& all = snapshot();
  const Zone* zone = nullptr;
  all.for_each_apex(most_labels, [&](unsigned n) {
    zone = zone_of(all.trie, name.hash(n), name.suffix(n));
    return zone != nullptr;
  });
  return zone;
}

std::unique_ptr<const ZoneTable::Snapshot> ZoneTable::replace(std::unique_ptr<Snapshot> next) {
  return std::unique_ptr<const Snapshot>(snapshot_.exchange(next.release(), std::memory_order_acq_rel));
}

ZoneTable::Retired ZoneTable::publish(VersionRef version) {
  Retired retired;
  const Apex& apex = version->apex();
  if (Zone* zone = zone_of(snapshot().trie, apex.hash, apex.name)) {
    retired.version = VersionRef(zone->current_.exchange(version.detach(), std::memory_order_acq_rel), false);
    return retired;
  }
  std::vector<VersionRef> one;
  one.push_back(std::move(version));
  return publish_new(std::move(one));
}

ZoneTable::Retired ZoneTable::publish_new(std::vector<VersionRef> versions) {
  auto next = std::make_unique<Snapshot>(snapshot());
  HashTrie<Zone*>::Editor editor(next->trie);
  std::vector<std::pair<uint64_t, Zone*>> zones;
  zones.reserve(versions.size());
  for (VersionRef& version : versions) {
    ++next->apexes[version->apex().labels];
    auto* zone = new Zone(std::move(version));
    zones.emplace_back(zone->hash(), zone);
  }
  next->list_lengths();
  editor.insert(zones);
  next->size += zones.size();
  next->trie = std::move(editor).finish();
  Retired retired;
  retired.snapshot = replace(std::move(next));
  return retired;
}

ZoneTable::Retired ZoneTable::remove(const Name& apex) {
  Retired retired;
  Zone* zone = zone_of(snapshot().trie, NameHash::process().of(apex), apex);
  if (zone == nullptr) return retired;
  auto next = std::make_unique<Snapshot>(snapshot());
  HashTrie<Zone*>::Editor editor(next->trie);
  editor.erase(zone->hash(), zone);
  next->trie = std::move(editor).finish();
  --next->size;
  --next->apexes[zone->current()->apex().labels];
  next->list_lengths();
  retired.zone.reset(zone);
  retired.snapshot = replace(std::move(next));
  return retired;
}

}  // namespace axfrd::zones
