// IxfrCache: differences that secondaries asked for, kept for the next ones that ask for the same.
//
// After a NOTIFY all secondaries of a zone come from the same serial, within seconds. What is kept is bounded; the one
// that was not asked for the longest goes first.
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

  // What leads from `serial` to `version`; null when the whole zone is to be sent (zones::make_difference).
  std::shared_ptr<const zones::Difference> find(const zones::ZoneVersion& version, uint32_t serial);

 private:
  // The last step of its history tells a version from all others; the key holds it, so that its address stays taken.
  using Key = std::pair<zones::StepRef, uint32_t>;
  struct Entry {
    Key key;
    std::shared_ptr<const zones::Difference> difference;
    size_t octets;
  };
  void keep(Key key, std::shared_ptr<const zones::Difference> difference);

  const size_t max_octets_;
  size_t octets_ = 0;
  std::list<Entry> entries_;  // the newest first
  std::map<Key, std::list<Entry>::iterator> index_;
};

}  // namespace axfrd::control
