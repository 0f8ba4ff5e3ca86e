// HttpThread: the thread that serves HTTP: operations of its own, and the faces of these.
//
// It is apart from the control thread, so that no client of HTTP, however slow, large or hostile, delays who repairs
// the server by axfrctl.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "control/command/commands.h"
#include "control/http/server.h"
#include "control/http/site.h"

namespace axfrd::control {

class HttpThread {
 public:
  // Listens. `server` outlives the thread; the committer is to be stopped before this object goes, because it answers
  // to its loop. Throws std::runtime_error if the addresses are not to be had, or the certificate is not sound.
  HttpThread(const HttpOptions& options, const Server& server, dataplane::Rcu& rcu, const Log& log);
  ~HttpThread();
  HttpThread(const HttpThread&) = delete;
  HttpThread& operator=(const HttpThread&) = delete;

  // Serves from now on: @pre whoever asks for reload_certificate() finds this object.
  void start();
  // Any thread.
  std::optional<std::string> reload_certificate() { return http_.reload_certificate(); }
  uint16_t port() const { return http_.port(); }
  // Writes the responses under way, for a short while, and ends the thread.
  void stop();

 private:
  void run();
  void keep_uses();
  void take_samples();

  const Server& server_;
  dataplane::Rcu& rcu_;
  const Log& log_;
  const HttpOptions options_;
  boost::asio::io_context loop_;
  HttpServer http_;
  boost::asio::steady_timer uses_{loop_};     // when the last uses of tokens are stored
  boost::asio::steady_timer samples_{loop_};  // when it is measured how far secondaries are behind
  // Made and used by the thread. Answers that other threads are about may come to them after its end.
  std::unique_ptr<dataplane::Rcu::Reader> reader_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<Commands> commands_;
  std::unique_ptr<HttpSite> site_;
  std::thread thread_;
};

}  // namespace axfrd::control
