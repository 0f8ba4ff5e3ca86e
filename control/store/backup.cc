#include "control/store/backup.h"

#include <string>
#include <system_error>
#include <utility>

#include "control/store/store_error.h"

namespace axfrd::control {

namespace {

constexpr uint64_t kLittleLog = uint64_t{64} << 10;  // of a store that takes no change

// Replaces what is in `to`. A store has no subdirectories. Only the owner may enter the copy, because it holds secrets.
void copy_files(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (!std::filesystem::exists(from / "data.mdb"))
    throw StoreError(from.string() + " is no backup: it has no data.mdb; axfrctl backup makes one");
  // LMDB takes an empty file for a new store.
  if (std::filesystem::file_size(from / "data.mdb") == 0)
    throw StoreError(from.string() + " is no backup: its data.mdb is empty");
  std::error_code error;
  std::filesystem::remove_all(to, error);
  std::filesystem::create_directories(to, error);
  if (!error) std::filesystem::permissions(to, std::filesystem::perms::owner_all, error);
  if (!error) std::filesystem::copy(from, to, std::filesystem::copy_options::none, error);
  if (error) throw StoreError("cannot copy " + from.string() + " to " + to.string() + ": " + error.message());
}

}  // namespace

bool is_vacant(const std::filesystem::path& directory) {
  std::error_code error;
  return !std::filesystem::exists(directory, error) || std::filesystem::is_empty(directory, error);
}

void restore_backup(const std::filesystem::path& from, const std::filesystem::path& store) {
  if (!is_vacant(store)) {
    throw StoreError("--restore: the store in " + store.string() +
                     " is not empty; move it away, or start without --restore to go on with it");
  }
  // The copy is opened beside its place first, so that `store` is complete or not there.
  const std::filesystem::path beside = store.string() + ".restored";
  std::error_code error;
  try {
    copy_files(from, beside);
  } catch (const StoreError& refusal) {
    throw StoreError(std::string("--restore: ") + refusal.what());
  }
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

BackupCopy::BackupCopy(const std::filesystem::path& from, std::filesystem::path directory)
    : directory_(std::move(directory)) {
  const auto report = [this](LogLevel level, const std::string& text) {
    if (level == LogLevel::error && damage_.empty()) damage_ = text;
  };
  try {
    copy_files(from, directory_);
    store_ = std::make_unique<Store>(directory_, kLittleLog, report, Store::Opening{.restored = true});
    if (!damage_.empty()) throw StoreError(damage_);
  } catch (...) {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
    throw;
  }
}

BackupCopy::~BackupCopy() {
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

}  // namespace axfrd::control
