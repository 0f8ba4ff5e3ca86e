#!/usr/bin/python3
"""Answers over UDP: axfrd beside NSD, Knot, Knot with XDP, BIND and PowerDNS, and beside a bare echo.

The servers take turns on one veth, each with one worker on CPU 1, while the load has CPU 0. The echo is testpmd, which
swaps addresses and sends every packet back: the most that the port can do. axfrd and the echo are on af_xdp (the split
door); the others use sockets of the interface. Figures are medians of the rounds.

Cases:
  hit         names that are there, in one zone of 100 000 records
  nx          names that are not, in the same zone
  polls       SOA of 10 000 zones
  polls-many  SOA of 100 000 zones
  signed      names that are there, with DO, in a signed zone of 10 000 records (PowerDNS is left out)
  loss        only if it is named, as scripts/bench loss does: the questions of hit at 0.1, 0.25, 0.5 and 0.75 of the
              rate that the echo takes without loss. The share that got no answer, at a steady rate and in bursts of 64,
              with a worker that sleeps when idle, which is the default, and with one that spins; and the CPU time that
              each takes without queries
The echoes, which do not look at packets, and axfrd on af_packet, which takes everything on the port, are in hit and
polls-many only.

Measured for each case, with two exceptions: the echo is measured with kxdpgun alone, and servers on the interface's
sockets are measured with kxdpgun only in hit:
  dnsperf   keeps 100 queries in flight: answers a second, and the CPU seconds in user space that the server takes for a
            million of them. axfrd's worker polls, so its CPU time is that of turns that found packets, without the
            driver's sending
  p50, p99  the time of an answer, in microseconds, while dnsperf asks 25 000 times a second
  kxdpgun   sends at growing rates, whatever comes back, until one question in five is lost: the most answers a second
            while less than 0.1 % were lost (in one of three tries, to within 3 %), and the most at any rate; and the
            CPU seconds in user space, as above, at that rate. With --quick, one try, to within 12 %
"""

import contextlib
import os
import pathlib
import random
import re
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "bench")]

import asking  # noqa: E402
import changes  # noqa: E402
import generate  # noqa: E402
import harness  # noqa: E402
import report  # noqa: E402
import servers  # noqa: E402
import signing  # noqa: E402
from harness import plural, say, spaced  # noqa: E402
from lab import IPV4, Lab, af_packet  # noqa: E402
from quiet import Quiet  # noqa: E402

SERVER_CPU, CLIENT_CPU = 1, 0
PEER_CASES = ("hit", "nx", "polls", "polls-many", "signed")
CASES = (*PEER_CASES, "loss")
FEW_CASES, UNSIGNED_CASES = ("hit", "polls-many"), CASES[:4]
SHARES, BATCHES, IDLE_SECONDS = (0.1, 0.25, 0.5, 0.75), {"steady": 10, "bursts": 64}, 3
STEP = 1.25
RATES = [80_000 * STEP**power for power in range(12)]
KXDPGUN_SECONDS, WARM_UP = 1, 1
QUESTIONS = 20_000
LATENCY_RATE = 25_000
# Shares of questions that got no answer: less than NO_LOSS counts as none; above HOPELESS no higher rate is tried.
NO_LOSS, HOPELESS = 0.001, 0.2
FIGURES = {
    "dnsperf": "dnsperf, answers/s", "cpu": "user CPU s per million", "p50": "p50, µs", "p99": "p99, µs",
    "lossless": "kxdpgun, most answers/s without loss", "most": "kxdpgun, most answers/s",
    "cpu-most": "user CPU s per million then",
}  # fmt: skip


# ---- the servers, in the lab ----

asking.ADDRESS = IPV4


class Placed:
    """Mixed into a server, to run it in the lab's appliance."""

    lab = None

    def placed(self, *command):
        return self.lab.appliance.command(*command)

    def start(self):
        super().start()
        if isinstance(self, Echo):
            return time.sleep(2)
        with self.lab.client.inside(), asking.Asker(IPV4) as asker:
            asker.wait(self.world.names[-1], lambda serial: serial is not None, self, pause=0.01)
        self.confine()


class Port(servers.Server):
    """A server on the port itself. stop() removes its XDP program; on a veth it would slow down the next server."""

    def stop(self):
        super().stop()
        self.lab.appliance.run("ip", "link", "set", "axp0", "xdp", "off")


