// Operations: all operations on a running axfrd, for one face of it (context.h).
#pragma once

#include "control/operate/key_operations.h"
#include "control/operate/replication_operations.h"
#include "control/operate/secondary_operations.h"
#include "control/operate/server_operations.h"
#include "control/operate/token_operations.h"
#include "control/operate/user_operations.h"
#include "control/operate/zone_operations.h"

namespace axfrd::control {

class Operations {
 public:
  // The arguments outlive it. `loop` and `reader` are those of the calling thread.
  Operations(boost::asio::io_context& loop, const Server& parts, dataplane::Rcu::Reader& reader)
      : context_(loop, parts, reader) {}
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

 private:
  const Context context_;

 public:
  ZoneOperations zones{context_};
  SecondaryOperations secondaries{context_};
  KeyOperations keys{context_};
  TokenOperations tokens{context_};
  UserOperations users{context_};
  ReplicationOperations replication{context_};
  ServerOperations server{context_};
};

}  // namespace axfrd::control
