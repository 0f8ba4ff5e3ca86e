#include "control/commit/proposal.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "zones/data/derived.h"
#include "zones/data/integrity.h"
#include "zones/data/signed.h"
#include "zones/wire/serial.h"

namespace axfrd::control {

namespace {

using zones::Attributes;
using zones::Delta;
using zones::Draft;
using zones::Name;
using zones::OwnedRecord;
using zones::SerialPolicy;
using zones::VersionRef;
using zones::ZoneVersion;

// A history that is larger than the zone is of little use, because the whole zone would be the shorter answer. A small
// zone may keep this much all the same.
constexpr size_t kLeastHistory = 16 * 1024;

std::string name_of(const ZoneVersion& zone) { return zone.apex().name.to_text(); }

// ---- role ----

// Only local zones are changed by requests to this server.
std::optional<Failure> refuse_author(const ZoneVersion& base) {
  if (base.attributes().kept) return not_known("zone " + name_of(base));
  if (base.attributes().is_local()) return std::nullopt;
  return Failure{FailureCode::conflict,
                 "zone " + name_of(base) + " is followed from elsewhere, and is not changed here"};
}

// A given change is accepted only for a zone that is not local.
std::optional<Failure> refuse_given(const ZoneVersion& base) {
  if (base.attributes().kept) return not_known("zone " + name_of(base));
  if (!base.attributes().is_local()) return std::nullopt;
  return Failure{FailureCode::conflict, "zone " + name_of(base) + " is changed here, and follows nobody"};
}

// ---- content ----

OwnedRecord soa_of(const zones::RecordSet& records) {
  size_t i = 0;
  while (records[i].type != zones::rrtype::SOA) ++i;
  return OwnedRecord(records[i]);
}

bool same_but_serial(const OwnedRecord& a, OwnedRecord b) {
  zones::set_soa_serial(b, zones::soa_serial(a));
  return zones::same_record(a.view(), b.view());
}

zones::PseudoRecords shared(std::vector<zones::PseudoRecord> pseudo) {
  return pseudo.empty() ? nullptr : std::make_shared<const std::vector<zones::PseudoRecord>>(std::move(pseudo));
}

bool same_pseudo_records(const zones::PseudoRecords& a, const zones::PseudoRecords& b) {
  if (!zones::same_definitions(a, b)) return false;
  return !a ||
         std::ranges::equal(*a, *b, [](const auto& x, const auto& y) { return x.addresses.same_as(y.addresses); });
}

// Whether a file differs from the zone as it was when it had the file's serial, as far as the history tells. Records
// that zone files do not contain are not compared: the NS names of secondaries, and the addresses of ALIAS and URL.
bool differs_from_then(const ZoneVersion& now, const zones::ZoneText& file, uint32_t serial) {
  Delta since_then;
  OwnedRecord soa = now.soa_record();
  zones::PseudoRecords pseudo = now.pseudo();
  if (serial != now.serial()) {
    auto since = now.history() ? now.history()->since(serial) : std::nullopt;
    if (!since) return false;
    since_then = std::move(since->delta);
    soa = std::move(since->soa);
    if (since->pseudo) pseudo = *since->pseudo;
  }
  if (!same_but_serial(soa, soa_of(file.records)) || !zones::same_definitions(pseudo, shared(file.pseudo))) return true;
  const bool with_servers = now.attributes().enabled_secondaries() != nullptr;
  const auto keys = [&](const std::vector<OwnedRecord>& records) {
    std::vector<std::string> sorted;
    for (const OwnedRecord& r : records) {
      const bool of_secondaries = with_servers && r.type == zones::rrtype::NS && r.owner == Name(now.apex().name);
      const bool of_alias = pseudo && (r.type == zones::rrtype::A || r.type == zones::rrtype::AAAA);
      if (!of_secondaries && !of_alias) sorted.push_back(zones::record_key(r.view()));
    }
    std::ranges::sort(sorted);
    return sorted;
  };
  const Delta to_file = zones::difference(now, file.records);
  return keys(to_file.removed) != keys(since_then.added) || keys(to_file.added) != keys(since_then.removed);
}

// ---- secondaries: their names in the NS RRset of the apex ----

bool contains(const std::vector<Name>& names, const Name& name) {
  return std::ranges::find(names, name) != names.end();
}

// The servers of `settings` that the NS RRset lacks, as records with the TTL of the RRset, or with `ttl` if it is
// empty.
std::vector<OwnedRecord> missing_servers(const Name& apex, const std::vector<OwnedRecord>& rrset, uint32_t ttl,
                                         const zones::SecondaryDns& settings) {
  std::vector<OwnedRecord> missing;
  for (const Name& server : settings.servers) {
    const bool there = std::ranges::any_of(rrset, [&](const OwnedRecord& r) {
      const auto name = zones::NameView::read(r.view().rdata);
      return name && name->equals(server);
    });
    if (there) continue;
    const zones::Bytes data = server.view().bytes();
    missing.emplace_back(zones::Record{apex, zones::rrtype::NS, rrset.empty() ? ttl : rrset.front().ttl, data});
  }
  return missing;
}

// Returns the names that were added.
std::vector<Name> add_servers(Draft& draft, const zones::SecondaryDns& settings) {
  const Name apex(draft.base()->apex().name);
  std::vector<Name> added;
  for (const OwnedRecord& ns : missing_servers(apex, draft.rrset(apex, zones::rrtype::NS), draft.soa().ttl, settings)) {
    draft.apply(zones::Edit(zones::Edit::Kind::add, ns));
    added.emplace_back(*zones::NameView::read(ns.view().rdata));
  }
  return added;
}

// The same for a whole zone. @pre records.finish() found no problem
std::vector<Name> add_servers(zones::RecordSet& records, const zones::SecondaryDns& settings) {
  std::vector<OwnedRecord> rrset;
  uint32_t ttl = 0;
  for (size_t i = 0; i < records.size() && records[i].owner.equals(records.apex()); ++i) {
    if (records[i].type == zones::rrtype::NS) rrset.emplace_back(records[i]);
    if (records[i].type == zones::rrtype::SOA) ttl = records[i].ttl;
  }
  const auto missing = missing_servers(Name(records.apex()), rrset, ttl, settings);
  std::vector<Name> added;
  for (const OwnedRecord& ns : missing) {
    records.add(ns.view());
    added.emplace_back(*zones::NameView::read(ns.view().rdata));
  }
  if (!missing.empty()) records.finish();
  return added;
}

bool is_server_record(const zones::Record& record, zones::NameView apex, const std::vector<Name>& names) {
  if (record.type != zones::rrtype::NS || !record.owner.equals(apex)) return false;
  const auto name = zones::NameView::read(record.rdata);
  return name && contains(names, Name(*name));
}

// Removes these names from the NS RRset. Returns those that it had.
std::vector<Name> remove_servers(Draft& draft, const std::vector<Name>& names) {
  const Name apex(draft.base()->apex().name);
  std::vector<Name> removed;
  for (const OwnedRecord& ns : draft.rrset(apex, zones::rrtype::NS)) {
    if (!is_server_record(ns.view(), apex, names)) continue;
    draft.apply(zones::Edit(zones::Edit::Kind::remove_record, ns));
    removed.emplace_back(*zones::NameView::read(ns.view().rdata));
  }
  return removed;
}

// The same for a whole zone. @pre records.finish() found no problem
std::vector<Name> remove_servers(zones::RecordSet& records, const std::vector<Name>& names) {
  zones::RecordSet rest(records.apex());
  std::vector<Name> removed;
  for (size_t i = 0; i < records.size(); ++i) {
    if (is_server_record(records[i], records.apex(), names)) {
      removed.emplace_back(*zones::NameView::read(records[i].rdata));
    } else {
      rest.add(records[i], records.line(i));
    }
  }
  if (removed.empty()) return removed;
  rest.finish();
  records = std::move(rest);
  return removed;
}

// Corrects the NS RRset of new content, which is a draft or a whole zone, as the zone's settings require. Names of
// secondaries stay in it. Names that are leaving stay out, with a warning. Returns whether anything was changed.
template <class Content>
bool set_servers(Content& content, const zones::SecondaryDns& settings, const std::string& zone,
                 zones::Warnings& warnings) {
  if (settings.stands()) return !add_servers(content, settings).empty();
  if (!settings.ending) return false;
  const std::vector<Name> removed = remove_servers(content, settings.ending->leaving);
  for (const Name& name : removed) {
    warnings.add(0, "the NS name " + name.to_text() + " stays out of the zone, for its secondary DNS is ending; " +
                        "axfrctl secondary enable " + zone + " brings it back");
  }
  return !removed.empty();
}

// Changes the NS RRset as new settings require. Sets after.added to the names that it has only because of the settings.
void change_servers(Draft& draft, const zones::SecondaryDns* before, zones::SecondaryDns& after) {
  const Name apex(draft.base()->apex().name);
  const std::vector<Name> added_before = before != nullptr ? before->added : std::vector<Name>();
  for (const Name& server : added_before) {
    if (after.stands() && contains(after.servers, server)) continue;
    const zones::Bytes data = server.view().bytes();
    draft.apply(
        zones::Edit(zones::Edit::Kind::remove_record, OwnedRecord(zones::Record{apex, zones::rrtype::NS, 0, data})));
  }
  after.added.clear();
  if (!after.stands()) return;
  after.added = add_servers(draft, after);
  for (const Name& server : added_before) {
    if (contains(after.servers, server) && !contains(after.added, server)) after.added.push_back(server);
  }
}

// ---- derived ----

// Sets the addresses of the ALIAS and URL records of a whole zone, and adds them as A and AAAA records. `before`: the
// present ALIAS and URL records of the zone; null if it has none.
std::optional<Failure> add_derived(zones::RecordSet& records, std::vector<zones::PseudoRecord>& pseudo,
                                   const zones::PseudoRecords& before, const ProposalRules& rules) {
  if (before) zones::keep_addresses(*before, pseudo);
  for (zones::PseudoRecord& p : pseudo) {
    if (p.kind == zones::PseudoRecord::Kind::url && !rules.url_addresses.empty()) p.addresses = rules.url_addresses;
  }
  auto problem = zones::add_derived(records, pseudo);
  if (problem) return Failure{FailureCode::bad_zone, std::move(problem->reason)};
  return std::nullopt;
}

// ---- serial ----

// The time as a serial. It wraps around in 2106 (RFC 1982).
uint32_t serial_time(const ProposalRules& rules) { return static_cast<uint32_t>(rules.now); }

// The serial of the version after `base`. `stated`: the serial of the SOA in the request.
Outcome<uint32_t> choose_serial(const ZoneVersion& base, uint32_t stated, const ProposalRules& rules) {
  if (zones::serial_newer(stated, base.serial())) return stated;
  if (base.attributes().serial_policy != SerialPolicy::keep)
    return zones::next_serial(base.attributes().serial_policy, base.serial(), serial_time(rules));
  const std::string zone = name_of(base);
  return Failure{FailureCode::bad_zone, "zone " + zone + " keeps its own serials: state a SOA with one newer than " +
                                            std::to_string(base.serial()) +
                                            ", or let axfrd count: axfrctl zone config " + zone + " --serial unixtime"};
}

// ---- step and version ----

// Applies `delta` and `soa` to `base`. If the serial changes, the history gets a step for it.
VersionRef next_version(const ZoneVersion& base, const Delta& delta, const OwnedRecord& soa, Attributes attributes,
                        const ProposalRules& rules) {
  const uint32_t serial = zones::soa_serial(soa);
  if (serial != base.serial()) {
    zones::Step::PseudoBefore pseudo;
    if (!zones::same_definitions(base.pseudo(), attributes.pseudo)) pseudo = base.pseudo();
    const zones::StepRef step(
        new zones::Step(base.soa_record(), serial, rules.now, delta, std::move(pseudo), rules.by));
    const size_t room = std::min(rules.history_octets, std::max(kLeastHistory, base.transfer_octets()));
    attributes.history = zones::History::extend(base.history(), step, room);
  }
  return base.apply(delta, soa, std::move(attributes));
}

// `base`: null if the zone is new.
std::optional<Failure> refuse_bogus(const ZoneVersion* base, const ZoneVersion& next, const Delta& delta,
                                    zones::OwnChanges own) {
  auto reason = zones::find_bogus(base, next, delta, own);
  if (reason) return Failure{FailureCode::bad_zone, std::move(*reason)};
  return std::nullopt;
}

// ---- what all proposals of an author end with ----

// The results of the earlier stages.
struct Made {
  explicit Made(const ZoneVersion& base) : soa(base.soa_record()), attributes(base.attributes()) {}
  Delta delta;
  OwnedRecord soa;  // with the serial that was stated
  Attributes attributes;
  bool needs_serial = false;  // a secondary will see the change
  bool changed_servers = false;
};

Outcome<Proposal> finish(const VersionRef& base, Made& made, const ProposalRules& rules) {
  zones::OwnChanges own{.serial = false, .servers = made.changed_servers};
  if (made.needs_serial) {
    const uint32_t stated = zones::soa_serial(made.soa);
    const auto serial = choose_serial(*base, stated, rules);
    if (const auto* failure = std::get_if<Failure>(&serial)) return *failure;
    own.serial = std::get<uint32_t>(serial) != stated;
    zones::set_soa_serial(made.soa, std::get<uint32_t>(serial));
  } else {
    zones::set_soa_serial(made.soa, base->serial());
  }
  Proposal proposal{base, next_version(*base, made.delta, made.soa, std::move(made.attributes), rules)};
  if (auto failure = refuse_bogus(base.get(), *proposal.next, made.delta, own)) return std::move(*failure);
  proposal.delta = std::move(made.delta);
  return proposal;
}

// Whether ALIAS or URL records themselves change, even if their addresses stay the same. Such a change gets a serial,
// and so a step of history that can be reverted. Zones whose serials axfrd must not choose are excepted.
bool changes_pseudo(const ZoneVersion& base, const zones::PseudoRecords& after) {
  return base.attributes().serial_policy != SerialPolicy::keep && !zones::is_signed(base) &&
         zones::count_missing(base.pseudo(), after) + zones::count_missing(after, base.pseudo()) != 0;
}

Proposal nothing_to_do(const VersionRef& base) { return {base, base}; }

// A Failure if there are warnings and `strict` is set. Otherwise adds the warnings to the proposal.
Outcome<Proposal> with_warnings(Outcome<Proposal> outcome, zones::Warnings warnings, bool strict) {
  auto* proposal = std::get_if<Proposal>(&outcome);
  if (proposal == nullptr) return outcome;
  if (strict && !warnings.empty()) return Failure{FailureCode::bad_zone, warnings.as_refusal()};
  proposal->warnings = std::move(warnings);
  return outcome;
}

}  // namespace

size_t Proposal::removed() const {
  return delta.removed.size() + (base ? zones::count_missing(base->pseudo(), next->pseudo()) : 0);
}

size_t Proposal::added() const {
  return delta.added.size() + (base ? zones::count_missing(next->pseudo(), base->pseudo()) : 0);
}

Failure no_such_zone(const Name& apex) { return {FailureCode::no_such_zone, "there is no zone " + apex.to_text()}; }

Failure not_known(const std::string& what) {
  return {FailureCode::failed, what +
                                   " holds settings of a later axfrd, which this one does not know and would lose: "
                                   "change it with that one, or remove it and enter it anew"};
}

Outcome<Proposal> propose_edits(const VersionRef& base, const Compose& compose, const ProposalRules& rules) {
  if (auto failure = refuse_author(*base)) return std::move(*failure);
  Draft draft(base);
  if (auto failure = compose(draft)) return std::move(*failure);
  Made made(*base);
  zones::Warnings warnings;
  if (const auto* secondaries = base->attributes().enabled_secondaries())
    made.changed_servers = set_servers(draft, *secondaries, name_of(*base), warnings);
  if (!rules.url_addresses.empty()) draft.set_url_addresses(rules.url_addresses);
  auto finished = draft.finish();
  if (auto* reason = std::get_if<std::string>(&finished)) return Failure{FailureCode::bad_zone, std::move(*reason)};
  auto& result = std::get<Draft::Changes>(finished);
  if (result.empty()) return with_warnings(nothing_to_do(base), std::move(warnings), false);
  made.needs_serial = !result.delta.empty() || result.soa_edited || changes_pseudo(*base, result.pseudo);
  made.delta = std::move(result.delta);
  made.soa = std::move(result.soa);
  made.attributes.pseudo = std::move(result.pseudo);
  auto outcome = finish(base, made, rules);
  if (const auto* proposal = std::get_if<Proposal>(&outcome)) {
    for (const std::string& fault : zones::find_faults(*proposal->next, proposal->delta)) warnings.add(0, fault);
  }
  return with_warnings(std::move(outcome), std::move(warnings), false);
}

Outcome<Proposal> propose_content(const VersionRef& base, const NewContent& content, const ProposalRules& rules) {
  if (auto failure = refuse_author(*base)) return std::move(*failure);
  zones::Warnings warnings = content.text.warnings;
  Made made(*base);
  made.soa = soa_of(content.text.records);
  const uint32_t stated = zones::soa_serial(made.soa);
  const bool newer = zones::serial_newer(stated, base->serial());
  if (content.only_if_newer && !newer) {
    if (differs_from_then(*base, content.text, stated)) {
      warnings.add(0, "the file was edited, but its serial " + std::to_string(stated) + " is not newer than " +
                          std::to_string(base->serial()) +
                          ", so the zone stays as it is; raise the serial, or import the file by axfrctl zone import");
    }
    return with_warnings(nothing_to_do(base), std::move(warnings), content.strict);
  }

  const auto* secondaries = base->attributes().enabled_secondaries();
  const zones::RecordSet* records = &content.text.records;
  std::vector<zones::PseudoRecord> pseudo = content.text.pseudo;
  std::optional<zones::RecordSet> completed;  // set if records have to be added or left out
  if (secondaries != nullptr || !pseudo.empty()) {
    completed = content.text.records;
    records = &*completed;
    if (secondaries != nullptr) made.changed_servers = set_servers(*completed, *secondaries, name_of(*base), warnings);
    if (auto failure = add_derived(*completed, pseudo, base->pseudo(), rules)) return std::move(*failure);
  }
  size_t recased = 0;
  made.delta = zones::difference(*base, *records, &recased);
  if (recased != 0) {
    warnings.add(0, std::to_string(recased) +
                        " records differ from those of the zone in the case of names alone; the zone keeps "
                        "the case that it has");
  }
  made.attributes.pseudo = shared(std::move(pseudo));
  const bool same_soa = same_but_serial(base->soa_record(), made.soa);
  if (same_soa) {
    made.soa = base->soa_record();
    zones::set_soa_serial(made.soa, stated);
  }
  const bool content_changed = !made.delta.empty() || !same_soa || changes_pseudo(*base, made.attributes.pseudo);
  if (!content_changed && !newer && same_pseudo_records(base->pseudo(), made.attributes.pseudo))
    return with_warnings(nothing_to_do(base), std::move(warnings), content.strict);
  made.needs_serial = content_changed || newer;
  auto outcome = finish(base, made, rules);
  if (auto* proposal = std::get_if<Proposal>(&outcome); proposal != nullptr && content_changed && !newer) {
    warnings.add(0, "the file has serial " + std::to_string(stated) + ", which is not newer than " +
                        std::to_string(base->serial()) + "; the zone has " + std::to_string(proposal->next->serial()) +
                        " now");
  }
  return with_warnings(std::move(outcome), std::move(warnings), content.strict);
}

namespace {

// A removed zone comes back with a serial that is newer than its last one. Otherwise secondaries that still have that
// serial would never transfer the zone (RFC 1982).
std::optional<Failure> raise_serial(VersionRef& version, const Tombstone& gone, zones::Warnings& warnings) {
  const std::string zone = name_of(*version);
  const uint32_t stated = version->serial();
  Attributes attributes = version->attributes();
  attributes.serial_policy = gone.policy;
  OwnedRecord soa = version->soa_record();
  if (!zones::serial_newer(stated, gone.serial)) {
    const uint32_t serial = zones::next_serial(SerialPolicy::increment, gone.serial, 0);
    const std::string had = "zone " + zone + " had serial " + std::to_string(gone.serial) + " when it was removed";
    if (gone.policy == SerialPolicy::keep || zones::is_signed(*version)) {
      return Failure{FailureCode::bad_zone,
                     had + (zones::is_signed(*version) ? ", and its SOA is signed" : ", and keeps its own serials") +
                         ": state a SOA with serial " + std::to_string(serial) + " or a newer one"};
    }
    warnings.add(0, had + "; it has " + std::to_string(serial) + " now, and not " + std::to_string(stated) +
                        " as in the file, which secondaries would take for old");
    zones::set_soa_serial(soa, serial);
  }
  version = version->apply({}, soa, std::move(attributes));
  return std::nullopt;
}

}  // namespace

Outcome<Proposal> propose_new(const NewContent& content, const Tombstone* gone, const ProposalRules& rules) {
  zones::Warnings warnings = content.text.warnings;
  VersionRef version = content.fresh;
  if (!content.text.pseudo.empty()) {
    zones::RecordSet records = content.text.records;
    std::vector<zones::PseudoRecord> pseudo = content.text.pseudo;
    if (auto failure = add_derived(records, pseudo, nullptr, rules)) return std::move(*failure);
    Attributes attributes = version->attributes();
    attributes.pseudo = shared(std::move(pseudo));
    version = version->apply(zones::difference(*version, records), version->soa_record(), std::move(attributes));
  }
  if (auto failure = refuse_bogus(nullptr, *version, {}, {})) return std::move(*failure);
  if (gone != nullptr) {
    if (auto failure = raise_serial(version, *gone, warnings)) return std::move(*failure);
  }
  return with_warnings(Proposal{nullptr, version}, std::move(warnings), content.strict);
}

Outcome<Proposal> propose_secondary(const VersionRef& base, const SecondaryEdit& edit, const ProposalRules& rules) {
  if (auto failure = refuse_author(*base)) return std::move(*failure);
  auto edited = edit(*base);
  if (auto* failure = std::get_if<Failure>(&edited)) return std::move(*failure);
  auto settings = std::make_shared<zones::SecondaryDns>(std::get<zones::SecondaryDns>(std::move(edited)));
  if (settings->stands() && !zones::has_apex_servers(*base)) {
    return Failure{FailureCode::bad_zone,
                   "zone " + name_of(*base) + " has no NS record at its apex: add its own name servers first"};
  }
  const zones::SecondaryDnsRef current = base->attributes().secondary_dns;
  Draft draft(base);
  change_servers(draft, current.get(), *settings);
  auto finished = draft.finish();
  if (auto* reason = std::get_if<std::string>(&finished)) return Failure{FailureCode::bad_zone, std::move(*reason)};
  auto& result = std::get<Draft::Changes>(finished);
  if (result.delta.empty() && *settings == (current ? *current : zones::SecondaryDns{})) return nothing_to_do(base);
  Made made(*base);
  made.needs_serial = made.changed_servers = !result.delta.empty();
  made.delta = std::move(result.delta);
  made.soa = std::move(result.soa);
  made.attributes.secondary_dns = std::move(settings);
  return finish(base, made, rules);
}

Outcome<Proposal> propose_policy(const VersionRef& base, SerialPolicy policy) {
  if (auto failure = refuse_author(*base)) return std::move(*failure);
  if (base->attributes().serial_policy == policy) return nothing_to_do(base);
  Attributes attributes = base->attributes();
  attributes.serial_policy = policy;
  return Proposal{base, base->apply({}, base->soa_record(), std::move(attributes))};
}

Outcome<Proposal> propose_given(const VersionRef& base, const GivenChange& change, const ProposalRules& rules) {
  if (auto failure = refuse_given(*base)) return std::move(*failure);
  if (!zones::serial_newer(zones::soa_serial(change.soa), base->serial())) {
    return Failure{FailureCode::conflict, "zone " + name_of(*base) + " has serial " + std::to_string(base->serial()) +
                                              ", and the change would give it " +
                                              std::to_string(zones::soa_serial(change.soa))};
  }
  try {
    return Proposal{base, next_version(*base, change.delta, change.soa, change.attributes, rules), change.delta};
  } catch (const zones::DeltaMismatch& error) {
    return Failure{FailureCode::conflict, "zone " + name_of(*base) + ": " + error.what()};
  }
}

Outcome<Proposal> propose_higher_serial(const VersionRef& base, uint32_t floor, const ProposalRules& rules) {
  if (auto failure = refuse_author(*base)) return std::move(*failure);
  const SerialPolicy policy = base->attributes().serial_policy;
  if (policy == SerialPolicy::keep || zones::is_signed(*base)) {
    return Failure{FailureCode::bad_zone,
                   "its serial is not ours to change: " +
                       std::string(policy == SerialPolicy::keep ? "it keeps its own serials" : "it is signed") +
                       "; give it a SOA with a newer one"};
  }
  const uint32_t highest = zones::serial_newer(floor, base->serial()) ? floor : base->serial();
  OwnedRecord soa = base->soa_record();
  zones::set_soa_serial(soa, zones::next_serial(policy, highest, serial_time(rules)));
  Attributes attributes = base->attributes();
  attributes.history = nullptr;
  return Proposal{base, base->apply({}, soa, std::move(attributes))};
}

}  // namespace axfrd::control
