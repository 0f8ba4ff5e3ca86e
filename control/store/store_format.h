// The format of a store as a whole: which programs may open it.
//
// The table meta says under "format" which format the store has, and which is the oldest whose programs can read it; a
// checksum follows. This text never changes its form, so that every axfrd can say what it has found. Until format 6
// there was none; the values of zones tell which of those it is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "zones/disk/tagged.h"

namespace axfrd::control {

inline constexpr const char* kFormatKey = "format";

// What stands there; by default for this program.
std::string format_text(uint32_t format = zones::kStoreFormat, uint32_t least_reader = zones::kLeastReader);

// What is read of a store before it is opened for writing.
struct StoreState {
  std::optional<std::string> format;   // what stands under "format"
  std::optional<uint8_t> zone_format;  // of its first zone, if nothing does
};
// Throws StoreError, which says what to do, if this axfrd cannot read the store. Returns whether it has to be brought
// from an older format to ours.
bool check_format(const StoreState& state, const std::filesystem::path& directory);

}  // namespace axfrd::control
