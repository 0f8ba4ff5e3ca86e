#include "control/operate/key_operations.h"

#include <algorithm>
#include <utility>

#include "control/access/provider.h"

namespace axfrd::control {

namespace {

using zones::Name;

Failure no_such_key(const Name& name) { return {FailureCode::failed, "there is no key " + name.to_text()}; }

Act key_act(const Principal& who, const char* verb, const Name& key) {
  return Context::act(who, verb, {.kind = "settings"}, "key", key.to_text());
}

bool names_key(const std::vector<zones::Secondary>& secondaries, const Name& key) {
  return std::ranges::any_of(secondaries,
                             [&](const auto& s) { return std::ranges::find(s.keys, key) != s.keys.end(); });
}

// Whether zones that refer to the provider would use the key. `book`: all keys, so that only the syntax can be wrong.
bool provider_names_key(const SecondaryWish& wish, const Name& key, const KeyBook& book) {
  try {
    SecondaryWish all = wish;
    if (all.ns.empty()) all.ns = "ns.invalid.";
    return names_key(refer(all, {}, {}, {}, book, {}).secondaries, key);
  } catch (const std::invalid_argument&) {
    return false;  // it names a key that is gone already, or no address
  }
}

}  // namespace

void KeyOperations::change(const Act& act, std::string what, const Name& key, Committer::KeyEdit edit,
                           Done<Changed> done) {
  context_.server().committer.change_key(
      key, std::move(edit),
      context_.recorded<Changed>(act,
                                 [this, act, what = std::move(what), done = std::move(done)](Outcome<Changed> outcome) {
                                   const auto* changed = std::get_if<Changed>(&outcome);
                                   if (changed != nullptr && changed->after != changed->before)
                                     context_.record_change(act, what);
                                   done(std::move(outcome));
                                 }));
}

void KeyOperations::add(const Principal& who, TsigKeyRef key, Done<Changed> done) {
  const Act act = key_act(who, "key.add", Name(key->name()));
  add_as(act, who, std::move(key), std::move(done));
}

void KeyOperations::generate(const Principal& who, const Name& name, TsigAlgorithm algorithm, Done<KeyGenerated> done) {
  const Act act = key_act(who, "key.generate", name);
  if (auto failure = context_.refuse_secret(who, act)) return done(std::move(*failure));
  const auto key = std::make_shared<const TsigKey>(name, algorithm, random_secret(algorithm));
  add_as(act, who, key, [key, done = std::move(done)](Outcome<Changed> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
    done(KeyGenerated{std::get<Changed>(std::move(outcome)), key});
  });
}

void KeyOperations::add_as(const Act& act, const Principal& who, TsigKeyRef key, Done<Changed> done) {
  const Name name(key->name());
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  const auto add = [tsig = std::move(key)](const KeyRef& current) -> Outcome<KeyRef> {
    if (current == nullptr) return std::make_shared<const Key>(Key{tsig, {}});
    const TsigKey& known = *current->tsig;
    if (known.algorithm() == tsig->algorithm() && std::ranges::equal(known.secret().bytes(), tsig->secret().bytes()))
      return current;
    return Failure{FailureCode::conflict, "there is a key " + tsig->name().to_text() +
                                              " already; add one of another name, and remove this one"};
  };
  change(act, "added", name, add, std::move(done));
}

Outcome<std::vector<KeyRef>> KeyOperations::list(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::admin)) return std::move(*failure);
  return context_.server().settings.keys()->keys();
}

// The settings that use the key: at most kShown of them, and the number of further ones.
std::vector<std::string> KeyOperations::users(const Name& key) const {
  constexpr size_t kShown = 10;
  std::vector<std::string> users;
  size_t more = 0;
  const auto enter = [&](std::string user) {
    if (users.size() < kShown) {
      users.push_back(std::move(user));
    } else {
      ++more;
    }
  };
  if (context_.server().service.options().allow_transfer.names_key(key)) enter("--allow-transfer");
  {
    const dataplane::ReadSection section(context_.reader());
    context_.server().zones.for_each([&](const zones::Zone& zone) {
      const auto& attributes = zone.current()->attributes();
      const auto* settings = attributes.enabled_secondaries();
      if (settings != nullptr && names_key(settings->secondaries, key))
        enter("zone " + zone.current()->apex().name.to_text());
    });
  }
  std::ranges::sort(users);
  const KeyBookRef book = context_.server().settings.keys();
  const ProvidersRef providers = context_.server().settings.get()->providers;
  for (const auto& [name, wish] : *providers) {
    if (provider_names_key(wish, key, *book)) enter("provider " + name);
  }
  if (more != 0) users.push_back(std::to_string(more) + " more");
  return users;
}

void KeyOperations::remove(const Principal& who, const Name& key, bool although_used, Done<Changed> done) {
  const Act act = key_act(who, "key.remove", key);
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  if (const auto in_use = although_used ? std::vector<std::string>() : users(key); !in_use.empty()) {
    std::string text;
    for (const std::string& user : in_use) text += (text.empty() ? "" : ", ") + user;
    const Failure failure{FailureCode::conflict, "key " + key.to_text() + " is in use by " + text +
                                                     "; give them another one first, or say --force: then who signs "
                                                     "with it gets no transfer, and is not notified"};
    context_.record_failure(act, failure.reason);
    return done(failure);
  }
  const auto remove = [key](const KeyRef& current) -> Outcome<KeyRef> {
    if (current != nullptr) return KeyRef();
    return no_such_key(key);
  };
  change(act, "removed", key, remove, std::move(done));
}

void KeyOperations::grant(const Principal& who, const Name& key, const UpdateGrant& grant, Done<Changed> done) {
  const Act act = key_act(who, "key.grant", key);
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  const auto add = [key, grant](const KeyRef& current) -> Outcome<KeyRef> {
    if (current == nullptr) return no_such_key(key);
    if (std::ranges::find(current->grants, grant) != current->grants.end()) return current;
    auto next = std::make_shared<Key>(*current);
    next->grants.push_back(grant);
    return KeyRef(std::move(next));
  };
  change(act, "granted " + dump(to_json(grant)), key, add, std::move(done));
}

void KeyOperations::revoke(const Principal& who, const Name& key, const std::optional<Name>& zone, Done<Changed> done) {
  const Act act = key_act(who, "key.revoke", key);
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  const std::string of_zone = zone ? "zone " + zone->to_text() : "all zones";
  const auto remove = [key, zone, of_zone](const KeyRef& current) -> Outcome<KeyRef> {
    if (current == nullptr) return no_such_key(key);
    auto next = std::make_shared<Key>(*current);
    const auto gone = std::erase_if(next->grants, [&](const UpdateGrant& grant) { return grant.zone == zone; });
    if (gone != 0) return KeyRef(std::move(next));
    return Failure{FailureCode::failed, "key " + key.to_text() + " has no grant for " + of_zone};
  };
  change(act, "grants for " + of_zone + " revoked", key, remove, std::move(done));
}

}  // namespace axfrd::control
