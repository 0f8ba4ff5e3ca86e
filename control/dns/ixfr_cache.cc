#include "control/dns/ixfr_cache.h"

namespace axfrd::control {

std::shared_ptr<const zones::Difference> IxfrCache::find(const zones::ZoneVersion& version, uint32_t serial) {
  if (!version.history()) return nullptr;
  Key key{version.history()->steps().back(), serial};
  if (const auto known = index_.find(key); known != index_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return known->second->difference;
  }
  auto difference = zones::make_difference(version, serial);
  keep(std::move(key), difference);
  return difference;
}

void IxfrCache::keep(Key key, std::shared_ptr<const zones::Difference> difference) {
  const size_t octets = sizeof(Entry) + key.first->memory() + (difference ? difference->octets : 0);
  entries_.push_front({key, std::move(difference), octets});
  index_.emplace(std::move(key), entries_.begin());
  octets_ += octets;
  while (octets_ > max_octets_ && entries_.size() > 1) {
    octets_ -= entries_.back().octets;
    index_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace axfrd::control
