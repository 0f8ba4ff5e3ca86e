#include "control/commit/committer.h"

#include <memory>
#include <utility>

#include "control/base/unix_time.h"
#include "zones/data/derived.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::VersionRef;

AuditRecord record_of(const Name& apex, const Cause& cause, std::string what) {
  AuditRecord record{.cause = cause, .kind = "zone", .name = apex.to_text()};
  record.what = std::move(what);
  return record;
}

std::string counts_of(const Proposal& made) {
  return std::to_string(made.removed()) + " removed, " + std::to_string(made.added()) + " added";
}

size_t records_in(const zones::ZoneVersion& version) { return version.counts().records + size_t{1}; }

}  // namespace

Committer::Committer(zones::ZoneTable& zones, zones::CookieJar& cookies, dataplane::Rcu& rcu, Store& store,
                     CurrentSettings& settings, size_t history_octets, const Log& log)
    : zones_(zones),
      cookies_(cookies),
      store_(store),
      settings_(settings),
      log_(log),
      tombstones_(store, log),
      histories_(history_octets),
      retired_(rcu),
      ground_{zones,     cookies,  store,   settings, tombstones_, histories_, retired_, zones_without_servers_,
              observer_, auditor_, roster_, log},
      queue_(*this) {}

Committer::~Committer() { stop(); }

bool Committer::end_group() {
  const bool stored = group_->end();
  group_.reset();
  return stored;
}

ProposalRules Committer::rules(const Cause& cause) const {
  return {url_addresses_, histories_.limit(), unix_time(), cause.text()};
}

// ---- zones ----

void Committer::change_zone(Name apex, Cause cause, Compose compose, Done<Changed> done) {
  enqueue_change<Changed>(std::move(done), [this, apex = std::move(apex), cause = std::move(cause),
                                            compose = std::move(compose)] { return change_now(apex, cause, compose); });
}

Outcome<Committer::Changed> Committer::change_now(const Name& apex, const Cause& cause, const Compose& compose) {
  const VersionRef base = group_->current(apex);
  if (!base) return no_such_zone(apex);
  auto outcome = propose_edits(base, compose, rules(cause));
  if (auto* failure = std::get_if<Failure>(&outcome)) return std::move(*failure);
  auto& made = std::get<Proposal>(outcome);
  Changed changed{base->serial(), made.next->serial(), records_in(*made.next),
                  made.removed(), made.added(),        std::move(made.warnings)};
  if (!made.changes()) return changed;
  group_->set(apex, made.next);
  // A change of ALIAS addresses that is only stored, and not served, is not recorded.
  if (changed.changed() || !zones::same_definitions(base->pseudo(), made.next->pseudo())) {
    AuditRecord record = record_of(apex, cause, counts_of(made));
    record.old_serial = changed.old_serial;
    record.serial = changed.serial;
    group_->record(std::move(record));
  }
  return changed;
}

void Committer::import_zone(Import request, Done<Imported> done) {
  enqueue_change<Imported>(std::move(done), [this, request = std::make_shared<const Import>(std::move(request))] {
    return import_now(*request);
  });
}

void Committer::import_zones(std::vector<Import> requests, Done<std::vector<Outcome<Imported>>> done) {
  using Outcomes = std::vector<Outcome<Imported>>;
  auto shared = std::make_shared<const std::vector<Import>>(std::move(requests));
  enqueue_change<Outcomes>(std::move(done), [this, shared]() -> Outcome<Outcomes> {
    Outcomes outcomes;
    for (const Import& request : *shared) outcomes.push_back(import_now(request));
    return outcomes;
  });
}

