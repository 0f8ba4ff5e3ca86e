// EventFeed: the last things that happened, for whoever watches: pages of the console, and programs (GET /events).
//
// Nothing is kept while nobody watches, and for a while after the last watcher went, so that one who comes back goes on
// where it was. An event has a number; those who are too slow, and those who come back too late, learn that they missed
// some.
//
// Threads. Any. Whoever publishes waits for nobody: a lock is held for as long as it takes to move a string.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/base/json.h"
#include "control/base/unix_time.h"
#include "dataplane/mutex.h"
#include "zones/wire/name.h"

namespace axfrd::control {

struct Event {
  std::string kind;                      // "commit", "transfer", "notify", "proven", …
  std::optional<zones::Name> zone = {};  // none: it concerns no zone alone
  std::string secondary = {};            // "192.0.2.1" or "192.0.2.1@53"; empty: none
  std::string data = {};                 // a JSON object, with "time_ms"
};
using EventRef = std::shared_ptr<const Event>;

class EventFeed {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr size_t kKept = 4096;
  static constexpr auto kLinger = std::chrono::minutes(5);

  // A text for this run of axfrd: numbers begin anew with each.
  const std::string& run() const { return run_; }
  // Whether events are to be published; else making them is not worth the time.
  bool is_watched() const { return watched_.load(std::memory_order_relaxed); }
  // Adds "time_ms" to the fields.
  void publish(std::string kind, std::optional<zones::Name> zone, std::string secondary, Json fields);

  struct Page {
    std::vector<EventRef> events;
    uint64_t next;        // the number of the first event that is not among them
    bool missed = false;  // some that were asked for are not kept any more
  };
  // Those from that number on, no more than `most`.
  Page from(uint64_t number, size_t most) const;
  // The number of the next event.
  uint64_t next() const;

  // A watcher. `wake` is called in any thread when there is something new, and shall only post to a loop.
  using Wake = std::function<void()>;
  class Watch {
   public:
    Watch(EventFeed& feed, Wake wake);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    friend class EventFeed;
    EventFeed& feed_;
    const Wake wake_;
  };

 private:
  const std::string run_ = std::to_string(unix_time_ms());
  std::atomic<bool> watched_ = false;
  mutable dataplane::Mutex mutex_;
  std::deque<EventRef> events_ GUARDED_BY(mutex_);
  uint64_t next_ GUARDED_BY(mutex_) = 1;
  std::vector<Watch*> watches_ GUARDED_BY(mutex_);
  Clock::time_point left_ GUARDED_BY(mutex_);  // when the last watcher went
};

}  // namespace axfrd::control
