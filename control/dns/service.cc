#include "control/dns/service.h"

#include <boost/asio/post.hpp>

namespace axfrd::control {

namespace {

namespace asio = boost::asio;

// Transfers are not waited for, because they may take minutes. A secondary retries a transfer that is cut off.
constexpr auto kSessionGrace = std::chrono::milliseconds(500);
constexpr auto kStopTick = std::chrono::milliseconds(10);

Auditor auditor_of(Committer& committer) {
  return [&committer](const AuditRecord& record) { committer.record(record); };
}

}  // namespace

Service::Service(asio::io_context& loop, ServiceOptions options, const zones::Responder& responder, dataplane::Rcu& rcu,
                 Committer& committer, const CurrentSettings& settings, PeerSink& peers, const Log& log)
    : loop_(loop),
      options_(std::move(options)),
      log_(log),
      reader_(rcu),
      udp_handler_(responder, settings, options_.allow_transfer, options_.udp_payload, options_.rate_limit, peers,
                   udp_counters_.requests, auditor_of(committer)),
      tcp_handler_(responder, settings, options_.allow_transfer, options_.udp_payload, {.rate = 0}, peers,
                   tcp_counters_.requests, auditor_of(committer)),
      updates_(loop, committer, responder, reader_),
      udp_(loop, udp_handler_, updates_, reader_, udp_counters_),
      tcp_(loop, tcp_handler_, updates_, peers, reader_, options_.tcp, tcp_counters_, log),
      stop_timer_(loop) {}

void Service::listen() {
  for (const IpAddress& address : options_.addresses) listen_at(address);
  if (options_.addresses.empty()) listen_everywhere();
}

void Service::listen_everywhere() {
  listen_at(asio::ip::address_v4::any());
  try {
    listen_at(asio::ip::address_v6::any());
  } catch (const std::runtime_error& error) {  // the host may have no IPv6
    log_.warning(error.what(), "; going on with IPv4 alone");
  }
}

void Service::listen_at(const IpAddress& address) {
  udp_.listen({address, options_.port}, options_.freebind);
  tcp_.listen({address, options_.port}, options_.freebind);
  log_.info("listening on ", address, " port ", options_.port, ", UDP and TCP");
}

void Service::stop(std::function<void()> stopped) {
  stopped_ = std::move(stopped);
  udp_.close();
  tcp_.finish();
  wait_for_sessions(DnsSession::Clock::now() + kSessionGrace);
}

void Service::wait_for_sessions(DnsSession::Clock::time_point deadline) {
  if (DnsSession::Clock::now() >= deadline) tcp_.close();
  if (tcp_.session_count() == 0) return stopped_();
  stop_timer_.expires_after(kStopTick);
  stop_timer_.async_wait([this, deadline](const auto& cancelled) {
    if (!cancelled) wait_for_sessions(deadline);
  });
}

}  // namespace axfrd::control
