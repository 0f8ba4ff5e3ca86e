// Backup: a copy of a store (Store::backup), which can be read, or made a store again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "control/store/store.h"

namespace axfrd::control {

// Whether `directory` is not there, or empty.
bool is_vacant(const std::filesystem::path& directory);

// Copies the backup in `from` to `store`, which must be vacant. Secondaries may have seen changes after the backup, so
// the store is marked for raising serials (Store::in_recovery). Throws StoreError; then nothing is left in `store`.
void restore_backup(const std::filesystem::path& from, const std::filesystem::path& store);

// A private copy of the backup in `from`, to be read: later changes in `from` do not affect it. The copy is made in
// `directory`, replaces what is there, and is removed with this object.
class BackupCopy {
 public:
  // Throws StoreError, also if anything but single values is damaged.
  BackupCopy(const std::filesystem::path& from, std::filesystem::path directory);
  ~BackupCopy();
  BackupCopy(const BackupCopy&) = delete;
  BackupCopy& operator=(const BackupCopy&) = delete;

  Store& store() { return *store_; }

 private:
  const std::filesystem::path directory_;
  std::string damage_;  // of settings; it does not keep a store from opening
  std::unique_ptr<Store> store_;
};

}  // namespace axfrd::control
