// PdnsApi: /api/v1, PowerDNS's API, as its clients use it: the zones (here) and what is beside them (pdns_server.cc).
//
// It is a face of operations, as the control socket is: who may do what, and what is recorded, is decided there. What
// PowerDNS has and axfrd has not is refused with 422 and a sentence. docs/api.md has the list, and what is better here.
//
// Threads. That of the loop. Errors. PdnsError within, a response outside.
#pragma once

#include "control/http/message.h"
#include "control/http/pdns_body.h"
#include "control/http/target.h"
#include "control/operate/operations.h"

namespace axfrd::control {

// Whether errors are told as JSON: the request accepts it, or, if it does not say, has a body of JSON.
bool accepts_json(const HttpRequest& request);

// A parameter of the target that is a number; 422 if it is none, or larger.
std::optional<uint32_t> number_parameter(const HttpTarget& target, const char* parameter, uint32_t most);

class PdnsApi {
 public:
  // Both outlive it. `loop`: that of the operations.
  PdnsApi(Operations& operations, boost::asio::io_context& loop) : operations_(operations), loop_(loop) {}

  void serve(const Principal& who, const HttpRequest& request, const HttpTarget& target, HttpRespond respond);

 private:
  // One request, for as long as it is answered.
  struct Call {
    Principal who;
    HttpRequest request;
    HttpTarget target;
    HttpRespond respond;

    bool is(const char* method) const { return request.method == method; }
    bool looks() const { return is("GET") || is("HEAD"); }
    void fail(unsigned status, const std::string& reason) const;
    void fail(const Failure& failure) const;
    [[noreturn]] void refuse_method() const;
  };
  using CallRef = std::shared_ptr<const Call>;

  void route(const CallRef& call);
  void server(const CallRef& call, const std::string& what);
  void zones(const CallRef& call);
  void zone(const CallRef& call, const axfrd::zones::Name& apex);
  void part_of_zone(const CallRef& call, const axfrd::zones::Name& apex, const std::string& part);

  void list(const CallRef& call);
  void create(const CallRef& call);
  void show(const CallRef& call, const axfrd::zones::Name& apex, unsigned status, bool with_rrsets);
  void patch(const CallRef& call, const axfrd::zones::Name& apex);
  void put(const CallRef& call, const axfrd::zones::Name& apex);
  void configure(const CallRef& call, const axfrd::zones::Name& apex, const PdnsZoneSettings& settings,
                 std::function<void()> next);
  void answer_when_proven(const CallRef& call, const axfrd::zones::Name& apex, const Committer::Changed& changed,
                          std::chrono::seconds patience);
  void notify(const CallRef& call, const axfrd::zones::Name& apex);
  void metadata(const CallRef& call, const axfrd::zones::Name& apex);

  void tsig_keys(const CallRef& call);
  void statistics(const CallRef& call);
  void search(const CallRef& call);

  Operations& operations_;
  boost::asio::io_context& loop_;
};

}  // namespace axfrd::control
