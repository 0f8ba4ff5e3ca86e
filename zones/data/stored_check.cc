#include "zones/data/stored_check.h"

#include <algorithm>

#include "zones/wire/rdata_check.h"
#include "zones/wire/rdata_form.h"

namespace axfrd::zones {
namespace {

// Types whose data RecordSet has always looked at as closely, and that most records have: they need not be unpacked.
bool was_always_checked(uint16_t type) {
  return type == rrtype::A || type == rrtype::AAAA || type == rrtype::DNAME || names_form(type).compressible != 0;
}

bool is_worth_a_look(const Page& page) {
  for (unsigned i = 0; i < page.node_count(); ++i) {
    if (!std::ranges::all_of(page.rrsets(page.node(i)), was_always_checked, &Page::RRset::type)) return true;
  }
  return false;
}

bool is_refused(const OwnedRecord& record) { return check_rdata(record.type, bytes_of(record.rdata)).has_value(); }

}  // namespace

std::vector<std::string> find_refused(const ZoneVersion& version, size_t most) {
  std::vector<std::string> found;
  for (unsigned i = 0; i < version.page_count() && found.size() < most; ++i) {
    if (!is_worth_a_look(version.page(i))) continue;
    version.page(i).for_each_record(version.apex(), [&](const Record& record) {
      if (found.size() == most) return;
      if (const auto reason = check_rdata(record.type, record.rdata))
        found.push_back(record.owner.to_text() + " " + type_to_text(record.type) + ": " + *reason);
    });
  }
  return found;
}

bool has_refused(const Delta& delta) {
  return std::ranges::any_of(delta.removed, is_refused) || std::ranges::any_of(delta.added, is_refused);
}

}  // namespace axfrd::zones
