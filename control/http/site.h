// HttpSite: what there is to be asked over HTTP, and who answers it.
//
//   /healthz             200 while the process serves HTTP
//   /readyz              200 while zones are served, 503 before and while it stops
//   /metrics             counters for Prometheus; a reader's, unless --http-open-metrics
//   /, /assets/...       the console, with --console (console_pack.h)
//   /api/axfrd/v1/...    the verbs (verb_api.h), what happens (event_stream.h), and the console's own (console_api.h)
//   /api/v1/...          PowerDNS's API (pdns_api.h)
//
// A token goes everywhere. A session of the console goes to /api/axfrd/v1 alone: PowerDNS's API takes bodies of any
// type, so a page of somebody else could make a browser send one.
//
// Threads. That of the loop.
#pragma once

#include "control/command/commands.h"
#include "control/http/authenticator.h"
#include "control/http/console_api.h"
#include "control/http/event_stream.h"
#include "control/http/message.h"
#include "control/http/pdns_api.h"
#include "control/http/request_reader.h"
#include "control/http/target.h"
#include "control/http/verb_api.h"

namespace axfrd::control {

class HttpSite {
 public:
  // Everything outlives it.
  HttpSite(boost::asio::io_context& loop, Operations& operations, Commands& commands, const Server& server,
           const HttpOptions& options, const Log& log);

  void serve(const HttpRequest& request, HttpRespond respond);
  // How long the body of such a request may be: that of somebody unknown is not worth reading.
  size_t most_body(const HttpRequest& head);

 private:
  static constexpr size_t kMostStreams = 256;  // of events

  // The principal of a request; or nothing, when it was answered.
  std::optional<Principal> identify(const HttpRequest& request, const HttpTarget& target, const HttpRespond& respond);
  void events(const Principal& who, const HttpRequest& request, const HttpTarget& target, const HttpRespond& respond);
  void health(const HttpTarget& target, const HttpRespond& respond) const;
  void metrics(const Principal& who, HttpRespond respond) const;

  boost::asio::io_context& loop_;
  Operations& operations_;
  const Server& server_;
  const HttpOptions& options_;
  Authenticator authenticator_;
  ConsoleApi console_;
  const std::shared_ptr<size_t> streams_ = std::make_shared<size_t>(0);  // of events, that are open
  VerbApi verbs_;
  PdnsApi pdns_;
};

}  // namespace axfrd::control
