#include "control/store/settings_file.h"

#include <fcntl.h>
#include <libdeflate.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "control/base/file.h"
#include "control/store/store_error.h"
#include "dataplane/file_descriptor.h"
#include "zones/disk/tagged.h"

namespace axfrd::control {
namespace {

using zones::Bytes;

constexpr size_t kSecretBlock = 64, kSecretHead = 14;
constexpr std::string_view kSecretsMagic = "axfrdsec", kEntryMagic = "SecE";

void pad(std::string& text) { text.resize((text.size() + kSecretBlock - 1) / kSecretBlock * kSecretBlock, '\0'); }

std::string entry_of(const std::string& key, const std::string& value) {
  zones::OctetWriter out;
  out.put16(static_cast<unsigned>(key.size()));
  out.put32(static_cast<uint32_t>(value.size()));
  const std::string sizes = std::move(out).finish();
  uint32_t sum = libdeflate_crc32(0, sizes.data(), sizes.size());
  sum = libdeflate_crc32(sum, key.data(), key.size());
  sum = libdeflate_crc32(sum, value.data(), value.size());
  zones::OctetWriter entry;
  entry.put(kEntryMagic);
  entry.put(sizes);
  entry.put32(sum);
  entry.put(key);
  entry.put(value);
  std::string text = std::move(entry).finish();
  pad(text);
  return text;
}

struct SecretEntry {
  std::string key, value;
};

std::optional<SecretEntry> entry_at(std::string_view text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  if (text.size() < kSecretHead || !text.starts_with(kEntryMagic)) return std::nullopt;
  const size_t key = zones::load16(p + 4), value = zones::load32(p + 6);
  if (key + value > text.size() - kSecretHead) return std::nullopt;
  SecretEntry entry{std::string(text.substr(kSecretHead, key)), std::string(text.substr(kSecretHead + key, value))};
  const std::string made = entry_of(entry.key, entry.value);
  if (made.size() > text.size() || !text.starts_with(made)) return std::nullopt;
  return entry;
}

StoreError cannot(const char* what, const std::filesystem::path& file) {
  return StoreError(std::string("the store cannot ") + what + " " + file.string() + ": " + std::strerror(errno));
}

}  // namespace

void SettingsFile::read() {
  std::string text;
  try {
    if (std::filesystem::exists(file_)) text = read_file(file_);
  } catch (const std::system_error& error) {
    throw StoreError(std::string("the store cannot read its settings: ") + error.what());
  }
  if (text.empty()) return;
  for (size_t at = text.starts_with(kSecretsMagic) ? kSecretBlock : 0; at < text.size();) {
    if (const auto entry = entry_at(std::string_view(text).substr(at))) {
      at += entry_of(entry->key, entry->value).size();
      entries_[entry->key] = entry->value;
      continue;
    }
    const size_t begin = at;
    do {
      at += kSecretBlock;
    } while (at < text.size() && !entry_at(std::string_view(text).substr(at)));
    damage_.push_back(file_.string() + " is damaged at octet " + std::to_string(begin) +
                      ": a key, a provider, a token, a user or the cookie secrets that stood there are left out; enter "
                      "them anew, or restore "
                      "the file from a backup");
  }
  keep_damaged_ = !damage_.empty();
}

void SettingsFile::write(const Entries& entries) {
  std::string text(kSecretsMagic);
  pad(text);
  for (const auto& [key, value] : entries) text += entry_of(key, value);
  const std::filesystem::path fresh = file_.string() + ".new";
  {
    const dataplane::FileDescriptor file(::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
    if (!file) throw cannot("make", fresh);
    for (size_t done = 0; done < text.size();) {
      const ssize_t n = ::write(file.get(), text.data() + done, text.size() - done);
      if (n <= 0) throw cannot("write", fresh);
      done += static_cast<size_t>(n);
    }
    if (::fsync(file.get()) != 0) throw cannot("write", fresh);
  }
  if (keep_damaged_) {
    // By a second link, so that at no moment there is no file: a start without one has no settings.
    const std::string kept = file_.string() + ".damaged";
    std::error_code ignored;
    std::filesystem::remove(kept, ignored);
    std::filesystem::create_hard_link(file_, kept, ignored);
  }
  keep_damaged_ = false;
  if (::rename(fresh.c_str(), file_.c_str()) != 0) throw cannot("write", file_);
  const dataplane::FileDescriptor directory(::open(file_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) throw cannot("sync", file_.parent_path());
  entries_ = entries;
}

}  // namespace axfrd::control