class AxfrdOnPort(Port):
    name, ports, environment = "axfrd", ("--port", "axp0"), servers.Axfrd.environment

    def prepare(self):
        pass

    def command(self):
        store = self.directory / "store"
        zones = () if store.exists() else ("--zones-dir", self.world.files)
        return (
            servers.BUILD / "axfrd", *self.ports, "--store", store, "--control-socket", self.directory / "control.sock",
            "--worker-cpus", SERVER_CPU, "--control-cpus", SERVER_CPU, "--rate-limit", 0, "--log-level", "warning",
            *zones,
        )  # fmt: skip

    def user_cpu(self):
        """The worker polls, so only turns that found packets count. The driver's sending does not count, because on a
        veth it is the kernel's work."""
        with contextlib.closing(changes.Control(self.directory / "control.sock")) as control:
            (worker,) = control.call("stats")["workers"]
            return worker["busy_seconds"] - worker["send_seconds"]


class AxfrdSpinning(AxfrdOnPort):
    name, ports = "axfrd-spinning", (*AxfrdOnPort.ports, "--idle-sleep", "off")


class AxfrdOnPacket(AxfrdOnPort):
    name, ports = "axfrd-af_packet", ("--port", af_packet(), "--address", f"{IPV4}/24")


class Echo(Port):
    name, device = "echo", "net_af_xdp0,iface=axp0"

    def prepare(self):
        pass

    def command(self):
        # testpmd does not wait for input if it has a period for statistics.
        return (
            "dpdk-testpmd", "-l", f"{CLIENT_CPU},{SERVER_CPU}", "--no-pci", "--in-memory", "-m", 256,
            f"--vdev={self.device}", "--", "--forward-mode=5tswap", "--auto-start", "--stats-period=1",
        )  # fmt: skip

    def start(self):
        self.cpus = {CLIENT_CPU, SERVER_CPU}  # testpmd itself binds its worker to one of them
        super().start()


class EchoOnPacket(Echo):
    name, device = "echo-af_packet", af_packet()


class KnotXdp(Port, servers.Knot):
    name, more = "knot-xdp", "xdp:\n  listen: axp0\n"


# The servers of each kind of lab. True: the interface keeps its kernel driver, and its addresses.
KINDS = {
    True: (Echo, AxfrdOnPort, AxfrdSpinning, KnotXdp, servers.Knot, servers.Nsd, servers.Bind, servers.Pdns),
    False: (EchoOnPacket, AxfrdOnPacket),
}
NAMES = [kind.name for kinds in KINDS.values() for kind in kinds]
PEERS = ["knot-xdp", "knot", "nsd", "bind", "pdns"]
# The cases of servers that are not in all cases, or are in `loss`.
SOME_CASES = {
    Echo: (*FEW_CASES, "loss"), EchoOnPacket: FEW_CASES, AxfrdOnPacket: FEW_CASES, servers.Pdns: UNSIGNED_CASES,
    AxfrdOnPort: CASES, AxfrdSpinning: ("loss",),
}  # fmt: skip


# ---- the worlds ----


