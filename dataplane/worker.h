// Worker: one poll-mode loop, which receives bursts from its queue of every port, answers them and sends the responses.
//
// A turn, for each port: receive → classify and parse all → look up and write all → turn all round → send. Each stage
// works on the whole burst. So the memory that one packet waits for arrives while others are worked on, and each
// stage's code is fetched once a burst. Punted frames go into the rings to the kernel path. Worker 0 sends the frames
// of the kernel path.
//
// Threads. Everything belongs to the worker's thread, except for the stop flag (written by control), the counters (read
// by any thread) and the other ends of the rings. In a turn there is no lock, allocation, exception, log or system
// call, with these exceptions:
//   - drivers of vdevs make system calls, and that of af_packet may wait for the kernel. Therefore the read section
//     ends before a frame is sent: between turns, asleep, or in a driver, a worker does not delay the writer;
//   - the time of the day is read once a burst, without a system call (vdso(7));
//   - idle_sleep: a worker without work sleeps. The descriptor of an AF_XDP port wakes it when packets arrive. If a
//     port has no such descriptor, or the worker sends frames of the kernel, it looks again after kLongestSleep at
//     the latest. It has a higher priority than other threads, so that it gets its CPU as soon as it wakes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/budget.h"
#include "dataplane/counters.h"
#include "dataplane/packet.h"
#include "dataplane/polls.h"
#include "dataplane/port.h"
#include "dataplane/rate_limit.h"
#include "dataplane/rcu.h"
#include "dataplane/ring.h"
#include "zones/answer/query.h"
#include "zones/answer/respond.h"

namespace axfrd::dataplane {

constexpr unsigned kBurst = 32;

struct WorkerOptions {
  struct Queue {
    const Port* port;
    MbufRing* from_kernel;  // frames to send; null in every worker but one
  };
  unsigned index = 0;  // of the worker, and of its queue on each port
  std::vector<Queue> queues;
  PuntRings* to_kernel = nullptr;
  PollRing* polls = nullptr;
  bool idle_sleep = false;
  RateLimitOptions rate_limit;
};

class Worker {
 public:
  // All references outlive the worker. Throws std::runtime_error if `rcu` has no free reader. @pre the EAL is up
  Worker(WorkerOptions options, const zones::Responder& responder, Rcu& rcu, const std::atomic<bool>& stop);

  // Runs turns until `stop` is set, then sends the frames that the kernel path left in its rings. @pre the kernel path
  // stops first
  void run() noexcept;
  // Runs one turn. True if there was anything to do.
  bool turn() noexcept;

  const WorkerCounters& counters() const { return counters_; }

 private:
  using Queue = WorkerOptions::Queue;

  // Packets of one burst with the same destination.
  struct Batch {
    void add(rte_mbuf* packet) { packets[count++] = packet; }
    std::span<rte_mbuf*> span() { return {packets.data(), count}; }
    std::array<rte_mbuf*, kBurst> packets;
    unsigned count = 0;
  };
  struct PuntBatch {
    void add(rte_mbuf* packet, Verdict why) {
      verdicts[packets.count] = why;
      packets.add(packet);
    }
    Batch packets;
    std::array<Verdict, kBurst> verdicts;
  };
  // A DNS request whose answer must be looked up.
  struct Request {
    rte_mbuf* packet;
    Datagram datagram;
    zones::Query query;
    unsigned response_size;               // octets of DNS; set once it is written
    std::optional<uint32_t> ixfr_serial;  // stated by an IXFR request
    RateLimiter::Fate fate;
  };

  unsigned poll(const Queue& queue);
  void admit(const Interface& interface, rte_mbuf* packet);
  bool answer_neighbour(const Interface& interface, rte_mbuf* packet, Verdict verdict);
  void parse(const Interface& interface, Request& request);
  void answer_all(const Interface& interface);
  void look_up(std::span<Request> requests);
  void limit(std::span<Request> requests);
  void note_poll(const Request& request);
  void finish(const Interface& interface, const Request& request);
  void dispose(rte_mbuf* packet, Verdict verdict);
  void punt(PuntBatch& batch, MbufRing& ring);
  void drop_all();
  unsigned forward(const Queue& queue);
  void send(const Queue& queue, std::span<rte_mbuf*> packets);
  void count(Verdict verdict) { counters_.verdicts[index(verdict)].add(); }

  const WorkerOptions options_;
  const zones::Responder& responder_;
  Rcu::Reader reader_;
  const std::atomic<bool>& stop_;
  PuntBudgets budgets_;
  RateLimiter limiter_;

  // ---- the burst being worked on; empty between polls ----
  std::array<Request, kBurst> requests_;
  unsigned request_count_ = 0;
  uint32_t now_ = 0;  // seconds since 1970, in 32 bits
  Batch responses_, dropped_;
  PuntBatch urgent_, bulk_;

  WorkerCounters counters_;
};

}  // namespace axfrd::dataplane
