#include "control/command/stats_json.h"

namespace axfrd::control {

namespace {

constexpr std::array kRcodeNames{"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
                                 "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", "DSOTYPENI",
                                 "RCODE12",  "RCODE13", "RCODE14",  "RCODE15"};

Json named(const std::vector<dataplane::NamedCount>& counts) {
  Json object = Json::object();
  for (const auto& count : counts) object[std::string(count.name)] = count.value;
  return object;
}

Json worker(const dataplane::WorkerStats& stats) {
  return {{"rx", stats.received},
          {"answered", stats.answered},
          {"neighbours", stats.neighbours},
          {"slipped", stats.slipped},
          {"from_kernel", stats.from_kernel},
          {"tx", stats.transmitted},
          {"untransmitted", stats.untransmitted},
          {"punted", named(stats.punted)},
          {"dropped", named(stats.dropped)},
          {"responses", named(stats.responses)},
          {"turns", stats.turns},
          {"busy_turns", stats.busy_turns},
          {"busy_seconds", stats.busy_seconds},
          {"send_seconds", stats.send_seconds}};
}

Json port(const dataplane::PortStats& stats) {
  Json object = {{"device", stats.device},
                 {"driver", stats.driver},
                 {"mac", stats.mac},
                 {"link_up", stats.health.link_up},
                 {"stalled", stats.health.stalled},
                 {"stalls", stats.health.stalls},
                 {"rx", stats.rx_packets},
                 {"tx", stats.tx_packets},
                 {"rx_missed", stats.rx_missed},
                 {"rx_no_buffer", stats.rx_no_buffer},
                 {"lost_buffers", stats.lost_buffers},
                 {"errors", stats.errors}};
  if (stats.health.attached) {
    object["xdp_attached"] = *stats.health.attached;
    object["xdp_reattached"] = stats.health.reattached;
  }
  if (!stats.tap.empty()) object["tap"] = stats.tap;
  if (stats.split) {
    object["xdp"] = {{"redirected", stats.split->redirected},
                     {"passed", stats.split->passed},
                     {"unattended", stats.split->unattended}};
  }
  return object;
}

// The counters that both transports have.
Json requests(const RequestCounters& counters) {
  Json responses = Json::object();
  for (size_t i = 0; i < kRcodeNames.size(); ++i) responses[kRcodeNames[i]] = counters.responses[i].read();
  return {{"queries", counters.queries.read()}, {"ignored", counters.ignored.read()},
          {"refused", counters.refused.read()}, {"bad_keys", counters.bad_keys.read()},
          {"updates", counters.updates.read()}, {"updates_refused", counters.updates_refused.read()},
          {"slipped", counters.slipped.read()}, {"rate_limited", counters.rate_limited.read()},
          {"responses", std::move(responses)}};
}

}  // namespace

Json to_json(const dataplane::DataplaneStats& stats) {
  Json workers = Json::array(), ports = Json::array();
  for (const auto& each : stats.workers) workers.push_back(worker(each));
  for (const auto& each : stats.ports) ports.push_back(port(each));
  return {{"workers", std::move(workers)},
          {"kernel_path",
           {{"to_kernel", stats.kernel_path.to_kernel},
            {"from_kernel", stats.kernel_path.from_kernel},
            {"dropped", named(stats.kernel_path.dropped)}}},
          {"ports", std::move(ports)},
          {"buffers", {{"in_use", stats.buffers_in_use}, {"all", stats.buffers}}}};
}

Json to_json(const UdpCounters& counters) {
  Json object = requests(counters.requests);
  object["send_failures"] = counters.send_failures.read();
  return object;
}

Json to_json(const NotifyCounters& counters) {
  return {{"sent", counters.sent.read()},       {"answered", counters.answered.read()},
          {"refused", counters.refused.read()}, {"unanswered", counters.unanswered.read()},
          {"by_tcp", counters.by_tcp.read()},   {"soa_queries", counters.queries.read()},
          {"debts_paid", counters.paid.read()}};
}

Json to_json(const AliasCounters& counters) {
  return {{"targets", counters.targets.load(std::memory_order_relaxed)},
          {"failing_lookups", counters.failing.load(std::memory_order_relaxed)},
          {"lookups", counters.lookups.read()},
          {"failures", counters.failures.read()},
          {"alarms", counters.alarms.read()},
          {"changes", counters.changes.read()},
          {"deferred_changes", counters.deferred_changes.read()},
          {"refused_changes", counters.refused_changes.read()}};
}

Json to_json(const EndingCounters& counters) {
  return {{"zones", counters.zones.load(std::memory_order_relaxed)},
          {"dropped", counters.dropped.load(std::memory_order_relaxed)},
          {"failing", counters.failing.load(std::memory_order_relaxed)},
          {"questions", counters.questions.read()},
          {"failures", counters.failures.read()},
          {"ended", counters.ended.read()}};
}

Json to_json(const TcpCounters& counters) {
  Json object = requests(counters.requests);
  const uint64_t closed = counters.all_closed();  // first, so that the difference is never negative
  const uint64_t accepted = counters.accepted.read();
  Json by_reason = Json::object();
  for (size_t i = 0; i < kSessionEndNames.size(); ++i) by_reason[kSessionEndNames[i]] = counters.closed[i].read();
  object["accepted"] = accepted;
  object["sessions"] = accepted - closed;
  object["closed"] = std::move(by_reason);
  object["transfers"] = counters.transfers.read();
  object["transfers_finished"] = counters.transfers_finished.read();
  object["ixfr_finished"] = counters.ixfr_finished.read();
  object["transfer_messages"] = counters.transfer_messages.read();
  object["transfer_bytes"] = counters.transfer_bytes.read();
  return object;
}

Json to_json(const ServerStats& stats) {
  Json result = to_json(stats.dataplane);
  result["udp"] = to_json(stats.udp);
  result["tcp"] = to_json(stats.tcp);
  result["zones"] = {{"count", stats.zones},
                     {"without_servers", stats.zones_without_servers},
                     {"retired_versions", stats.retired_versions},
                     {"history_octets", stats.history_octets}};
  result["notify"] = to_json(stats.notify);
  result["propagation"] = {{"seconds", stats.notify.propagation.to_json()}};
  result["commits"] = {{"seconds", stats.commits.to_json()}};
  result["build"] = Json::array({{{"version", AXFRD_VERSION}, {"info", 1}}});
  result["alias"] = to_json(stats.alias);
  result["endings"] = to_json(stats.endings);
  result["log"] = {{"dropped", stats.dropped_log_lines},
                   {"transfers_dropped", stats.dropped_transfers},
                   {"left_out", stats.left_out_lines}};
  result["store"] = {{"writable", stats.store_is_writable}};
  result["standby"] = {{"is_standby", stats.is_standby}, {"backup_time", stats.backup_time}};
  result["secondaries"] = stats.secondaries;
  return result;
}

}  // namespace axfrd::control
