// A PeerSink for tests of sessions and handlers.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "control/notify/peer_sink.h"

namespace axfrd::control::test {

// Sessions and handlers report to it; what went wrong is kept.
class NobodyListens : public PeerSink {
 public:
  void heard_from(const IpAddress&, bool) override {}
  void polled(uint64_t, const IpAddress&, std::optional<uint32_t>) override {}
  void saw_serial(zones::NameView, const IpAddress&, uint32_t) override {}
  void transferred(const TransferReport&) override {}
  void broken_off(const TransferReport&, const std::string& why) override { broken.push_back(why); }
  void refused(const Refusal& refusal) override { refusals.push_back(refusal); }
  bool names(const IpAddress& address) const override { return named.contains(address); }
  size_t named_hosts() const override { return named.size(); }
  bool logs_transfers() const override { return false; }

  std::set<IpAddress> named;  // hosts that zones have among their secondaries
  std::vector<Refusal> refusals;
  std::vector<std::string> broken;  // transfers, by why
};

}  // namespace axfrd::control::test
