// Transactions: records that are added to a zone, a line each, and records that are taken from it (they begin with -).
#include <algorithm>
#include <set>

#include "tests/fuzz/fuzz.h"
#include "zones/text/ldns_record.h"
#include "zones/text/zonefile.h"

using namespace axfrd;         // NOLINT(google-build-using-namespace)
using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

namespace {

Result<Edit> read(std::string_view line, const Name& apex) {
  if (line.starts_with('-')) return parse_removal(line.substr(1), apex);
  return parse_addition(line, apex, [](NameView, uint16_t) { return 60U; });
}

// What history says of a step leads from the version before it to the one behind it.
void check_history(const ZoneVersion& before, const ZoneVersion& after) {
  const auto since = after.history()->since(before.serial());
  fuzz::require(since.has_value(), "history goes back one step");
  const VersionRef led = before.apply(since->delta, after.soa_record(), after.attributes());
  fuzz::require(fuzz::lines_of(*led) == fuzz::lines_of(after), "history leads to the version it belongs to");
}

// To another server no two records are one: ldns puts each into canonical form (RFC 4034 §6.2).
void check_canonical(const ZoneVersion& version) {
  std::set<std::string> seen;
  version.for_each_record([&](const Record& record) {
    const LdnsRr rr = to_ldns({record.owner, record.type, 0, record.rdata});
    if (!rr || record.type == rrtype::NSEC) return;  // of which RFC 6840 §5.1 says otherwise than ldns does
    ldns_rr2canonical(rr.get());
    const LdnsText text(ldns_rr2str(rr.get()));
    fuzz::require(seen.insert(text.get()).second, "no record is there twice");
  });
}

std::vector<std::string> lines_at(Draft& draft, NameView owner) {
  std::vector<std::string> lines;
  for (const OwnedRecord& r : draft.records_at(owner)) lines.push_back(record_to_text(r.view()));
  std::ranges::sort(lines);
  return lines;
}

void make(Draft& draft, const Edit& edit) {
  const bool would_change = draft.would_change(edit);
  const auto before = lines_at(draft, edit.record.owner);
  const bool made = !draft.apply(edit);
  if (made && !would_change && edit.kind != Edit::Kind::add)  // one that is added anew may have its owner in other case
    fuzz::require(lines_at(draft, edit.record.owner) == before,
                  "an edit that changes nothing leaves the records alone");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const VersionRef before = fuzz::small_zone();
  const Name apex(before->apex().name);
  Draft draft(before);
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const auto read_edit = read(line, apex);
    if (const auto* edit = std::get_if<Edit>(&read_edit)) make(draft, *edit);
  }
  if (const VersionRef after = fuzz::commit(*before, draft)) {
    check_history(*before, *after);
    check_canonical(*after);
    fuzz::check_lines(*after);
  }
  return 0;
}
