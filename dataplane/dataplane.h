// Dataplane: everything between the wire and the answering core, as one object. It is all that control/ sees of
// packets.
//
// Lifecycle. The constructor brings up the EAL, the ports and the taps, and throws std::runtime_error with a sentence
// for the operator. start() starts the threads. stop() stops the kernel path, lets the workers send the frames that the
// kernel path still had for the wire, and joins the threads. The destructor closes the ports and cleans up the EAL.
// There is one Dataplane per process, because the EAL can be initialised only once.
//
// Threads. One thread does all of that. It becomes the EAL's main lcore and is bound to the control CPUs, and threads
// that it makes later inherit that. Any thread may call stats().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/address.h"
#include "dataplane/counters.h"
#include "dataplane/kernel_interface.h"
#include "dataplane/polls.h"
#include "dataplane/rate_limit.h"
#include "dataplane/rcu.h"
#include "zones/answer/respond.h"

namespace axfrd::dataplane {

enum class IdleSleep : uint8_t { automatic, on, off };  // automatic: on unless all ports are PCI devices

struct DataplaneOptions {
  std::vector<std::string> ports;  // interface of the kernel, PCI address or vdev arguments, one per port
  // ADDR/LEN, served on every port. They are assigned to the first port's interface, or to its tap. Empty: the
  // addresses that the ports' interfaces have.
  std::vector<std::string> addresses;
  std::string tap = "axfrd";           // the kernel path interface of port N is named tap + N
  Carrier carrier = Carrier::tap;      // of frames to and from those interfaces
  unsigned workers = 1;                // each has one queue of every port
  std::vector<unsigned> worker_cpus;   // empty: the last `workers` CPUs that we may use
  std::vector<unsigned> control_cpus;  // for all other threads; empty: the other CPUs
  bool huge_pages = true;
  unsigned memory_mib = 256;  // DPDK's packet buffers and rings
  IdleSleep idle_sleep = IdleSleep::automatic;
  RateLimitOptions rate_limit;
  std::vector<std::string> eal_arguments;  // appended unchanged
  // Gets notices for the operator: the EAL's arguments, what each port offers, that a link is up again. Like those
  // below, it is called by the constructor, and later by a thread of the Dataplane.
  std::function<void(std::string_view)> notice = [](std::string_view) {};
  // Gets warnings.
  std::function<void(std::string_view)> warning = [](std::string_view) {};
  // Gets one fatal problem: an interface is gone. The receiver stops the Dataplane and ends the process.
  std::function<void(std::string_view)> failed = [](std::string_view) {};
};

class Dataplane {
 public:
  // Gets each step that the constructor and start() begin, and a function that removes what the step leaves outside of
  // the process. If a step hangs, another thread calls that function just before it ends the process. May throw to end
  // the start.
  using Step = std::function<void(std::string_view what, std::function<void()> undo)>;

  // @pre `rcu` has a free reader for each worker. Responder and Rcu outlive the Dataplane.
  Dataplane(const DataplaneOptions& options, const zones::Responder& responder, Rcu& rcu, const Step& step = {});
  ~Dataplane();  // stops first
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;

  void start(const Step& step = {});
  void stop();

  // The addresses that queries are answered at.
  std::span<const Address> addresses() const;

  // Moves polls that the workers recorded to the front of `polls` and returns their number. What does not fit is left
  // for the next call. Called by one thread.
  unsigned take_polls(std::span<Poll> polls);

  // A copy of all counters; see counters.h for its consistency. Any thread.
  DataplaneStats stats() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace axfrd::dataplane
