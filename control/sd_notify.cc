#include "control/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace axfrd::control {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

uint64_t number(const std::string& digits) {
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// Half of the time after which the manager would give up on us. $WATCHDOG_PID may say that another process is meant.
std::chrono::microseconds watchdog_interval() {
  const std::string pid = environment("WATCHDOG_PID");
  if (!pid.empty() && number(pid) != static_cast<uint64_t>(getpid())) return {};
  return std::chrono::microseconds(number(environment("WATCHDOG_USEC")) / 2);
}

}  // namespace

ServiceManager::ServiceManager(boost::asio::io_context& loop)
    : socket_(environment("NOTIFY_SOCKET")), watchdog_interval_(watchdog_interval()), watchdog_(loop) {}

void ServiceManager::start_watchdog() {
  if (watchdog_interval_.count() == 0) return;
  send("WATCHDOG=1");
  watchdog_.expires_after(watchdog_interval_);
  watchdog_.async_wait([this](const auto& cancelled) {
    if (!cancelled) start_watchdog();
  });
}

void ServiceManager::send(std::string_view message) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract socket
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  sendto(fd, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&address),
         size);
  close(fd);
}

}  // namespace axfrd::control
