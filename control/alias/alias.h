// Aliases: looks up the targets of ALIAS records ahead of time, and has the zones changed when addresses differ.
//
// Each target has a question for A and one for AAAA. They are asked again when the TTL of the last answer has passed,
// and up to a tenth of it later, so that what began together does not stay together. Zones share targets: a target is
// looked up once, however many zones name it. All questions stand in one queue in the order of their time, and one
// timer waits for the first.
//
// An answer that differs from what a zone holds changes the zone, by the committer, as any change does. What changes
// within a moment is one change of a zone. A question that fails keeps its last good addresses (NXDOMAIN is a failure,
// too: a target that vanishes is a mistake more often than a wish), raises one alarm, and is asked again after growing
// pauses. The addresses of a URL are a constant, and without it those that are published stay.
//
// What does not go into zones: special-purpose addresses, more than a number of them, and of a target that rotates its
// addresses each turn of them, if that is asked for (rotation.h). Changes of a zone pass a token bucket, so that no
// target makes its secondaries transfer all the time; it is full again after less than an hour.
//
// Threads. The service thread. No I/O of its own: it is told of time, of zones and of answers.
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
  zones::Addresses url{};          // what URL records stand for; not known: what they stood for before
  std::chrono::seconds hold{0};    // of the addresses of a rotating target; 0: none
  size_t max_addresses = 32;       // of a target, of each family
  bool allow_special = false;
  unsigned changes_an_hour = 60;  // of a zone, beyond the first ones
};

// Written by the service thread; anybody may read.
struct AliasCounters {
  dataplane::Counter lookups, failures, changes, alarms, refused_changes;
  dataplane::Counter deferred_changes;         // by the token bucket of their zone
  std::atomic<size_t> targets{0}, failing{0};  // names; questions whose last lookup failed
};

// The TTL that a name is published with, from answers whose TTL a cache may have counted down. It keeps still unless
// there is a reason to move: an eighth more than before is certainly a new TTL; less is one if three answers in a row
// are much alike, which what a cache counts down is not.
class SteadyTtl {
 public:
  explicit SteadyTtl(uint32_t ttl = 0) : ttl_(ttl) {}
  uint32_t after(uint32_t seen);

 private:
  uint32_t ttl_;                    // 0: none was seen yet
  std::array<uint32_t, 2> last_{};  // seen before
};

class Aliases {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  using LookUp = std::function<void(const std::string& name, uint16_t type, ResolvedDone done)>;
  // The addresses of targets, by zones::folded_target(). Empty: only URL records are to be looked after.
  using Found = std::map<std::string, zones::Addresses>;
  using ChangeDone = std::function<void(std::optional<Failure>)>;
  using ChangeZone = std::function<void(const zones::Name& apex, Found found, ChangeDone done)>;
  // What it needs of the world. `wake` asks for a call of turn() at that time, and replaces what was asked before.
  struct World {
    std::function<Time()> now;
    std::function<void(Time)> wake;
    LookUp look_up;
    ChangeZone change_zone;
  };

  Aliases(AliasSettings settings, World world, const Log& log);

  // Zones have become visible, or have gone.
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
    zones::AddressSet set;  // last good
    Rotation rotation;
    bool too_many = false, special = false;  // not all of the last answer is published
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
    int64_t found_at = 0;  // when the addresses were last seen to differ; Unix seconds
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
    TokenBucket tokens;   // a change each
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
  // What is published of an answer.
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
  std::optional<Time> change_at_;  // for the dirty zones
  std::optional<Time> armed_at_;
  TokenBucket allowance_;  // a lookup each
  Time alarms_from_{};
  unsigned alarms_logged_ = 0;  // since alarms_from_
  bool warned_of_url_ = false;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace axfrd::control
