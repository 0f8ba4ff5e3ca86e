#include "control/operate/secondary_operations.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <stdexcept>
#include <utility>

#include "control/alias/rotation.h"
#include "control/base/parse_name.h"
#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::VersionRef;

Act secondary_act(const Principal& who, const char* verb, const Name& apex) {
  return Context::act(who, verb, {.kind = kSecondaryDns}, "zone", apex.to_text());
}

Act provider_act(const Principal& who, const char* verb, const std::string& name) {
  return Context::act(who, verb, {.kind = "settings"}, "provider", name);
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

// The end of a sentence: why an item from a provider cannot be changed in the zone.
std::string of_a_provider(const zones::SecondaryDns& settings) {
  return " is that of a provider (" + joined(settings.providers) +
         "): change it there, with axfrctl provider set, or state the providers that the zone is to have, with "
         "axfrctl secondary edit --provider";
}

// The zone's own NS names, with those in `add` and without those in `remove`. Throws std::invalid_argument.
std::string changed_servers(const zones::SecondaryDns& settings, const std::string& add, const std::string& remove) {
  std::vector<Name> names = settings.providers.empty() ? settings.servers : settings.own_servers;
  for (const std::string& item : split_list(remove)) {
    const Name name = parse_name(item);
    if (std::erase(names, name) != 0) continue;
    const bool of_provider = std::ranges::find(settings.servers, name) != settings.servers.end();
    throw std::invalid_argument(of_provider ? "the NS name " + name.to_text() + of_a_provider(settings)
                                            : "there is no NS name " + name.to_text() + " to remove");
  }
  for (const std::string& item : split_list(add)) {
    Name name = parse_name(item);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  if (names.empty() && settings.providers.empty())
    throw std::invalid_argument("no NS name would be left; axfrctl secondary disable ends it all");
  std::vector<std::string> texts;
  for (const Name& name : names) texts.push_back(name.to_text());
  return joined(texts);
}

// Sets the addresses of the wish to the current ones, with those in `add` and without those in `remove`. Throws
// std::invalid_argument.
void change_addresses(SecondaryWish& wish, const zones::SecondaryDns& settings, const std::string& add,
                      const std::string& remove) {
  const auto& current = settings.providers.empty() ? settings.secondaries : settings.own_secondaries;
  std::vector<zones::Secondary> list = current;
  for (const std::string& item : split_list(remove)) {
    const zones::Secondary gone = parse_secondary(item);
    const auto is_it = [&](const auto& s) { return same_place(s, gone); };
    if (std::erase_if(list, is_it) != 0) continue;
    throw std::invalid_argument(std::ranges::any_of(settings.secondaries, is_it)
                                    ? "the address " + item + of_a_provider(settings)
                                    : "there is no address " + item + " to remove");
  }
  // `notify` is set only if it differs from the default, which is all hosts among the addresses.
  const bool as_usual = std::ranges::all_of(current, [](const auto& s) { return s.notified == s.is_host(); });
  std::vector<std::string> allow, notify;
  for (const zones::Secondary& s : list) {
    if (s.transfers) allow.push_back(to_text(s));
    if (s.notified) notify.push_back(to_text(s));
  }
  for (const std::string& item : split_list(add)) {
    const zones::Secondary fresh = parse_secondary(item);
    if (std::ranges::any_of(list, [&](const auto& s) { return s.transfers && same_place(s, fresh); }))
      throw std::invalid_argument("the address " + item + " is there already; remove it first to change its keys");
    const std::string with_key =
        !wish.key.empty() && item.find('=') == std::string::npos ? item + "=" + wish.key : item;
    allow.push_back(with_key);
    if (fresh.is_host()) notify.push_back(with_key);
  }
  if (allow.empty()) throw std::invalid_argument("no address would be left; axfrctl secondary disable ends it all");
  wish.allow = joined(allow);
  wish.notify = as_usual ? "" : joined(notify);
  wish.key.clear();
}

// @pre `list` was checked
std::vector<Name> names_in(const std::string& list) {
  std::vector<Name> names;
  for (const std::string& item : split_list(list)) names.push_back(parse_name(item));
  return names;
}

std::vector<Name> servers_of(const zones::ZoneVersion& zone) {
  std::vector<Name> names;
  for (const zones::OwnedRecord& record : zone.records_at(Name(zone.apex().name))) {
    if (record.type != zones::rrtype::NS) continue;
    if (const auto name = zones::NameView::read(record.view().rdata)) names.emplace_back(*name);
  }
  return names;
}

// Settings that are disabled or ending already stay as they are.
Outcome<zones::SecondaryDns> begin_ending(const zones::ZoneVersion& zone, zones::SecondaryDns settings) {
  if (!settings.stands()) return settings;
  if (settings.added.empty()) {
    return Failure{FailureCode::conflict,
                   "zone " + zone.apex().name.to_text() +
                       " has the NS names of its secondaries by itself, so that none leaves it and there is nothing "
                       "to wait for: take them out of the zone first, or say no --when-undelegated"};
  }
  settings.ending = zones::Ending{unix_time(), settings.added};
  return settings;
}

// Why a principal with a scope of some zones may not make these settings. Their settings make this host send packets,
// so they may name a limited number of public addresses, and port 53 only. Keys and providers belong to no zone, so
// they may not refer to new ones. Settings that exist already may stay.
std::optional<Failure> refuse_beyond_scope(const zones::SecondaryDns& current, const zones::SecondaryDns& next,
                                           const std::string& who) {
  constexpr size_t kMostOfScope = 16;
  constexpr unsigned kMapped = 12, kDnsPort = 53;
  const auto forbid = [&](const std::string& what) {
    return Failure{FailureCode::forbidden, what + ", which takes more than the zones of " + who};
  };
  if (next.own_secondaries.size() + next.secondaries.size() > kMostOfScope)
    return forbid("there would be more than " + std::to_string(kMostOfScope) + " secondaries");
  for (const std::string& provider : next.providers) {
    if (std::ranges::find(current.providers, provider) == current.providers.end())
      return forbid("provider " + provider + " would be followed");
  }
  for (const auto* list : {&next.secondaries, &next.own_secondaries}) {
    for (const zones::Secondary& fresh : *list) {
      const auto is_it = [&](const zones::Secondary& known) { return known == fresh; };
      if (std::ranges::any_of(current.secondaries, is_it) || std::ranges::any_of(current.own_secondaries, is_it))
        continue;
      const bool v4 = std::ranges::equal(std::span(fresh.address).first(kMapped),
                                         std::array<uint8_t, kMapped>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF});
      const std::string octets(fresh.address.begin() + (v4 ? kMapped : 0), fresh.address.end());
      if (!fresh.is_host() || is_special(octets)) return forbid(to_text(fresh) + " is not one public address");
      if (fresh.port != kDnsPort) return forbid(to_text(fresh) + " is not port 53");
      if (!fresh.keys.empty()) return forbid("key " + fresh.keys.front().to_text() + " would be used");
    }
  }
  return std::nullopt;
}

// How to mend the trouble of a secondary that may transfer. `seen`: as from NotifyService::seen().
std::string mend_for(const std::string& apex, const Json& seen) {
  const auto lasts = [](const Json& trouble) { return trouble.value("over_at", Json()).is_null(); };
  const auto worst = std::ranges::find_if(seen, lasts);
  if (worst == seen.end()) return "axfrctl secondary status " + apex + " shows what the secondaries have";
  const std::string reason = worst->value("reason", "");
  std::string configuration =
      "axfrctl secondary show " + apex + " --format bind (or knot, nsd, powerdns) prints what it has to know of us";
  // BADSIG may also be in the text of an answer to NOTIFY.
  if (worst->value("text", "").find("BADSIG") != std::string::npos)
    return "have its operator compare the key's secret with ours, or give both a new key";
  if (reason == "BADTIME") return "have the clocks of both hosts set by NTP";
  if (reason == "ahead")
    return "have it drop its copy and transfer the zone anew: rndc retransfer, knotc zone-retransfer, nsd-control "
           "force_transfer";
  if (reason == "no answer" || reason == "connection refused" || reason == "unreachable")
    return "see that its name server runs, and that firewalls let UDP and TCP to its address and port through";
  if (reason == "broken off") return "its log says why it gave up the transfer";
  return configuration;
}

// The command to type after a decision on a transfer; empty: it depends on the troubles seen.
std::string next_step(const zones::ZoneVersion& zone, const IpAddress& peer, bool allowed) {
  const std::string apex = zone.apex().name.to_text();
  if (allowed) return "";
  const zones::SecondaryDns* settings = zone.attributes().enabled_secondaries();
  if (settings == nullptr)
    return "axfrctl secondary enable " + apex + " --ns NAME --allow " + peer.to_string() + " lets it transfer";
  const bool listed = std::ranges::any_of(
      settings->secondaries, [&](const zones::Secondary& each) { return each.transfers && covers(each, peer); });
  if (listed) {
    return "axfrctl key list shows the keys; have the secondary sign with its own, or name another one: axfrctl "
           "secondary edit " +
           apex + " --remove-allow " + peer.to_string() + " --add-allow " + peer.to_string() + "=KEY";
  }
  return "axfrctl secondary edit " + apex + " --add-allow " + peer.to_string() + " lets it transfer, too";
}

// A provider's name must be one word in tables and in the log.
void check_provider_name(const std::string& name) {
  constexpr size_t kLongest = 64;
  const auto fits = [](unsigned char c) { return c > ' ' && c != 0x7F && c != ',' && c != '"'; };
  if (!name.empty() && name.size() <= kLongest && std::ranges::all_of(name, fits)) return;
  throw std::invalid_argument("'" + name + "' is no name of a provider: that has 1 to 64 octets, without blanks, " +
                              "commas, quotation marks and control characters");
}

Failure no_such_provider(const std::string& name) { return {FailureCode::failed, "there is no provider " + name}; }

}  // namespace

