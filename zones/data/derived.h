// Derived records: the A and AAAA at the owners of ALIAS and URL records.
//
// axfrd alone makes them from the ALIAS and URL records of their owner. Nobody else may add or remove them, and zone
// files leave them out. Draft and the import maintain them with the functions below.
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

// Returns the records that all ALIAS and URL records of one owner stand for: the union of their addresses, with the
// lowest of their TTLs. The TTL of an address is that of the target, or that of the ALIAS or URL record if it is lower.
std::vector<OwnedRecord> derived_records(std::span<const PseudoRecord* const> of_one_owner);

// Returns whether two zones have the same ALIAS and URL records, whatever their current addresses are.
bool same_definitions(const PseudoRecords& a, const PseudoRecords& b);
// Returns how many records of `of` are not in `in`; addresses and the case of targets do not count.
size_t count_missing(const PseudoRecords& of, const PseudoRecords& in);

// Adds the records that `pseudo` stand for to a whole zone. @pre records.finish() found no problem, and no record
// conflicts
std::optional<RecordSet::Problem> add_derived(RecordSet& records, const std::vector<PseudoRecord>& pseudo);

// Gives each of `after` the addresses that the same record (owner, kind and target) has in `before`.
void keep_addresses(const std::vector<PseudoRecord>& before, std::vector<PseudoRecord>& after);

// Returns the target of an ALIAS in lower case, so that equal names have equal texts.
std::string folded_target(std::string_view target);

// Tells derived records from records that an operator or a client wrote.
class DerivedFilter {
 public:
  explicit DerivedFilter(const std::vector<PseudoRecord>* pseudo);  // null: none
  bool is_derived(const Record& record) const;

 private:
  std::set<std::string> owners_;  // sort keys
};

}  // namespace axfrd::zones
