// Operations on the secondaries of zones, and on providers of secondaries.
//
// Roles. A reader looks and explains; an editor notifies; a secondary manager says who may transfer a zone. Providers
// belong to no zone: a secondary manager of all zones changes them.
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
  SecondaryWish wish = {};                   // lists in place of those that there are
  std::optional<std::string> provider = {};  // providers that the zone refers to, separated by commas
  std::string add_ns = {}, remove_ns = {};   // changes of the lists, items separated by commas; edit only
  std::string add_allow = {}, remove_allow = {};
  bool changes_lists() const {
    return !add_ns.empty() || !remove_ns.empty() || !add_allow.empty() || !remove_allow.empty();
  }
  bool states_servers() const { return !wish.ns.empty() || !add_ns.empty() || !remove_ns.empty(); }
};

struct SecondarySet {
  Committer::SecondarySet set;
  std::vector<zones::Name> ns_before, ns_after;  // of the zone's apex: what the delegation should be
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
  std::vector<zones::Name> ns_before = {}, ns_after = {};  // the names that it stated before, and now
  size_t zones = 0;                                        // that refer to it and follow, or would
  size_t failed = 0;                                       // that could not; the log says why
};

struct Explain {
  zones::Name apex;
  IpAddress peer;
  std::optional<zones::Name> key = {};
};

struct Explained {
  TransferDecision decision;
  std::string next;  // what to type
  Json seen;         // what went wrong with that host before, as notify/ says it
};

class SecondaryOperations {
 public:
  explicit SecondaryOperations(const Context& context) : context_(context) {}

  void set(const Principal& who, const SetSecondary& request, const Done<SecondarySet>& done);
  // Keeps the settings for the next time, and removes the NS names. `when_undelegated`: addresses may transfer and get
  // NOTIFY until the parent zone has dropped the names (ending/endings.h); enable() cancels that.
  void disable(const Principal& who, const zones::Name& apex, bool when_undelegated, const Done<SecondarySet>& done);
  struct Show {
    zones::Name apex;
    std::string software = {};               // whose configuration is wanted (primary_view.h), and nothing else
    std::optional<HostPort> secondary = {};  // for which it is; none: for any
  };
  struct Shown {
    zones::VersionRef version;
    PrimaryView primary;
    std::string configuration = {};    // of a secondary, if that was wanted; otherwise:
    std::vector<PeerKey> keys = {};    // that its secondaries sign with
    Json ledger = {}, strangers = {};  // lines, as notify/ gives them
    Json ending = {};                  // as ending/ says it; null: it is not ending
  };
  void show(const Principal& who, const Show& request, Done<Shown> done) const;
  // Who has which serial.
  using Wanted = NotifyService::Wanted;
  struct Status {
    Json ledger, strangers, ending;  // as in Shown
  };
  void status(const Principal& who, const zones::Name& apex, const Wanted& wanted, Done<Status> done) const;
  // The same of all zones that the principal may see: `page` is called with some hundred lines at a time.
  struct Page {
    std::string lines;                // JSON objects, with commas between them
    Json strangers;                   // of all zones; in the last page
    size_t endings;                   // how many zones of all are ending
    std::optional<std::string> last;  // where this page ends
    bool more;
  };
  Outcome<std::monostate> may_list(const Principal& who) const;
  void status_page(const Principal& who, const std::optional<std::string>& after, const Wanted& wanted,
                   std::function<void(Page)> page) const;
  // What these lines come to for each secondary, by its text; of one zone, or of all that the principal may see.
  struct Summary {
    std::map<std::string, NotifyService::Sum> hosts;
    Json strangers, ending;         // as in Shown; the ending of one zone
    std::optional<size_t> endings;  // as in Page; of all zones
  };
  void summary(const Principal& who, const std::optional<zones::Name>& apex, const Wanted& wanted,
               Done<Summary> done) const;
  // Also for a zone whose secondary DNS was disabled, because the parent may still delegate to its secondaries.
  void check(const Principal& who, const zones::Name& apex, Done<Json> done) const;
  void notify(const Principal& who, const zones::Name& apex, Done<size_t> done);
  // The same for all zones of a host, at any port or at that of `place`.
  void notify_host(const Principal& who, const HostPort& place, Done<size_t> done);
  void explain(const Principal& who, const Explain& request, Done<Explained> done) const;

  // The lowest serial that all secondaries of each zone are proven to have, in the order of the zones: 0 if one has
  // proven nothing yet, the zone's own if it has none.
  void lowest_proven(std::vector<zones::VersionRef> zones, std::function<void(std::vector<uint32_t>)> done) const;
  // Waits until all secondaries have the serial, and gives the ledger; a Failure when the time is over.
  void wait_for(const zones::Name& apex, uint32_t serial, std::chrono::seconds patience, Done<Json> done) const;

  // The zones that refer to it follow before `done` is called.
  void set_provider(const Principal& who, const SetProvider& request, const Done<ProviderSet>& done);
  Outcome<ProvidersRef> providers(const Principal& who) const;
  // Refused while zones refer to it.
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
