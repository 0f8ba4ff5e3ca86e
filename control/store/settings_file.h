// SettingsFile: all settings (keys, providers, cookies, tokens, users) in one file, which is rewritten when one of them
// changes.
//
// Some settings are secrets. A removed secret must not remain in any file; a database that merely frees pages cannot
// promise that.
//
//   file   blocks of 64 octets: [magic 8 | zeros], then entries
//   entry  whole blocks: [magic 4 | key size 2 | value size 4 | CRC-32 4 | key | value | zeros]; the CRC is over the
//          sizes, the key and the value. A damaged entry is reported and left out; the next one begins at a block.
//
// Threads. One at a time.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace axfrd::control {

class SettingsFile {
 public:
  using Entries = std::map<std::string, std::string>;

  explicit SettingsFile(std::filesystem::path file) : file_(std::move(file)) {}
  // A missing file counts as an empty one. Throws StoreError if the file cannot be read.
  void read();
  const Entries& entries() const { return entries_; }
  // Replaces the file by one with these entries. If entries were damaged, keeps the old file as settings.damaged.
  // Throws StoreError. Then the old file is unchanged, or is only there as settings.damaged.
  void write(const Entries& entries);
  // The damage that read() found, as sentences.
  const std::vector<std::string>& damage() const { return damage_; }

 private:
  const std::filesystem::path file_;
  Entries entries_;
  std::vector<std::string> damage_;
  bool keep_damaged_ = false;
};

}  // namespace axfrd::control
