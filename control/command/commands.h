// Commands: JSON-RPC over the operations. A request names a verb of the table (verbs.h); its parameters are checked
// against the verb's row and read into a typed request; the operation does the work; its typed result becomes JSON.
//
// A verb has its row in verbs.cc and its handler in one of commands_*.cc, where a row says which function that is. What
// it does is an operation (operate/), and how its result looks to people is the row's `shown` (ctl/print.cc).
//
// Threads. The control thread.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "control/command/rpc.h"
#include "control/command/verbs.h"
#include "control/operate/operations.h"

namespace axfrd::control {

// @pre the parameters fit the verb's row. What they say may be wrong all the same: std::invalid_argument, with a
// sentence, is told as JSON-RPC's "invalid params".
struct VerbHandler {
  std::string_view method;
  void (*run)(Operations& operations, const Principal& who, Json& params, RpcDone done);
};
std::span<const VerbHandler> server_handlers();
std::span<const VerbHandler> zone_handlers();
std::span<const VerbHandler> secondary_handlers();
std::span<const VerbHandler> key_handlers();

// An RpcReach, by what the verb's row says.
std::optional<std::string> zone_of(const RpcRequest& request);

class Commands {
 public:
  // Throws std::logic_error when a verb has no handler.
  explicit Commands(Operations& operations);

  // An RpcHandler.
  void run(RpcRequest request, RpcDone done);

 private:
  Operations& operations_;
  std::map<std::string_view, VerbHandler> handlers_;
};

}  // namespace axfrd::control
