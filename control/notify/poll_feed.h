// PollFeed: carries the polls that the packet path answered to the ledger.
//
// Threads. The thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <vector>

#include "control/notify/notifier.h"
#include "dataplane/dataplane.h"

namespace axfrd::control {

class PollFeed {
 public:
  PollFeed(boost::asio::io_context& loop, dataplane::Dataplane& dataplane, Notifier& notifier);

  void start();
  void stop();

 private:
  void carry();

  dataplane::Dataplane& dataplane_;
  Notifier& notifier_;
  boost::asio::steady_timer timer_;
  std::vector<dataplane::Poll> polls_;
};

}  // namespace axfrd::control
