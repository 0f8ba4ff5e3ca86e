// Operations on the secondaries of zones, and on providers of secondaries.
//
// Roles. A reader may look and explain. An editor may send NOTIFY. A secondary manager sets which hosts may transfer a
// zone. Providers belong to no zone, so only a secondary manager of all zones may change them.
//
// Threads, errors. As context.h says.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/access/provider.h"
#include "control/access/transfer_permission.h"
#include "control/operate/context.h"
#include "control/operate/primary_view.h"

namespace axfrd::control {

struct SetSecondary {
  enum class How : uint8_t { enable, edit };
  zones::Name apex;
  How how;
  SecondaryWish wish = {};                   // lists that replace the current ones
  std::optional<std::string> provider = {};  // providers that the zone refers to, separated by commas
  std::string add_ns = {}, remove_ns = {};   // changes of the lists; with `edit` only
  std::string add_allow = {}, remove_allow = {};
  bool changes_lists() const {
    return !add_ns.empty() || !remove_ns.empty() || !add_allow.empty() || !remove_allow.empty();
  }
  bool states_servers() const { return !wish.ns.empty() || !add_ns.empty() || !remove_ns.empty(); }
};

struct SecondarySet {
  Committer::SecondarySet set;
  std::vector<zones::Name> ns_before, ns_after;  // at the apex, which the delegation should match
  // Sentences about settings that are allowed but unusual.
  std::vector<std::string> doubts() const;
};

struct SetProvider {
  std::string name;
  SecondaryWish wish;
  bool dry_run = false;  // only count the zones that would change
};

struct ProviderSet {
  SecondaryWish wish;
  bool changed;
  std::vector<zones::Name> ns_before = {}, ns_after = {};  // its names before and after
  size_t zones = 0;                                        // that refer to it, and were or would be changed
  size_t failed = 0;                                       // that could not be changed; the log says why
};

struct Explain {
  zones::Name apex;
  IpAddress peer;
  std::optional<zones::Name> key = {};
};

struct Explained {
  TransferDecision decision;
  std::string next;  // the command to type
  Json seen;         // NotifyService::seen() of that host
};

class SecondaryOperations {
 public:
  explicit SecondaryOperations(const Context& context) : context_(context) {}

  void set(const Principal& who, const SetSecondary& request, const Done<SecondarySet>& done);
  // Keeps the settings for the next time, and removes the NS names. `when_undelegated`: the secondaries may transfer
  // and get NOTIFY until the parent zone has dropped the names (ending/endings.h). Enabling secondary DNS again cancels
  // this.
  void disable(const Principal& who, const zones::Name& apex, bool when_undelegated, const Done<SecondarySet>& done);
  struct Show {
    zones::Name apex;
    std::string software = {};               // return only its configuration (primary_view.h)
    std::optional<HostPort> secondary = {};  // the secondary that it is for; none: any
  };
  struct Shown {
    zones::VersionRef version;
    PrimaryView primary;
    std::string configuration = {};    // if requested; otherwise the members below:
    std::vector<PeerKey> keys = {};    // of the secondaries
    Json ledger = {}, strangers = {};  // see NotifyService::status(), strangers()
    Json ending = {};                  // see Endings::report()
  };
  void show(const Principal& who, const Show& request, Done<Shown> done) const;
  // Which secondary has which serial.
  using Wanted = NotifyService::Wanted;
  struct Status {
    Json ledger, strangers, ending;  // as in Shown
  };
  void status(const Principal& who, const zones::Name& apex, const Wanted& wanted, Done<Status> done) const;
  // The same for all zones. `page` is called with one page of lines at a time. @pre may_list() of the principal
  struct Page {
    std::string lines;                // JSON objects, with commas between them
    Json strangers;                   // of all zones; only in the last page
    size_t endings;                   // number of zones whose secondary DNS is ending
    std::optional<std::string> last;  // sort key of the last zone in it
    bool more;
  };
  Outcome<std::monostate> may_list(const Principal& who) const;
  void status_page(const Principal& who, const std::optional<std::string>& after, const Wanted& wanted,
                   std::function<void(Page)> page) const;
  // Sums of these lines for each secondary, by its text. For one zone, or for all zones.
  struct Summary {
    std::map<std::string, NotifyService::Sum> hosts;
    Json strangers, ending;         // as in Shown; `ending` only for one zone
    std::optional<size_t> endings;  // as in Page; only for all zones
  };
  void summary(const Principal& who, const std::optional<zones::Name>& apex, const Wanted& wanted,
               Done<Summary> done) const;
  // Also for a zone whose secondary DNS was disabled, because the parent may still delegate to its secondaries.
  void check(const Principal& who, const zones::Name& apex, Done<Json> done) const;
  void notify(const Principal& who, const zones::Name& apex, Done<size_t> done);
  // Sends NOTIFY for all zones of a host, to any port or to that of `place`.
  void notify_host(const Principal& who, const HostPort& place, Done<size_t> done);
  void explain(const Principal& who, const Explain& request, Done<Explained> done) const;

  // For each zone, in order: the lowest serial that its secondaries have proven. 0 if one of them has proven nothing
  // yet; the zone's serial if it has no secondaries.
  void lowest_proven(std::vector<zones::VersionRef> zones, std::function<void(std::vector<uint32_t>)> done) const;
  // Waits until all secondaries have the serial, and returns the ledger. A Failure after `patience`.
  void wait_for(const zones::Name& apex, uint32_t serial, std::chrono::seconds patience, Done<Json> done) const;

  // The zones that refer to the provider are changed before `done` is called.
  void set_provider(const Principal& who, const SetProvider& request, const Done<ProviderSet>& done);
  Outcome<ProvidersRef> providers(const Principal& who) const;
  // Refused while zones refer to the provider.
  void remove_provider(const Principal& who, const std::string& name, const Done<std::monostate>& done);

 private:
  void change(const Act& act, const zones::Name& apex, SecondaryEdit edit, const Done<SecondarySet>& done);

  PrimaryView primary() const;
  PeerKey key_called(const zones::Name& name) const;
  std::string configuration(const Show& request, const zones::SecondaryDns& settings, const PrimaryView& view) const;
  Json ending_of(const zones::Name& apex) const;
  size_t count_endings() const;
  struct Summing;
  void sum_next(const std::shared_ptr<Summing>& summing) const;
  static void end_sum(Summing& summing);

  const Context& context_;
};

}  // namespace axfrd::control
