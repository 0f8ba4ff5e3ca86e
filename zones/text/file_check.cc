#include "zones/text/file_check.h"

#include <memory>
#include <utility>

#include "zones/data/integrity.h"
#include "zones/data/signed.h"

namespace axfrd::zones {
namespace {

// The line that a record came from; 0 if it is not there.
uint32_t line_of(const RecordSet& records, const Record& record) {
  size_t begin = 0, end = records.size();
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    if (record_order(records[middle], record) < 0) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin < records.size() && record_order(records[begin], record) == 0 ? records.line(begin) : 0;
}

std::string placed(const Warnings& of_file, uint32_t line, const std::string& text) {
  return of_file.places().find(line).to_text() + ": " + text;
}

}  // namespace

VersionRef build_version(const ZoneText& zone) {
  Attributes attributes;
  if (!zone.pseudo.empty()) attributes.pseudo = std::make_shared<const std::vector<PseudoRecord>>(zone.pseudo);
  return ZoneVersion::build(zone.records, std::move(attributes));
}

std::vector<std::string> place_faults(const ZoneText& zone, const ZoneVersion& version) {
  std::vector<std::string> placed_faults;
  for (const Fault& fault : list_faults(version)) {
    const uint32_t line = fault.record ? line_of(zone.records, fault.record->view()) : 0;
    placed_faults.push_back(placed(zone.warnings, line, fault.text));
  }
  return placed_faults;
}

FileFindings check_file(const ZoneSource& source, const Name& apex) {
  FileFindings findings;
  std::vector<ZoneFileError> problems;
  auto parsed = parse_zone(source, apex, {.problems = &problems});
  for (const ZoneFileError& problem : problems) findings.refused.push_back(problem.to_text());
  if (std::holds_alternative<ZoneFileError>(parsed)) return findings;
  const auto& zone = std::get<ZoneText>(parsed);
  const VersionRef version = build_version(zone);
  findings.warnings = zone.warnings;
  findings.faults = place_faults(zone, *version);
  if (const auto reason = find_bogus(nullptr, *version, {}, {})) {
    findings.refused.push_back(placed(zone.warnings, 0, *reason));
    return findings;
  }
  findings.serial = version->serial();
  findings.records = zone.records.size();
  return findings;
}

}  // namespace axfrd::zones
