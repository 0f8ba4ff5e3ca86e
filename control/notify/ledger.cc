#include "control/notify/ledger.h"

#include <algorithm>
#include <array>

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

// How the last NOTIFY fared: "sent" is not "no answer" before its time is over.
Json notify_result(const LineFacts& line) {
  if (line.notified_at == 0) return {};
  if (line.notify_rcode) return std::string(name_of(*line.notify_rcode)) + (line.unsigned_answer ? " (unsigned)" : "");
  return line.attempts != 0 ? "no answer" : "sent";
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
  const bool owes = line.owes(zone.serial), ahead = line.is_ahead(zone.serial);
  const Trouble* const worst = line.troubles ? line.troubles->worst() : nullptr;
  Json json{{"zone", zone.apex.to_text()},
            {"serial", zone.serial},
            {"secondary", place_of(destination.endpoint)},
            {"has_serial", or_null(line.serial)},
            {"in_step", line.in_step(zone.serial)},
            {"behind", owes && line.serial ? Json(zone.serial - *line.serial)
                       : owes || ahead     ? Json()
                                           : Json(0)},
            {"ahead", ahead ? Json(*line.serial - zone.serial) : Json(0)},
            {"behind_seconds", owes ? std::max<int64_t>(0, now - line.behind_since) : 0},
            {"behind_since", owes ? or_null(line.behind_since) : Json()},
            {"ahead_since", ahead ? or_null(line.ahead_since) : Json()},
            {"proof", text_of(line.proof)},
            {"proven_at", or_null(line.proven_at)},
            {"state", state},
            {"reason", worst != nullptr ? Json(to_text(worst->reason)) : Json()},
            {"reason_text", worst != nullptr ? Json(worst->text) : Json()},
            {"reason_at", worst != nullptr ? Json(worst->last_at) : Json()},
            {"attempts", line.attempts},
            {"notified_at", or_null(line.notified_at)},
            {"notified_serial", or_null(line.notified_serial)},
            {"notify_answered_at", or_null(line.answered_at)},
            {"notify_rcode", line.notify_rcode ? Json(static_cast<int>(*line.notify_rcode)) : Json()},
            {"notify_result", notify_result(line)},
            {"polled_at", or_null(line.polled_at)},
            {"polled_serial", or_null(line.polled_serial)},
            {"query_problem", line.query_problem.empty() ? Json() : Json(line.query_problem)},
            {"transferred_at", or_null(line.transferred_at)},
            {"transfer", line.transfer ? to_json(*line.transfer) : Json()}};
  json["troubles"] = line.troubles ? line.troubles->to_json() : Json::array();
  return json;
}

const char* name_of(zones::Rcode rcode) {
  static constexpr std::array kNames{"NOERROR",  "FORMERR",  "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
                                     "YXDOMAIN", "YXRRSET",  "NXRRSET",  "NOTAUTH",  "NOTZONE", "DSOTYPENI",
                                     "RCODE 12", "RCODE 13", "RCODE 14", "RCODE 15"};
  return kNames[static_cast<size_t>(rcode) & 15];
}

std::string place_of(const boost::asio::ip::udp::endpoint& endpoint) {
  return endpoint.address().to_string() + "@" + std::to_string(endpoint.port());
}

}  // namespace axfrd::control
