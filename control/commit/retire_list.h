// RetireList: replaced versions, kept until no reader can use them any more.
//
// Threads. The committer's; count() is for any.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <utility>

#include "dataplane/rcu.h"
#include "zones/answer/cookie.h"
#include "zones/data/zone_table.h"

namespace axfrd::control {

class RetireList {
 public:
  explicit RetireList(dataplane::Rcu& rcu) : rcu_(rcu) {}

  void add(zones::ZoneTable::Retired what) { add(Item{rcu_.start(), std::move(what), nullptr}); }
  void add(std::unique_ptr<const zones::CookieSecrets> secrets) { add(Item{rcu_.start(), {}, std::move(secrets)}); }
  // Frees the objects that no reader can see any more. Returns whether some are left. Tokens ascend along the list, so
  // the search ends at the first that has not passed.
  bool free() {
    while (!items_.empty() && rcu_.passed(items_.front().token)) items_.pop_front();
    count_.store(items_.size(), std::memory_order_relaxed);
    return !items_.empty();
  }
  size_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  struct Item {
    dataplane::Rcu::Token token;
    zones::ZoneTable::Retired what;
    std::unique_ptr<const zones::CookieSecrets> secrets;
  };
  void add(Item item) {
    items_.push_back(std::move(item));
    count_.store(items_.size(), std::memory_order_relaxed);
  }

  dataplane::Rcu& rcu_;
  std::deque<Item> items_;
  std::atomic<size_t> count_{0};
};

}  // namespace axfrd::control
