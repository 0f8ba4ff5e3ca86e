#include "control/option_table.h"

#include <array>

#include "control/command/verbs.h"

namespace axfrd::control {

namespace {

using Kind = Option::Kind;

constexpr std::array kPacketPathOptions{
    Option{"port", Kind::list, "INTERFACE|DEVARGS", nullptr,
           "serve DNS here; may be repeated. The name of an interface: it keeps its kernel driver and gives us nothing "
           "but queries. A PCI address, or a vdev of DPDK with its arguments (net_...): it is ours, with all that "
           "arrives"},
    Option{"no-port", Kind::toggle, nullptr, nullptr, "no DPDK: serve from the kernel's sockets alone"},
    Option{"tap", Kind::value, "NAME", "axfrd",
           "interface that gives the kernel what is not for us, NAME0 for the first port, unless that is an interface"},
    Option{
        "vhost-net", Kind::toggle, nullptr, nullptr,
        "exchange frames with the kernel through rings (/dev/vhost-net, which has to be there), not by a system call "
        "each"},
    Option{"workers", Kind::value, "N", nullptr, "packet workers (default: 1, or one for each of --worker-cpus)"},
    Option{"worker-cpus", Kind::value, "LIST", nullptr, "CPUs of the packet workers, as in 1,3-5"},
    Option{"control-cpus", Kind::value, "LIST", nullptr, "CPUs of all other threads"},
    Option{"no-huge", Kind::toggle, nullptr, nullptr, "do without huge pages; slow, for tests"},
    Option{"memory", Kind::value, "MIB", "256", "memory for packet buffers"},
    Option{"idle-sleep", Kind::value, "auto|on|off", "auto",
           "whether workers without work sleep: arrival wakes them at AF_XDP ports, others look each 0.2 ms; auto: "
           "unless all "
           "ports are PCI devices"},
};
constexpr std::array kServiceOptions{
    Option{"address", Kind::list, "ADDR/LEN", nullptr,
           "an address we serve; may be repeated. If there are interfaces among the ports, none means theirs; with "
           "--no-port it must exist already, and none means all"},
    Option{"dns-port", Kind::value, "PORT", "53", "port of the kernel's sockets"},
    Option{"store", Kind::value, "DIR", "/var/lib/axfrd", "where zones are kept, from one run to the next"},
    Option{"recover", Kind::toggle, nullptr, nullptr,
           "for one start, if acknowledged changes are lost on a damaged disk: go on without them, and give zones "
           "serials above those that secondaries may have"},
    Option{
        "restore", Kind::value, "DIR", nullptr,
        "for one start: make the store, which must not be there yet, of the backup in DIR (axfrctl backup), and give "
        "zones serials above those that secondaries may have"},
    Option{
        "standby", Kind::toggle, nullptr, nullptr,
        "be a standby: answer queries and transfers, notify and ask nobody, look up no ALIAS, and take no change but "
        "backups of the primary (axfrctl standby load), before axfrctl promote"},
    Option{"redo-log", Kind::value, "KIB", "16384",
           "the size of each of the two files in it that take changes before its database does"},
    Option{"zones-dir", Kind::value, "DIR", nullptr,
           "at start, import every NAME.zone in DIR that is new, or whose serial is newer"},
    Option{"history-memory", Kind::value, "MIB", "512",
           "for the changes that secondaries can get as IXFR, of all zones"},
    Option{"transaction-timeout", Kind::value, "SECONDS", "600", "forget transactions that nobody touches for so long"},
    Option{"allow-transfer", Kind::list, "ADDR[/LEN][=KEY[+KEY]]", nullptr,
           "who may transfer all zones; may be repeated. With a KEY (axfrctl key), only who signs with it. Nobody may "
           "unless told"},
    Option{
        "transfer-log", Kind::value, "FILE", nullptr,
        "tell each transfer and each outcome of a NOTIFY: a line of JSON in FILE, or, if that is the word journal, an "
        "entry with fields in the systemd journal"},
    Option{"audit-log", Kind::value, "FILE", nullptr,
           "write a line of JSON for each change, and for each that was refused: who, what, which zone, serials before "
           "and after. The log has the same in words. SIGHUP opens the file anew"},
    Option{"notify-source", Kind::list, "ADDR", nullptr,
           "send NOTIFY, and questions to secondaries, from this address; may be repeated, once for each family. "
           "Without it, from the first --address of the family, or of the ports; if there is none, the kernel chooses"},
    Option{"primary-name", Kind::list, "NAME", nullptr,
           "a host name of ours that secondaries may transfer from; may be repeated. secondary show hands it on, with "
           "the addresses"},
    Option{"behind-alarm", Kind::value, "SECONDS", "300",
           "warn of secondaries that lack a serial for longer than this; 0: do not"},
    Option{"undelegated-interval", Kind::value, "SECONDS", "600",
           "how often secondary disable --when-undelegated asks the parent zone for its NS names"},
    Option{"undelegated-wait", Kind::value, "SECONDS", "3600",
           "when these have left it, let secondaries transfer for so long, or for the TTL of the delegation or of the "
           "zone's "
           "NS records if that is longer; at most a week"},
    Option{"udp-payload", Kind::value, "BYTES", "1232", "largest UDP response, 512 to 4096"},
    Option{"rate-limit", Kind::value, "N", "200",
           "UDP responses a second of one kind, about one name, to one IPv4 /24 or IPv6 /56, and 50 times as many of "
           "all kinds "
           "about all names; 0: no limit"},
    Option{
        "rate-limit-slip", Kind::value, "N", "1",
        "let every N-th of the responses beyond the limit slip, as TC or BADCOOKIE, and drop the others; 0: drop all"},
    Option{"nsid", Kind::value, "TEXT", nullptr, "name of this server for those who ask (RFC 5001)"},
    Option{"id-server", Kind::value, "TEXT", nullptr, "answer to CH TXT id.server and hostname.bind"},
    Option{"version-text", Kind::value, "TEXT", nullptr, "answer to CH TXT version.server and version.bind"},
};
constexpr std::array kAliasOptions{
    Option{"resolver", Kind::list, "ADDR[@PORT]", nullptr,
           "look up the targets of ALIAS records here; may be repeated. Without it, at the name servers of "
           "/etc/resolv.conf, and if there is no such file, from the root down"},
    Option{"alias-floor", Kind::value, "SECONDS", "30",
           "take a target's TTL for no less than this; no target is looked up more often"},
    Option{"alias-rate", Kind::value, "N", "200", "lookups a second, in all"},
    Option{"alias-hold", Kind::value, "SECONDS", "0",
           "keep the addresses of a target that rotates them, as a CDN does, for so long after they were seen last; 0: "
           "do not. A target that does not rotate, and an answer that is all new, change the zone at once in any case"},
    Option{"alias-max-addresses", Kind::value, "N", "32",
           "publish no more addresses of a target than this, of each family"},
    Option{"alias-changes", Kind::value, "N", "60",
           "changes an hour of one zone by lookups, after ten that follow each other at once"},
    Option{"alias-special", Kind::toggle, nullptr, nullptr,
           "publish special-purpose addresses, too: private, loopback, link-local, documentation, multicast"},
    Option{"url-address", Kind::list, "ADDR", nullptr,
           "an address of the HTTP redirector, which URL records stand for; may be repeated"},
};
constexpr std::array kTcpOptions{
    Option{"tcp-max-sessions", Kind::value, "N", "4096", "TCP sessions at a time"},
    Option{"tcp-max-per-client", Kind::value, "N", "256", "of these from one IPv4 address or IPv6 /64"},
    Option{"tcp-max-per-prefix", Kind::value, "N", "1024", "of these from one IPv4 /24 or IPv6 /48"},
    Option{
        "tcp-max-per-secondary", Kind::value, "N", "16",
        "keep room for so many from each host that a zone, or --allow-transfer, names by its address; in all, for no "
        "more than a quarter of the sessions"},
    Option{"tcp-idle-timeout", Kind::value, "SECONDS", "30", "close sessions that neither ask nor read for so long"},
};
constexpr std::array kGeneralOptions{
    Option{"control-socket", Kind::value, "PATH", kDefaultControlSocket, "where axfrctl finds us"},
    Option{"metrics", Kind::value, "ADDR@PORT", nullptr,
           "give the counters to Prometheus here, over HTTP, at /metrics, to everybody who can reach it"},
    Option{"http", Kind::list, "ADDR@PORT|PATH", nullptr,
           "serve the HTTP API here; may be repeated. One may be the path of a Unix socket, which begins with a slash"},
    Option{"http-cert", Kind::value, "FILE", nullptr,
           "by HTTPS, with this certificate and its chain, in PEM format. SIGHUP and axfrctl http reload read it anew"},
    Option{"http-key", Kind::value, "FILE", nullptr, "its key, in PEM format (default: in the same file)"},
    Option{"http-plain", Kind::toggle, nullptr, nullptr,
           "serve plain HTTP at other addresses than loopback, too: tokens can be read on the way"},
    Option{"http-open-metrics", Kind::toggle, nullptr, nullptr,
           "at --http, too, give the counters to everybody; else they take a token"},
    Option{"console", Kind::toggle, nullptr, nullptr,
           "serve the console at --http, for browsers; axfrctl user add lets people sign in"},
    Option{"console-origin", Kind::list, "URL", nullptr,
           "take what pages at this address send, as in https://dns.example.net; may be repeated. Without it, those at "
           "an address of ours, at localhost and at a --primary-name"},
    Option{"http-trusted-proxy", Kind::list, "ADDR", nullptr,
           "believe this host that X-Remote-User names the console's user, whom it has authenticated; may be repeated"},
    Option{"http-max-connections", Kind::value, "N", "1024", "connections of HTTP at a time"},
    Option{"http-max-per-client", Kind::value, "N", "128", "of these from one IPv4 address or IPv6 /64"},
    Option{"log-level", Kind::value, "LEVEL", "info", "error, warning, info or debug"},
};
constexpr std::array kCommandLineOptions{
    Option{"config", Kind::value, "FILE", nullptr, "read `option = value` lines"},
    Option{"check", Kind::toggle, nullptr, nullptr,
           "say whether the options and the configuration are sound, and end; with 2 if they are not"},
    Option{"help", Kind::toggle, nullptr, nullptr, "print this help"},
    Option{"version", Kind::toggle, nullptr, nullptr, "print the version"},
};

constexpr std::array kGroups{
    OptionGroup{"Packet path", kPacketPathOptions, true},
    OptionGroup{"DNS service", kServiceOptions, true},
    OptionGroup{"ALIAS and URL records", kAliasOptions, true},
    OptionGroup{"TCP", kTcpOptions, true},
    OptionGroup{"Operation", kGeneralOptions, true},
    OptionGroup{"Only on the command line", kCommandLineOptions, false},
};

}  // namespace

std::span<const OptionGroup> option_groups() { return kGroups; }

}  // namespace axfrd::control
