#include "control/command/metric_table.h"

#include <array>

namespace axfrd::control {
namespace {

constexpr std::array kWorkers{Section{"workers", "worker", ""}};
constexpr std::array kPorts{Section{"ports", "port", "device", true}};
constexpr std::array kKernelPath{Section{"kernel_path", "", ""}};
constexpr std::array kBuffers{Section{"buffers", "", ""}};
constexpr std::array kStore{Section{"store", "", ""}};
constexpr std::array kStandby{Section{"standby", "", ""}};
constexpr std::array kZones{Section{"zones", "", ""}};
constexpr std::array kNotify{Section{"notify", "", ""}};
constexpr std::array kSecondaries{Section{"secondaries", "secondary", "host", true}};
constexpr std::array kAlias{Section{"alias", "", ""}};
constexpr std::array kEndings{Section{"endings", "", ""}};
constexpr std::array kLog{Section{"log", "", ""}};
constexpr std::array kUdp{Section{"udp", "transport", "udp"}};
constexpr std::array kTcp{Section{"tcp", "transport", "tcp"}};
constexpr std::array kTransports{kUdp[0], kTcp[0]};

constexpr std::array kPropagation{Section{"propagation", "", ""}};
constexpr std::array kCommits{Section{"commits", "", ""}};
constexpr std::array kBuild{Section{"build", "version", "version", true}};

constexpr auto kCounter = Metric::Kind::counter, kGauge = Metric::Kind::gauge, kHistogram = Metric::Kind::histogram;

constexpr std::array kMetrics{
    // ---- packet path ----
    Metric{kWorkers, "rx", "axfrd_worker_received_packets_total", kCounter, "Packets that a worker received."},
    Metric{kWorkers, "tx", "axfrd_worker_sent_packets_total", kCounter, "Packets that a worker sent."},
    Metric{kWorkers, "untransmitted", "axfrd_worker_unsent_packets_total", kCounter,
           "Packets that the port did not take from a worker."},
    Metric{kWorkers, "from_kernel", "axfrd_worker_kernel_packets_total", kCounter,
           "Packets that a worker sent for the kernel."},
    Metric{kWorkers, "answered", "axfrd_worker_answered_queries_total", kCounter, "Queries that a worker answered."},
    Metric{kWorkers, "neighbours", "axfrd_worker_answered_neighbours_total", kCounter,
           "Hosts that asked for our MAC address, by ARP or neighbour discovery, and were answered by a worker."},
    Metric{kWorkers, "slipped", "axfrd_worker_slipped_queries_total", kCounter,
           "Queries beyond the rate limit that a worker answered by TC or BADCOOKIE."},
    Metric{kWorkers, "responses", "axfrd_worker_responses_total", kCounter, "Responses by RCODE.", "rcode"},
    Metric{kWorkers, "punted", "axfrd_worker_punted_packets_total", kCounter,
           "Packets that a worker left to the kernel, by reason.", "reason"},
    Metric{kWorkers, "dropped", "axfrd_worker_dropped_packets_total", kCounter,
           "Packets that a worker dropped, by reason.", "reason"},
    Metric{kWorkers, "turns", "axfrd_worker_turns_total", kCounter, "Times that a worker looked at its queues."},
    Metric{kWorkers, "busy_turns", "axfrd_worker_busy_turns_total", kCounter,
           "Of these, times at which it found packets."},
    Metric{kWorkers, "busy_seconds", "axfrd_worker_busy_seconds_total", kCounter,
           "What turns that found packets took: a worker with one more of these each second is at its limit."},
    Metric{kWorkers, "send_seconds", "axfrd_worker_send_seconds_total", kCounter,
           "Of that, what the port's driver took to send."},
    Metric{kKernelPath, "to_kernel", "axfrd_kernel_path_to_kernel_packets_total", kCounter,
           "Packets that the kernel got."},
    Metric{kKernelPath, "from_kernel", "axfrd_kernel_path_from_kernel_packets_total", kCounter,
           "Packets that came from the kernel."},
    Metric{kKernelPath, "dropped", "axfrd_kernel_path_dropped_packets_total", kCounter,
           "Packets lost on the way to the kernel or from it, by reason.", "reason"},
    Metric{kPorts, "link_up", "axfrd_port_link_up", kGauge, "1 if the port has a link."},
    Metric{kPorts, "stalled", "axfrd_port_stalled", kGauge,
           "1 if the port loses packets for want of room or of buffers, and receives none."},
    Metric{kPorts, "stalls", "axfrd_port_stalls_total", kCounter, "Times that a port had stalled."},
    Metric{kPorts, "xdp_attached", "axfrd_port_xdp_attached", kGauge,
           "1 if the XDP program of an AF_XDP port is at its interface."},
    Metric{kPorts, "xdp_reattached", "axfrd_port_xdp_reattached_total", kCounter,
           "Times that the XDP program was put back after somebody had taken it off."},
    Metric{kPorts, "rx", "axfrd_port_received_packets_total", kCounter, "Packets that a port received."},
    Metric{kPorts, "tx", "axfrd_port_sent_packets_total", kCounter, "Packets that a port sent."},
    Metric{kPorts, "rx_missed", "axfrd_port_missed_packets_total", kCounter,
           "Packets that found no room in a queue: workers are too slow, or too few."},
    Metric{kPorts, "rx_no_buffer", "axfrd_port_no_buffer_total", kCounter,
           "Times at which there was no buffer for a packet."},
    Metric{kPorts, "lost_buffers", "axfrd_port_lost_buffers_total", kCounter,
           "Packet buffers that the kernel threw away: anything but 0 is a fault of axfrd."},
    Metric{kPorts, "errors", "axfrd_port_errors_total", kCounter, "Errors that the driver counts."},
    Metric{kPorts, "xdp/redirected", "axfrd_port_xdp_redirected_packets_total", kCounter,
           "Queries that the XDP program gave to workers."},
    Metric{kPorts, "xdp/passed", "axfrd_port_xdp_passed_packets_total", kCounter,
           "Packets that the XDP program left to the kernel."},
    Metric{kPorts, "xdp/unattended", "axfrd_port_xdp_unattended_packets_total", kCounter,
           "Queries on queues without a worker, left to the kernel."},
    Metric{kBuffers, "in_use", "axfrd_packet_buffers_in_use", kGauge, "Packet buffers in use."},
    Metric{kBuffers, "all", "axfrd_packet_buffers", kGauge, "Packet buffers there are."},
    // ---- the kernel's sockets ----
    Metric{kTransports, "queries", "axfrd_queries_total", kCounter, "Queries that came over the kernel's sockets."},
    Metric{kTransports, "responses", "axfrd_responses_total", kCounter, "Responses by RCODE.", "rcode"},
    Metric{kTransports, "ignored", "axfrd_ignored_messages_total", kCounter, "Messages that get no response."},
    Metric{kTransports, "refused", "axfrd_refused_transfers_total", kCounter, "Transfers that were refused."},
    Metric{kTransports, "bad_keys", "axfrd_bad_keys_total", kCounter, "Requests whose TSIG was wrong."},
    Metric{kTransports, "updates", "axfrd_updates_total", kCounter, "DNS UPDATE requests."},
    Metric{kTransports, "updates_refused", "axfrd_updates_refused_total", kCounter, "Of these, those refused."},
    Metric{kTransports, "slipped", "axfrd_slipped_queries_total", kCounter,
           "Queries beyond the rate limit that were answered by TC or BADCOOKIE."},
    Metric{kTransports, "rate_limited", "axfrd_rate_limited_queries_total", kCounter,
           "Queries beyond the rate limit that were dropped."},
    Metric{kUdp, "send_failures", "axfrd_send_failures_total", kCounter, "Responses that the kernel did not take."},
    Metric{kTcp, "sessions", "axfrd_sessions", kGauge, "Open sessions."},
    Metric{kTcp, "accepted", "axfrd_accepted_sessions_total", kCounter, "Sessions that were opened."},
    Metric{
        kTcp, "closed", "axfrd_closed_sessions_total", kCounter,
        "Sessions that ended, by reason: by_client: the client closed it, or the connection broke; idle, half_open, "
        "stalled: the client sent no request, no whole request, or did not read, for too long; malformed: what came "
        "was no DNS request; evicted_idle, evicted_slow: ended for another client, because it was idle, or read "
        "slowest; client_limit, prefix_limit, full: turned away at once, because its client, its prefix or axfrd had "
        "no room for it; stopped: axfrd was stopping.",
        "reason"},
    Metric{kTcp, "transfers", "axfrd_transfers_started_total", kCounter, "Transfers that were begun."},
    Metric{kTcp, "transfers_finished", "axfrd_transfers_finished_total", kCounter, "Transfers sent to their end."},
    Metric{kTcp, "ixfr_finished", "axfrd_incremental_transfers_finished_total", kCounter,
           "Of these, those that were incremental."},
    Metric{kTcp, "transfer_messages", "axfrd_transfer_messages_total", kCounter, "Messages of transfers."},
    Metric{kTcp, "transfer_bytes", "axfrd_transfer_bytes_total", kCounter, "Octets of transfers."},
    // ---- logs ----
    Metric{kLog, "dropped", "axfrd_log_lines_dropped_total", kCounter,
           "Lines of the log that were dropped, because standard error did not take them."},
    Metric{kLog, "transfers_dropped", "axfrd_transfer_log_lines_dropped_total", kCounter,
           "The same of the transfer log."},
    Metric{kLog, "left_out", "axfrd_log_lines_left_out_total", kCounter,
           "Lines about secondaries and strangers that were too many for the log."},
    // ---- zones and their secondaries ----
    Metric{kBuild, "info", "axfrd_build_info", kGauge, "1, by the version of axfrd."},
    Metric{kCommits, "seconds", "axfrd_commit_seconds", kHistogram,
           "Groups of changes, by what one took until it was stored, visible and answered."},
    Metric{
        kPropagation, "seconds", "axfrd_propagation_seconds", kHistogram,
        "Changes that reached a secondary, by the time until it was proven to have them, or all that came with them; "
        "for one that was behind when axfrd started, since then."},
    Metric{kStore, "writable", "axfrd_store_writable", kGauge,
           "1 if changes can be stored, 0 while they are refused; axfrctl status says why."},
    Metric{kStandby, "is_standby", "axfrd_standby", kGauge,
           "1 while this is a standby, which takes no changes and notifies nobody."},
    Metric{
        kStandby, "backup_time", "axfrd_standby_backup_timestamp_seconds", kGauge,
        "When the backup was made that a standby serves, in seconds since 1970; 0: this is no standby, or that is not "
        "known."},
    Metric{kZones, "count", "axfrd_zones", kGauge, "Zones that are served."},
    Metric{kZones, "without_servers", "axfrd_zones_without_servers", kGauge,
           "Of these, those without an NS record at the apex, which secondaries refuse."},
    Metric{kZones, "retired_versions", "axfrd_retired_versions", kGauge,
           "Versions of zones that somebody may still be reading."},
    Metric{kZones, "history_octets", "axfrd_history_bytes", kGauge, "Octets of the history for IXFR."},
    Metric{kNotify, "sent", "axfrd_notify_sent_total", kCounter, "NOTIFY requests sent, repeated ones too."},
    Metric{kNotify, "answered", "axfrd_notify_answered_total", kCounter, "NOTIFY requests answered."},
    Metric{kNotify, "refused", "axfrd_notify_refused_total", kCounter, "Answers that refuse a NOTIFY."},
    Metric{kNotify, "unanswered", "axfrd_notify_unanswered_total", kCounter, "NOTIFY requests without an answer."},
    Metric{kNotify, "by_tcp", "axfrd_notify_by_tcp_total", kCounter, "NOTIFY requests sent by TCP."},
    Metric{kNotify, "soa_queries", "axfrd_secondary_soa_queries_total", kCounter,
           "Questions to secondaries which serial they have."},
    Metric{kNotify, "debts_paid", "axfrd_secondary_debts_paid_total", kCounter,
           "Times that a secondary had proven to have the newest serial."},
    Metric{kSecondaries, "pairs", "axfrd_secondaries", kGauge,
           "Pairs of a zone and a secondary that is notified, by secondary. Those beyond the 64 that have most behind "
           "are one, \"other\"."},
    Metric{kSecondaries, "behind", "axfrd_secondaries_behind", kGauge,
           "Of these, those that are not proven to have the newest serial."},
    Metric{kSecondaries, "ahead", "axfrd_secondaries_ahead", kGauge,
           "Of these, those where the secondary has a newer serial than we."},
    Metric{kSecondaries, "max_behind_seconds", "axfrd_secondary_max_behind_seconds", kGauge,
           "For how long the secondary has lacked a serial, of the zone that it lacks for longest."},
    Metric{kSecondaries, "oldest_debt", "axfrd_secondary_oldest_debt_timestamp_seconds", kGauge,
           "Since when that is so, in seconds since 1970; 0: it lacks nothing."},
    Metric{kSecondaries, "pending", "axfrd_notify_pending", kGauge,
           "NOTIFY requests to the secondary that wait to be sent, or for an answer."},
    Metric{kSecondaries, "alive_at", "axfrd_secondary_last_sign_of_life_timestamp_seconds", kGauge,
           "When the secondary last answered us, or came by TCP, in seconds since 1970; 0: not since the start."},
    Metric{kSecondaries, "answers", "axfrd_secondary_answers", kGauge,
           "0 if the log has told that the secondary does not answer."},
    Metric{kAlias, "targets", "axfrd_alias_targets", kGauge, "Targets of ALIAS records."},
    Metric{kAlias, "failing_lookups", "axfrd_alias_failing_lookups", kGauge,
           "Lookups of targets that fail at present."},
    Metric{kAlias, "lookups", "axfrd_alias_lookups_total", kCounter, "Lookups of targets."},
    Metric{kAlias, "failures", "axfrd_alias_failures_total", kCounter, "Lookups that failed."},
    Metric{kAlias, "alarms", "axfrd_alias_alarms_total", kCounter,
           "Targets that began to fail, have too many or special-purpose addresses, and zones that they change too "
           "often."},
    Metric{kAlias, "changes", "axfrd_alias_changes_total", kCounter, "Changes of zones by new addresses."},
    Metric{kAlias, "deferred_changes", "axfrd_alias_deferred_changes_total", kCounter,
           "Such changes that had to wait, because the zone had changed too often."},
    Metric{kAlias, "refused_changes", "axfrd_alias_refused_changes_total", kCounter,
           "Such changes that could not be made."},
    Metric{kEndings, "zones", "axfrd_secondary_endings", kGauge,
           "Zones whose secondary DNS ends when their parent zone does not name the secondaries any more."},
    Metric{kEndings, "dropped", "axfrd_secondary_endings_dropped", kGauge,
           "Of these, those where that is so, and caches are waited for."},
    Metric{kEndings, "failing", "axfrd_secondary_endings_failing", kGauge,
           "Of these, those whose parent zone could not be asked at last, or that could not be disabled."},
    Metric{kEndings, "questions", "axfrd_secondary_ending_questions_total", kCounter,
           "Times that the parent zone of such a zone was asked."},
    Metric{kEndings, "failures", "axfrd_secondary_ending_failures_total", kCounter,
           "Of these, those without an answer that counts."},
    Metric{kEndings, "ended", "axfrd_secondary_ended_total", kCounter, "Zones whose secondary DNS has ended by that."},
};

}  // namespace

std::span<const Metric> metric_table() { return kMetrics; }

}  // namespace axfrd::control
