// The service manager's protocol (sd_notify(3)): one datagram to $NOTIFY_SOCKET a message.
//
// Threads. The main thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
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
  void send(std::string_view message) const;

  const std::string socket_;
  const std::chrono::microseconds watchdog_interval_;  // 0: not wanted
  boost::asio::steady_timer watchdog_;
};

}  // namespace axfrd::control
