#include "control/commit/tombstones.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "control/base/unix_time.h"
#include "control/store/store_error.h"

namespace axfrd::control {

namespace {

using zones::Name;

constexpr int64_t kKept = int64_t{366} * 24 * 3600;  // seconds
constexpr size_t kSpare = 64;                        // 1/kSpare of the limit is freed in advance

}  // namespace

void Tombstones::load() {
  store_.load_tombstones(
      [this](const Name& apex, const Tombstone& tombstone) {
        set({apex, tombstone});
      },
      [this](const std::string& sentence) { log_.error(sentence); });
}

Tombstones::Gone* Tombstones::find(const Name& apex) {
  const auto found = by_apex_.find(zones::sort_key(apex));
  return found != by_apex_.end() ? &found->second : nullptr;
}

void Tombstones::set(Gone gone) {
  std::string key = zones::sort_key(gone.apex);
  by_apex_.insert_or_assign(std::move(key), std::move(gone));
}

bool Tombstones::erase(const Name& apex) { return by_apex_.erase(zones::sort_key(apex)) != 0; }

void Tombstones::forget_old() { forget(unix_time() - kKept); }

void Tombstones::forget_beyond_limit() {
  if (by_apex_.size() > most_) forget(0);
}

void Tombstones::forget(int64_t before) {
  std::vector<const Gone*> oldest_first;
  for (const auto& [key, gone] : by_apex_) {
    if (!gone.has_file) oldest_first.push_back(&gone);
  }
  const auto expired = static_cast<size_t>(
      std::ranges::count_if(oldest_first, [&](const Gone* gone) { return gone->tombstone.time < before; }));
  const size_t beyond = by_apex_.size() > most_ ? by_apex_.size() - most_ + most_ / kSpare : 0;
  std::ranges::sort(oldest_first, {}, [](const Gone* gone) { return gone->tombstone.time; });
  oldest_first.resize(std::min(oldest_first.size(), std::max(expired, beyond)));
  if (oldest_first.empty()) return;
  std::vector<Name> apexes;
  for (const Gone* gone : oldest_first) apexes.push_back(gone->apex);
  try {
    forget(apexes);
  } catch (const StoreError&) {  // they stay; the store has reported the failure
    return;
  }
  log_.info("the last serials of ", apexes.size(), " removed zones are forgotten, that of ", apexes.front().to_text(),
            " first");
}

void Tombstones::forget(std::span<const Name> zones) {
  store_.erase_tombstones(zones);
  for (const Name& apex : zones) erase(apex);
}

}  // namespace axfrd::control
