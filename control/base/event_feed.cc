#include "control/base/event_feed.h"

#include <algorithm>
#include <utility>

namespace axfrd::control {

void EventFeed::publish(std::string kind, std::optional<zones::Name> zone, std::string secondary, Json fields) {
  if (!is_watched()) return;
  fields["time_ms"] = unix_time_ms();
  auto event =
      std::make_shared<const Event>(Event{std::move(kind), std::move(zone), std::move(secondary), dump(fields)});
  const dataplane::Lock lock(mutex_);
  if (watches_.empty() && Clock::now() - left_ > kLinger) {
    watched_.store(false, std::memory_order_relaxed);
    next_ += events_.size() + 1;  // a watcher that comes back has missed some
    events_.clear();
    return;
  }
  events_.push_back(std::move(event));
  ++next_;
  if (events_.size() > kKept) events_.pop_front();
  for (const Watch* watch : watches_) watch->wake_();
}

EventFeed::Page EventFeed::from(uint64_t number, size_t most) const {
  const dataplane::Lock lock(mutex_);
  const uint64_t first = next_ - events_.size();
  Page page{{}, number, number < first || number > next_};
  if (page.missed) page.next = first;
  while (page.next < next_ && page.events.size() < most) page.events.push_back(events_[page.next++ - first]);
  return page;
}

uint64_t EventFeed::next() const {
  const dataplane::Lock lock(mutex_);
  return next_;
}

EventFeed::Watch::Watch(EventFeed& feed, Wake wake) : feed_(feed), wake_(std::move(wake)) {
  const dataplane::Lock lock(feed_.mutex_);
  feed_.watches_.push_back(this);
  feed_.watched_.store(true, std::memory_order_relaxed);
}

EventFeed::Watch::~Watch() {
  const dataplane::Lock lock(feed_.mutex_);
  std::erase(feed_.watches_, this);
  if (feed_.watches_.empty()) feed_.left_ = Clock::now();
}

}  // namespace axfrd::control
