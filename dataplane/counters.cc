#include "dataplane/counters.h"

#include <rte_cycles.h>

namespace axfrd::dataplane {
namespace {

constexpr std::array<std::string_view, kRcodes> kRcodeNames = {
    "NOERROR", "FORMERR", "SERVFAIL",  "NXDOMAIN", "NOTIMP",  "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
    "NOTAUTH", "NOTZONE", "DSOTYPENI", "RCODE12",  "RCODE13", "RCODE14", "RCODE15",  "BADVERS", "BADCOOKIE"};

double seconds(const Counter& cycles) {
  return static_cast<double>(cycles.read()) / static_cast<double>(rte_get_tsc_hz());
}

}  // namespace

WorkerStats read_stats(const WorkerCounters& counters) {
  WorkerStats stats;
  stats.received = counters.received.read();
  stats.answered = counters.verdicts[index(Verdict::answered)].read();
  stats.neighbours = counters.verdicts[index(Verdict::neighbour_answered)].read();
  stats.slipped = counters.slipped.read();
  stats.from_kernel = counters.from_kernel.read();
  stats.transmitted = counters.transmitted.read();
  stats.untransmitted = counters.untransmitted.read();
  for (unsigned i = 0; i < kVerdicts; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    const NamedCount count{name_of(verdict), counters.verdicts[i].read()};
    if (is_punt(verdict)) stats.punted.push_back(count);
    if (is_drop(verdict)) stats.dropped.push_back(count);
  }
  for (unsigned i = 0; i < kRcodes; ++i) stats.responses.push_back({kRcodeNames[i], counters.responses[i].read()});
  stats.turns = counters.turns.read();
  stats.busy_turns = counters.busy_turns.read();
  stats.busy_seconds = seconds(counters.busy_cycles);
  stats.send_seconds = seconds(counters.send_cycles);
  return stats;
}

}  // namespace axfrd::dataplane
