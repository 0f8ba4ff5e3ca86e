// Endings: disables secondary DNS once the parent zone has dropped the NS names (`secondary disable
// --when-undelegated`).
//
// For each zone whose secondary DNS is ending (zones/data/secondary_dns.h), the parent zone is asked at once, and then
// at intervals. A zone is in one of these states:
//
//   named      the parent zone has some of the names, or has not answered yet
//   dropped    all of its name servers have answered that they have none; caches may have them for one more TTL
//   over       that TTL has passed, and the parent was asked once more; the committer disables secondary DNS
//
// The TTL is the longest that a cache may use: the highest TTL seen in the delegation or in the zone's own NS records,
// but at least a floor and at most a week. Resolvers keep nothing for longer than a week. A failed question changes no
// state, and no ending is over without a new answer. When the parent zone has a name again, the zone goes back to
// `named`. None of this is stored: after a start, the parent is asked again, and the TTL counts from then.
//
// Questions pass a token bucket: with more zones the questions take longer, but they are not sent faster.
//
// Threads. The service thread; any thread may read counters. No I/O of its own: time, zones and answers come as calls.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/base/due_queue.h"
#include "control/base/json.h"
#include "control/base/log.h"
#include "control/base/notices.h"
#include "control/base/outcome.h"
#include "control/base/token_bucket.h"
#include "control/commit/published.h"
#include "control/dnsclient/parent.h"
#include "dataplane/counters.h"

namespace axfrd::control {

struct EndingSettings {
  std::chrono::seconds interval{600};  // between two questions for a zone, plus up to a tenth
  std::chrono::seconds floor{3600};    // of the TTL
  unsigned rate = 50;                  // zones a second
};

// Written by the service thread; anybody may read.
struct EndingCounters {
  dataplane::Counter questions, failures, ended;
  // Zones that are ending; of these, those whose names were dropped, and those whose last question failed.
  std::atomic<size_t> zones{0}, dropped{0}, failing{0};
};

class Endings {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using Ask =
      std::function<void(const zones::Name& apex, const std::vector<zones::Name>& names, dnsclient::ParentDone done)>;
  // Disables the secondary DNS of a zone if its ending is still the same one.
  using EndDone = std::function<void(std::optional<Failure>)>;
  using End = std::function<void(const zones::Name& apex, const zones::Ending& ending, EndDone done)>;
  // Clocks, parent zones and committer. `wake` requests a call of turn() at that time, and replaces an earlier request.
  struct World {
    std::function<Time()> now;
    std::function<int64_t()> unix_now;
    std::function<void(Time)> wake;
    Ask ask;
    End end;
  };

  Endings(const EndingSettings& settings, World world, const Log& log);

  // Zones have become visible, or were removed.
  void published(const Published& published);
  // Does what is due.
  void turn();

  // {"since", "leaving", "state": "named" or "dropped", "parent", "named", "asked_at", "dropped_at", "ends_at",
  // "problem"}, times in Unix seconds; null if the zone is not ending.
  Json report(const zones::Name& apex) const;
  const EndingCounters& counters() const { return counters_; }

 private:
  struct Zone {
    zones::Name apex;
    zones::Ending ending;
    uint32_t own_ttl = 0, parent_ttl = 0;  // the highest seen
    std::string parent;
    std::vector<zones::Name> named;  // in the parent, by the last answer
    std::optional<Time> dropped_at;
    int64_t asked_at = 0;      // when the last question ended; Unix seconds, 0: none yet
    std::string problem;       // why the last question or the disabling failed; empty: neither did
    uint64_t question = 0;     // the one in flight; 0: none
    bool told = false;         // the problem was logged since the last answer
    bool told_of_end = false;  // it was logged that it cannot be disabled
    DueQueue<Zone>::Place due;
  };

  // ---- zones ----
  void set_zone(const zones::ZoneVersion& version);
  void forget(const zones::Name& apex);
  Zone* find(const zones::Name& apex) const;

  // ---- questions ----
  void ask(Zone& zone);
  void on_answer(Zone& zone, const dnsclient::ParentAnswer& answer);
  void on_failure(Zone& zone, const std::string& why);
  void on_named(Zone& zone, const std::vector<zones::Name>& named);
  void on_dropped(Zone& zone);
  void set_problem(Zone& zone, std::string problem);
  void set_dropped(Zone& zone, std::optional<Time> when);
  Time ends_at(const Zone& zone) const;
  void end(Zone& zone);
  void warn(Zone& zone, const std::string& what);

  Time later(std::chrono::seconds pause);
  void arm();

  const EndingSettings settings_;
  const World world_;
  const Log& log_;
  EndingCounters counters_;
  std::unordered_map<std::string, std::unique_ptr<Zone>> zones_;  // by sort key of the apex
  DueQueue<Zone> queue_;
  size_t under_way_ = 0;
  uint64_t last_question_ = 0;
  TokenBucket allowance_;  // one for each question
  std::optional<Time> armed_at_;
  Notices notices_;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace axfrd::control
