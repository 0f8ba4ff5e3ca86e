#include "control/operate/transactions.h"

namespace axfrd::control {

namespace {

std::string seconds_since(Transactions::Clock::time_point then) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(Transactions::Clock::now() - then).count());
}

}  // namespace

std::optional<Failure> Transactions::begin(const zones::VersionRef& zone) {
  forget();
  const auto [entry, fresh] = open_.try_emplace(zones::sort_key(zone->apex().name), zone);
  if (fresh) return std::nullopt;
  const std::string name = zone->apex().name.to_text();
  return Failure{FailureCode::conflict, "zone " + name + " has an open transaction, begun " +
                                            seconds_since(entry->second.begun) + " s ago, with " +
                                            std::to_string(entry->second.edits->size()) +
                                            " edits: commit or abort that one first"};
}

std::variant<Transactions::Transaction*, Failure> Transactions::open(const zones::Name& apex) {
  forget();
  const auto entry = open_.find(zones::sort_key(apex));
  if (entry == open_.end()) {
    return Failure{FailureCode::conflict,
                   "zone " + apex.to_text() + " has no open transaction: begin one with zone begin"};
  }
  if (entry->second.committing)
    return Failure{FailureCode::conflict, "the transaction of zone " + apex.to_text() + " is being committed"};
  entry->second.touched = Clock::now();
  return &entry->second;
}

std::optional<Failure> Transactions::apply(Transaction& transaction, const zones::Edit& edit) {
  if (auto reason = transaction.draft.apply(edit)) return Failure{FailureCode::bad_zone, std::move(*reason)};
  transaction.edits->push_back(edit);
  return std::nullopt;
}

void Transactions::reopen(const zones::Name& apex) {
  const auto entry = open_.find(zones::sort_key(apex));
  if (entry != open_.end()) entry->second.committing = false;
}

// Visits all transactions, so it does its work a few times a second at most.
void Transactions::forget() {
  constexpr auto kPause = std::chrono::milliseconds(100);
  const auto now = Clock::now();
  if (now - looked_ < kPause) return;
  looked_ = now;
  std::erase_if(open_,
                [&](const auto& entry) { return !entry.second.committing && now - entry.second.touched > timeout_; });
}

}  // namespace axfrd::control
