// Daemon: axfrd put together. Its members are what it consists of, in the order in which they come to be; they go in
// reverse.
//
// Threads. The main thread constructs it and is the service thread while run() lasts.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <optional>

#include "control/alias/alias_service.h"
#include "control/base/sd_notify.h"
#include "control/base/start_guard.h"
#include "control/check/delegation_check.h"
#include "control/control_thread.h"
#include "control/ending/ending_service.h"
#include "control/http_thread.h"
#include "control/notify/notify_service.h"
#include "control/notify/poll_feed.h"
#include "control/options.h"

namespace axfrd::control {

class Daemon {
 public:
  // Throws std::runtime_error with a sentence for the operator, or Stopped.
  Daemon(const Options& options, Log& log);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Loads the zones, serves, and returns when it was told to stop. Throws as the constructor does.
  void run();

 private:
  void load_store();
  void load_directory();
  void published(const Published& published);
  // Runs `next` in the service thread with what was loaded; throws there, `what` before the reason, if that failed.
  template <class T, class Next>
  Done<T> then(std::string what, Next next);
  void serve();
  void tell_of_standby() const;
  void end_silence();
  void await_reopening();
  void stop(std::string_view why);
  // Stops, and has run() throw `why`.
  void fail(const std::string& why);
  std::optional<dataplane::Dataplane> make_dataplane();

  const Options& options_;
  Log& log_;
  boost::asio::io_context loop_;
  boost::asio::signal_set signals_;
  boost::asio::signal_set reopening_;  // SIGHUP
  StartGuard guard_;                   // puts its handler in the place of theirs
  SocketFile socket_file_;             // only one axfrd gets beyond
  ServiceManager manager_;
  zones::ZoneTable zones_;
  dataplane::Rcu rcu_;
  zones::CookieJar cookies_;
  const zones::Responder responder_;
  AuditLog audit_;
  ApexIndex apexes_;
  Store store_;
  CurrentSettings settings_;
  Committer committer_;
  Importer importer_;
  bool silent_;                                    // it asks and notifies nobody; the service thread
  std::string failure_;                            // that run() ends with
  std::optional<dataplane::Dataplane> dataplane_;  // none: --no-port
  TransferLog transfers_;
  EventFeed events_;
  NotifyService notify_;
  Service service_;
  std::optional<PollFeed> polls_;  // as the dataplane
  AliasService aliases_;
  EndingService endings_;
  DelegationChecker checker_;
  std::atomic<ServerState> state_{ServerState::starting};  // the main thread writes, the control thread reads
  PasswordThread passwords_;
  const Log::Listener alarms_;  // tells those who watch
  const Server server_;
  std::unique_ptr<HttpThread> http_;  // null: --http is not given
  ControlThread control_;
};

}  // namespace axfrd::control
