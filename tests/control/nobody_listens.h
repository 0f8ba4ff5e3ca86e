// A PeerSink for tests of sessions and handlers.
#pragma once

#include <set>
#include <string>

#include "control/notify/peer_sink.h"

namespace axfrd::control::test {

// Sessions and handlers report to it, and nobody listens.
class NobodyListens : public PeerSink {
 public:
  void heard_from(const IpAddress&) override {}
  void polled(uint64_t, const IpAddress&, std::optional<uint32_t>) override {}
  void saw_serial(zones::NameView, const IpAddress&, uint32_t) override {}
  void transferred(const TransferReport&) override {}
  void refused(zones::NameView, const IpAddress&, const std::string&) override {}
  bool names(const IpAddress& address) const override { return named.contains(address); }
  size_t named_hosts() const override { return named.size(); }

  std::set<IpAddress> named;  // hosts that zones have among their secondaries
};

}  // namespace axfrd::control::test
