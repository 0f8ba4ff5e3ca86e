// PollFeed: passes the polls that the packet path answered on to PeerSink.
//
// Threads. The thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <vector>

#include "control/notify/peer_sink.h"
#include "dataplane/dataplane.h"

namespace axfrd::control {

class PollFeed {
 public:
  PollFeed(boost::asio::io_context& loop, dataplane::Dataplane& dataplane, PeerSink& peers);

  void start();
  void stop();

 private:
  void carry();

  dataplane::Dataplane& dataplane_;
  PeerSink& peers_;
  boost::asio::steady_timer timer_;
  std::vector<dataplane::Poll> polls_;
};

}  // namespace axfrd::control
