#include "control/commit/commit_queue.h"

#include <pthread.h>

#include <chrono>
#include <utility>

namespace axfrd::control {

namespace {

// Pause between attempts to free replaced objects, while there are any. A worker's turn is much shorter.
constexpr auto kRetirePause = std::chrono::milliseconds(5);
// Time without work after which idle() is called.
constexpr auto kIdle = std::chrono::seconds(1);
// A group is closed when its work has taken this long, so that early requests do not wait for the work of many others.
constexpr auto kGroupTime = std::chrono::milliseconds(3);

}  // namespace

void CommitQueue::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "axfrd-commit");
    run();
  });
}

void CommitQueue::stop() {
  {
    const dataplane::Lock lock(mutex_);
    stopping_.store(true, std::memory_order_relaxed);
    waiting_.clear();
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void CommitQueue::enqueue(Work work) {
  {
    const dataplane::Lock lock(mutex_);
    if (stopping_.load(std::memory_order_relaxed)) return;
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void CommitQueue::run() {
  for (auto work = next(); !work.empty(); work = next()) {
    while (!work.empty()) {
      owner_.begin_group();
      const auto begin = std::chrono::steady_clock::now();
      do {
        work.front()();
        work.pop_front();
      } while (!work.empty() && std::chrono::steady_clock::now() - begin < kGroupTime);
      if (owner_.end_group()) group_times_.add(std::chrono::steady_clock::now() - begin);
      owner_.free_retired();
    }
  }
}

// Waits for work and takes all of it. Frees replaced objects meanwhile. Returns an empty queue when the thread is to
// end.
std::deque<CommitQueue::Work> CommitQueue::next() {
  dataplane::Lock lock(mutex_);
  const auto something = [this]() REQUIRES(mutex_) {
    return stopping_.load(std::memory_order_relaxed) || !waiting_.empty();
  };
  const auto free_retired = [this] { return owner_.free_retired(); };
  bool retired = lock.without(free_retired);
  while (retired && !lock.wait_for(wake_, kRetirePause, something)) retired = lock.without(free_retired);
  while (!lock.wait_for(wake_, kIdle, something)) {
    lock.without([this] {
      owner_.idle();
      return false;
    });
  }
  if (stopping_.load(std::memory_order_relaxed)) return {};
  return std::exchange(waiting_, {});
}

}  // namespace axfrd::control
