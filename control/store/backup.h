// Backup: a store brought back to where it stood when it was copied (Store::backup).
#pragma once

#include <filesystem>

namespace axfrd::control {

// Whether `directory` is not there, or empty.
bool is_vacant(const std::filesystem::path& directory);

// Copies the backup in `from` to `store`, which must be vacant. Secondaries may have seen what came after the backup,
// so the store says that serials are to be raised (Store::in_recovery). Throws StoreError; then nothing is left in
// `store`.
void restore_backup(const std::filesystem::path& from, const std::filesystem::path& store);

}  // namespace axfrd::control
