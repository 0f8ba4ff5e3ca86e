// Reads the redo log of format 6, which a store has before it is upgraded. Its records follow each other without gaps
// from the beginning of redo.0 and redo.1.
//
//   record  [octets 4 | generation 8 | index 4 | CRC-32 4 | content]; the CRC is over all but itself
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "zones/wire/wire.h"

namespace axfrd::control {

// Calls visit(content) for each record of the generations after `last`, in the order in which they were written, and
// returns the last generation there is. Throws StoreError if a record is damaged and others follow it.
uint64_t replay_format_6(const std::filesystem::path& directory, uint64_t last,
                         const std::function<void(zones::Bytes)>& visit);

}  // namespace axfrd::control