Outcome<Committer::Imported> Committer::import_now(const Import& request) {
  const VersionRef base = group_->current(request.apex);
  Tombstones::Gone* gone = base ? nullptr : group_->tombstone(request.apex);
  if (gone != nullptr && !request.revives) {
    gone->has_file = true;
    log_.warning(request.file, " is passed over: zone ", request.apex.to_text(), " was removed, with serial ",
                 gone->tombstone.serial, "; axfrctl zone import brings it back, or delete the file");
    return Imported{{}, gone->tombstone.serial, 0, 0, 0, false, {}};
  }
  auto outcome = [&]() -> Outcome<Proposal> {
    if (!base) return propose_new(request.content, gone != nullptr ? &gone->tombstone : nullptr, rules(request.cause));
    if (request.made_ahead && request.made_ahead->base == base) return *request.made_ahead;
    return propose_content(base, request.content, rules(request.cause));
  }();
  if (auto* failure = std::get_if<Failure>(&outcome)) return std::move(*failure);
  auto& made = std::get<Proposal>(outcome);
  Imported imported{{},           made.next->serial(), records_in(*made.next),  made.removed(),
                    made.added(), made.changes(),      std::move(made.warnings)};
  if (base) imported.old_serial = base->serial();
  if (!made.changes()) return imported;
  if (request.review) {
    if (auto refusal = request.review({base.get(), *made.next, made.delta})) return std::move(*refusal);
  }
  group_->set(request.apex, made.next);
  AuditRecord record = record_of(request.apex, request.cause,
                                 base ? counts_of(made) : "new, " + std::to_string(imported.records) + " records");
  record.old_serial = imported.old_serial;
  record.serial = imported.serial;
  record.is_one_of_many = !base && request.is_one_of_many;
  group_->record(std::move(record));
  return imported;
}

void Committer::base_of(Name apex, Cause cause, Done<Base> done) {
  enqueue<Base>(std::move(done), [this, apex = std::move(apex), cause = std::move(cause)]() -> Outcome<Base> {
    return Base{group_->current(apex), rules(cause)};
  });
}

void Committer::set_serial_policy(Name apex, Cause cause, zones::SerialPolicy policy, Done<Configured> done) {
  enqueue_change<Configured>(std::move(done), [this, apex = std::move(apex), cause = std::move(cause), policy] {
    return configure_now(apex, cause, policy);
  });
}

Outcome<Committer::Configured> Committer::configure_now(const Name& apex, const Cause& cause,
                                                        zones::SerialPolicy policy) {
  const VersionRef base = group_->current(apex);
  if (!base) return no_such_zone(apex);
  auto outcome = propose_policy(base, policy);
  if (auto* failure = std::get_if<Failure>(&outcome)) return std::move(*failure);
  const auto& made = std::get<Proposal>(outcome);
  if (!made.changes()) return Configured{policy, false};
  group_->set(apex, made.next);
  AuditRecord record = record_of(apex, cause, std::string("new serials by ") + zones::to_text(policy));
  record.serial = base->serial();
  group_->record(std::move(record));
  return Configured{policy, true};
}

void Committer::set_secondary(Name apex, Cause cause, SecondaryEdit edit, Done<SecondarySet> done) {
  enqueue_change<SecondarySet>(std::move(done),
                               [this, apex = std::move(apex), cause = std::move(cause), edit = std::move(edit)] {
                                 return set_secondary_now(apex, cause, edit);
                               });
}

Outcome<Committer::SecondarySet> Committer::set_secondary_now(const Name& apex, const Cause& cause,
                                                              const SecondaryEdit& edit) {
  const VersionRef base = group_->current(apex);
  if (!base) return no_such_zone(apex);
  auto outcome = propose_secondary(base, edit, rules(cause));
  if (auto* failure = std::get_if<Failure>(&outcome)) return std::move(*failure);
  const auto& made = std::get<Proposal>(outcome);
  SecondarySet set{base->serial(), made.next->serial(), made.next->attributes().secondary_dns, made.changes()};
  if (!set.settings) set.settings = std::make_shared<const zones::SecondaryDns>();
  if (!made.changes()) return set;
  group_->set(apex, made.next);
  const char* state = set.settings->ending ? "ending" : set.settings->enabled ? "enabled" : "disabled";
  AuditRecord record =
      record_of(apex, cause,
                std::string("secondary DNS ") + state + ", " + std::to_string(set.settings->servers.size()) +
                    " NS names, " + std::to_string(set.settings->secondaries.size()) + " addresses");
  record.old_serial = set.old_serial;
  record.serial = set.serial;
  group_->record(std::move(record));
  return set;
}

