// Watch: monitors the ports while they serve, repairs what it can, and reports to the operator.
//
//   link       up or down, as the kernel reports for its interfaces, and DPDK for others
//   interface  deleted: reported as fatal, because a port cannot be made again in a running EAL
//   program    the XDP program of an AF_XDP port: attached again when another process has detached it
//   receiving  a port that loses packets and receives none for three seconds has stalled
//   buffers    buffers of an AF_XDP port that the kernel has discarded: there should be none
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
    Tell failed;  // an interface is gone for good; called at most once
  };
  struct Subject {
    const Port* port;
    SplitDoor* door;            // null unless the port takes only queries
    XdpAttachment* attachment;  // null unless it is an AF_XDP port
    std::string tap;            // its name; empty: the port has none
  };

  // Looks once, and reports links that are down. All that `subjects` points to outlives the Watch. Throws
  // std::runtime_error.
  Watch(const std::vector<Subject>& subjects, Callbacks callbacks);
  ~Watch();  // stops first

  void start();
  void stop();

  PortHealth health(unsigned port) const;

 private:
  struct Watched {
    explicit Watched(Subject of) : subject(std::move(of)) {}
    const Subject subject;
    // ---- written by the thread, read by any thread ----
    std::atomic<bool> link_up{true}, attached{true}, stalled{false};
    Counter stalls, reattached;
    // ---- used by the thread ----
    bool tap_up = true;
    std::optional<XdpAttachment::State> told;  // the last state of the program that was reported
    uint64_t received = 0, missed = 0, lost_buffers = 0;
    unsigned seconds_still = 0;  // for which it has lost packets and received none
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
