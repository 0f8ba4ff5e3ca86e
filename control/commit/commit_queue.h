// CommitQueue: the thread in which zones and settings change, and the queue of who waits for it.
//
// It knows no rule of DNS. Work that waits is done one piece after the other, as a group; then the owner ends the
// group, which is one sync of the disk for all of it. Meanwhile the next group gathers.
//
// Threads. Anybody may enqueue. The owner is called in the queue's thread alone.
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
    // Frees what readers have left behind; whether there is more.
    virtual bool free_retired() = 0;
    // There has been no work for a second.
    virtual void idle() = 0;

   protected:
    ~Owner() = default;
  };

  explicit CommitQueue(Owner& owner) : owner_(owner) {}
  ~CommitQueue() { stop(); }
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  void start();
  // Ends the group under way and the thread. What still waits is dropped.
  void stop();
  // Of each group that changed something: the time from its begin until its changes were stored, visible and answered.
  const Histogram& group_times() const { return group_times_; }
  // Dropped without a word if the queue is stopped.
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
