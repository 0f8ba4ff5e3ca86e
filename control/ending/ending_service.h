// EndingService: Endings with a clock, a resolver and the committer.
//
// Threads. The thread that runs the loop constructs it, and uses it. Any thread may read counters().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>
#include <vector>

#include "control/base/resolver.h"
#include "control/commit/committer.h"
#include "control/ending/endings.h"

namespace axfrd::control {

class EndingService {
 public:
  // `resolvers`: as Resolver takes them. Throws std::runtime_error.
  EndingService(boost::asio::io_context& loop, const EndingSettings& settings,
                const std::vector<std::string>& resolvers, Committer& committer, const Log& log);

  Endings& endings() { return endings_; }
  const EndingCounters& counters() const { return endings_.counters(); }

 private:
  void wake(Endings::Time time);
  void end(const zones::Name& apex, const zones::Ending& ending, Endings::EndDone done);

  boost::asio::io_context& loop_;
  Committer& committer_;
  boost::asio::steady_timer timer_;
  Resolver resolver_;
  Endings endings_;
};

}  // namespace axfrd::control
