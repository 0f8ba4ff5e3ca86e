// $GENERATE: many records that differ by a number (BIND 9 Administrator Reference Manual, "$GENERATE").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zones/wire/result.h"

namespace axfrd::zones {

// START-STOP[/STEP]
struct GenerateRange {
  uint32_t start, stop, step;
  uint64_t size() const { return (uint64_t{stop} - start) / step + 1; }
};
// The range, or why `text` is none.
Result<GenerateRange> parse_range(std::string_view text);

// Appends `pattern` to `out` with `number` in the place of each $ and ${OFFSET[,WIDTH[,BASE]]}; $$ is a $, and what
// stands behind a backslash stays as it is. Returns why it cannot be.
std::optional<std::string> generate(std::string_view pattern, uint32_t number, std::string& out);

}  // namespace axfrd::zones
