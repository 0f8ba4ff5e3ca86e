#include "control/store/store_format.h"

#include <libdeflate.h>

#include <sstream>

#include "control/store/store_error.h"

namespace axfrd::control {
namespace {

struct StoreFormat {
  uint32_t format, least_reader;
};

uint32_t checksum(const std::string& text) { return libdeflate_crc32(0, text.data(), text.size()); }

std::string written(const StoreFormat& format) {
  const std::string numbers = std::to_string(format.format) + " " + std::to_string(format.least_reader);
  return numbers + " " + std::to_string(checksum(numbers));
}

std::optional<StoreFormat> read_format(const std::string& text) {
  StoreFormat format{};
  std::istringstream in(text);
  if (!(in >> format.format >> format.least_reader) || written(format) != text) return std::nullopt;
  return format;
}

std::string ours() { return "this axfrd has format " + std::to_string(zones::kStoreFormat); }

}  // namespace

std::string format_text(uint32_t format, uint32_t least_reader) { return written({format, least_reader}); }

bool check_format(const StoreState& state, const std::filesystem::path& directory) {
  const std::string store = "the store in " + directory.string();
  if (state.format) {
    const auto format = read_format(*state.format);
    if (!format) throw StoreError(store + " is damaged: what it says of its format; restore it from a backup");
    if (format->least_reader > zones::kStoreFormat) {
      throw StoreError(store + " has format " + std::to_string(format->format) + ", which takes an axfrd of format " +
                       std::to_string(format->least_reader) + " or later, and " + ours() +
                       ": start the later axfrd again, or give this one another --store");
    }
    return format->format < zones::kStoreFormat;
  }
  if (state.zone_format && *state.zone_format != zones::kOldestFormat) {
    throw StoreError(store + " has format " + std::to_string(*state.zone_format) + ", and " + ours() +
                     " and reads those from " + std::to_string(zones::kOldestFormat) +
                     " on: export its zones with the axfrd that wrote it, and import them here");
  }
  return true;
}

}  // namespace axfrd::control
