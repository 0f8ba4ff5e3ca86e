// Aliases: looks up the targets of ALIAS records ahead of time, and changes the zones when addresses differ.
//
// Each target has a question for A and one for AAAA. A question is asked again when the TTL of the last answer has
// passed, plus up to a tenth of it, so that lookups spread over time. A target is looked up once, however many zones
// use it. All questions are in one queue, in order of their time, and one timer waits for the first.
//
// If an answer differs from the addresses in a zone, the committer changes the zone. Answers that come close together
// make one change of a zone. When a lookup fails, the last good addresses stay in the zone, one alarm is raised, and
// the lookup is retried after growing pauses. NXDOMAIN is a failure, too, because a target is removed more often by
// mistake than on purpose. The addresses of URL records are a setting; without the setting, the published addresses
// stay.
//
// Some addresses do not go into zones: special-purpose addresses, addresses beyond a maximum number, and, with a hold
// time, each turn of a target that rotates its addresses (rotation.h). Changes of a zone pass a token bucket, so that
// no target makes the zone's secondaries transfer all the time. The bucket is full again after an hour without a change
// at the latest.
//
// Threads. The service thread. No I/O of its own: time, zones and answers come as calls.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/alias/rotation.h"
#include "control/base/due_queue.h"
#include "control/base/json.h"
#include "control/base/log.h"
#include "control/base/outcome.h"
#include "control/base/resolver.h"
#include "control/base/token_bucket.h"
#include "control/commit/committer.h"
#include "dataplane/counters.h"

namespace axfrd::control {

struct AliasSettings {
  std::chrono::seconds floor{30};  // the lowest TTL and the shortest pause between lookups of a name
  unsigned rate = 200;             // lookups a second, in all
  zones::Addresses url{};          // of URL records; not known: the published ones stay
  std::chrono::seconds hold{0};    // of a rotating target's addresses; 0: none
  size_t max_addresses = 32;       // for each target and family
  bool allow_special = false;
  unsigned changes_an_hour = 60;  // for each zone, beyond a first burst
};

// Written by the service thread; anybody may read.
struct AliasCounters {
  dataplane::Counter lookups, failures, changes, alarms, refused_changes;
  dataplane::Counter deferred_changes;         // by the token bucket of the zone
  std::atomic<size_t> targets{0}, failing{0};  // names; questions whose last lookup failed
};

// The TTL that a name is published with, derived from answers whose TTL a cache may have counted down. It changes in
// two cases only. A TTL more than an eighth above the current one is certainly new. A lower TTL is taken as new if
// three answers in a row are nearly equal, because TTLs that a cache counts down are not.
class SteadyTtl {
 public:
  explicit SteadyTtl(uint32_t ttl = 0) : ttl_(ttl) {}
  uint32_t after(uint32_t seen);

 private:
  uint32_t ttl_;                    // 0: none yet
  std::array<uint32_t, 2> last_{};  // the two TTLs seen before
};

class Aliases {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using LookUp = std::function<void(const std::string& name, uint16_t type, ResolvedDone done)>;
  // The addresses of targets, by zones::folded_target(). Empty: only URL records are to be changed.
  using Found = std::map<std::string, zones::Addresses>;
  using ChangeDone = std::function<void(std::optional<Failure>)>;
  using ChangeZone = std::function<void(const zones::Name& apex, Found found, ChangeDone done)>;
  // Clock, resolver and committer. `wake` requests a call of turn() at that time, and replaces an earlier request.
  struct World {
    std::function<Time()> now;
    std::function<void(Time)> wake;
    LookUp look_up;
    ChangeZone change_zone;
  };

  Aliases(AliasSettings settings, World world, const Log& log);

  // Zones have become visible, or were removed.
  void published(const Published& published);
  // Does what is due.
  void turn();

  // A line for each ALIAS and URL of a zone.
  Json report(const zones::ZoneVersion& version) const;
  const AliasCounters& counters() const { return counters_; }

 private:
  struct Target;
  struct Question;
  struct ZoneUse;
  struct Question {
    Target* target;
    uint16_t type;
    zones::AddressSet set;  // the last good addresses
    Rotation rotation;
    bool too_many = false, special = false;  // a part of the last answer is not published
    SteadyTtl ttl;
    std::optional<Time> good_at, failing_since;
    std::string failure;
    unsigned failures = 0;  // in a row
    bool under_way = false;
    DueQueue<Question>::Place due;
  };
  struct Target {
    std::string name;
    Question a, aaaa;
    int64_t found_at = 0;  // when the addresses last changed; Unix seconds
    std::set<ZoneUse*> zones;
    zones::Addresses addresses() const { return {a.set, aaaa.set, found_at}; }
  };
  struct ZoneUse {
    ZoneUse(zones::Name name, TokenBucket changes) : apex(std::move(name)), tokens(changes) {}
    zones::Name apex;
    zones::PseudoRecords pseudo;
    std::set<Target*> targets;
    bool changing = false;
    Time not_before{};    // of the next change
    TokenBucket tokens;   // one for each change
    bool defers = false;  // changes were deferred since the bucket was last full
    std::string problem;  // why the committer refused the last change
  };

  // ---- zones ----
  void set_zone(const zones::ZoneVersion& version);
  void forget(const zones::Name& apex);
  Target& target_of(const zones::PseudoRecord& record);
  const Target* find(const std::string& name) const;
  void release(Target& target, ZoneUse& zone);

  // ---- lookups ----
  Time later(std::chrono::seconds pause);
  void ask(Question& question);
  void on_answer(const std::string& name, uint16_t type, const Resolved& resolved);
  void on_failure(Question& question, const std::string& why);
  void on_success(Question& question, const Resolved& resolved);
  // The addresses of an answer that are published.
  std::string chosen(Question& question, const std::string& octets);
  static std::string used_by(const Target& target);
  void alarm(const Question& question);

  // ---- changes of zones ----
  bool wants(const ZoneUse& zone, Found& found) const;
  void mark(ZoneUse& zone);
  bool take_token(ZoneUse& zone);
  void change(ZoneUse& zone, Found found);
  void change_dirty_zones();
  void on_changed(const zones::Name& apex, const std::optional<Failure>& failure);

  void arm();
  Json describe(const zones::PseudoRecord& record, const ZoneUse* zone) const;

  const AliasSettings settings_;
  const World world_;
  const Log& log_;
  AliasCounters counters_;

  std::unordered_map<std::string, std::unique_ptr<Target>> targets_;  // by zones::folded_target()
  std::unordered_map<std::string, std::unique_ptr<ZoneUse>> zones_;   // by sort key of the apex
  DueQueue<Question> queue_;
  size_t under_way_ = 0;
  std::set<ZoneUse*> dirty_;
  std::optional<Time> change_at_;  // when to look at the dirty zones
  std::optional<Time> armed_at_;
  TokenBucket allowance_;  // one for each lookup
  Time alarms_from_{};
  unsigned alarms_logged_ = 0;  // since alarms_from_
  bool warned_of_url_ = false;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace axfrd::control
