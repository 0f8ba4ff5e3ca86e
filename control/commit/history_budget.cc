#include "control/commit/history_budget.h"

namespace axfrd::control {

size_t history_memory(const zones::ZoneVersion* version) {
  return version != nullptr && version->history() ? version->history()->memory() : 0;
}

void HistoryBudget::note_steps(const zones::ZoneVersion* before, const zones::ZoneVersion& after) {
  if (!after.history()) return;
  const auto& steps = after.history()->steps();
  const zones::Step* known = before != nullptr && before->history() ? before->history()->steps().back().get() : nullptr;
  auto step = steps.end();
  while (step != steps.begin() && (step - 1)->get() != known) --step;
  for (; step != steps.end(); ++step) oldest_first_.push_back({after.apex().hash, (*step)->from()});
}

std::optional<HistoryBudget::OldStep> HistoryBudget::take_oldest() {
  if (oldest_first_.empty()) return std::nullopt;
  const OldStep oldest = oldest_first_.front();
  oldest_first_.pop_front();
  return oldest;
}

}  // namespace axfrd::control
