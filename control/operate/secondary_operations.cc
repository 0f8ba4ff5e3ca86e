#include "control/operate/secondary_operations.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "control/base/parse_name.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::VersionRef;

Act secondary_act(const Principal& who, const char* verb, const Name& apex) {
  return Context::act(who, verb, {.kind = "secondary DNS"}, "zone", apex.to_text());
}

Act provider_act(const Principal& who, const char* verb, const std::string& name) {
  return Context::act(who, verb, {.kind = "settings"}, "provider", name);
}

// What the wish leaves open, the provider states.
SecondaryWish completed(SecondaryWish wish, const SecondaryWish& provider) {
  const auto fill = [](std::string& mine, const std::string& theirs) {
    if (mine.empty()) mine = theirs;
  };
  fill(wish.ns, provider.ns);
  fill(wish.allow, provider.allow);
  fill(wish.notify, provider.notify);
  fill(wish.key, provider.key);
  return wish;
}

std::vector<std::string> items_of(const std::string& list) {
  std::vector<std::string> items;
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    if (end != at) items.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return items;
}

std::string joined(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

bool is_same_peer(const zones::Secondary& a, const zones::Secondary& b) {
  return a.address == b.address && a.prefix == b.prefix && a.port == b.port;
}

// The names of `current` with those of `add`, without those of `remove`. Throws std::invalid_argument.
std::string changed_servers(const std::vector<Name>& current, const std::string& add, const std::string& remove) {
  std::vector<Name> names = current;
  for (const std::string& item : items_of(remove)) {
    if (std::erase(names, parse_name(item)) == 0)
      throw std::invalid_argument("there is no NS name " + parse_name(item).to_text() + " to remove");
  }
  for (const std::string& item : items_of(add)) {
    Name name = parse_name(item);
    if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
  }
  if (names.empty()) throw std::invalid_argument("no NS name would be left; axfrctl secondary disable ends it all");
  std::vector<std::string> texts;
  for (const Name& name : names) texts.push_back(name.to_text());
  return joined(texts);
}

// The wish that states the addresses that there are, with those of `add` and without those of `remove`. Throws
// std::invalid_argument.
void change_addresses(SecondaryWish& wish, const std::vector<zones::Secondary>& current, const std::string& add,
                      const std::string& remove) {
  std::vector<zones::Secondary> list = current;
  for (const std::string& item : items_of(remove)) {
    const zones::Secondary gone = parse_secondary(item);
    if (std::erase_if(list, [&](const auto& s) { return is_same_peer(s, gone); }) == 0)
      throw std::invalid_argument("there is no address " + item + " to remove");
  }
  // Who is notified is stated only where it is not what follows from the addresses.
  const bool as_usual = std::ranges::all_of(current, [](const auto& s) { return s.notified == s.is_host(); });
  std::vector<std::string> allow, notify;
  for (const zones::Secondary& s : list) {
    if (s.transfers) allow.push_back(to_text(s));
    if (s.notified) notify.push_back(to_text(s));
  }
  for (const std::string& item : items_of(add)) {
    const zones::Secondary fresh = parse_secondary(item);
    if (std::ranges::any_of(list, [&](const auto& s) { return s.transfers && is_same_peer(s, fresh); }))
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

std::vector<Name> servers_of(const zones::ZoneVersion& zone) {
  std::vector<Name> names;
  for (const zones::OwnedRecord& record : zone.records_at(Name(zone.apex().name))) {
    if (record.type != zones::rrtype::NS) continue;
    if (const auto name = zones::NameView::read(record.view().rdata)) names.emplace_back(*name);
  }
  return names;
}

// What tables and the log can show in a word.
void check_provider_name(const std::string& name) {
  constexpr size_t kLongest = 64;
  const auto fits = [](unsigned char c) { return c > ' ' && c != 0x7F && c != ',' && c != '"'; };
  if (!name.empty() && name.size() <= kLongest && std::ranges::all_of(name, fits)) return;
  throw std::invalid_argument("'" + name + "' is no name of a provider: that has 1 to 64 octets, without blanks, " +
                              "commas, quotation marks and control characters");
}

Failure no_such_provider(const std::string& name) { return {FailureCode::failed, "there is no provider " + name}; }

}  // namespace

// ---- zones ----

// Makes the change, and says which NS names the zone had before and has after it.
void SecondaryOperations::change(const Act& act, const Name& apex, Committer::SecondaryEdit edit,
                                 Done<SecondarySet> done) {
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

void SecondaryOperations::set(const Principal& who, const SetSecondary& request, Done<SecondarySet> done) {
  const bool enables = request.how == SetSecondary::How::enable;
  const Act act = secondary_act(who, enables ? "secondary.enable" : "secondary.edit", request.apex);
  if (auto failure = context_.refuse(who, Role::secondary_manager, request.apex, act)) return done(std::move(*failure));
  SecondaryWish wish = request.wish;
  if (request.provider) {
    const auto provider = context_.server().providers.find(*request.provider);
    if (!provider) {
      Failure failure = no_such_provider(*request.provider);
      failure.reason += "; axfrctl provider list shows those that there are";
      context_.record_failure(act, failure.reason);
      return done(std::move(failure));
    }
    wish = completed(std::move(wish), *provider);
  }
  const Server& server = context_.server();
  const auto edit = [&server, wish, request, enables](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
    const bool enabled = zone.attributes().enabled_secondaries() != nullptr;
    const auto& settings = zone.attributes().secondary_dns;
    const zones::SecondaryDns current = settings ? *settings : zones::SecondaryDns{};
    if (!enables && !enabled)
      return Failure{FailureCode::failed, "secondary DNS is not enabled; use axfrctl secondary enable"};
    try {
      SecondaryWish stated = wish;
      if (!request.add_ns.empty() || !request.remove_ns.empty())
        stated.ns = changed_servers(current.servers, request.add_ns, request.remove_ns);
      if (!request.add_allow.empty() || !request.remove_allow.empty())
        change_addresses(stated, current.secondaries, request.add_allow, request.remove_allow);
      auto next = apply(stated, current, *server.keys.book(), server.service.options().addresses);
      next.enabled = true;
      if (enables && enabled && !(next == current)) {
        return Failure{FailureCode::conflict, "secondary DNS of zone " + request.apex.to_text() +
                                                  " is enabled already, with other settings; axfrctl secondary edit "
                                                  "changes them"};
      }
      if (auto failure = check_servers(next, zone)) return std::move(*failure);
      return next;
    } catch (const std::invalid_argument& error) {
      return Failure{FailureCode::failed, error.what()};
    }
  };
  change(act, request.apex, edit, std::move(done));
}

void SecondaryOperations::disable(const Principal& who, const Name& apex, Done<SecondarySet> done) {
  const Act act = secondary_act(who, "secondary.disable", apex);
  if (auto failure = context_.refuse(who, Role::secondary_manager, apex, act)) return done(std::move(*failure));
  const auto edit = [](const zones::ZoneVersion& zone) -> Outcome<zones::SecondaryDns> {
    const auto& current = zone.attributes().secondary_dns;
    zones::SecondaryDns next = current ? *current : zones::SecondaryDns{};
    next.enabled = false;
    return next;
  };
  change(act, apex, edit, std::move(done));
}

void SecondaryOperations::show(const Principal& who, const Name& apex, Done<Shown> done) const {
  auto found = context_.look_up(who, apex);
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  context_.server().notify.run(
      [this, apex, version = std::get<VersionRef>(found), done = std::move(done)](const NotifyService& notifier) {
        boost::asio::post(context_.loop(), [version, done, lines = notifier.status(apex, false)] {
          done(Shown{version, lines});
        });
      });
}

void SecondaryOperations::status(const Principal& who, const Name& apex, bool behind, Done<Json> done) const {
  auto found = context_.look_up(who, apex);
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  context_.server().notify.run([this, apex, behind, done = std::move(done)](const NotifyService& from) {
    boost::asio::post(context_.loop(), [done, lines = from.status(apex, behind)] { done(lines); });
  });
}

Outcome<std::monostate> SecondaryOperations::may_list(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::reader)) return std::move(*failure);
  return std::monostate();
}

// The service thread is asked for a page at a time, and has transfers to serve in between.
void SecondaryOperations::status_page(const Principal&, const std::optional<std::string>& after, bool behind,
                                      std::function<void(Page)> page) const {
  context_.server().notify.run([this, after, behind, page = std::move(page)](const NotifyService& notifier) {
    boost::asio::post(context_.loop(), [page, found = notifier.status_page(after, behind)] {
      page({found.lines, found.last, found.more});
    });
  });
}

void SecondaryOperations::check(const Principal& who, const Name& apex, Done<Json> done) const {
  auto found = context_.look_up(who, apex);
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  context_.server().checker.check(std::get<VersionRef>(found), [this, done = std::move(done)](Json report) {
    boost::asio::post(context_.loop(), [done, report = std::move(report)] { done(report); });
  });
}

void SecondaryOperations::notify(const Principal& who, const Name& apex, Done<size_t> done) {
  if (auto failure = Context::refuse(who, Role::editor, apex)) return done(std::move(*failure));
  context_.server().notify.run([this, apex, done = std::move(done)](NotifyService& notifier) {
    boost::asio::post(context_.loop(), [done, outcome = notifier.notify(apex)] { done(outcome); });
  });
}

Outcome<TransferDecision> SecondaryOperations::explain(const Principal& who, const Explain& request) const {
  if (auto failure = Context::refuse(who, Role::reader, request.apex)) return std::move(*failure);
  const VersionRef version = context_.find(request.apex);
  if (!version) return TransferDecision{false, "there is no such zone: NOTAUTH"};
  const Server& server = context_.server();
  if (request.key && !server.keys.book()->find(*request.key))
    return TransferDecision{false, "there is no key " + request.key->to_text() + ": NOTAUTH, BADKEY"};
  const auto rule = server.service.options().allow_transfer.match(request.peer);
  return decide_transfer(*version, normalised(request.peer), request.key ? &*request.key : nullptr, rule);
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

void SecondaryOperations::set_provider(const Principal& who, const std::string& name, const SecondaryWish& wish,
                                       Done<ProviderSet> done) {
  const Act act = provider_act(who, "provider.set", name);
  if (auto failure = context_.refuse(who, Role::secondary_manager, act)) return done(std::move(*failure));
  const Server& server = context_.server();
  try {
    check_provider_name(name);
    (void)apply(wish, {}, *server.keys.book(), server.service.options().addresses);
  } catch (const std::invalid_argument& error) {
    return done(Failure{FailureCode::bad_request, error.what()});
  }
  if (server.providers.find(name) == wish) return done(ProviderSet{wish, false});
  server.committer.set_provider(name, wish,
                                context_.recorded<bool>(act, [this, act, wish, done](Outcome<bool> outcome) {
                                  if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
                                  context_.record_change(act, "set");
                                  done(ProviderSet{wish, true});
                                }));
}

Outcome<std::map<std::string, SecondaryWish>> SecondaryOperations::providers(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::reader)) return std::move(*failure);
  return context_.server().providers.all();
}

void SecondaryOperations::remove_provider(const Principal& who, const std::string& name, Done<std::monostate> done) {
  const Act act = provider_act(who, "provider.remove", name);
  if (auto failure = context_.refuse(who, Role::secondary_manager, act)) return done(std::move(*failure));
  context_.server().committer.set_provider(name, std::nullopt,
                                           context_.recorded<bool>(act, [this, act, name, done](Outcome<bool> outcome) {
                                             if (auto* failure = std::get_if<Failure>(&outcome))
                                               return done(std::move(*failure));
                                             if (!std::get<bool>(outcome)) return done(no_such_provider(name));
                                             context_.record_change(act, "removed");
                                             done(std::monostate());
                                           }));
}

}  // namespace axfrd::control
