// DelegationChecker: checks whether the delegation of a zone leads resolvers to its secondaries. It asks the parent's
// servers, the servers in the zone's NS RRset, and a resolver. Its report says what to fix and where.
//
// Threads. It has a thread of its own, which checks one zone after the other and waits for answers. Any thread may call
// check().
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/base/json.h"
#include "zones/data/version.h"

namespace axfrd::control {

class DelegationChecker {
 public:
  // `forwarders`: as Resolver takes them.
  explicit DelegationChecker(std::vector<std::string> forwarders) : forwarders_(std::move(forwarders)) {}
  ~DelegationChecker() { stop(); }
  DelegationChecker(const DelegationChecker&) = delete;
  DelegationChecker& operator=(const DelegationChecker&) = delete;

  // {"zone", "serial", "sound", "findings": [{"sound", "about", "text"}…]}
  using Done = std::function<void(Json report)>;
  // Calls `done` in the checker's thread, within a minute or so; not at all after stop(). @pre stop() was not called
  void check(zones::VersionRef zone, Done done);
  // Waits for the query in flight, and drops the checks in the queue. One thread.
  void stop();

 private:
  const std::vector<std::string> forwarders_;
  std::atomic<bool> stop_{false};                    // written by stop(), read by the thread
  std::optional<boost::asio::thread_pool> pool_{1};  // none: stopped
};

}  // namespace axfrd::control
