// Transactions: edits of zones that operators make step by step and commit at once.
//
// A zone has at most one open transaction; several zones may have one each. Each edit is applied to a draft of the zone
// at the begin of the transaction, so that mistakes are reported at once and `diff` can show the result. The commit
// applies the same edits to the current zone, so changes in between (DNS UPDATE, an import) stay.
//
// Threads. The control thread.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "control/base/outcome.h"
#include "zones/data/draft.h"

namespace axfrd::control {

class Transactions {
 public:
  using Clock = std::chrono::steady_clock;

  // A transaction without an edit for `timeout` is dropped.
  explicit Transactions(Clock::duration timeout) : timeout_(timeout) {}

  struct Transaction {
    explicit Transaction(zones::VersionRef base) : draft(std::move(base), zones::Draft::kMostByHand) {}
    zones::Draft draft;
    // The edits of the draft. During the commit the committer reads them, and no edit is added.
    std::shared_ptr<std::vector<zones::Edit>> edits = std::make_shared<std::vector<zones::Edit>>();
    Clock::time_point begun = Clock::now(), touched = begun;
    bool committing = false;
  };

  std::optional<Failure> begin(const zones::VersionRef& zone);
  // The open transaction of a zone, whose timeout begins again; a Failure if there is none, or if it is being
  // committed.
  Outcome<Transaction*> open(const zones::Name& apex);
  // Makes one edit. Its cost does not depend on the number of edits before it.
  static std::optional<Failure> apply(Transaction& transaction, const zones::Edit& edit);
  // Ends the transaction in any state.
  void end(const zones::Name& apex) { open_.erase(zones::sort_key(apex)); }
  // After a failed commit: the transaction is open again, unchanged.
  void reopen(const zones::Name& apex);

  // Calls visit(apex, transaction) for each that is open.
  template <class Visitor>
  void for_each(Visitor&& visit) {
    forget();
    for (const auto& [key, transaction] : open_) visit(zones::Name(transaction.draft.base()->apex().name), transaction);
  }

 private:
  void forget();

  const Clock::duration timeout_;
  Clock::time_point looked_;                 // when forget() last looked
  std::map<std::string, Transaction> open_;  // by sort key of the apex
};

}  // namespace axfrd::control
