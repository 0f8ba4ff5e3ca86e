// The service manager's protocol (sd_notify(3)): one datagram to $NOTIFY_SOCKET a message. Nobody waits for the
// manager: what it cannot take at once is sent again a little later, for some seconds.
//
// Threads. The main thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <string>
#include <string_view>

namespace axfrd::control {

class ServiceManager {
 public:
  // Reads the environment. Without a service manager nothing is ever sent.
  explicit ServiceManager(boost::asio::io_context& loop);

  void ready() { send("READY=1"); }
  void stopping() { send("STOPPING=1"); }
  void status(std::string_view text) { send("STATUS=" + std::string(text)); }
  // Shows from the loop, as often as the manager wants to see it, that the loop turns.
  void start_watchdog();
  void stop_watchdog() { watchdog_.cancel(); }

 private:
  void send(std::string_view message);
  void send_pending();

  const std::string socket_;
  const std::chrono::microseconds watchdog_interval_;  // 0: not wanted
  boost::asio::steady_timer watchdog_, retry_;
  std::deque<std::string> pending_;  // messages that the manager did not take yet
  unsigned tries_ = 0;               // at the first of these
};

}  // namespace axfrd::control
