// VerbApi: /api/axfrd/v1/, the verbs of the control socket over HTTP.
//
//   POST VERB            parameters as a JSON object: as on the control socket, or typed as openapi.json says
//   GET VERB?NAME=VALUE  of verbs that change nothing
//   GET openapi.json     what there is, as OpenAPI 3.1, made of the table of verbs
//
// The result is the verb's, as JSON; an error is {"error": a sentence, "code": that of the control socket}.
//
// Threads. That of the loop.
#pragma once

#include "control/command/commands.h"
#include "control/http/message.h"
#include "control/http/target.h"

namespace axfrd::control {

class VerbApi {
 public:
  explicit VerbApi(Commands& commands) : commands_(commands) {}

  void serve(const Principal& who, const HttpRequest& request, const HttpTarget& target, HttpRespond respond);

 private:
  Commands& commands_;
};

// The status that tells of a failure.
unsigned status_of(FailureCode code);
// {"error", "code"}, as of a failed verb.
HttpResponse failure_response(const Failure& failure);

// The whole document.
Json openapi_document();

}  // namespace axfrd::control
