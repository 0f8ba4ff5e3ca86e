#include "dataplane/verdict.h"

namespace axfrd::dataplane {
namespace {

// clang-format off
constexpr std::array<std::string_view, kVerdicts> kNames = {
    "answered", "neighbour_answered",
    "arp", "neighbour_discovery", "icmp", "tcp_open", "tcp", "dns_privileged", "udp", "fragment", "ip_options",
    "extension_header", "other_ip", "other_ethernet", "segmented",
    "truncated", "foreign", "looped", "bad_ip_header", "bad_ip_checksum", "bad_udp_length", "bad_udp_checksum",
    "bad_neighbour", "not_unicast", "bad_source", "oversize", "not_a_query",
    "rate_limited",
    "neighbour_over_budget", "icmp_over_budget", "tcp_open_over_budget", "tcp_over_budget", "dns_over_budget",
    "udp_over_budget", "other_over_budget",
    "kernel_path_full"};
// clang-format on
static_assert(!kNames.back().empty(), "a verdict has no name");
static_assert(over_budget(PuntClass::other) == Verdict::other_over_budget, "over_budget() counts on the order");

}  // namespace

std::string_view name_of(Verdict v) { return kNames[index(v)]; }

}  // namespace axfrd::dataplane
