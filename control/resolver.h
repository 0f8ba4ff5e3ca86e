// Resolver: asks for the addresses of names, by libunbound.
//
// libunbound does its work, and keeps its cache, in a thread of its own, which begins with the first question. It does
// not validate DNSSEC: that is left to the resolvers it forwards to.
//
// Threads. One thread, that of the loop, uses it and gets the answers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

struct ub_ctx;
struct ub_result;

namespace axfrd::control {

// What came of one question for A or AAAA.
struct Resolved {
  std::string failure;  // why there is no answer; empty: there is one
  std::string octets;   // the addresses, one RDATA behind the other, ascending; empty: the name has none of that type
  uint32_t ttl = 0;     // for how long that holds; seconds
};
using ResolvedDone = std::function<void(Resolved)>;

class Resolver {
 public:
  // `forwarders`: ADDR or ADDR@PORT. Without one, the name servers of /etc/resolv.conf; without that, full recursion
  // from the root. Throws std::runtime_error.
  Resolver(boost::asio::io_context& loop, const std::vector<std::string>& forwarders);
  ~Resolver();  // what is under way is forgotten
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `name`: presentation format. `done` is called later, from the loop.
  void look_up(const std::string& name, uint16_t type, ResolvedDone done);

 private:
  struct Free {
    void operator()(ub_ctx* context) const;
  };
  struct Question {
    Resolver& resolver;
    ResolvedDone done;
    std::list<Question>::iterator self;
  };
  static void answered(void* question, int status, ub_result* result);
  void set(const char* option, const char* value);
  void check(int status, const std::string& what) const;
  void wait();

  boost::asio::io_context& loop_;
  std::list<Question> under_way_;  // libunbound holds pointers to them
  std::unique_ptr<ub_ctx, Free> context_;
  boost::asio::posix::stream_descriptor answers_;  // libunbound's own, and not ours to close
};

}  // namespace axfrd::control
