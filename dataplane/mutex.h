// Mutex and Lock: std::mutex and std::unique_lock with the attributes of clang's thread safety analysis.
//
//   mutable Mutex mutex_;
//   SettingsRef settings_ GUARDED_BY(mutex_);
//   void change() REQUIRES(mutex_);                        // the caller holds the lock
//   lock.wait(wake_, [this]() REQUIRES(mutex_) { ... });
//
// scripts/check has clang check, in all sources, that a guarded member is used only with its lock held. For GCC the
// macros are empty. The analysis leaves out constructors and destructors, because no other thread has the object then.
//
// Threads. A Lock belongs to one thread.
#pragma once

#include <condition_variable>
#include <mutex>

#ifdef __clang__
#define AXFRD_LOCK_ATTRIBUTE(attribute) __attribute__((attribute))
#else
#define AXFRD_LOCK_ATTRIBUTE(attribute)
#endif
#define GUARDED_BY(mutex) AXFRD_LOCK_ATTRIBUTE(guarded_by(mutex))
#define REQUIRES(mutex) AXFRD_LOCK_ATTRIBUTE(requires_capability(mutex))

namespace axfrd::dataplane {

class AXFRD_LOCK_ATTRIBUTE(capability("mutex")) Mutex {
 private:
  friend class Lock;

  std::mutex mutex_;
};

class AXFRD_LOCK_ATTRIBUTE(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) AXFRD_LOCK_ATTRIBUTE(acquire_capability(mutex)) : lock_(mutex.mutex_) {}
  ~Lock() AXFRD_LOCK_ATTRIBUTE(release_capability()) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void lock() AXFRD_LOCK_ATTRIBUTE(acquire_capability()) AXFRD_LOCK_ATTRIBUTE(no_thread_safety_analysis) {
    lock_.lock();
  }
  void unlock() AXFRD_LOCK_ATTRIBUTE(release_capability()) AXFRD_LOCK_ATTRIBUTE(no_thread_safety_analysis) {
    lock_.unlock();
  }

  // Calls work() without the lock.
  template <class Work>
  auto without(Work&& work) {
    lock_.unlock();
    auto result = work();
    lock_.lock();
    return result;
  }

  // These release the lock while they wait, and hold it whenever they evaluate the condition.
  template <class Condition>
  void wait(std::condition_variable& changed, Condition condition) {
    changed.wait(lock_, condition);
  }
  template <class Duration, class Condition>
  bool wait_for(std::condition_variable& changed, Duration most, Condition condition) {
    return changed.wait_for(lock_, most, condition);
  }
  template <class Duration>
  void wait_for(std::condition_variable& changed, Duration most) {
    changed.wait_for(lock_, most);
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace axfrd::dataplane
