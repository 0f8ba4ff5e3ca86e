#include "control/notify/ledger.h"

namespace axfrd::control {
namespace {

const char* text_of(Proof proof) {
  switch (proof) {
    case Proof::none:
      break;
    case Proof::kept:
      return "before the start";
    case Proof::transfer:
      return "transfer";
    case Proof::ixfr_request:
      return "IXFR request";
    case Proof::query:
      return "SOA query";
  }
  return "none";
}

Json or_null(int64_t time) { return time != 0 ? Json(time) : Json(); }
template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

}  // namespace

Json to_json(const TransferReport& report) {
  return {{"zone", report.apex.to_text()},
          {"peer", report.peer.to_string()},
          {"key", report.key.empty() ? Json() : Json(report.key)},
          {"kind", report.incremental ? "IXFR" : "AXFR"},
          {"from", report.incremental ? Json(report.from) : Json()},
          {"to", report.to},
          {"messages", report.messages},
          {"octets", report.octets},
          {"first_octet_ms", report.first_octet_ms},
          {"total_ms", report.total_ms}};
}

Json to_json(const ZoneFacts& zone, const LineFacts& line, const Destination& destination, const std::string& state,
             int64_t now) {
  const bool owes = line.owes(zone.serial);
  Json json{{"zone", zone.apex.to_text()},
            {"serial", zone.serial},
            {"secondary", place_of(destination.endpoint)},
            {"has_serial", or_null(line.serial)},
            {"behind", owes && line.serial ? Json(zone.serial - *line.serial) : Json(owes ? Json() : Json(0))},
            {"behind_seconds", owes ? std::max<int64_t>(0, now - line.behind_since) : 0},
            {"proof", text_of(line.proof)},
            {"proven_at", or_null(line.proven_at)},
            {"state", state},
            {"attempts", line.attempts},
            {"notified_at", or_null(line.notified_at)},
            {"notified_serial", or_null(line.notified_serial)},
            {"notify_answered_at", or_null(line.answered_at)},
            {"notify_rcode", line.notify_rcode ? Json(static_cast<int>(*line.notify_rcode)) : Json()},
            {"polled_at", or_null(line.polled_at)},
            {"polled_serial", or_null(line.polled_serial)},
            {"query_problem", line.query_problem.empty() ? Json() : Json(line.query_problem)},
            {"transferred_at", or_null(line.transferred_at)},
            {"transfer", line.transfer ? to_json(*line.transfer) : Json()}};
  const bool refused = zone.refused_at != 0 && zone.refused_at >= line.proven_at;
  json["refused_at"] = refused ? Json(zone.refused_at) : Json();
  json["refused"] = refused ? Json(zone.refused_peer.to_string() + ": " + zone.refused_why) : Json();
  return json;
}

std::string place_of(const boost::asio::ip::udp::endpoint& endpoint) {
  return endpoint.address().to_string() + "@" + std::to_string(endpoint.port());
}

}  // namespace axfrd::control
