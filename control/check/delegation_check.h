// DelegationChecker: whether the world finds a zone where its secondaries are. Asks the parent's servers, the servers
// that the zone names, and a resolver, and says in plain words what to fix and where.
//
// Threads. A thread of its own asks, one zone after the other, and waits for answers. check() may be called by any.
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
  // Waits for the question under way, and forgets the others. One thread.
  void stop();

 private:
  const std::vector<std::string> forwarders_;
  std::atomic<bool> stop_{false};                    // written by stop(), read by the thread
  std::optional<boost::asio::thread_pool> pool_{1};  // none: stopped
};

}  // namespace axfrd::control
