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

std::optional<int64_t> unless_never(int64_t time) { return time != 0 ? std::optional(time) : std::nullopt; }

// The result of the last NOTIFY. It is "sent" while an answer may still come, and "no answer" after that.
std::optional<std::string> notify_result(const LineFacts& line) {
  if (line.notified_at == 0) return std::nullopt;
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

void append_json(std::string& out, const ZoneFacts& zone, const LineFacts& line, const Destination& destination,
                 std::string_view state, int64_t now) {
  const bool owes = line.owes(zone.serial), ahead = line.is_ahead(zone.serial);
  const Trouble* const worst = line.troubles ? line.troubles->worst() : nullptr;
  std::optional<uint32_t> behind, rcode;
  if (owes && line.serial) behind = zone.serial - *line.serial;
  if (!owes && !ahead) behind = 0;
  if (line.notify_rcode) rcode = static_cast<uint32_t>(*line.notify_rcode);
  JsonObjectWriter json(out);
  json.add("zone", zone.apex.to_text());
  json.add("serial", zone.serial);
  json.add("secondary", place_of(destination.endpoint));
  json.add("has_serial", line.serial);
  json.add("in_step", line.in_step(zone.serial));
  json.add("behind", behind);
  json.add("ahead", ahead ? *line.serial - zone.serial : 0);
  json.add("behind_seconds", owes ? std::max<int64_t>(0, now - line.behind_since) : 0);
  json.add("behind_since", unless_never(owes ? line.behind_since : 0));
  json.add("ahead_since", unless_never(ahead ? line.ahead_since : 0));
  json.add("proof", text_of(line.proof));
  json.add("proven_at", unless_never(line.proven_at));
  json.add("state", state);
  json.add("reason", worst != nullptr ? std::optional<std::string_view>(to_text(worst->reason)) : std::nullopt);
  json.add("reason_text", worst != nullptr ? std::optional<std::string_view>(worst->text) : std::nullopt);
  json.add("reason_at", worst != nullptr ? std::optional(worst->last_at) : std::nullopt);
  json.add("attempts", line.attempts);
  json.add("notified_at", unless_never(line.notified_at));
  json.add("notified_serial", line.notified_serial);
  json.add("notify_answered_at", unless_never(line.answered_at));
  json.add("notify_rcode", rcode);
  json.add("notify_result", notify_result(line));
  json.add("polled_at", unless_never(line.polled_at));
  json.add("polled_serial", line.polled_serial);
  json.add("query_problem",
           line.query_problem.empty() ? std::nullopt : std::optional<std::string_view>(line.query_problem));
  json.add("transferred_at", unless_never(line.transferred_at));
  json.add_text("transfer", line.transfer ? dump(to_json(*line.transfer)) : "null");
  json.add_text("troubles", line.troubles ? dump(line.troubles->to_json()) : "[]");
  json.end();
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
