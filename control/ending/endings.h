// Endings: secondary DNS that ends when the parent zone has dropped the NS names (`secondary disable
// --when-undelegated`).
//
// Each zone whose secondary DNS is ending (zones/data/secondary_dns.h) is looked after here. The parent zone is asked
// at once, and then now and then. A zone is in one of these states:
//
//   named      the parent zone names some of them, or has not said anything yet
//   dropped    all of its name servers have said that they name none; caches may still do, for one TTL more
//   over       that TTL has passed, and the parent was asked once more: secondary DNS is disabled, by the committer
//
// The TTL is the longest that a cache may have: of the delegation, as seen at any time since we look, and of the zone's
// own NS records; no less than a floor, and no more than a week, which is as long as resolvers keep anything. An answer
// that failed changes no state, and nothing is over without a new answer. When the parent zone names them again, the
// zone is back in the first state. Nothing of that is stored: after a start, the parent is asked anew, and the TTL
// counts from then.
//
// Questions pass a token bucket: many zones together take longer, and do not ask faster.
//
// Threads. The service thread; the counters may be read by any. No I/O of its own: it is told of time, zones, answers.
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
  std::chrono::seconds interval{600};  // between two questions of a zone, and up to a tenth more
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
  // Disables the secondary DNS of a zone if it is still that ending.
  using EndDone = std::function<void(std::optional<Failure>)>;
  using End = std::function<void(const zones::Name& apex, const zones::Ending& ending, EndDone done)>;
  // What it needs of the world. `wake` asks for a call of turn() at that time, and replaces what was asked before.
  struct World {
    std::function<Time()> now;
    std::function<int64_t()> unix_now;
    std::function<void(Time)> wake;
    Ask ask;
    End end;
  };

  Endings(const EndingSettings& settings, World world, const Log& log);

  // Zones have become visible, or have gone.
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
    std::vector<zones::Name> named;  // by the last answer
    std::optional<Time> dropped_at;
    int64_t asked_at = 0;      // when the last answer came; Unix seconds, 0: none did
    std::string problem;       // of the last question
    uint64_t question = 0;     // that is under way; 0: none
    bool told = false;         // of the problem, since the last answer
    bool told_of_end = false;  // that it cannot be disabled
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
  TokenBucket allowance_;  // a question each
  std::optional<Time> armed_at_;
  Notices notices_;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace axfrd::control
