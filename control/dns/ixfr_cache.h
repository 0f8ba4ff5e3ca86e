// IxfrCache: keeps differences that secondaries asked for, for others that ask for the same.
//
// After a NOTIFY all secondaries of a zone ask from the same serial, within seconds. The size of the cache is bounded;
// the least recently used difference is dropped first.
//
// Threads. The service thread.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>

#include "zones/answer/ixfr.h"

namespace axfrd::control {

class IxfrCache {
 public:
  explicit IxfrCache(size_t max_octets) : max_octets_(max_octets) {}

  // The difference from `serial` to `version`. Null if the whole zone has to be sent (zones::make_difference).
  std::shared_ptr<const zones::Difference> find(const zones::ZoneVersion& version, uint32_t serial);

 private:
  // The last step of a version's history identifies the version. The key holds a reference to that step, so that no
  // other step gets its address.
  using Key = std::pair<zones::StepRef, uint32_t>;
  struct Entry {
    Key key;
    std::shared_ptr<const zones::Difference> difference;
    size_t octets;
  };
  void keep(Key key, std::shared_ptr<const zones::Difference> difference);

  const size_t max_octets_;
  size_t octets_ = 0;
  std::list<Entry> entries_;  // most recently used first
  std::map<Key, std::list<Entry>::iterator> index_;
};

}  // namespace axfrd::control
