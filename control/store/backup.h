// Backup: what a store held when it was copied (Store::backup), to be read, or made a store again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "control/store/store.h"

namespace axfrd::control {

// Whether `directory` is not there, or empty.
bool is_vacant(const std::filesystem::path& directory);

// Copies the backup in `from` to `store`, which must be vacant. Secondaries may have seen what came after the backup,
// so the store says that serials are to be raised (Store::in_recovery). Throws StoreError; then nothing is left in
// `store`.
void restore_backup(const std::filesystem::path& from, const std::filesystem::path& store);

// A backup as it is read: a copy of its own, so that it stays as it is whatever becomes of the one in `from`. It is
// made in `directory`, in place of what is there, and goes with this object.
class BackupCopy {
 public:
  // Throws StoreError, also of what is damaged anywhere but in single values.
  BackupCopy(const std::filesystem::path& from, std::filesystem::path directory);
  ~BackupCopy();
  BackupCopy(const BackupCopy&) = delete;
  BackupCopy& operator=(const BackupCopy&) = delete;

  Store& store() { return *store_; }

 private:
  const std::filesystem::path directory_;
  std::string damage_;  // of settings, which stop no start
  std::unique_ptr<Store> store_;
};

}  // namespace axfrd::control
