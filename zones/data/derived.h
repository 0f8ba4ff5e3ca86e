// Derived records: the A and AAAA at the owners of ALIAS and URL records.
//
// They belong to axfrd. They are always what the ALIAS and URL records of their owner make them, so nobody else may add
// to them or remove them; zone files leave them out. Draft and the import keep them so, with what is here.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zones/data/record.h"

namespace axfrd::zones {

// Whether records of this type, at such an owner, are derived.
bool is_derived_type(uint16_t type);

// Why a record of this type, which somebody wrote, cannot stand beside an ALIAS or URL; nothing if it can.
std::optional<std::string> conflict_with_pseudo(NameView owner, uint16_t type);

// What all ALIAS and URL records of one owner stand for: the union of their addresses, with the lowest of their TTLs.
// An address' TTL is that of the target, or the record's own if that is lower.
std::vector<OwnedRecord> derived_records(std::span<const PseudoRecord* const> of_one_owner);

// Whether two zones have the same of them, whatever these stand for at the time.
bool same_definitions(const PseudoRecords& a, const PseudoRecords& b);
// How many of `of` are not in `in`, addresses and the case of targets aside.
size_t count_missing(const PseudoRecords& of, const PseudoRecords& in);

// Adds to a whole zone what its `pseudo` stand for. @pre records.finish() found no problem, and no record conflicts
std::optional<RecordSet::Problem> add_derived(RecordSet& records, const std::vector<PseudoRecord>& pseudo);

// Gives each of `after` the addresses that the same record (owner, kind and target) has in `before`.
void keep_addresses(const std::vector<PseudoRecord>& before, std::vector<PseudoRecord>& after);

// The target of an ALIAS in the one form of all that are the same name: in lower case.
std::string folded_target(std::string_view target);

// Tells derived records from those that somebody wrote.
class DerivedFilter {
 public:
  explicit DerivedFilter(const std::vector<PseudoRecord>* pseudo);  // null: none
  bool is_derived(const Record& record) const;

 private:
  std::set<std::string> owners_;  // sort keys
};

}  // namespace axfrd::zones
