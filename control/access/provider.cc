#include "control/access/provider.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "control/base/parse_name.h"
#include "zones/disk/tagged.h"

namespace axfrd::control {
namespace {

using zones::Name;
using zones::Secondary;
using zones::SecondaryDns;

constexpr size_t kMaxServers = 16, kMaxSecondaries = 256;

enum class ProviderTag : uint16_t { ns = 1, allow, notify, key };

[[noreturn]] void refuse(const std::string& why) { throw std::invalid_argument(why); }

std::vector<Name> parse_servers(const std::string& text) {
  std::vector<Name> servers;
  for (const std::string& item : split_list(text)) {
    Name name = parse_name(item);
    if (std::ranges::find(servers, name) != servers.end())
      refuse("the NS name " + name.to_text() + " stands there twice");
    servers.push_back(std::move(name));
  }
  if (servers.size() > kMaxServers) refuse("more than " + std::to_string(kMaxServers) + " NS names");
  return servers;
}

std::vector<Secondary> parse_list(const std::string& text, const std::vector<Name>& keys) {
  std::vector<Secondary> list;
  for (const std::string& item : split_list(text)) {
    Secondary secondary = parse_secondary(item);
    if (secondary.keys.empty()) secondary.keys = keys;
    if (std::ranges::any_of(list, [&](const Secondary& s) { return same_place(s, secondary); }))
      refuse("the address " + item + " stands there twice");
    list.push_back(std::move(secondary));
  }
  return list;
}

// Marks the targets of `notify` as notified, and no other secondaries.
void set_notified(std::vector<Secondary>& secondaries, const std::vector<Secondary>& notify) {
  std::erase_if(secondaries, [](const Secondary& s) { return !s.transfers; });
  for (Secondary& s : secondaries) s.notified = false;
  for (const Secondary& target : notify) {
    if (!target.is_host()) refuse("NOTIFY goes to hosts, and " + to_text(target) + " is a prefix");
    const auto known = std::ranges::find_if(secondaries, [&](const Secondary& s) { return same_place(s, target); });
    if (known != secondaries.end()) {
      known->notified = true;
      continue;
    }
    secondaries.push_back(target);
    secondaries.back().transfers = false;
    secondaries.back().notified = true;
  }
}

void add_provider(SecondaryDns& settings, const SecondaryWish& provider) {
  const std::vector<Name> for_all = parse_keys(provider.key);
  std::vector<Secondary> secondaries = parse_list(provider.allow, for_all);
  if (!provider.notify.empty()) set_notified(secondaries, parse_list(provider.notify, for_all));
  for (Name& server : parse_servers(provider.ns)) {
    if (std::ranges::find(settings.servers, server) == settings.servers.end())
      settings.servers.push_back(std::move(server));
  }
  // The zone's own settings come before those of its providers, and an earlier provider comes before a later one.
  for (Secondary& secondary : secondaries) {
    if (std::ranges::none_of(settings.secondaries, [&](const Secondary& s) { return same_place(s, secondary); }))
      settings.secondaries.push_back(std::move(secondary));
  }
}

// `before`: the secondaries that the zone already has. Their keys existed when they were stated, and are not checked
// again.
void check_secondary(const Secondary& secondary, const std::vector<Secondary>& before, const KeyBook& keys,
                     const std::vector<IpAddress>& ours) {
  const IpAddress address = address_of(secondary);
  if (secondary.is_host() && (address.is_unspecified() || address.is_multicast()))
    refuse(to_text(secondary) + " is not the address of a host");
  if (secondary.is_host() && std::ranges::find(ours, address) != ours.end())
    refuse(to_text(secondary) + " is an address of this server; state those of the secondaries");
  if (std::ranges::find(before, secondary) != before.end()) return;
  for (const Name& key : secondary.keys) {
    if (!keys.find(key)) refuse("there is no key " + key.to_text() + "; add it first: axfrctl key add");
  }
}

void check(const SecondaryDns& settings, const std::vector<Secondary>& before, const KeyBook& keys,
           const std::vector<IpAddress>& ours) {
  if (settings.servers.empty()) refuse("no NS name: state those of the secondaries with --ns");
  if (settings.secondaries.empty()) refuse("no address: state those of the secondaries with --allow");
  if (settings.servers.size() > kMaxServers) refuse("more than " + std::to_string(kMaxServers) + " NS names");
  if (settings.secondaries.size() > kMaxSecondaries)
    refuse("more than " + std::to_string(kMaxSecondaries) + " addresses");
  for (const Secondary& secondary : settings.secondaries) check_secondary(secondary, before, keys, ours);
}

}  // namespace

Json to_json(const SecondaryWish& wish) {
  return {{"ns", wish.ns}, {"allow", wish.allow}, {"notify", wish.notify}, {"key", wish.key}};
}

SecondaryWish wish_from(const Json& object) {
  const auto text = [&](const char* name) {
    const auto item = object.find(name);
    return item != object.end() && item->is_string() ? item->get<std::string>() : std::string();
  };
  return {text("ns"), text("allow"), text("notify"), text("key"), true};
}

std::string wish_to_stored(const SecondaryWish& wish) {
  zones::TagWriter out;
  out.put(ProviderTag::ns, wish.ns);
  out.put(ProviderTag::allow, wish.allow);
  out.put(ProviderTag::notify, wish.notify);
  out.put(ProviderTag::key, wish.key);
  return std::move(out).finish();
}

SecondaryWish wish_from_stored(const std::string& stored) {
  if (stored.starts_with('{')) {  // format 6
    const Json object = Json::parse(stored, nullptr, false);
    if (!object.is_object()) throw std::invalid_argument("it is no JSON of a provider");
    return wish_from(object);
  }
  SecondaryWish wish;
  zones::TagReader in(zones::bytes_of(stored));
  while (in.next()) {
    switch (in.tag<ProviderTag>()) {
      case ProviderTag::ns:
        wish.ns = in.text();
        break;
      case ProviderTag::allow:
        wish.allow = in.text();
        break;
      case ProviderTag::notify:
        wish.notify = in.text();
        break;
      case ProviderTag::key:
        wish.key = in.text();
        break;
      default:
        wish.knows_all = false;
    }
  }
  return wish;
}

SecondaryDns follow_providers(SecondaryDns settings, const Providers& known) {
  if (settings.providers.empty()) return settings;
  settings.servers = settings.own_servers;
  settings.secondaries = settings.own_secondaries;
  for (const std::string& name : settings.providers) {
    if (const auto provider = known.find(name); provider != known.end()) add_provider(settings, provider->second);
  }
  return settings;
}

SecondaryDns refer(const SecondaryWish& wish, std::vector<std::string> providers, SecondaryDns base,
                   const Providers& known, const KeyBook& keys, const std::vector<IpAddress>& ours) {
  if (base.providers.empty()) {
    base.own_servers = base.servers;
    base.own_secondaries = base.secondaries;
  }
  const std::vector<Secondary> before = base.secondaries;
  const std::vector<Name> for_all = parse_keys(wish.key);
  if (!wish.ns.empty()) base.own_servers = parse_servers(wish.ns);
  if (!wish.allow.empty()) base.own_secondaries = parse_list(wish.allow, for_all);
  if (!wish.notify.empty()) set_notified(base.own_secondaries, parse_list(wish.notify, for_all));
  for (size_t i = 0; i < providers.size(); ++i) {
    if (!known.contains(providers[i]))
      refuse("there is no provider " + providers[i] + "; axfrctl provider list shows those that there are");
    if (std::find(providers.begin(), providers.begin() + static_cast<ptrdiff_t>(i), providers[i]) !=
        providers.begin() + static_cast<ptrdiff_t>(i))
      refuse("the provider " + providers[i] + " stands there twice");
  }
  base.providers = std::move(providers);
  if (base.providers.empty()) {
    base.servers = std::exchange(base.own_servers, {});
    base.secondaries = std::exchange(base.own_secondaries, {});
  } else {
    base = follow_providers(std::move(base), known);
  }
  check(base, before, keys, ours);
  return base;
}

std::optional<Failure> check_servers(const SecondaryDns& settings, const zones::ZoneVersion& zone) {
  for (const Name& server : settings.servers) {
    if (!server.view().is_at_or_below(zone.apex().name)) continue;
    const auto records = zone.records_at(server);
    const bool has_address = std::ranges::any_of(records, [](const zones::OwnedRecord& r) {
      return r.type == zones::rrtype::A || r.type == zones::rrtype::AAAA;
    });
    if (has_address) continue;
    return Failure{FailureCode::bad_zone, "the NS name " + server.to_text() +
                                              " is inside the zone and has no address "
                                              "there; add an A or AAAA record for it first"};
  }
  return std::nullopt;
}

}  // namespace axfrd::control
