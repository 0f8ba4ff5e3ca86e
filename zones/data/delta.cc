#include "zones/data/delta.h"

#include <algorithm>
#include <unordered_set>

#include "zones/data/version.h"

namespace axfrd::zones {
namespace {

bool same_octets(const Record& a, const Record& b) {
  return std::ranges::equal(a.owner.bytes(), b.owner.bytes()) && std::ranges::equal(a.rdata, b.rdata);
}

// Compares the records of a version, one owner after the other, with those that shall be.
class Comparison {
 public:
  explicit Comparison(const RecordSet& after) : after_(after) {}

  // The records of an old owner, any order.
  void compare(std::vector<OwnedRecord>& old) {
    // A page that an earlier release wrote is in the order of the octets, and may hold a record twice, in two cases.
    const auto order = [](const OwnedRecord& a, const OwnedRecord& b) { return record_order(a.view(), b.view()); };
    std::ranges::stable_sort(old, [&](const auto& a, const auto& b) { return order(a, b) < 0; });
    const auto same = [&](const auto& a, const auto& b) { return order(a, b) == 0; };
    old.erase(std::unique(old.begin(), old.end(), same), old.end());
    for (OwnedRecord& record : old) compare(record);
    old.clear();
  }

  Delta finish() {
    for (skip_soa(); next_ < after_.size(); skip_soa()) delta_.added.emplace_back(after_[next_++]);
    return std::move(delta_);
  }
  size_t recased() const { return recased_; }

 private:
  void skip_soa() {
    while (next_ < after_.size() && after_[next_].type == rrtype::SOA) ++next_;
  }

  void compare(OwnedRecord& old) {
    for (skip_soa(); next_ < after_.size(); skip_soa()) {
      const Record fresh = after_[next_];
      const auto order = record_order(old.view(), fresh);
      if (order < 0) break;
      ++next_;
      if (order > 0) {
        delta_.added.emplace_back(fresh);
        continue;
      }
      if (!same_octets(old.view(), fresh)) ++recased_;
      if (old.ttl == fresh.ttl) return;
      delta_.added.push_back(old);
      delta_.added.back().ttl = fresh.ttl;
      break;
    }
    delta_.removed.push_back(std::move(old));
  }

  const RecordSet& after_;
  size_t next_ = 0, recased_ = 0;
  Delta delta_;
};

// The keys of the records of one name after the other, for questions that come in the order of names.
class KeysOfName {
 public:
  explicit KeysOfName(const ZoneVersion& version) : version_(version) {}

  bool contains(const Record& record) {
    if (!name_ || !name_->view().equals(record.owner)) {
      name_ = Name(record.owner);
      keys_.clear();
      for (const OwnedRecord& there : version_.records_at(record.owner)) keys_.insert(record_key(there.view()));
    }
    return keys_.contains(record_key(record));
  }

 private:
  const ZoneVersion& version_;
  std::optional<Name> name_;
  std::unordered_set<std::string> keys_;
};

}  // namespace

Delta difference(const ZoneVersion& before, const RecordSet& after, size_t* recased) {
  Comparison comparison(after);
  std::vector<OwnedRecord> of_one_owner;
  before.for_each_record([&](const Record& old) {
    if (old.type == rrtype::SOA) return;
    if (!of_one_owner.empty() && !of_one_owner.front().owner.view().equals(old.owner)) comparison.compare(of_one_owner);
    of_one_owner.emplace_back(old);
  });
  comparison.compare(of_one_owner);
  Delta delta = comparison.finish();
  if (recased != nullptr) *recased = comparison.recased();
  return delta;
}

bool leads_to(const Delta& delta, const ZoneVersion& version) {
  KeysOfName keys(version);
  const auto is_there = [&](const OwnedRecord& r) { return keys.contains(r.view()); };
  return std::ranges::none_of(delta.removed, is_there) && std::ranges::all_of(delta.added, is_there);
}

}  // namespace axfrd::zones
