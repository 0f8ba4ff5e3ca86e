// Transactions: changes of zones that operators write step by step, and make all at once.
//
// A zone has one open transaction at a time; several zones may have one each. Each step is tried on a draft of the zone
// as it was when the transaction began, so that mistakes are told at once and `diff` can show what it comes to. The
// commit writes the same edits upon the zone as it is then: what came in between (DNS UPDATE, an import) stays.
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

  // One that nobody has touched for `timeout` is forgotten.
  explicit Transactions(Clock::duration timeout) : timeout_(timeout) {}

  struct Transaction {
    explicit Transaction(zones::VersionRef base) : draft(std::move(base), zones::Draft::kMostByHand) {}
    zones::Draft draft;
    // What the draft was made of. While it is being committed, the committer reads them, and nobody adds to them.
    std::shared_ptr<std::vector<zones::Edit>> edits = std::make_shared<std::vector<zones::Edit>>();
    Clock::time_point begun = Clock::now(), touched = begun;
    bool committing = false;
  };

  std::optional<Failure> begin(const zones::VersionRef& zone);
  // The open transaction of a zone, which is thereby touched; a Failure if there is none, or it is being committed.
  std::variant<Transaction*, Failure> open(const zones::Name& apex);
  // Makes one edit. Costs what the edit does, however many came before it.
  static std::optional<Failure> apply(Transaction& transaction, const zones::Edit& edit);
  // Ends it, whatever its state.
  void end(const zones::Name& apex) { open_.erase(zones::sort_key(apex)); }
  // A commit failed: the transaction is open as it was.
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
