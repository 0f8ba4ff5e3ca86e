// AliasService: Aliases with a clock, a resolver and the committer.
//
// Threads. The thread that runs the loop constructs it. Any thread may call run() and read counters().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

#include "control/alias/alias.h"
#include "control/base/resolver.h"
#include "control/commit/committer.h"

namespace axfrd::control {

class AliasService {
 public:
  // Throws std::runtime_error.
  AliasService(boost::asio::io_context& loop, const AliasSettings& settings, const std::vector<std::string>& resolvers,
               Committer& committer, const Log& log);

  Aliases& aliases() { return aliases_; }
  const AliasCounters& counters() const { return aliases_.counters(); }
  // Runs `work` in the thread of the loop. Any thread.
  void run(std::function<void(const Aliases&)> work);

 private:
  void wake(Aliases::Time time);
  void change_zone(const zones::Name& apex, Aliases::Found found, Aliases::ChangeDone done);

  boost::asio::io_context& loop_;
  Committer& committer_;
  boost::asio::steady_timer timer_;
  Resolver resolver_;
  Aliases aliases_;
};

}  // namespace axfrd::control
