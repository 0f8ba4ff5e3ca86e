// Watch: monitors the ports while they serve, repairs what it can, and reports to the operator.
//
//   link       up or down, as the kernel reports for its interfaces, and DPDK for others
//   interface  deleted: reported as fatal, because a port cannot be made again in a running EAL
//   program    of an AF_XDP port: attached again when somebody has detached it
//   receiving  a port that loses packets and receives none for three seconds has stalled
//   buffers    of an AF_XDP port, that the kernel has discarded: there should be none
//
// Threads. A thread of its own, on the control CPUs, that wakes each second and at netlink events. It calls the
// callbacks. Any thread may call health().
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "dataplane/counters.h"
#include "dataplane/file_descriptor.h"
#include "dataplane/port.h"
#include "dataplane/split_door.h"
#include "dataplane/xdp_program.h"

namespace axfrd::dataplane {

class Watch {
 public:
  using Tell = std::function<void(std::string_view)>;
  struct Callbacks {
    Tell notice, warning;
    Tell failed;  // a port is gone for good; called once
  };
  struct Subject {
    const Port* port;
    SplitDoor* door;            // of a port that takes only queries, else null
    XdpAttachment* attachment;  // of an AF_XDP port, else null
    std::string tap;            // of a port that has one
  };

  // Looks once, and tells of links that are down. All that `subjects` names outlives it. Throws std::runtime_error.
  Watch(const std::vector<Subject>& subjects, Callbacks callbacks);
  ~Watch();  // stops first

  void start();
  void stop();

  PortHealth health(unsigned port) const;

 private:
  struct Watched {
    explicit Watched(Subject of) : subject(std::move(of)) {}
    const Subject subject;
    // ---- written by the thread, read by anybody ----
    std::atomic<bool> link_up{true}, attached{true}, stalled{false};
    Counter stalls, reattached;
    // ---- the thread's ----
    bool tap_up = true;
    std::optional<XdpAttachment::State> told;  // of the program
    uint64_t received = 0, missed = 0, lost_buffers = 0;
    unsigned seconds_still = 0;  // that it lost packets and received none
  };

  void run();
  void look();
  void look_at_link(Watched& watched);
  void look_at_tap(Watched& watched);
  void look_at_program(Watched& watched);
  void look_at_counts(Watched& watched);
  void fail(const std::string& why);

  const Callbacks callbacks_;
  const FileDescriptor news_, stop_;
  std::deque<Watched> watched_;
  bool failed_ = false;
  std::thread thread_;
};

}  // namespace axfrd::dataplane