void Committer::raise_serial(Name apex, uint32_t floor, Cause cause, Done<Changed> done) {
  enqueue_change<Changed>(std::move(done), [this, apex = std::move(apex), floor, cause = std::move(cause)] {
    return raise_now(apex, floor, cause);
  });
}

Outcome<Committer::Changed> Committer::raise_now(const Name& apex, uint32_t floor, const Cause& cause) {
  const VersionRef base = group_->current(apex);
  if (!base) return no_such_zone(apex);
  // Another secondary may have asked for it already.
  if (zones::serial_newer(base->serial(), floor)) return Changed{base->serial(), base->serial(), 0, 0, 0};
  auto outcome = propose_higher_serial(base, floor, rules(cause));
  if (auto* failure = std::get_if<Failure>(&outcome)) return std::move(*failure);
  const auto& made = std::get<Proposal>(outcome);
  group_->set(apex, made.next);
  AuditRecord record = record_of(apex, cause, "a secondary has serial " + std::to_string(floor));
  record.old_serial = base->serial();
  record.serial = made.next->serial();
  group_->record(std::move(record));
  return Changed{base->serial(), made.next->serial(), records_in(*made.next), 0, 0};
}

void Committer::remove_zone(Name apex, Cause cause, Done<Removed> done) {
  enqueue_change<Removed>(std::move(done),
                          [this, apex = std::move(apex), cause = std::move(cause)] { return remove_now(apex, cause); });
}

Outcome<Committer::Removed> Committer::remove_now(const Name& apex, const Cause& cause) {
  const VersionRef base = group_->current(apex);
  if (!base) return no_such_zone(apex);
  group_->set(apex, nullptr);
  AuditRecord record = record_of(apex, cause, "removed");
  record.old_serial = base->serial();
  group_->record(std::move(record));
  return Removed{base->serial()};
}

// ---- settings ----

void Committer::change_key(Name name, KeyEdit edit, Done<KeyChanged> done) {
  enqueue_change<KeyChanged>(
      std::move(done), [this, name = std::move(name), edit = std::move(edit)] { return change_key_now(name, edit); });
}

Outcome<Committer::KeyChanged> Committer::change_key_now(const Name& name, const KeyEdit& edit) {
  const KeyRef before = group_->settings()->keys->find(name);
  auto edited = edit(before);
  if (auto* failure = std::get_if<Failure>(&edited)) return std::move(*failure);
  const KeyRef after = std::get<KeyRef>(edited);
  if (after != before) {
    if (auto failure = group_->set({key_setting(name, after)})) return std::move(*failure);
  }
  return KeyChanged{name, before, after};
}

template <class Both, class Ref>
void Committer::change_setting(std::function<Ref(const Settings&)> find, std::function<Outcome<Ref>(const Ref&)> edit,
                               std::function<Setting(Ref)> setting, Done<Both> done) {
  enqueue_change<Both>(
      std::move(done),
      [this, find = std::move(find), edit = std::move(edit), setting = std::move(setting)]() -> Outcome<Both> {
        const Ref before = find(*group_->settings());
        auto edited = edit(before);
        if (auto* failure = std::get_if<Failure>(&edited)) return std::move(*failure);
        const Ref after = std::get<Ref>(edited);
        if (after != before) {
          if (auto failure = group_->set({setting(after)})) return std::move(*failure);
        }
        return Both{before, after};
      });
}

void Committer::change_token(const std::string& name, TokenEdit edit, Done<TokenChanged> done) {
  change_setting<TokenChanged, TokenRef>(
      [name](const Settings& settings) { return settings.tokens->find(name); }, std::move(edit),
      [name](TokenRef token) { return token_setting(name, std::move(token)); }, std::move(done));
}

