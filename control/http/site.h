// HttpSite: what there is to be asked over HTTP, and who answers it.
//
//   /healthz             200 while the process serves HTTP
//   /readyz              200 while zones are served, 503 before and while it stops
//   /metrics             counters for Prometheus; a reader's, unless --http-open-metrics
//   /api/axfrd/v1/...    the verbs (verb_api.h)
//   /api/v1/...          PowerDNS's API (pdns_api.h)
//
// Threads. That of the loop.
#pragma once

#include "control/command/commands.h"
#include "control/http/authenticator.h"
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
           bool open_metrics, const Log& log);

  void serve(const HttpRequest& request, HttpRespond respond);
  // How long the body of such a request may be: that of somebody unknown is not worth reading.
  size_t most_body(const HttpRequest& head) const;

 private:
  void health(const HttpTarget& target, const HttpRespond& respond) const;
  void metrics(const Principal& who, HttpRespond respond) const;

  Operations& operations_;
  const Server& server_;
  const bool open_metrics_;
  Authenticator authenticator_;
  VerbApi verbs_;
  PdnsApi pdns_;
};

}  // namespace axfrd::control
