// CommitQueue: the thread in which zones and settings change, and its queue of work.
//
// The queue has no rules of DNS. It takes the pieces of work that wait as one group and runs them one after the other.
// Then the owner ends the group, which takes one sync of the disk for the whole group. Meanwhile work for the next
// group arrives.
//
// Threads. Any thread may enqueue. The owner is called only in the queue's thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>

#include "control/base/histogram.h"
#include "dataplane/mutex.h"

namespace axfrd::control {

class CommitQueue {
 public:
  using Work = std::function<void()>;

  class Owner {
   public:
    virtual void begin_group() = 0;
    // Returns whether the group changed anything.
    virtual bool end_group() = 0;
    // Frees what no reader uses any more. Returns whether something is left to be freed.
    virtual bool free_retired() = 0;
    // Called when there has been no work for a second.
    virtual void idle() = 0;

   protected:
    ~Owner() = default;
  };

  explicit CommitQueue(Owner& owner) : owner_(owner) {}
  ~CommitQueue() { stop(); }
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  void start();
  // Ends the thread after the work that it has taken from the queue. Work that still waits is dropped.
  void stop();
  // For each group that changed something: the time from its first work until its changes were stored, visible and
  // answered.
  const Histogram& group_times() const { return group_times_; }
  // Drops `work` silently if the queue is stopped.
  void enqueue(Work work);

 private:
  void run();
  std::deque<Work> next();

  Owner& owner_;
  dataplane::Mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> waiting_ GUARDED_BY(mutex_);
  std::atomic<bool> stopping_{false};  // written with mutex_ held
  Histogram group_times_;              // written by the thread
  std::thread thread_;
};

}  // namespace axfrd::control