std::vector<std::string> SecondarySet::doubts() const {
  std::vector<std::string> doubts;
  if (!set.settings->enabled) return doubts;
  constexpr int kWide = 8;  // bits; a shorter prefix has more addresses than any one network
  for (const zones::Secondary& s : set.settings->secondaries) {
    if (s.transfers && s.keys.empty() && prefix_of(s).length < kWide)
      doubts.push_back(to_text(s) + " without a key: everybody there may read the zone");
  }
  if (std::ranges::none_of(set.settings->secondaries, &zones::Secondary::notified))
    doubts.emplace_back(
        "nobody is notified, for NOTIFY goes to hosts and not to prefixes: secondaries have a change "
        "only when they ask next; --notify names hosts");
  for (const Name& server : set.settings->servers) {
    if (server.view().label_count() == 1)
      doubts.push_back("the NS name " + server.to_text() + " has a single label; is its domain missing?");
  }
  return doubts;
}

// ---- zones ----

// Makes the change, and returns the NS names of the zone before and after it.
void SecondaryOperations::change(const Act& act, const Name& apex, SecondaryEdit edit, const Done<SecondarySet>& done) {
  const auto before = std::make_shared<std::vector<Name>>();  // written in the committer's thread
  auto with_servers = [edit = std::move(edit), before](const zones::ZoneVersion& zone) {
    *before = servers_of(zone);
    return edit(zone);
  };
  const Done<Committer::SecondarySet> end = [this, apex, before, done](Outcome<Committer::SecondarySet> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    const VersionRef version = context_.find(apex);
    done(SecondarySet{std::move(std::get<Committer::SecondarySet>(outcome)), *before,
                      version ? servers_of(*version) : std::vector<Name>()});
  };
  context_.server().committer.set_secondary(apex, act.cause, std::move(with_servers),
                                            context_.recorded<Committer::SecondarySet>(act, end));
}

