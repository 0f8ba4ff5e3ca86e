// CtlClient: axfrctl's end of the control socket.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include "control/base/json.h"

namespace axfrd::control {

// There is no axfrd to talk to, or it went away.
struct ConnectionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// axfrd said no. `error` is the error object of JSON-RPC.
struct RefusedError : std::runtime_error {
  explicit RefusedError(Json e) : std::runtime_error(e.value("message", "unknown error")), error(std::move(e)) {}
  Json error;
};

class CtlClient {
 public:
  explicit CtlClient(const std::filesystem::path& socket);  // throws ConnectionError
  ~CtlClient();
  CtlClient(const CtlClient&) = delete;
  CtlClient& operator=(const CtlClient&) = delete;

  // The result of `method`. Throws RefusedError and ConnectionError. `waiting` is called now and then until it is
  // there.
  Json call(const std::string& method, const Json& params, const std::function<void()>& waiting = {});

  // Waits until the server's process is gone; false if it is not after `limit`.
  bool wait_for_end(std::chrono::milliseconds limit);

 private:
  void send(const std::string& line) const;
  std::string receive_line(const std::function<void()>& waiting);
  void wait_for_input(const std::function<void()>& waiting) const;

  int fd_ = -1;
  int process_ = -1;  // a descriptor of the server's process; -1 where the system has none to give
  int last_id_ = 0;
};

}  // namespace axfrd::control