def world(directory, name, options):
    """The zones of the cases whose WORLD_OF is `name`."""
    files = directory / name / "zones"
    files.mkdir(parents=True)
    if name == "large":
        with open(files / f"{generate.LARGE}.zone", "w") as output:
            generate.write_large(output, options.records)
        return servers.World(files.parent, files, [generate.LARGE], options.records, generate.LARGE)
    if name == "signed":
        with tempfile.TemporaryDirectory() as workshop:
            text = "".join(generate.text(generate.head(generate.LARGE)))
            text += generate.text(generate.large_body(options.records // 10))
            signed, _ = signing.sign(pathlib.Path(workshop), generate.LARGE, text, [])
            (files / f"{generate.LARGE}.zone").write_bytes(signed.read_bytes())
        return servers.World(files.parent, files, [generate.LARGE], options.records // 10, generate.LARGE)
    count = options.zones if name == "many" else options.zones // 10
    generate.write_small(files, count)
    names = list(generate.small_names(count))
    return servers.World(files.parent, files, names, generate.SMALL_RECORDS, names[-1])


WORLD_OF = {"hit": "large", "nx": "large", "polls": "few", "polls-many": "many", "signed": "signed", "loss": "large"}


def questions(case, world):
    pick = random.Random(case)
    for _ in range(QUESTIONS):
        if case == "nx":
            yield f"x{pick.randrange(10**9)}.{generate.LARGE}. A"
        elif case.startswith("polls"):
            yield f"{pick.choice(world.names)}. SOA"
        else:
            number = pick.randrange((world.records - 10) // 10) * 10 + pick.randrange(5)
            yield f"h{number:07}.{generate.LARGE}. A"


# ---- the load ----


class Load:
    def __init__(self, lab, case, world, options):
        self.lab, self.case, self.options, self.signed = lab, case, options, case == "signed"
        lines = list(questions(case, world))
        self.plain = world.directory / f"{case}.questions"
        self.plain.write_text("".join(line + "\n" for line in lines))
        self.flagged = world.directory / f"{case}.kxdpgun"
        self.flagged.write_text("".join(f"{line}{' D' if self.signed else ''}\n" for line in lines))

    def on_client(self, *command):
        return self.lab.client.run("taskset", "-c", CLIENT_CPU, *command, timeout=120).stdout

    def dnsperf(self, *options, seconds=None):
        return self.on_client(
            "dnsperf", "-s", IPV4, "-d", self.plain, "-l", seconds or self.options.seconds, "-t", 1,
            *(["-D"] if self.signed else []), *options,
        )  # fmt: skip

    def closed_loop(self, server):
        before = server.user_cpu()
        out = self.dnsperf()
        cpu = server.user_cpu() - before
        answers = int(re.search(r"Queries completed: +(\d+)", out)[1])
        if answers == 0:
            raise RuntimeError("dnsperf got no answer")
        return {"dnsperf": float(re.search(r"Queries per second: +([\d.]+)", out)[1]), "cpu": cpu / answers * 1e6}

    def latency(self):
        out = self.dnsperf("-Q", LATENCY_RATE, "-v")
        times = sorted(float(line.rsplit(None, 1)[1]) for line in out.splitlines() if line.startswith("> "))
        return {"p50": times[len(times) // 2] * 1e6, "p99": times[len(times) * 99 // 100] * 1e6}

    def offered(self, rate, server, batch=BATCHES["steady"]):
        """Answers a second, the share of questions that got none, and user CPU seconds per million answers."""
        before = server.user_cpu()
        out = self.on_client("kxdpgun", "-t", KXDPGUN_SECONDS, "-Q", round(rate), "-b", batch, "-i", self.flagged, IPV4)
        self.lab.client.run("ip", "link", "set", "eth0", "xdp", "off")
        sent = int(re.search(r"total queries: +(\d+)", out)[1])
        if sent == 0:
            raise RuntimeError("kxdpgun sent nothing")
        replies = int(re.search(r"total replies: +(\d+)", out)[1])
        cpu = (server.user_cpu() - before) / max(replies, 1) * 1e6
        return replies / KXDPGUN_SECONDS, 1 - replies / sent, cpu

    def least_loss(self, rate, server, figures):
        """The share of questions that got no answer, in the best of some tries."""
        least = 1
        for _ in range(self.options.tries):
            answered, lost, cpu = self.offered(rate, server)
            if answered > figures["most"]:
                figures.update({"most": answered, "cpu-most": cpu})
            least = min(least, lost)
            if lost < NO_LOSS:  # relative to what was sent, because the generator may send less than asked for
                figures["lossless"] = max(figures["lossless"], answered)
            if not NO_LOSS <= lost <= HOPELESS:
                break
        return least

    def open_loop(self, server):
        """Raises the rate in steps until the loss is hopeless, then bisects from the last step without loss upwards."""
        figures = {"lossless": 0, "most": 0}
        low = 0
        for rate in RATES:
            lost = self.least_loss(rate, server, figures)
            if lost < NO_LOSS:
                low = rate
            if lost > HOPELESS:
                break
        if 0 < low < RATES[-1]:
            high = low * STEP
            for _ in range(self.options.halvings):
                middle = (low * high) ** 0.5
                if self.least_loss(middle, server, figures) < NO_LOSS:
                    low = middle
                else:
                    high = middle
        return figures


    def losses(self, server, echo_rate):
        """Medians of the share of questions without an answer, in percent."""
        figures = {}
        for kind, batch in BATCHES.items():
            for share in SHARES:
                lost = [self.offered(share * echo_rate, server, batch)[1] for _ in range(self.options.tries)]
                figures[f"{share} {kind}"] = 100 * statistics.median(lost)
        return figures


def idle_cpu(server):
    """The CPU time that the idle server takes, in percent of one CPU."""
    before = cpu_seconds(server)
    time.sleep(IDLE_SECONDS)
    return 100 * (cpu_seconds(server) - before) / IDLE_SECONDS


def cpu_seconds(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_losses(server, load, echo_rate):
    if isinstance(server, Echo):
        figures = {"lossless": load.open_loop(server)["lossless"]}
        return figures | load.losses(server, figures["lossless"])
    if not echo_rate:
        raise RuntimeError("the echo has no rate yet")
    return {"idle": idle_cpu(server)} | load.losses(server, echo_rate)


def measure(server, load):
    figures = {}
    if not isinstance(server, Echo):
        load.dnsperf(seconds=WARM_UP)  # some work is done only once
        figures.update(load.closed_loop(server))
        figures.update(load.latency())
    if isinstance(server, Port) or load.case == "hit":
        figures.update(load.open_loop(server))
    if isinstance(server, Echo):
        figures.pop("cpu-most", None)  # testpmd polls, and does not count busy turns
    return figures


# ---- the run ----


@contextlib.contextmanager
def lab_for(split):
    lab = Lab("client", split=split, direct=True)
    try:
        # testpmd does not answer ARP.
        mac = ":".join(f"{octet:02x}" for octet in lab.appliance.mac("axp0"))
        lab.client.run("ip", "neighbour", "replace", IPV4, "lladdr", mac, "dev", "eth0")
        yield lab
    finally:
        lab.close()


class Bench:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.figures, self.quiet = report.Figures(), Quiet(options.quick)
        self.titles, self.failed = {}, []

    def run(self):
        for name in dict.fromkeys(WORLD_OF[case] for case in self.options.cases):
            say(f"zones: {name}")
            made = world(self.directory, name, self.options)
            cases = [case for case in self.options.cases if WORLD_OF[case] == name]
            self.titles.update({case: title(case, made) for case in cases})
            self.run_world(made, cases)

    def run_world(self, made, cases):
        prepared = {}
        for number in range(1, self.options.rounds + 1):
            self.progress = f"round {number} of {self.options.rounds}"
            for split, kinds in KINDS.items():
                self.run_lab(prepared, split, kinds, made, cases)

    def run_lab(self, prepared, split, kinds, made, cases):
        wanted = {kind: [case for case in cases if case in SOME_CASES.get(kind, CASES[:-1])] for kind in kinds}
        wanted = {kind: some for kind, some in wanted.items() if some and kind.name in self.options.servers}
        if not wanted:
            return
        with lab_for(split) as lab:
            for kind, some in wanted.items():
                self.turn(prepared, kind, lab, made, some)

    def turn(self, prepared, kind, lab, made, cases):
        try:
            if kind not in prepared:
                prepared[kind] = type(kind.__name__, (Placed, kind), {"lab": lab})(made, {SERVER_CPU})
            server = prepared[kind]
            server.lab = lab
            self.quiet.wait()
            server.start()
            if not isinstance(server, Port):  # a port's worker polls, and never settles
                server.settle()
            for case in cases:
                load = Load(lab, case, made, self.options)
                if case == "loss":
                    echo_rate = self.figures.median(case, Echo.name, "lossless")
                    figures = self.quiet.undisturbed(lambda: measure_losses(server, load, echo_rate))
                else:
                    figures = self.quiet.undisturbed(lambda: measure(server, load))
                for figure, value in figures.items():
                    self.figures.add(case, kind.name, figure, value)
                told = ", ".join(f"{figure} {value:.6g}" for figure, value in figures.items())
                say(f"{self.progress}, {case}, {kind.name}: {told}")
        except Exception as error:
            say(f"{self.progress}: {kind.name}: FAILED: {error}")
            self.failed.append(f"{self.progress}: {kind.name}: {error}")
        finally:
            if kind in prepared:
                prepared[kind].stop()


# ---- the tables ----


def title(case, world):
    zone = f"one zone of {spaced(world.records)} records"
    return {
        "hit": f"names that are there, {zone}", "nx": f"names that are not, {zone}",
        "loss": f"percent of questions without an answer, by share of the echo's rate, {zone}",
        "signed": f"names that are there, with DO, {zone}, and its signatures",
    }.get(case) or f"SOA of {plural(len(world.names), 'zone')}"  # fmt: skip


# Title, figure, our server, the servers that it is compared with, whether more is better, target.
RATIOS = [
    ("kxdpgun without loss, axfrd : echo", "lossless", "axfrd", ["echo"], True, 0.9),
    ("kxdpgun, axfrd : echo", "most", "axfrd", ["echo"], True, 0.9),
    ("the same on af_packet, without loss", "lossless", "axfrd-af_packet", ["echo-af_packet"], True, 0.9),
    ("the same on af_packet", "most", "axfrd-af_packet", ["echo-af_packet"], True, 0.9),
    ("kxdpgun without loss, axfrd : Knot XDP", "lossless", "axfrd", ["knot-xdp"], True, 1.6),
    ("kxdpgun, axfrd : Knot XDP", "most", "axfrd", ["knot-xdp"], True, 1.6),
    ("dnsperf, axfrd : best peer", "dnsperf", "axfrd", PEERS, True, 1),
    ("user CPU, axfrd : Knot XDP", "cpu", "axfrd", ["knot-xdp"], False, 1 / 3),
    ("user CPU, axfrd : NSD", "cpu", "axfrd", ["nsd"], False, 1 / 3),
    ("the same at the most answers, axfrd : Knot XDP", "cpu-most", "axfrd", ["knot-xdp"], False, 1 / 3),
    ("the same at the most answers, axfrd : NSD", "cpu-most", "axfrd", ["nsd"], False, 1 / 3),
]


def ratio_table(block, figures, cases):
    rows = []
    for what, figure, ours, others, more, target in RATIOS:
        row = [what]
        for case in cases:
            ratio = report.ratio(figures.median(case, ours, figure), figures.best(case, others, figure, more))
            row.append(report.cell(ratio, **{"at_least" if more else "at_most": target}))
        rows.append(row)
    block.table(["ratios, and targets in brackets", *cases], [row for row in rows if any(row[1:])])


def many_table(block, figures):
    """The ratio of many zones to one: whether the number of zones matters."""
    rows = []
    for figure in ("dnsperf", "lossless", "most"):
        ratio = report.ratio(figures.median("polls-many", "axfrd", figure), figures.median("hit", "axfrd", figure))
        rows.append([FIGURES[figure], report.cell(ratio, at_least=0.9)])
    block.table(["axfrd", "polls-many : hit"], rows)


def loss_table(block, figures, told, servers):
    columns = [f"{share} {kind}" for kind in BATCHES for share in SHARES]
    rows = [[name, *(figures.cell("loss", name, each) for each in (*columns, "idle"))] for name in servers]
    block.table([f"loss: {told}", *columns, "CPU when idle, %"], [row for row in rows if any(row[1:])])


def publish(bench, options):
    # `loss` has a block of its own in RESULTS.md, because it is measured without the peers.
    figures, block = bench.figures, report.Block(options, "loss" if options.cases == ["loss"] else None)
    programs = dict.fromkeys(name.split("-")[0] for name in options.servers if not name.startswith("echo"))
    versions = [f"{name} {servers.SERVERS[name].version()}" for name in programs]
    block.conditions(
        f"the server's worker on {SERVER_CPU}, the load on {CLIENT_CPU}",
        [report.dpdk(), *versions],
        bench.quiet,
        f"Medians of {plural(options.rounds, 'round')}; dnsperf for {options.seconds} s, kxdpgun for"
        f" {KXDPGUN_SECONDS} s at each rate.",
    )
    for case, told in bench.titles.items():
        if case == "loss":
            loss_table(block, figures, told, options.servers)
            continue
        rows = [[name, *(figures.cell(case, name, figure) for figure in FIGURES)] for name in options.servers]
        block.table([f"{case}: {told}", *FIGURES.values()], [row for row in rows if any(row[1:])])
        groups = [(FIGURES[figure], figures.bars(case, options.servers, figure)) for figure in ("dnsperf", "most")]
        block.plot(f"udp-{case}", f"Answers a second: {told}", groups, "/s")
    ratio_table(block, figures, [case for case in options.cases if case != "loss"])
    many_table(block, figures)
    return block.publish(bench.failed)


# ---- the command line ----


def parse_arguments():
    parser = harness.parser_of("udp", __doc__, "2 rounds, dnsperf for 1 s; a tenth of the zones; hit and polls-many")
    parser.add_argument("--cases", type=harness.listed(CASES), metavar="CASE,...", help="some of the cases above")
    parser.add_argument(
        "--servers", type=harness.listed(NAMES), default=NAMES, metavar="SERVER,...", help=", ".join(NAMES)
    )
    options = harness.parse(parser, quick_rounds=2)
    options.cases = options.cases or list(FEW_CASES if options.quick else PEER_CASES)
    options.seconds = 1 if options.quick else 2
    # Any pause of some milliseconds overflows every ring, so each rate is tried more than once.
    options.tries, options.halvings = (1, 1) if options.quick else (3, 3)
    options.records, options.zones = 100_000, 10_000 if options.quick else 100_000
    return options


def main():
    options = parse_arguments()
    harness.end_on_signals()
    os.sched_setaffinity(0, {CLIENT_CPU})
    with tempfile.TemporaryDirectory(prefix="axfrd-udp-", dir="/var/tmp") as directory:
        bench = Bench(options, pathlib.Path(directory))
        bench.run()
        return publish(bench, options)


if __name__ == "__main__":
    sys.exit(main())