void SecondaryOperations::set(const Principal& who, const SetSecondary& request, const Done<SecondarySet>& done) {
  const bool enables = request.how == SetSecondary::How::enable;
  const Act act = secondary_act(who, enables ? "secondary.enable" : "secondary.edit", request.apex);
  if (auto failure = context_.refuse(who, Role::secondary_manager, request.apex, act)) return done(std::move(*failure));
  const Server& server = context_.server();
  const auto edit = [&server, request, enables, who](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
    const auto& settings = zone.attributes().secondary_dns;
    const zones::SecondaryDns current = settings ? *settings : zones::SecondaryDns{};
    if (!enables && !current.enabled)
      return Failure{FailureCode::failed, "secondary DNS is not enabled; use axfrctl secondary enable"};
    if (!enables && current.ending && request.states_servers()) {
      return Failure{FailureCode::conflict, "secondary DNS of zone " + request.apex.to_text() +
                                                " is ending, and its NS names have left; axfrctl secondary enable "
                                                "brings them back"};
    }
    try {
      // `enable` with providers replaces all settings. `edit` changes the stated ones, and leaves the rest.
      zones::SecondaryDns base = current;
      if (enables && request.provider) {
        base = {};
        base.added = current.added;
      }
      SecondaryWish stated = request.wish;
      if (!request.add_ns.empty() || !request.remove_ns.empty())
        stated.ns = changed_servers(base, request.add_ns, request.remove_ns);
      if (!request.add_allow.empty() || !request.remove_allow.empty())
        change_addresses(stated, base, request.add_allow, request.remove_allow);
      std::vector<std::string> providers = request.provider ? split_list(*request.provider) : base.providers;
      const SettingsRef known = server.settings.get();
      auto next = refer(stated, std::move(providers), std::move(base), *known->providers, *known->keys,
                        server.service.options().addresses);
      next.enabled = true;
      if (enables) next.ending.reset();
      if (enables && current.stands() && !(next == current)) {
        return Failure{FailureCode::conflict, "secondary DNS of zone " + request.apex.to_text() +
                                                  " is enabled already, with other settings; axfrctl secondary edit "
                                                  "changes them"};
      }
      if (!who.scope.is_all()) {
        if (auto failure = refuse_beyond_scope(current, next, who.shown())) return std::move(*failure);
      }
      if (next.stands()) {
        if (auto failure = check_servers(next, zone)) return std::move(*failure);
      }
      return next;
    } catch (const std::invalid_argument& error) {
      return Failure{FailureCode::failed, error.what()};
    }
  };
  change(act, request.apex, edit, done);
}

