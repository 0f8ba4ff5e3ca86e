// CtlClient: axfrctl's end of the control socket.
//
// Requests may be sent ahead, without waiting for the replies to those before; axfrd serves them in their order
// (command/rpc_connection.h). Their replies are dealt with in that order, too, whenever something is waited for. So
// many are under way at most; while the window is full, half of them are waited for.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <variant>

#include "control/base/json.h"
#include "control/ctl/reply_reader.h"

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
  static constexpr size_t kWindow = 256;

  // `idle` is called before something is waited for. Throws ConnectionError.
  explicit CtlClient(
      const std::filesystem::path& socket, std::function<void()> idle = [] {});
  ~CtlClient();
  CtlClient(const CtlClient&) = delete;
  CtlClient& operator=(const CtlClient&) = delete;

  // All that follow throw ConnectionError, and what the `done` of requests that were sent ahead throw.

  // The result of `method`. Throws RefusedError, too. `waiting` is called now and then until it is there.
  Json call(const std::string& method, const Json& params, const std::function<void()>& waiting = {});
  // The same, whose reply `reader` takes. What is left of the result.
  Json call(const std::string& method, const Json& params, ReplyReader& reader);

  // Sends a request, some time before anything is waited for. `done` gets its result, or what axfrd said against it.
  using Reply = std::variant<Json, RefusedError>;
  using Done = std::function<void(Reply)>;
  void send_ahead(const std::string& method, const Json& params, Done done);
  // Waits until all that were sent ahead are done.
  void await_all();
  // Until there is something to read on `input`, or all are done.
  void await_input(int input);
  size_t under_way() const { return under_way_.size(); }

  // Waits until the server's process is gone; false if it is not after `limit`.
  bool wait_for_end(std::chrono::milliseconds limit);

 private:
  enum class Came : uint8_t { nothing, something, input };
  Came exchange(int limit, int input = -1);
  size_t unsent() const { return output_.size() - sent_; }
  void send_some();
  void receive_some();
  void take(std::string_view octets);
  void finish(Json reply);

  const std::function<void()> idle_;
  int fd_ = -1;
  int process_ = -1;  // a descriptor of the server's process; -1 where the system has none to give
  uint64_t last_id_ = 0;
  std::string output_;  // requests
  size_t sent_ = 0;     // octets of them
  std::string input_;   // replies that were not taken yet
  size_t searched_ = 0;
  std::string gone_;  // why nothing can be sent any more; empty: it can
  std::deque<Done> under_way_;
  ReplyReader* reader_ = nullptr;  // of the one request that is under way
};

}  // namespace axfrd::control
