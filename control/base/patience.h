// Patience: work that may never end, because the kernel waits for somebody else, is done by a thread of its own, and
// given up when nothing comes of it. No call that waits for a dead file server can be broken off.
//
// Threads. The work must keep what it needs alive by itself, and say that it goes on; who waits shares nothing else
// with it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <variant>

#include "control/base/outcome.h"
#include "dataplane/mutex.h"

namespace axfrd::control {

// What the work and who waits for it tell each other.
struct WorkSigns {
  std::atomic<bool> given_up{false};  // the waiting thread: writes
  std::atomic<uint64_t> progress{0};  // the work's thread: counts it up as it goes on
};

// What `work` returns; nothing if it was given up: `stopping` became true, or there was no progress for `patience`.
// If it throws, throws std::runtime_error with its sentence: the exception itself would be freed by whichever thread
// comes last, by a count of the library's that ThreadSanitizer does not see.
template <class T>
std::optional<T> with_patience(std::chrono::milliseconds patience, const std::atomic<bool>& stopping,
                               std::function<T(WorkSigns&)> work) {
  struct Shared {
    WorkSigns signs;
    dataplane::Mutex mutex;
    std::condition_variable done;
    std::variant<std::monostate, T, Failure> outcome GUARDED_BY(mutex);
  };
  auto shared = std::make_shared<Shared>();
  std::thread([shared, work = std::move(work)] {
    std::variant<std::monostate, T, Failure> outcome;
    try {
      outcome.template emplace<T>(work(shared->signs));
    } catch (const std::exception& error) {
      outcome.template emplace<Failure>(Failure{FailureCode::failed, reason_of(error)});
    }
    const dataplane::Lock lock(shared->mutex);
    shared->outcome = std::move(outcome);
    shared->done.notify_one();
  }).detach();

  constexpr auto kLook = std::chrono::milliseconds(100);
  using Clock = std::chrono::steady_clock;
  dataplane::Lock lock(shared->mutex);
  auto last_sign = Clock::now();
  for (uint64_t seen = 0; shared->outcome.index() == 0;) {
    lock.wait_for(shared->done, kLook);
    const uint64_t now = shared->signs.progress.load(std::memory_order_relaxed);
    if (now != seen) last_sign = Clock::now();
    seen = now;
    if (shared->outcome.index() == 0 && (stopping || Clock::now() - last_sign > patience)) {
      shared->signs.given_up = true;
      return std::nullopt;
    }
  }
  if (const auto* failure = std::get_if<Failure>(&shared->outcome)) throw std::runtime_error(failure->reason);
  return std::move(std::get<T>(shared->outcome));
}

}  // namespace axfrd::control