void SecondaryOperations::disable(const Principal& who, const Name& apex, bool when_undelegated,
                                  const Done<SecondarySet>& done) {
  const Act act = secondary_act(who, "secondary.disable", apex);
  if (auto failure = context_.refuse(who, Role::secondary_manager, apex, act)) return done(std::move(*failure));
  const auto edit = [when_undelegated](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
    const auto& current = zone.attributes().secondary_dns;
    zones::SecondaryDns next = current ? *current : zones::SecondaryDns{};
    if (when_undelegated) return begin_ending(zone, std::move(next));
    next.disable();
    return next;
  };
  change(act, apex, edit, done);
}

PrimaryView SecondaryOperations::primary() const {
  const ServiceOptions& service = context_.server().service.options();
  const auto& names = context_.server().names;
  PrimaryView view{service.addresses, service.port, {}, {names.begin(), names.end()}};
  if (view.addresses.empty()) view.addresses = host_addresses();
  for (const IpAddress& source : context_.server().notify.sources()) {
    const auto same_family = [&](const IpAddress& other) { return other.is_v4() == source.is_v4(); };
    if (std::ranges::none_of(view.notify_sources, same_family)) view.notify_sources.push_back(source);
  }
  return view;
}

PeerKey SecondaryOperations::key_called(const Name& name) const {
  const KeyRef key = context_.server().settings.keys()->find(name);
  return {name, key ? std::string(to_text(key->tsig->algorithm())) : std::string()};
}

