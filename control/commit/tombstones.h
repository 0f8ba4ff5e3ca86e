// Tombstones: the last serials of removed zones, so that no zone comes back with an older one (RFC 1982).
//
// Threads. The committer's.
#pragma once

#include <map>
#include <span>
#include <string>

#include "control/base/log.h"
#include "control/store/store.h"

namespace axfrd::control {

class Tombstones {
 public:
  struct Gone {
    zones::Name apex;
    Tombstone tombstone;
    bool has_file = false;  // --zones-dir still has its file
  };

  static constexpr size_t kMost = 1'000'000;

  Tombstones(Store& store, const Log& log, size_t most = kMost) : store_(store), log_(log), most_(most) {}

  void load();
  // Null if there is none.
  Gone* find(const zones::Name& apex);
  void set(Gone gone);
  // Only in memory. The store erases a tombstone when a zone of that name is added.
  bool erase(const zones::Name& apex);
  // Forgets the tombstones that are older than the time for which they are kept, and the oldest beyond the limit, in
  // the store too. Those that have a file stay, because the file would bring the zone back.
  void forget_old();
  // If there are more than the limit, forgets the oldest, and some more, so that this is seldom needed.
  void forget_beyond_limit();
  size_t size() const { return by_apex_.size(); }
  // Forgets these, in the store too. Throws StoreError.
  void forget(std::span<const zones::Name> zones);

 private:
  void forget(int64_t before);

  Store& store_;
  const Log& log_;
  const size_t most_;
  std::map<std::string, Gone> by_apex_;  // by sort key
};

}  // namespace axfrd::control
