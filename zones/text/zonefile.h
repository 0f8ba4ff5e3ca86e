// Zone files: text to records and back (RFC 1035 §5, RFC 3597 for types without a name).
//
// Directives are handled here; RDATA is read by RdataReader. Besides what ldns knows, two record types of
// ours are understood and kept apart: `ALIAS target` and `URL "https://…"`.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "zones/data/draft.h"
#include "zones/data/record.h"
#include "zones/data/version.h"
#include "zones/data/warnings.h"
#include "zones/text/zone_source.h"
#include "zones/wire/result.h"

namespace axfrd::zones {

struct ZoneText {
  RecordSet records;  // finished
  std::vector<PseudoRecord> pseudo;
  Warnings warnings = {};
};

// Why a zone file was refused; `line` is 0 when no single line is to blame.
struct ZoneFileError {
  std::string file;
  uint32_t line;
  std::string reason;
  std::string to_text() const;  // file:line: reason
};

struct ParseOptions {
  uint64_t max_generated = kMaxGeneratedInAll;   // records that all $GENERATE may make
  const std::atomic<bool>* cancelled = nullptr;  // may be null; once true, parsing ends with an error
  // May be null. Otherwise parsing goes on behind a record that cannot be read, to find others, and ends with the first
  // one as its error; all are put here, the most that it takes being kMostProblems.
  std::vector<ZoneFileError>* problems = nullptr;
};
constexpr size_t kMostProblems = 100;

// Parses `source` as the zone `apex`. A zone that is not sound (RecordSet::finish) is refused whole, and so is one with
// addresses beside an ALIAS or URL. Names outside the zone are left out, which is one of the warnings.
Result<ZoneText, ZoneFileError> parse_zone(const ZoneSource& source, const Name& apex,
                                           const ParseOptions& options = {});
// The same of a text that was sent: $INCLUDE and $GENERATE are refused. `file` is only for messages.
Result<ZoneText, ZoneFileError> parse_zone(std::string_view text, const Name& apex, const std::string& file);

// Reads what an operator adds to a zone: one record, as a zone file would have it on one line, with names relative to
// the apex. It has no comment, parentheses or newline, and is no directive. `default_ttl` gives the TTL of a record
// that states none. A sentence if there is something wrong; `warnings` hears of the rest.
using DefaultTtl = std::function<uint32_t(NameView owner, uint16_t type)>;
Result<Edit> parse_addition(std::string_view line, const Name& apex, const DefaultTtl& default_ttl,
                            Warnings* warnings = nullptr);
// The same for what is taken from it: OWNER (all its records), OWNER TYPE (the RRset), or OWNER TYPE DATA.
Result<Edit> parse_removal(std::string_view line, const Name& apex);

// Presentation format of one record, without newline.
std::string record_to_text(const Record& record);
std::string pseudo_to_text(const PseudoRecord& record);
// What stands behind owner, TTL, class and type in a line of one of these two.
std::string data_of_line(const std::string& line);
// The zone in presentation format, a line at a time, SOA first; with pseudo-records, without what they stand for.
void export_zone(const ZoneVersion& version, const std::function<void(std::string_view line)>& emit);

}  // namespace axfrd::zones