// Throws std::invalid_argument.
std::string SecondaryOperations::configuration(const Show& request, const zones::SecondaryDns& settings,
                                               const PrimaryView& view) const {
  const zones::Secondary& peer = chosen_secondary(settings, request.secondary);
  std::optional<PeerKey> key;
  if (!peer.keys.empty()) key = key_called(peer.keys.back());
  if (key && key->algorithm.empty())
    throw std::invalid_argument("there is no key " + key->name.to_text() + "; add it first");
  return peer_configuration(request.software, request.apex, view, key);
}

void SecondaryOperations::show(const Principal& who, const Show& request, Done<Shown> done) const {
  auto found = context_.look_up(who, request.apex);
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  Shown shown{std::get<VersionRef>(found), primary()};
  const auto& stated = shown.version->attributes().secondary_dns;
  const zones::SecondaryDns settings = stated ? *stated : zones::SecondaryDns{};
  if (!request.software.empty()) {
    try {
      shown.configuration = configuration(request, settings, shown.primary);
    } catch (const std::invalid_argument& error) {
      return done(Failure{FailureCode::failed, error.what()});
    }
    return done(std::move(shown));
  }
  for (const zones::Secondary& each : settings.secondaries) {
    for (const Name& name : each.keys) {
      if (std::ranges::find(shown.keys, name, &PeerKey::name) == shown.keys.end())
        shown.keys.push_back(key_called(name));
    }
  }
  context_.server().notify.run(
      [this, apex = request.apex, shown, done = std::move(done)](const NotifyService& notifier) mutable {
        shown.ledger = notifier.status(apex, {});
        shown.strangers = notifier.strangers(apex);
        shown.ending = ending_of(apex);
        boost::asio::post(context_.loop(), [shown = std::move(shown), done] { done(shown); });
      });
}

// Runs in the service thread, which notify and endings share.
Json SecondaryOperations::ending_of(const Name& apex) const { return context_.server().endings.endings().report(apex); }

size_t SecondaryOperations::count_endings() const {
  return context_.server().endings.counters().zones.load(std::memory_order_relaxed);
}

void SecondaryOperations::status(const Principal& who, const Name& apex, const Wanted& wanted,
                                 Done<Status> done) const {
  auto found = context_.look_up(who, apex);
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  context_.server().notify.run([this, apex, wanted, done = std::move(done)](const NotifyService& from) {
    boost::asio::post(context_.loop(), [done, told = Status{from.status(apex, wanted), from.strangers(apex),
                                                            ending_of(apex)}] { done(told); });
  });
}

Outcome<std::monostate> SecondaryOperations::may_list(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::reader)) return std::move(*failure);
  return std::monostate();
}

// Gets one page at a time from the service thread, so that it can serve transfers in between.
void SecondaryOperations::status_page(const Principal&, const std::optional<std::string>& after, const Wanted& wanted,
                                      std::function<void(Page)> page) const {
  context_.server().notify.run([this, after, wanted, page = std::move(page)](const NotifyService& notifier) {
    auto found = notifier.status_page(after, wanted);
    Page made{std::move(found.lines), found.more ? Json::array() : notifier.strangers(), count_endings(),
              std::move(found.last), found.more};
    boost::asio::post(context_.loop(), [page, made = std::move(made)]() mutable { page(std::move(made)); });
  });
}

// The sums so far. Owned by the service thread until the last page.
struct SecondaryOperations::Summing {
  Wanted wanted;
  Done<Summary> done;
  NotifyService::Sums sums = {};
  std::optional<std::string> last = {};
  Summary summary = {};
};

