#include "control/http/failure_counter.h"

namespace axfrd::control {

unsigned FailureCounter::add(const std::string& key, Clock::time_point now) {
  if (failures_.size() >= kMostKeys)
    std::erase_if(failures_, [&](const auto& each) { return now - each.second.begun > kWindow; });
  if (failures_.size() >= kMostKeys && !failures_.contains(key)) failures_.clear();  // rather than grow
  Failures& of_key = failures_[key];
  if (of_key.count == 0 || now - of_key.begun > kWindow) of_key = {now, 0};
  return ++of_key.count;
}

unsigned FailureCounter::count(const std::string& key, Clock::time_point now) const {
  const auto found = failures_.find(key);
  return found != failures_.end() && now - found->second.begun <= kWindow ? found->second.count : 0;
}

}  // namespace axfrd::control
