#include "zones/data/draft.h"

#include <algorithm>

#include "zones/data/derived.h"
#include "zones/data/history.h"
#include "zones/wire/rdata_check.h"

namespace axfrd::zones {
namespace {

bool same_rrset(const Record& a, const Record& b) {
  return a.type == b.type && grouping_type(a.type, a.rdata) == grouping_type(b.type, b.rdata);
}

// Whether `named` speaks of `pseudo`, which has the same owner.
bool is_meant(const PseudoRecord& pseudo, const PseudoRecord& named) {
  return pseudo.kind == named.kind &&
         (named.target.empty() || folded_target(pseudo.target) == folded_target(named.target));
}

}  // namespace

Draft::Draft(VersionRef base, size_t most_edits)
    : base_(std::move(base)), soa_(base_->soa_record()), edits_left_(most_edits) {
  if (base_->pseudo()) pseudo_.assign(base_->pseudo()->begin(), base_->pseudo()->end());
}

Draft::Touched& Draft::touch(NameView name) {
  const auto [entry, fresh] = touched_.try_emplace(sort_key(name));
  if (fresh) {
    Records& before = entry->second.before;
    before = base_->records_at(name);
    // An earlier release stored the same record twice if it came in two cases.
    const auto order = [](const OwnedRecord& a, const OwnedRecord& b) { return record_order(a.view(), b.view()); };
    std::ranges::stable_sort(before, [&](const auto& a, const auto& b) { return order(a, b) < 0; });
    const auto same = [&](const auto& a, const auto& b) { return order(a, b) == 0; };
    before.erase(std::unique(before.begin(), before.end(), same), before.end());
    entry->second.after = before;
  }
  return entry->second;
}

std::optional<std::string> Draft::apply(const Edit& edit) {
  const Record record = edit.record.view();
  if (!record.owner.is_at_or_below(base_->apex().name))
    return record.owner.to_text() + " is not in the zone " + base_->apex().name.to_text();
  if (edits_left_ == 0) {
    return "a transaction takes " + std::to_string(kMostByHand) +
           " changes at most: commit it and begin another, or import the zone";
  }
  --edits_left_;
  switch (edit.kind) {
    case Edit::Kind::add:
      return add(edit.record);
    case Edit::Kind::remove_record:
      if (is_derived_type(record.type) && has_pseudo(record.owner)) break;
      std::erase_if(touch(record.owner).after, [&](const OwnedRecord& r) { return same_data(r.view(), record); });
      break;
    case Edit::Kind::remove_rrset:
      remove_rrset(record);
      break;
    case Edit::Kind::add_pseudo:
      return add_pseudo(*edit.pseudo);
    case Edit::Kind::remove_pseudo:
      remove_pseudo(*edit.pseudo);
      break;
  }
  return std::nullopt;
}

bool Draft::would_change(const Edit& edit) {
  const Record record = edit.record.view();
  if (edit.kind == Edit::Kind::remove_pseudo) {
    return std::ranges::any_of(pseudo_at(record.owner),
                               [&](size_t place) { return is_meant(*pseudo_[place], *edit.pseudo); });
  }
  if (edit.kind == Edit::Kind::add_pseudo) {
    return std::ranges::none_of(pseudo_at(record.owner), [&](size_t place) {
      return is_meant(*pseudo_[place], *edit.pseudo) && pseudo_[place]->ttl == edit.pseudo->ttl;
    });
  }
  if (!record.owner.is_at_or_below(base_->apex().name)) return edit.kind == Edit::Kind::add;  // apply() says why not
  if (edit.kind == Edit::Kind::add) {
    if (record.type == rrtype::SOA) return !same_record(soa_.view(), record);
    return std::ranges::none_of(touch(record.owner).after, [&](const OwnedRecord& r) {
      return r.ttl == record.ttl && same_data(r.view(), record);
    });
  }
  const bool all = edit.kind == Edit::Kind::remove_rrset && record.type == rrtype::ANY;
  if (has_pseudo(record.owner) && (all || is_derived_type(record.type))) return all;
  return std::ranges::any_of(touch(record.owner).after, [&](const OwnedRecord& r) {
    if (edit.kind == Edit::Kind::remove_record) return same_data(r.view(), record);
    return all || r.type == record.type;
  });
}

std::optional<std::string> Draft::add(const OwnedRecord& owned) {
  const Record record = owned.view();
  RecordSet check(Name(base_->apex().name));  // knows what a record must be
  if (auto problem = check.add(record)) return problem->reason;
  if (auto reason = check_rdata(record.type, record.rdata))
    return record.owner.to_text() + " " + type_to_text(record.type) + ": " + *reason;
  if (record.type == rrtype::SOA) {
    if (!record.owner.equals(base_->apex().name)) return "a SOA record below the apex";
    const OwnedRecord before = base_->soa_record();
    soa_edited_ = !same_record(record, before.view());
    soa_ = soa_edited_ ? owned : before;
    return std::nullopt;
  }
  if (has_pseudo(record.owner)) {
    if (auto conflict = conflict_with_pseudo(record.owner, record.type)) return conflict;
  }
  Records& after = touch(record.owner).after;
  // The RRset takes the newest TTL, as BIND and Knot do it (RFC 2181 §5.2 wants all to be the same).
  bool there = false;
  for (OwnedRecord& r : after) {
    if (same_rrset(r.view(), record)) r.ttl = record.ttl;
    there = there || same_data(r.view(), record);
  }
  if (!there) after.push_back(owned);
  return std::nullopt;
}

void Draft::remove_rrset(const Record& record) {
  if (record.type == rrtype::ANY) {
    remove_pseudo({PseudoRecord::Kind::alias, Name(record.owner), 0, {}, {}});
    remove_pseudo({PseudoRecord::Kind::url, Name(record.owner), 0, {}, {}});
  }
  if (is_derived_type(record.type) && has_pseudo(record.owner)) return;
  std::erase_if(touch(record.owner).after,
                [&](const OwnedRecord& r) { return record.type == rrtype::ANY || r.type == record.type; });
}

// ---- ALIAS and URL ----

std::span<const size_t> Draft::pseudo_at(NameView owner) {
  if (pseudo_.empty()) return {};
  if (!pseudo_places_) {
    pseudo_places_.emplace();
    for (size_t place = 0; place < pseudo_.size(); ++place) {
      if (pseudo_[place]) (*pseudo_places_)[sort_key(pseudo_[place]->owner)].push_back(place);
    }
  }
  const auto found = pseudo_places_->find(sort_key(owner));
  return found != pseudo_places_->end() ? std::span<const size_t>(found->second) : std::span<const size_t>();
}

// One that is there already takes the new TTL and keeps its addresses.
std::optional<std::string> Draft::add_pseudo(PseudoRecord pseudo) {
  if (!has_pseudo(pseudo.owner)) {
    for (const OwnedRecord& r : touch(pseudo.owner).after) {
      if (auto conflict = conflict_with_pseudo(pseudo.owner, r.type)) return conflict;
    }
  }
  for (const size_t place : pseudo_at(pseudo.owner)) {
    if (is_meant(*pseudo_[place], pseudo)) pseudo.addresses = pseudo_[place]->addresses;
  }
  remove_pseudo(pseudo);
  pseudo_at(pseudo.owner);  // makes the places
  if (pseudo_places_) (*pseudo_places_)[sort_key(pseudo.owner)].push_back(pseudo_.size());
  const Name owner = pseudo.owner;
  pseudo_.emplace_back(std::move(pseudo));
  pseudo_edited_ = true;
  derive(owner);
  return std::nullopt;
}

void Draft::remove_pseudo(const PseudoRecord& pseudo) {
  if (!has_pseudo(pseudo.owner)) return;
  std::vector<size_t>& places = pseudo_places_->at(sort_key(pseudo.owner));
  const auto gone = std::erase_if(places, [&](size_t place) {
    const bool meant = is_meant(*pseudo_[place], pseudo);
    if (meant) pseudo_[place].reset();
    return meant;
  });
  if (gone == 0) return;
  pseudo_edited_ = true;
  derive(pseudo.owner);
}

void Draft::set_alias_addresses(const std::map<std::string, Addresses>& by_target) {
  if (by_target.empty()) return;
  set_addresses([&](const PseudoRecord& p) -> const Addresses* {
    if (p.kind != PseudoRecord::Kind::alias) return nullptr;
    const auto found = by_target.find(folded_target(p.target));
    return found != by_target.end() ? &found->second : nullptr;
  });
}

void Draft::set_url_addresses(const Addresses& addresses) {
  if (!addresses.a.known && !addresses.aaaa.known) return;  // a redirector that nobody names is none that has gone
  set_addresses([&](const PseudoRecord& p) { return p.kind == PseudoRecord::Kind::url ? &addresses : nullptr; });
}

// find(record): its new addresses, or null to leave it alone.
template <class Find>
void Draft::set_addresses(Find&& find) {
  std::map<std::string, std::vector<const PseudoRecord*>> changed;  // by sort key of the owner
  for (std::optional<PseudoRecord>& p : pseudo_) {
    const Addresses* addresses = p ? find(*p) : nullptr;
    if (addresses == nullptr || p->addresses.same_as(*addresses)) continue;
    p->addresses = *addresses;
    changed.try_emplace(sort_key(p->owner));
  }
  if (changed.empty()) return;
  pseudo_edited_ = true;
  for (const std::optional<PseudoRecord>& p : pseudo_) {
    const auto owner = p ? changed.find(sort_key(p->owner)) : changed.end();
    if (owner != changed.end()) owner->second.push_back(&*p);
  }
  for (const auto& [key, pseudo] : changed) derive(pseudo);
}

// Makes the addresses at an owner what its ALIAS and URL records stand for.
void Draft::derive(std::span<const PseudoRecord* const> of_one_owner) {
  Records& after = touch(of_one_owner.front()->owner).after;
  std::erase_if(after, [](const OwnedRecord& r) { return is_derived_type(r.type); });
  std::ranges::move(derived_records(of_one_owner), std::back_inserter(after));
}

// The same, and with the last of them the addresses go.
void Draft::derive(NameView owner) {
  std::vector<const PseudoRecord*> there;
  for (const size_t place : pseudo_at(owner)) there.push_back(&*pseudo_[place]);
  if (!there.empty()) return derive(there);
  std::erase_if(touch(owner).after, [](const OwnedRecord& r) { return is_derived_type(r.type); });
}

std::vector<OwnedRecord> Draft::records_at(NameView name) {
  Records records = touch(name).after;
  if (name.equals(base_->apex().name)) records.push_back(soa_);
  return records;
}

std::vector<OwnedRecord> Draft::rrset(NameView name, uint16_t type) {
  Records records = records_at(name);
  std::erase_if(records, [&](const OwnedRecord& r) { return r.type != type; });
  return records;
}

Result<Draft::Changes> Draft::finish() const {
  Changes result{{}, soa_, pseudo_edited_ ? nullptr : base_->pseudo(), soa_edited_, pseudo_edited_};
  for (const auto& [key, name] : touched_) {
    RecordSet check(Name(base_->apex().name));
    for (const OwnedRecord& r : name.after) {
      if (auto problem = check.add(r.view())) return problem->reason;
    }
    if (auto problem = check.finish_part()) return problem->reason;
    // All have the same owner; how it is written is no difference here (RFC 4343 §3), unlike in a zone file.
    const auto lacks = [](const Records& records, const OwnedRecord& r) {
      return std::ranges::none_of(
          records, [&](const OwnedRecord& o) { return o.ttl == r.ttl && same_data(o.view(), r.view()); });
    };
    for (const OwnedRecord& r : name.before) {
      if (lacks(name.after, r)) result.delta.removed.push_back(r);
    }
    for (const OwnedRecord& r : name.after) {
      if (lacks(name.before, r)) result.delta.added.push_back(r);
    }
  }
  if (pseudo_edited_) {
    std::vector<PseudoRecord> pseudo;
    for (const std::optional<PseudoRecord>& p : pseudo_) {
      if (p) pseudo.push_back(*p);
    }
    if (!pseudo.empty()) result.pseudo = std::make_shared<const std::vector<PseudoRecord>>(std::move(pseudo));
  }
  return result;
}

}  // namespace axfrd::zones