void SecondaryOperations::summary(const Principal& who, const std::optional<Name>& apex, const Wanted& wanted,
                                  Done<Summary> done) const {
  const auto summing = std::make_shared<Summing>(Summing{wanted, std::move(done)});
  if (!apex) {
    auto may = may_list(who);
    if (auto* failure = std::get_if<Failure>(&may)) return summing->done(std::move(*failure));
    return sum_next(summing);
  }
  auto found = context_.look_up(who, *apex);
  if (auto* failure = std::get_if<Failure>(&found)) return summing->done(std::move(*failure));
  context_.server().notify.run([this, apex = *apex, summing](const NotifyService& notifier) {
    summing->sums = notifier.sums(apex, summing->wanted);
    summing->summary.strangers = notifier.strangers(apex);
    summing->summary.ending = ending_of(apex);
    boost::asio::post(context_.loop(), [summing] { end_sum(*summing); });
  });
}

void SecondaryOperations::sum_next(const std::shared_ptr<Summing>& summing) const {
  context_.server().notify.run([this, summing](const NotifyService& notifier) {
    auto page = notifier.sum_page(summing->last, summing->wanted, summing->sums);
    summing->last = std::move(page.last);
    if (page.more) return sum_next(summing);
    summing->summary.strangers = notifier.strangers();
    summing->summary.endings = count_endings();
    boost::asio::post(context_.loop(), [summing] { end_sum(*summing); });
  });
}

void SecondaryOperations::end_sum(Summing& summing) {
  for (const auto& [endpoint, sum] : summing.sums) summing.summary.hosts.emplace(place_of(endpoint), sum);
  summing.done(std::move(summing.summary));
}

void SecondaryOperations::check(const Principal& who, const Name& apex, Done<Json> done) const {
  auto found = context_.look_up(who, apex);
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  context_.server().checker.check(std::get<VersionRef>(found), [this, done = std::move(done)](Json report) {
    boost::asio::post(context_.loop(), [done, report = std::move(report)] { done(report); });
  });
}

void SecondaryOperations::notify(const Principal& who, const Name& apex, Done<size_t> done) {
  if (auto failure = context_.refuse_editing(who, apex)) return done(std::move(*failure));
  context_.server().notify.run([this, apex, done = std::move(done)](NotifyService& notifier) {
    boost::asio::post(context_.loop(), [done, outcome = notifier.notify(apex)] { done(outcome); });
  });
}

void SecondaryOperations::notify_host(const Principal& who, const HostPort& place, Done<size_t> done) {
  if (auto failure = Context::refuse(who, Role::editor)) return done(std::move(*failure));
  if (auto failure = context_.refuse_standby()) return done(std::move(*failure));
  context_.server().notify.run([this, place, done = std::move(done)](NotifyService& notifier) {
    boost::asio::post(context_.loop(), [done, outcome = notifier.notify(place.address, place.port)] { done(outcome); });
  });
}

void SecondaryOperations::explain(const Principal& who, const Explain& request, Done<Explained> done) const {
  if (auto failure = Context::refuse(who, Role::reader, request.apex)) return done(std::move(*failure));
  const VersionRef version = context_.find(request.apex);
  const std::string apex = request.apex.to_text();
  if (!version) {
    return done(Explained{{false, "there is no such zone: NOTAUTH"},
                          "axfrctl zone list shows the zones; axfrctl zone import " + apex + " FILE adds one",
                          Json::array()});
  }
  const Server& server = context_.server();
  Explained explained;
  if (request.key && !server.settings.keys()->find(*request.key)) {
    const std::string key = request.key->to_text();
    explained.decision = {false, "there is no key " + key + ": NOTAUTH, BADKEY"};
    explained.next = "axfrctl key list shows the keys; axfrctl key add " + key +
                     " adds the secondary's own, axfrctl key generate " + key + " a new one";
  } else {
    const Name* key = request.key ? &*request.key : nullptr;
    const auto rule = server.service.options().allow_transfer.match(request.peer, key);
    explained.decision = decide_transfer(*version, {normalised(request.peer), key, rule});
    explained.next = next_step(*version, normalised(request.peer), explained.decision.allowed);
  }
  server.notify.run([this, apex = request.apex, host = normalised(request.peer), explained,
                     done = std::move(done)](const NotifyService& from) {
    boost::asio::post(context_.loop(), [explained, done, apex, seen = from.seen(apex, host)]() mutable {
      explained.seen = seen;
      if (explained.next.empty()) explained.next = mend_for(apex.to_text(), explained.seen);
      done(std::move(explained));
    });
  });
}

