// Resolver: asks for the addresses of names, by libunbound.
//
// libunbound does its work, and keeps its cache, in a thread of its own, which begins with the first question. It does
// not validate DNSSEC: that is left to the resolvers it forwards to.
//
// Threads. One thread, that of the loop, uses it and gets the answers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

struct ub_ctx;
struct ub_result;

namespace axfrd::control {

// What came of one question for A, AAAA or NS.
struct Resolved {
  std::string failure;  // why there is no answer; empty: there is one
  std::string octets;   // sound RDATA, one behind the other, ascending; empty: the name has none of that type
  uint32_t ttl = 0;     // for how long that holds; seconds
  bool exists = true;   // false: that is the failure (NXDOMAIN)
};
using ResolvedDone = std::function<void(Resolved)>;

struct FreeResolverContext {
  void operator()(ub_ctx* context) const;
};
using ResolverContext = std::unique_ptr<ub_ctx, FreeResolverContext>;

// libunbound, set up for us. `forwarders`: ADDR or ADDR@PORT. Without one, the name servers of /etc/resolv.conf;
// without that, full recursion from the root. Throws std::runtime_error.
ResolverContext make_resolver(const std::vector<std::string>& forwarders);

std::string name_of_rcode(int rcode);

class Resolver {
 public:
  // As make_resolver().
  Resolver(boost::asio::io_context& loop, const std::vector<std::string>& forwarders);
  ~Resolver();  // what is under way is forgotten
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `name`: presentation format. `done` is called later, from the loop.
  void look_up(const std::string& name, uint16_t type, ResolvedDone done);

 private:
  struct Question {
    Resolver& resolver;
    ResolvedDone done;
    std::list<Question>::iterator self;
    std::chrono::steady_clock::time_point asked_at;
  };
  static void answered(void* question, int status, ub_result* result);
  void wait();

  boost::asio::io_context& loop_;
  std::list<Question> under_way_;  // libunbound holds pointers to them
  const ResolverContext context_;
  boost::asio::posix::stream_descriptor answers_;  // libunbound's own, and not ours to close
};

}  // namespace axfrd::control
