#include "control/operate/rrset_changes.h"

#include <algorithm>
#include <functional>

#include "zones/data/derived.h"
#include "zones/text/zonefile.h"

namespace axfrd::control {

namespace {

using zones::Edit;
using EditRefusal = std::optional<std::string>;  // the reason; nothing if not refused

// Applies an edit, unless it would change nothing.
EditRefusal edit_draft(zones::Draft& draft, const Edit& edit) {
  return draft.would_change(edit) ? draft.apply(edit) : std::nullopt;
}

bool has_data(const std::vector<Edit>& wanted, const zones::OwnedRecord& record) {
  return std::ranges::any_of(wanted, [&](const Edit& each) { return same_data(each.record.view(), record.view()); });
}

bool has_target(const std::vector<Edit>& wanted, const zones::PseudoRecord& record) {
  return std::ranges::any_of(wanted, [&](const Edit& each) {
    return zones::folded_target(each.pseudo->target) == zones::folded_target(record.target);
  });
}

EditRefusal remove_others(zones::Draft& draft, const RRsetChange& change) {
  if (!change.pseudo) {
    for (const zones::OwnedRecord& record : draft.rrset(change.owner, change.type)) {
      if (has_data(change.records, record)) continue;
      if (auto reason = draft.apply(Edit(Edit::Kind::remove_record, record))) return reason;
    }
    return std::nullopt;
  }
  if (change.records.empty())
    return edit_draft(draft, Edit(Edit::Kind::remove_pseudo, {*change.pseudo, change.owner, 0, {}, {}}));
  if (!draft.base()->pseudo()) return std::nullopt;
  for (const zones::PseudoRecord& record : *draft.base()->pseudo()) {
    if (record.kind != *change.pseudo || !(record.owner == change.owner) || has_target(change.records, record))
      continue;
    if (auto reason = edit_draft(draft, Edit(Edit::Kind::remove_pseudo, record))) return reason;
  }
  return std::nullopt;
}

EditRefusal make_change(zones::Draft& draft, const RRsetChange& change) {
  // A SOA is never removed: adding the new one replaces it.
  if (change.kind == RRsetChange::Kind::replace && change.type != zones::rrtype::SOA) {
    if (auto reason = remove_others(draft, change)) return reason;
  }
  for (const Edit& record : change.records) {
    Edit edit = record;
    if (change.kind == RRsetChange::Kind::prune)
      edit.kind = edit.pseudo ? Edit::Kind::remove_pseudo : Edit::Kind::remove_record;
    if (auto reason = edit_draft(draft, edit)) return reason;
  }
  return std::nullopt;
}

}  // namespace

std::string version_tag(const zones::ZoneVersion& version) {
  std::string tag = std::to_string(version.serial());
  if (!version.pseudo()) return tag;
  std::string all;
  for (const zones::PseudoRecord& record : *version.pseudo()) all += zones::pseudo_to_text(record) + "\n";
  return tag + "-" + std::to_string(std::hash<std::string>()(all));
}

std::optional<Failure> make_changes(const ChangeRRsets& request, zones::Draft& draft) {
  if (!request.if_tag.empty() && request.if_tag != version_tag(*draft.base())) {
    return Failure{FailureCode::changed_meanwhile, "zone " + request.apex.to_text() +
                                                       " has changed since: it has serial " +
                                                       std::to_string(draft.base()->serial())};
  }
  for (const RRsetChange& change : request.changes) {
    if (auto reason = make_change(draft, change)) return Failure{FailureCode::bad_zone, std::move(*reason)};
  }
  return std::nullopt;
}

std::optional<Failure> refuse_changes(const Principal& who, const ChangeRRsets& request) {
  for (const RRsetChange& change : request.changes) {
    if (who.may_change(change.owner, change.type)) continue;
    const std::string type = change.pseudo ? "" : " " + zones::type_to_text(change.type);
    return Failure{FailureCode::forbidden, "records of " + change.owner.to_text() + type +
                                               " are not among those that " + who.shown() + " may change"};
  }
  return std::nullopt;
}

}  // namespace axfrd::control
