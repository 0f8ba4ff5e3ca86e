#include "control/base/resolver.h"

#include <unbound.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <set>
#include <stdexcept>

#include "zones/data/record.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;

// libunbound says SERVFAIL when nobody answers, too, but not before it has tried for some time.
constexpr auto kNoAnswer = std::chrono::seconds(3);

// A target's TTL says when to look again; what does not exist may come to be sooner than its zone's SOA thinks.
constexpr int kLongestNegative = 900;

void check(int status, const std::string& what) {
  if (status != 0) throw std::runtime_error("resolver: " + what + ": " + ub_strerror(status));
}

Resolved read(const ub_result& result, std::chrono::steady_clock::duration taken) {
  Resolved resolved;
  if (result.nxdomain != 0) {
    resolved.failure = name_of_rcode(3);
    resolved.exists = false;
  } else if (result.rcode != 0) {
    resolved.failure = name_of_rcode(result.rcode);
    if (result.rcode == 2 && taken >= kNoAnswer)
      resolved.failure =
          "no answer in " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(taken).count()) + " s";
  }
  if (!resolved.failure.empty()) return resolved;
  const auto type = static_cast<uint16_t>(result.qtype);
  // The addresses of an alias are those of its target. Its name servers are not: it is no zone.
  const bool is_alias = result.canonname != nullptr && result.canonname != result.qname;
  if (type == zones::rrtype::NS && is_alias) return resolved;
  std::set<std::string> all;
  for (int i = 0; result.havedata != 0 && result.data[i] != nullptr; ++i) {
    std::string rdata(result.data[i], static_cast<size_t>(result.len[i]));
    if (zones::rdata_is_sound(type, zones::bytes_of(rdata))) all.insert(std::move(rdata));
  }
  for (const std::string& rdata : all) resolved.octets += rdata;
  const int ttl = resolved.octets.empty() ? std::min(result.ttl, kLongestNegative) : result.ttl;
  resolved.ttl = static_cast<uint32_t>(std::max(ttl, 0));
  return resolved;
}

}  // namespace

std::string name_of_rcode(int rcode) {
  switch (rcode) {
    case 1:
      return "FORMERR";
    case 2:
      return "SERVFAIL";
    case 3:
      return "NXDOMAIN";
    case 4:
      return "NOTIMP";
    case 5:
      return "REFUSED";
    case 9:
      return "NOTAUTH";
    default:
      return "RCODE " + std::to_string(rcode);
  }
}

void FreeResolverContext::operator()(ub_ctx* context) const { ub_ctx_delete(context); }

ResolverContext make_resolver(const std::vector<std::string>& forwarders) {
  ResolverContext context(ub_ctx_create());
  if (!context) throw std::runtime_error("libunbound: no memory");
  const auto set = [&](const char* option, const char* value) {
    check(ub_ctx_set_option(context.get(), option, value), option);
  };
  check(ub_ctx_async(context.get(), 1), "a thread");
  set("module-config:", "iterator");
  set("outgoing-range:", "256");
  set("infra-keep-probing:", "yes");     // a forwarder that was down is noticed as soon as it is up
  set("do-not-query-localhost:", "no");  // a forwarder may well run on this host
  for (const std::string& forwarder : forwarders) check(ub_ctx_set_fwd(context.get(), forwarder.c_str()), forwarder);
  if (forwarders.empty()) ub_ctx_resolvconf(context.get(), nullptr);  // cannot be read: recursion
  // libunbound has these zones built in, empty and with a name server localhost. It is for the forwarder to say what
  // they are. (libunbound takes no forwarders after this.)
  for (const char* zone : {"test.", "home.arpa."}) check(ub_ctx_zone_remove(context.get(), zone), zone);
  return context;
}

Resolver::Resolver(asio::io_context& loop, const std::vector<std::string>& forwarders)
    : loop_(loop), context_(make_resolver(forwarders)), answers_(loop) {
  answers_.assign(ub_fd(context_.get()));
  wait();
}

Resolver::~Resolver() { answers_.release(); }

void Resolver::wait() {
  answers_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const auto& error) {
    if (error) return;
    ub_process(context_.get());
    wait();
  });
}

void Resolver::look_up(const std::string& name, uint16_t type, ResolvedDone done) {
  Question& question = under_way_.emplace_front(Question{*this, std::move(done), {}, std::chrono::steady_clock::now()});
  question.self = under_way_.begin();
  const int status =
      ub_resolve_async(context_.get(), name.c_str(), type, zones::rrclass::IN, &question, &answered, nullptr);
  if (status != 0) asio::post(loop_, [&question, status] { answered(&question, status, nullptr); });
}

// Called by ub_process().
void Resolver::answered(void* argument, int status, ub_result* result) {
  auto& question = *static_cast<Question*>(argument);
  const std::unique_ptr<ub_result, decltype(&ub_resolve_free)> owned(result, &ub_resolve_free);
  const ResolvedDone done = std::move(question.done);
  const auto taken = std::chrono::steady_clock::now() - question.asked_at;
  question.resolver.under_way_.erase(question.self);
  done(status == 0 ? read(*result, taken) : Resolved{ub_strerror(status), {}, 0});
}

}  // namespace axfrd::control
