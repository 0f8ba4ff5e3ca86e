#include "zones/data/derived.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

namespace axfrd::zones {
namespace {

using ByOwner = std::map<std::string, std::vector<const PseudoRecord*>>;

ByOwner by_owner(const std::vector<PseudoRecord>& pseudo) {
  ByOwner result;
  for (const PseudoRecord& p : pseudo) result[sort_key(p.owner)].push_back(&p);
  return result;
}

// One family of one owner.
void append_family(std::vector<OwnedRecord>& out, std::span<const PseudoRecord* const> pseudo, uint16_t type) {
  const size_t size = type == rrtype::A ? 4 : 16;
  std::set<std::string> data;
  uint32_t ttl = UINT32_MAX;
  for (const PseudoRecord* p : pseudo) {
    const AddressSet& set = type == rrtype::A ? p->addresses.a : p->addresses.aaaa;
    if (set.octets.empty()) continue;
    ttl = std::min({ttl, set.ttl, p->ttl});
    for (size_t at = 0; at + size <= set.octets.size(); at += size) data.insert(set.octets.substr(at, size));
  }
  for (const std::string& rdata : data) out.emplace_back(Record{pseudo.front()->owner, type, ttl, bytes_of(rdata)});
}

std::string identity(const PseudoRecord& p) {
  const bool alias = p.kind == PseudoRecord::Kind::alias;
  return sort_key(p.owner) + (alias ? 'a' : 'u') + (alias ? folded_target(p.target) : p.target);
}

}  // namespace

bool is_derived_type(uint16_t type) { return type == rrtype::A || type == rrtype::AAAA; }

std::optional<std::string> conflict_with_pseudo(NameView owner, uint16_t type) {
  if (is_derived_type(type)) {
    return owner.to_text() + " has an ALIAS or URL, and a " + type_to_text(type) +
           " of its own: the addresses there are those of the target; remove the one or the other";
  }
  if (type == rrtype::CNAME) return owner.to_text() + " has an ALIAS or URL, and a CNAME: remove the one or the other";
  return std::nullopt;
}

std::vector<OwnedRecord> derived_records(std::span<const PseudoRecord* const> of_one_owner) {
  std::vector<OwnedRecord> records;
  append_family(records, of_one_owner, rrtype::A);
  append_family(records, of_one_owner, rrtype::AAAA);
  return records;
}

namespace {

bool same_definition(const PseudoRecord& x, const PseudoRecord& y) {
  return x.kind == y.kind && x.owner == y.owner && x.ttl == y.ttl && x.target == y.target;
}

}  // namespace

bool same_definitions(const PseudoRecords& a, const PseudoRecords& b) {
  if (a == b) return true;  // the same, or none of both
  if (!a || !b) return false;
  return std::ranges::equal(*a, *b, same_definition);
}

size_t count_missing(const PseudoRecords& of, const PseudoRecords& in) {
  if (!of || same_definitions(of, in)) return 0;  // as when addresses alone have changed
  if (!in) return of->size();
  const auto key = [](const PseudoRecord& r) { return std::pair(identity(r), r.ttl); };
  std::set<decltype(key(of->front()))> there;
  for (const PseudoRecord& record : *in) there.insert(key(record));
  return static_cast<size_t>(
      std::ranges::count_if(*of, [&](const PseudoRecord& record) { return !there.contains(key(record)); }));
}

std::optional<RecordSet::Problem> add_derived(RecordSet& records, const std::vector<PseudoRecord>& pseudo) {
  bool any = false;
  for (const auto& [owner, list] : by_owner(pseudo)) {
    for (const OwnedRecord& r : derived_records(list)) {
      if (auto problem = records.add(r.view())) return problem;
      any = true;
    }
  }
  return any ? records.finish() : std::nullopt;
}

void keep_addresses(const std::vector<PseudoRecord>& before, std::vector<PseudoRecord>& after) {
  std::map<std::string, const Addresses*> known;
  for (const PseudoRecord& p : before) known[identity(p)] = &p.addresses;
  for (PseudoRecord& p : after) {
    if (const auto same = known.find(identity(p)); same != known.end()) p.addresses = *same->second;
  }
}

std::string folded_target(std::string_view target) {
  std::string folded(target);
  for (char& c : folded) c = static_cast<char>(std::tolower(static_cast<uint8_t>(c)));
  return folded;
}

DerivedFilter::DerivedFilter(const std::vector<PseudoRecord>* pseudo) {
  if (pseudo == nullptr) return;
  for (const PseudoRecord& p : *pseudo) owners_.insert(sort_key(p.owner));
}

bool DerivedFilter::is_derived(const Record& record) const {
  return !owners_.empty() && is_derived_type(record.type) && owners_.contains(sort_key(record.owner));
}

}  // namespace axfrd::zones
