#include "control/base/histogram.h"

#include <algorithm>

namespace axfrd::control {

void Histogram::add(std::chrono::nanoseconds took) {
  const double seconds = std::chrono::duration<double>(took).count();
  const auto bound = std::ranges::lower_bound(kBounds, seconds);
  counts_[static_cast<size_t>(bound - kBounds.begin())].add();
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  microseconds_.add(static_cast<uint64_t>(std::max<int64_t>(whole, 0)));
}

Json Histogram::to_json() const {
  Json buckets = Json::object();
  uint64_t count = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    count += counts_[i].read();
    buckets[i < kBounds.size() ? Json(kBounds[i]).dump() : "+Inf"] = count;
  }
  return {{"buckets", std::move(buckets)}, {"sum", static_cast<double>(microseconds_.read()) / 1e6}, {"count", count}};
}

}  // namespace axfrd::control
