// HistoryBudget: the memory of the histories of all zones, and the order in which steps are dropped when it is too
// much.
//
// Threads. The committer's; octets() is for any.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>

#include "zones/data/version.h"

namespace axfrd::control {

// The octets of the history of a version; null: 0.
size_t history_memory(const zones::ZoneVersion* version);

class HistoryBudget {
 public:
  explicit HistoryBudget(size_t limit) : limit_(limit) {}

  size_t limit() const { return limit_; }
  size_t octets() const { return octets_.load(std::memory_order_relaxed); }
  void set_octets(size_t octets) { octets_.store(octets, std::memory_order_relaxed); }

  // A step that can be dropped: the zone with this hash has it, and it leads on from this serial. It may be gone
  // already.
  struct OldStep {
    uint64_t zone;
    uint32_t from;
  };
  // Notes the steps of `after` that `before` does not have. `before`: null if the zone is new.
  void note_steps(const zones::ZoneVersion* before, const zones::ZoneVersion& after);
  // Takes out the oldest step of all.
  std::optional<OldStep> take_oldest();

 private:
  const size_t limit_;
  std::atomic<size_t> octets_{0};
  std::deque<OldStep> oldest_first_;
};

}  // namespace axfrd::control
