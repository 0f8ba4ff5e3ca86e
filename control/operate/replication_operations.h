// Operations for a view of all secondaries at once: who is behind, since when, and how that has been.
//
// Roles. A reader sees what concerns the zones of their scope. Sums over all zones need a scope of all zones.
//
// Threads, errors. As context.h says.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "control/operate/context.h"
#include "control/operate/zone_operations.h"

namespace axfrd::control {

// How far secondaries were behind, measured at the same intervals; the newest comes last.
struct ReplicationSample {
  size_t behind;           // pairs of a zone and a secondary
  int64_t oldest_seconds;  // age of the oldest debt
};
struct ReplicationChart {
  std::chrono::seconds step;
  size_t kept;
  std::deque<ReplicationSample> samples = {};
  int64_t end = 0;  // when the newest was measured; Unix seconds
};

class ReplicationOperations {
 public:
  explicit ReplicationOperations(const Context& context) : context_(context) {}

  struct Replication {
    std::optional<NotifyService::Overview> overview;  // none: the principal may not see all zones
    Json hosts, debts;                                // see NotifyService::hosts(), oldest_debts()
  };
  void replication(const Principal& who, Done<Replication> done) const;

  struct ZoneLine {
    zones::VersionRef version;
    NotifyService::ZoneCount count;
  };
  struct Zones {
    std::vector<ZoneLine> lines;
    bool more = false;
  };
  // A part of the list of zones, with what their secondaries have. @pre request.limit
  void zones(const Principal& who, const ListZones& request, const Done<Zones>& done) const;
  // The same for zones of which some secondary is behind, in canonical order; `prefix` does not count.
  void behind(const Principal& who, const ListZones& request, Done<Zones> done) const;

  // Measures; to be called each kSampleEvery.
  static constexpr auto kSampleEvery = std::chrono::seconds(10);
  void sample();
  const ReplicationChart& hour() const { return hour_; }
  const ReplicationChart& day() const { return day_; }

 private:
  struct Gathering;
  void gather_next(const std::shared_ptr<Gathering>& gathering) const;
  void count(std::vector<zones::VersionRef> versions, bool more, const Done<Zones>& done) const;

  const Context& context_;
  ReplicationChart hour_{kSampleEvery, 360}, day_{std::chrono::minutes(5), 288};
  unsigned sampled_ = 0;
  ReplicationSample worst_{};  // of the samples since the last one of the day
};

}  // namespace axfrd::control
