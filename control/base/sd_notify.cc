#include "control/base/sd_notify.h"

#include <unistd.h>

#include <cstdlib>

#include "control/base/local_datagram.h"
#include "zones/wire/number.h"

namespace axfrd::control {

namespace {

constexpr auto kRetryPause = std::chrono::milliseconds(100);
constexpr unsigned kTries = 50;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

uint64_t number(const std::string& digits) { return zones::number_in<uint64_t>(digits).value_or(0); }

// Half of the time after which the manager would give up on us. $WATCHDOG_PID may say that another process is meant.
std::chrono::microseconds watchdog_interval() {
  const std::string pid = environment("WATCHDOG_PID");
  if (!pid.empty() && number(pid) != static_cast<uint64_t>(getpid())) return {};
  return std::chrono::microseconds(number(environment("WATCHDOG_USEC")) / 2);
}

}  // namespace

ServiceManager::ServiceManager(boost::asio::io_context& loop)
    : socket_(environment("NOTIFY_SOCKET")), watchdog_interval_(watchdog_interval()), watchdog_(loop), retry_(loop) {}

void ServiceManager::start_watchdog() {
  if (watchdog_interval_.count() == 0) return;
  send("WATCHDOG=1");
  watchdog_.expires_after(watchdog_interval_);
  watchdog_.async_wait([this](const auto& cancelled) {
    if (!cancelled) start_watchdog();
  });
}

void ServiceManager::send(std::string_view message) {
  if (socket_.empty()) return;
  pending_.emplace_back(message);
  if (pending_.size() == 1) send_pending();
}

void ServiceManager::send_pending() {
  while (!pending_.empty() && (send_local_datagram(socket_, pending_.front()) || ++tries_ == kTries)) {
    pending_.pop_front();
    tries_ = 0;
  }
  if (pending_.empty()) return;
  retry_.expires_after(kRetryPause);
  retry_.async_wait([this](const auto& cancelled) {
    if (!cancelled) send_pending();
  });
}

}  // namespace axfrd::control
