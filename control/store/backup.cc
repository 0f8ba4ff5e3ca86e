#include "control/store/backup.h"

#include <string>
#include <system_error>

#include "control/store/store.h"
#include "control/store/store_error.h"

namespace axfrd::control {

bool is_vacant(const std::filesystem::path& directory) {
  std::error_code error;
  return !std::filesystem::exists(directory, error) || std::filesystem::is_empty(directory, error);
}

void restore_backup(const std::filesystem::path& from, const std::filesystem::path& store) {
  if (!std::filesystem::exists(from / "data.mdb")) {
    throw StoreError("--restore: " + from.string() + " is no backup: it has no data.mdb; axfrctl backup makes one");
  }
  if (!is_vacant(store)) {
    throw StoreError("--restore: the store in " + store.string() +
                     " is not empty; move it away, or start without --restore to go on with it");
  }
  // It is opened beside its place first, so that a store is there whole or not at all.
  const std::filesystem::path beside = store.string() + ".restored";
  std::error_code error;
  std::filesystem::remove_all(beside, error);
  std::filesystem::copy(from, beside, std::filesystem::copy_options::recursive, error);
  if (error) throw StoreError("--restore: cannot copy " + from.string() + ": " + error.message());
  try {
    const Store copy(beside, Store::kLogCapacity, {}, {.restored = true});
  } catch (const StoreError& refusal) {
    std::filesystem::remove_all(beside, error);
    throw StoreError("--restore: " + from.string() + " is no whole backup, and is not made a store: " + refusal.what());
  }
  std::filesystem::remove(store, error);
  std::filesystem::rename(beside, store, error);
  if (error) throw StoreError("--restore: cannot make " + store.string() + ": " + error.message());
}

}  // namespace axfrd::control