void Committer::change_user(const std::string& name, UserEdit edit, Done<UserChanged> done) {
  change_setting<UserChanged, UserRef>(
      [name](const Settings& settings) { return settings.user(name); }, std::move(edit),
      [name](UserRef user) { return user_setting(name, std::move(user)); }, std::move(done));
}

void Committer::keep_token_uses(Done<size_t> done) {
  enqueue_change<size_t>(std::move(done), [this]() -> Outcome<size_t> {
    std::vector<Setting> used;
    const TokenBookRef tokens = group_->settings()->tokens;
    for (const auto& [name, token] : tokens->by_name()) {
      if (token->kept || token->last_used() == token->stored_use) continue;
      auto next = std::make_shared<Token>(*token);
      next->stored_use = next->last_used();
      used.push_back(token_setting(name, std::move(next)));
    }
    const size_t count = used.size();
    if (count == 0) return count;
    if (auto failure = group_->set(std::move(used))) return std::move(*failure);
    return count;
  });
}

void Committer::change_cookies(CookieEdit edit, Done<zones::CookieSecrets> done) {
  enqueue_change<zones::CookieSecrets>(std::move(done),
                                       [this, edit = std::move(edit)] { return change_cookies_now(edit); });
}

Outcome<zones::CookieSecrets> Committer::change_cookies_now(const CookieEdit& edit) {
  const auto set = group_->settings()->cookies;
  auto edited = edit(set ? set->secrets : cookies_.current());
  if (const auto* secrets = std::get_if<zones::CookieSecrets>(&edited)) {
    if (auto failure = group_->set({cookies_setting({*secrets, true})})) return std::move(*failure);
  }
  return edited;
}

// ---- the rest ----

void Committer::keep_ledger(std::vector<Store::LedgerText> lines, Done<size_t> done) {
  enqueue_change<size_t>(std::move(done), [this, lines = std::move(lines)]() -> Outcome<size_t> {
    group_->keep_ledger(lines);
    return lines.size();
  });
}

void Committer::backup(std::filesystem::path directory, Done<std::filesystem::path> done) {
  queue_.enqueue([this, directory = std::move(directory), done = std::move(done)] {
    // Begins after the commit, so the backup holds the group's changes.
    group_->then(
        [this, directory, done] {
          try {
            store_.backup(directory, [directory, done](const std::string& failure) {
              if (failure.empty()) return done(directory);
              done(Failure{FailureCode::failed, "the backup was not made: " + failure});
            });
          } catch (const StoreError& error) {
            done(Failure{FailureCode::failed, error.what()});
          }
        },
        [done](Failure failure) { done(std::move(failure)); });
  });
}

void Committer::load_backup(std::filesystem::path directory, Done<BackupLoaded> done) {
  enqueue<BackupLoaded>(std::move(done),
                        [this, directory = std::move(directory)] { return load_backup_now(directory); });
}

// Runs when the group has been committed and published.
void Committer::promote(Cause cause, Done<Promoted> done) {
  queue_.enqueue([this, cause = std::move(cause), done = std::move(done)] {
    group_->then(
        [this, cause, done] {
          const auto work = [&] { return promote_now(cause); };
          done(outcome_of<Promoted>(work));
        },
        [done](Failure failure) { done(std::move(failure)); });
  });
}

void Committer::load_store(Done<size_t> done) {
  enqueue<size_t>(std::move(done), [this] { return load_store_now(); });
}

void Committer::idle() {
  store_.tick();
  if (is_standby()) return;
  if (const auto now = std::chrono::steady_clock::now(); now >= look_at_tombstones_) {
    look_at_tombstones_ = now + std::chrono::hours(24);
    tombstones_.forget_old();
  }
}

void Committer::forget_old_tombstones() {
  queue_.enqueue([this] {
    if (is_standby()) return;
    tombstones_.forget_old();
    look_at_tombstones_ = std::chrono::steady_clock::now() + std::chrono::hours(24);
  });
}

}  // namespace axfrd::control