void SecondaryOperations::lowest_proven(std::vector<VersionRef> zones,
                                        std::function<void(std::vector<uint32_t>)> done) const {
  context_.server().notify.run([this, zones = std::move(zones), done = std::move(done)](NotifyService& notifier) {
    std::vector<uint32_t> serials;
    serials.reserve(zones.size());
    for (const VersionRef& zone : zones) {
      const bool has_any = zone->attributes().enabled_secondaries() != nullptr;
      serials.push_back(has_any ? notifier.lowest_proven(Name(zone->apex().name)) : zone->serial());
    }
    boost::asio::post(context_.loop(), [done, serials = std::move(serials)] { done(serials); });
  });
}

void SecondaryOperations::wait_for(const Name& apex, uint32_t serial, std::chrono::seconds patience,
                                   Done<Json> done) const {
  const auto waited = [this, serial, done = std::move(done)](bool all, const Json& lines) {
    boost::asio::post(context_.loop(), [all, serial, lines, done] {
      if (all) return done(lines);
      const auto lack = std::ranges::count_if(lines, [](const Json& line) { return line["behind"] != 0; });
      done(Failure{FailureCode::timed_out, "serial " + std::to_string(serial) + " is committed, but " +
                                               std::to_string(lack) +
                                               " secondaries do not have it yet; axfrctl secondary status tells more"});
    });
  };
  context_.server().notify.run(
      [apex, serial, patience, waited](NotifyService& notifier) { notifier.wait_for(apex, serial, patience, waited); });
}

// ---- providers ----

void SecondaryOperations::set_provider(const Principal& who, const SetProvider& request,
                                       const Done<ProviderSet>& done) {
  const Act act = provider_act(who, "provider.set", request.name);
  if (auto failure = context_.refuse(who, Role::secondary_manager, act)) return done(std::move(*failure));
  const Server& server = context_.server();
  const SettingsRef settings = server.settings.get();
  try {
    check_provider_name(request.name);
    (void)refer(request.wish, {}, {}, *settings->providers, *settings->keys, server.service.options().addresses);
  } catch (const std::invalid_argument& error) {
    return done(Failure{FailureCode::bad_request, error.what()});
  }
  if (const SecondaryWish* known = settings->provider(request.name); known != nullptr && *known == request.wish)
    return done(ProviderSet{request.wish, false});
  const SecondaryWish* const known = settings->provider(request.name);
  const auto ns_before = known != nullptr ? names_in(known->ns) : std::vector<Name>();
  using Set = Committer::ProviderSet;
  const auto answer = [this, act, request, ns_before, done](Outcome<Set> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    const auto& set = std::get<Set>(outcome);
    if (!request.dry_run) context_.record_change(act, "set, " + std::to_string(set.zones) + " zones follow");
    done(ProviderSet{request.wish, true, ns_before, names_in(request.wish.ns), set.zones, set.failed});
  };
  server.committer.set_provider(request.name, request.wish, act.cause, request.dry_run,
                                context_.recorded<Set>(act, answer));
}

Outcome<ProvidersRef> SecondaryOperations::providers(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::reader)) return std::move(*failure);
  return context_.server().settings.get()->providers;
}

void SecondaryOperations::remove_provider(const Principal& who, const std::string& name,
                                          const Done<std::monostate>& done) {
  const Act act = provider_act(who, "provider.remove", name);
  if (auto failure = context_.refuse(who, Role::secondary_manager, act)) return done(std::move(*failure));
  using Set = Committer::ProviderSet;
  const auto answer = [this, act, name, done](Outcome<Set> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    if (!std::get<Set>(outcome).was_there) return done(no_such_provider(name));
    context_.record_change(act, "removed");
    done(std::monostate());
  };
  context_.server().committer.set_provider(name, std::nullopt, act.cause, false, context_.recorded<Set>(act, answer));
}

}  // namespace axfrd::control
