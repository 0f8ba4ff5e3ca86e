// The format of a store as a whole: which programs may open it.
//
// The value "format" of the table meta holds the format of the store, the oldest format whose programs can read it, and
// a checksum. Its form never changes, so that every axfrd can report what it has found. Stores until format 6 do not
// have it. Their format is that of their zones.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "zones/disk/tagged.h"

namespace axfrd::control {

inline constexpr const char* kFormatKey = "format";

// The value "format"; by default for this program.
std::string format_text(uint32_t format = zones::kStoreFormat, uint32_t least_reader = zones::kLeastReader);

// What is read of a store before it is opened for writing.
struct StoreState {
  std::optional<std::string> format;   // what stands under "format"
  std::optional<uint8_t> zone_format;  // of its first zone, if there is no "format"
};
// Throws StoreError, which says what to do, if this axfrd cannot read the store. Returns whether the store has to be
// upgraded.
bool check_format(const StoreState& state, const std::filesystem::path& directory);

}  // namespace axfrd::control
