// ControlThread: the thread that serves operators: their operations, and the faces of these.
//
// It is apart from the service thread because what operators ask for may be large: a request can hold a zone file of
// many megabytes, and no transfer shall wait while that is parsed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <thread>

#include "control/command/commands.h"
#include "control/command/control_socket.h"
#include "control/command/metrics_server.h"

namespace axfrd::control {

class ControlThread {
 public:
  // `file` and `server` outlive the thread; the committer is to be stopped before this object goes, because it answers
  // to its loop. `metrics`: where counters are served, if anywhere. Throws std::runtime_error if they cannot be.
  ControlThread(SocketFile& file, const std::optional<Endpoint>& metrics, const Server& server, dataplane::Rcu& rcu,
                const Log& log);
  ~ControlThread();
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  // Begins to build the index of zones, in a thread of its own, so that nobody has to wait for it. Once.
  void build_index();
  // Goes on in new log files, whose old ones were moved away. Any thread.
  void reopen_logs();
  // Writes the replies under way, for a short while, and ends the thread.
  void stop();

 private:
  void run();

  SocketFile& file_;
  const Server& server_;
  dataplane::Rcu& rcu_;
  const Log& log_;
  boost::asio::io_context loop_;
  // Made and used by the thread. Answers that other threads are about may come to them after its end.
  std::unique_ptr<dataplane::Rcu::Reader> reader_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<Commands> commands_;
  std::unique_ptr<MetricsServer> metrics_;  // null: none
  std::unique_ptr<ControlSocket> socket_;   // made, used and destroyed by the thread
  std::thread thread_;
  std::thread indexer_;
};

}  // namespace axfrd::control
