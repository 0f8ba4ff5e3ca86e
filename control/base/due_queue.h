// DueQueue: items in the order of the time at which something is to be done about each.
//
// An item stands in the queue once at most. It has a member `DueQueue<Item>::Place due`, which says where. The owner of
// the queue waits for next() with one timer, and then takes what is due.
//
// Ownership. The queue points at items. An item must leave the queue before it is destroyed.
// Threads. One.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <utility>

namespace axfrd::control {

template <class Item>
class DueQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;

 private:
  using Items = std::multimap<Time, Item*>;

 public:
  class Place {
   public:
    bool is_set() const { return at_.has_value(); }

   private:
    friend class DueQueue;
    std::optional<typename Items::iterator> at_;
  };

  // Enters the item for `time`; an earlier entry goes.
  void set(Item& item, Time time) {
    clear(item);
    item.due.at_ = items_.emplace(time, &item);
  }
  // Takes the item out, if it is in.
  void clear(Item& item) {
    if (item.due.at_) items_.erase(*std::exchange(item.due.at_, std::nullopt));
  }
  // The time of the first item; none: the queue is empty.
  std::optional<Time> next() const {
    return items_.empty() ? std::nullopt : std::optional<Time>(items_.begin()->first);
  }
  // Takes out the first item whose time has come; null: there is none.
  Item* take(Time now) {
    if (items_.empty() || items_.begin()->first > now) return nullptr;
    Item* const item = items_.begin()->second;
    clear(*item);
    return item;
  }

 private:
  Items items_;
};

}  // namespace axfrd::control
