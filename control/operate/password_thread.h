// PasswordThread: a thread of its own for the hashes of passwords, which are slow by design.
//
// What waits for it is bounded: whoever guesses passwords keeps one thread at most busy, and fills no memory.
//
// Threads. run(): any. stop(): once, when nobody calls run() any more.
#pragma once

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

namespace axfrd::control {

class PasswordThread {
 public:
  static constexpr size_t kMostWaiting = 16;  // some two seconds of work

  // Calls work() in the thread. False, and nothing happens, if too much waits already.
  template <class Work>
  bool run(Work work) {
    if (waiting_.fetch_add(1) >= kMostWaiting) {
      --waiting_;
      return false;
    }
    boost::asio::post(pool_, [this, work = std::move(work)]() mutable {
      work();
      --waiting_;
    });
    return true;
  }
  // Drops what waits, and returns when the thread has ended.
  void stop() {
    pool_.stop();
    pool_.join();
  }

 private:
  std::atomic<size_t> waiting_ = 0;
  boost::asio::thread_pool pool_{1};
};

}  // namespace axfrd::control
