#include "zones/answer/ixfr.h"

#include "zones/data/page_render.h"
#include "zones/data/stored_check.h"
#include "zones/wire/record_walk.h"

namespace axfrd::zones {

std::optional<uint32_t> ixfr_serial(const Request& request) {
  const unsigned answers = load16(request.message + 6), authorities = load16(request.message + 8);
  RecordWalk record(request.message, request.size, request.question_end);
  if (answers != 0 || authorities == 0 || !record.next()) return std::nullopt;
  return serial_in(record.type(), record.rdata());
}

bool is_about_apex(const Query& query) {
  return query.lookup.version != nullptr && query.qname.labels() == query.lookup.version->apex().labels;
}

bool is_poll(const Query& query) { return is_about_apex(query) && query.lookup.version->has_secondaries(); }

std::shared_ptr<const Difference> make_difference(const ZoneVersion& version, uint32_t serial) {
  const HistoryRef& history = version.history();
  if (!history || history->steps().back()->to() != version.serial()) return nullptr;
  const auto since = history->since(serial);
  // An earlier release compared names in RDATA with their case. A step of its history may delete a record that the zone
  // still holds in another case, and with it the only copy that a secondary has.
  if (!since || !leads_to(since->delta, version)) return nullptr;
  if (has_refused(since->delta)) return nullptr;
  const OwnedRecord now = version.soa_record();
  std::vector<Record> records{now.view(), since->soa.view()};
  for (const OwnedRecord& r : since->delta.removed) records.push_back(r.view());
  records.push_back(now.view());
  for (const OwnedRecord& r : since->delta.added) records.push_back(r.view());
  records.push_back(now.view());

  auto difference = std::make_shared<Difference>(Difference{serial, render_messages(version.apex(), records), 0});
  for (const MessageImage& message : difference->messages) difference->octets += message.bytes.size();
  const size_t whole = version.transfer_octets() + 2 * size_t{version.soa_size()};
  if (difference->octets > whole && version.counts().records > 0) return nullptr;
  return difference;
}

}  // namespace axfrd::zones
