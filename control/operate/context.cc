#include "control/operate/context.h"

#include <utility>

namespace axfrd::control {

const char* to_text(ServerState state) {
  switch (state) {
    case ServerState::starting:
      return "starting";
    case ServerState::serving:
      return "serving";
    case ServerState::stopping:
      break;
  }
  return "stopping";
}

namespace {

std::optional<Failure> lacks_role(const Principal& who, Role least) {
  if (who.role >= least) return std::nullopt;
  return Failure{FailureCode::forbidden, std::string("that takes the role ") + to_text(least) + ", and " + who.shown() +
                                             " has the role " + to_text(who.role)};
}

std::optional<Failure> beyond_scope(const Principal& who, const zones::Name& apex) {
  if (who.scope.contains(apex)) return std::nullopt;
  return Failure{FailureCode::forbidden, "zone " + apex.to_text() + " is not among those of " + who.shown()};
}

std::optional<Failure> refuse_role(const Principal& who, Role least) {
  if (least > Role::reader && who.is_limited()) {
    return Failure{FailureCode::forbidden,
                   who.shown() + " may change some records, one by one, and that changes more than these"};
  }
  return lacks_role(who, least);
}

}  // namespace

std::optional<Failure> Context::refuse(const Principal& who, Role least, const zones::Name& apex) {
  if (auto failure = beyond_scope(who, apex)) return failure;
  return refuse_role(who, least);
}

std::optional<Failure> Context::refuse(const Principal& who, Role least) {
  if (!who.scope.is_all()) {
    return Failure{FailureCode::forbidden, "that concerns more than the zones of " + who.shown()};
  }
  return refuse_role(who, least);
}

std::optional<Failure> Context::refuse(const Principal& who, Role least, const zones::Name& apex,
                                       const Act& act) const {
  auto failure = refuse(who, least, apex);
  if (!failure) failure = refuse_standby();
  if (failure) record_failure(act, failure->reason);
  return failure;
}

std::optional<Failure> Context::refuse(const Principal& who, Role least, const Act& act) const {
  auto failure = refuse(who, least);
  if (!failure) failure = refuse_standby();
  if (failure) record_failure(act, failure->reason);
  return failure;
}

std::optional<Failure> Context::refuse_editing(const Principal& who, const zones::Name& apex, const Act* act) const {
  auto failure = beyond_scope(who, apex);
  if (!failure) failure = lacks_role(who, Role::editor);
  if (!failure) failure = refuse_standby();
  if (failure && act != nullptr) record_failure(*act, failure->reason);
  return failure;
}

std::optional<Failure> Context::refuse_edit(const Principal& who, const zones::Edit& edit) {
  if (who.may_change(edit.record.owner, edit.record.type)) return std::nullopt;
  return Failure{FailureCode::forbidden, "records of " + edit.record.owner.to_text() +
                                             (edit.pseudo ? "" : " " + zones::type_to_text(edit.record.type)) +
                                             " are not among those that " + who.shown() + " may change"};
}

std::optional<Failure> Context::refuse_secret(const Principal& who, const Act& act) const {
  if (who.is_person) return std::nullopt;
  Failure failure{FailureCode::forbidden, "that shows a secret, which no token gets: use axfrctl or the console"};
  record_failure(act, failure.reason);
  return failure;
}

std::optional<Failure> Context::refuse_act(const Principal& who, Role least, const Act& act) const {
  auto failure = refuse(who, least);
  if (failure) record_failure(act, failure->reason);
  return failure;
}

std::optional<Failure> Context::refuse_standby() const {
  return server_.committer.is_standby() ? std::optional(takes_no_changes()) : std::nullopt;
}

Act Context::act(const Principal& who, const char* verb, Cause cause, const char* kind, std::string name) {
  cause.who = who.name;
  cause.uid = who.uid;
  cause.from = who.from;
  cause.verb = verb;
  return {verb, std::move(cause), kind, std::move(name)};
}

void Context::record_failure(const Act& act, const std::string& reason) const {
  AuditRecord record{.cause = act.cause, .kind = act.kind, .name = act.name};
  record.failure = reason;
  server_.audit.write(record);
}

void Context::record_change(const Act& act, std::string what) const {
  AuditRecord record{.cause = act.cause, .kind = act.kind, .name = act.name};
  record.what = std::move(what);
  server_.audit.write(record);
}

zones::VersionRef Context::find(const zones::Name& apex) const {
  const dataplane::ReadSection section(reader_);
  const zones::Zone* zone = server_.zones.find(zones::NameHash::process().of(apex), apex);
  return zone != nullptr ? zones::VersionRef(zone->current()) : nullptr;
}

Outcome<zones::VersionRef> Context::look_up(const Principal& who, const zones::Name& apex) const {
  if (auto failure = refuse(who, Role::reader, apex)) return std::move(*failure);
  zones::VersionRef version = find(apex);
  if (!version) return no_such_zone(apex);
  return version;
}

}  // namespace axfrd::control
