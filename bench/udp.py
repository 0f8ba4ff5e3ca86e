#!/usr/bin/python3
"""Answers over UDP: axfrd beside NSD, Knot, Knot with XDP, BIND and PowerDNS, and beside a bare echo.

All take turns on one veth, each with one worker on CPU 1, while the load has CPU 0. The echo is testpmd, which swaps
addresses and sends every packet back: what the port can do. axfrd and the echo are measured on af_xdp (for axfrd, the
split door) and on af_packet, which takes the port whole; the others on the interface. Figures are medians of rounds.

Cases:
  hit       names that are there, in one zone of 100 000 records
  nx        names that are not, in the same zone
  polls     SOA of 10 000 zones
  polls-many  SOA of 100 000 zones
  signed    names that are there, with DO, in a signed zone of 10 000 records (PowerDNS is left out)

For each:
  dnsperf     keeps 100 queries in flight: answers a second, and CPU seconds of the server for a million of them
  p50, p99    what a question takes, in microseconds, while dnsperf asks 25 000 times a second
  kxdpgun     sends at growing rates, whatever comes back: the most answers a second while less than 0.1 % of the
              questions were lost, and at any rate
"""

import argparse
import contextlib
import os
import pathlib
import random
import re
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "bench")]

import generate  # noqa: E402
import plot  # noqa: E402
import quiet  # noqa: E402
import scale  # noqa: E402
import servers  # noqa: E402
import signing  # noqa: E402
from lab import IPV4, Lab, af_packet  # noqa: E402

SERVER_CPU, CLIENT_CPU = 1, 0
CASES = ("hit", "nx", "polls", "polls-many", "signed")
RATES = (50_000, 100_000, 150_000, 200_000, 250_000, 300_000, 350_000, 400_000, 500_000, 600_000)
QUESTIONS = 20_000
LATENCY_RATE = 25_000
# Beyond these losses a higher rate is not tried.
HOPELESS = 0.3
FIGURES = {
    "dnsperf": "dnsperf, answers/s", "cpu": "CPU s per million", "p50": "p50, µs", "p99": "p99, µs",
    "lossless": "kxdpgun, most answers/s without loss", "most": "kxdpgun, most answers/s",
}  # fmt: skip


# ---- the servers, in the lab ----

servers.ADDRESS = IPV4


class Placed:
    """In the lab's appliance."""

    lab = None

    def placed(self, *command):
        return self.lab.appliance.command(*command)

    def start(self):
        super().start()
        if isinstance(self, Echo):
            return time.sleep(2)
        with self.lab.client.inside(), servers.Asker(IPV4) as asker:
            asker.wait(self.world.names[-1], lambda serial: serial is not None, self, pause=0.01)


class Port(servers.Server):
    """What works on the port itself. A program left behind on a veth slows down whoever is next."""

    def stop(self):
        super().stop()
        self.lab.appliance.run("ip", "link", "set", "axp0", "xdp", "off")


class AxfrdOnPort(Port):
    name, ports = "axfrd", ("--port", "axp0")

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


class AxfrdOnPacket(AxfrdOnPort):
    name, ports = "axfrd-af_packet", ("--port", af_packet(), "--address", f"{IPV4}/24")


class Echo(Port):
    name, device = "echo", "net_af_xdp0,iface=axp0"

    def prepare(self):
        pass

    def command(self):
        # With a period for statistics, testpmd does not wait for input.
        return (
            "dpdk-testpmd", "-l", f"{CLIENT_CPU},{SERVER_CPU}", "--no-pci", "--in-memory", "-m", 256,
            f"--vdev={self.device}", "--", "--forward-mode=5tswap", "--auto-start", "--stats-period=1",
        )  # fmt: skip

    def start(self):
        self.cpus = {CLIENT_CPU, SERVER_CPU}  # its own affinity keeps the worker on one of them
        super().start()


class EchoOnPacket(Echo):
    name, device = "echo-af_packet", af_packet()


class KnotXdp(Port, servers.Knot):
    name, more = "knot-xdp", "xdp:\n  listen: axp0\n"


# By the kind of lab: whether the interface stays the kernel's.
KINDS = {
    True: (Echo, AxfrdOnPort, KnotXdp, servers.Knot, servers.Nsd, servers.Bind, servers.Pdns),
    False: (EchoOnPacket, AxfrdOnPacket),
}
NAMES = [kind.name for kinds in KINDS.values() for kind in kinds]


# ---- the worlds ----


def world(directory, name, options):
    """The zones of some cases."""
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


WORLD_OF = {"hit": "large", "nx": "large", "polls": "few", "polls-many": "many", "signed": "signed"}


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
    def __init__(self, lab, case, world, seconds):
        self.lab, self.seconds, self.signed = lab, seconds, case == "signed"
        lines = list(questions(case, world))
        self.plain = world.directory / f"{case}.questions"
        self.plain.write_text("".join(line + "\n" for line in lines))
        self.flagged = world.directory / f"{case}.kxdpgun"
        self.flagged.write_text("".join(f"{line}{' D' if self.signed else ''}\n" for line in lines))

    def on_client(self, *command):
        return self.lab.client.run("taskset", "-c", CLIENT_CPU, *command, timeout=120).stdout

    def dnsperf(self, *options):
        return self.on_client(
            "dnsperf", "-s", IPV4, "-d", self.plain, "-l", self.seconds, "-t", 1, *(["-D"] if self.signed else []),
            *options,
        )  # fmt: skip

    def closed_loop(self, server):
        before = server.cpu()
        out = self.dnsperf()
        answers = int(re.search(r"Queries completed: +(\d+)", out)[1])
        cpu = (server.cpu() - before) / answers * 1e6
        return {"dnsperf": float(re.search(r"Queries per second: +([\d.]+)", out)[1]), "cpu": cpu}

    def latency(self):
        out = self.dnsperf("-Q", LATENCY_RATE, "-v")
        times = sorted(float(line.rsplit(None, 1)[1]) for line in out.splitlines() if line.startswith("> "))
        return {"p50": times[len(times) // 2] * 1e6, "p99": times[len(times) * 99 // 100] * 1e6}

    def offered(self, rate):
        """Answers a second, and the share of questions that got none."""
        out = self.on_client("kxdpgun", "-t", self.seconds, "-Q", rate, "-i", self.flagged, IPV4)
        self.lab.client.run("ip", "link", "set", "eth0", "xdp", "off")
        sent = int(re.search(r"total queries: +(\d+)", out)[1])
        replies = int(re.search(r"total replies: +(\d+)", out)[1])
        return replies / self.seconds, 1 - replies / sent

    def open_loop(self):
        lossless = most = 0
        for rate in RATES:
            answered, lost = self.offered(rate)
            most = max(most, answered)
            if lost < 0.001:  # of what was sent: the generator has limits of its own
                lossless = max(lossless, answered)
            if lost > HOPELESS:
                break
        return {"lossless": lossless, "most": most}


def measure(server, load):
    figures = {}
    if not isinstance(server, Echo):
        load.dnsperf()  # what is done once
        figures.update(load.closed_loop(server))
        figures.update(load.latency())
    figures.update(load.open_loop())
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
        self.figures = scale.Figures()
        self.titles, self.failed, self.disturbed = {}, [], 0

    def run(self):
        for name in dict.fromkeys(WORLD_OF[case] for case in self.options.cases):
            scale.say(f"zones: {name}")
            made = world(self.directory, name, self.options)
            cases = [case for case in self.options.cases if WORLD_OF[case] == name]
            self.titles.update({case: title(case, made) for case in cases})
            self.run_world(made, cases)

    def run_world(self, made, cases):
        prepared = {}
        for number in range(self.options.rounds):
            for split, kinds in KINDS.items():
                with lab_for(split) as lab:
                    for kind in kinds:
                        if kind.name in self.options.servers and not (kind is servers.Pdns and "signed" in cases):
                            self.turn(prepared, kind, lab, made, cases, number)

    def turn(self, prepared, kind, lab, made, cases, number):
        try:
            if kind not in prepared:
                prepared[kind] = type(kind.__name__, (Placed, kind), {"lab": lab})(made, {SERVER_CPU})
            server = prepared[kind]
            server.lab = lab
            self.disturbed += not quiet.await_quiet()
            server.start()
            if not isinstance(server, Port):  # which polls
                server.settle()
            for case in cases:
                figures, ok = quiet.undisturbed(lambda: measure(server, Load(lab, case, made, self.options.seconds)))
                self.disturbed += not ok
                for figure, value in figures.items():
                    self.figures.add(case, kind.name, figure, value)
                told = ", ".join(f"{figure} {value:.6g}" for figure, value in figures.items())
                scale.say(f"round {number + 1}, {case}, {kind.name}: {told}")
        except Exception as error:
            scale.say(f"{kind.name}: FAILED: {error}")
            self.failed.append(f"{kind.name}: {error}")
        finally:
            if kind in prepared:
                prepared[kind].stop()


def title(case, world):
    zone = f"one zone of {scale.spaced(world.records)} records"
    return {
        "hit": f"names that are there, {zone}", "nx": f"names that are not, {zone}",
        "signed": f"names that are there, with DO, {zone}, and its signatures",
    }.get(case) or f"SOA of {scale.plural(len(world.names), 'zone')}"  # fmt: skip


def report(bench, options):
    figures = bench.figures
    for case, told in bench.titles.items():
        print(f"\n| {told} | " + " | ".join(FIGURES.values()) + " |")
        print("|---|" + "---:|" * len(FIGURES))
        for name in options.servers:
            print(f"| {name} | " + " | ".join(figures.cell(case, name, figure) for figure in FIGURES) + " |")
        if options.plots:
            rows = [(name, figures.median(case, name, "most")) for name in options.servers]
            file = options.plots / f"udp-{case}.svg"
            file.write_text(plot.bars(f"Most answers a second: {told}", rows, "/s"))
            print(f"\n![{told}]({os.path.relpath(file, ROOT / 'bench')})")
    print(f"\n{options.rounds} rounds of {options.seconds} s. Measured beside other load, after a minute's wait: "
          f"{bench.disturbed} of all.")  # fmt: skip
    for reason in bench.failed:
        print(f"Failed: {reason}")


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench udp", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3 rounds of 1 s, not 5 of 3 s; a tenth of the zones")
    parser.add_argument("--cases", type=scale.listed(CASES), default=list(CASES), metavar="CASE,...")
    parser.add_argument(
        "--servers", type=scale.listed(NAMES), default=NAMES, metavar="SERVER,...", help=", ".join(NAMES)
    )
    parser.add_argument("--rounds", type=scale.count, help="rounds, if neither 5 nor 3")
    parser.add_argument("--plots", type=pathlib.Path, help="directory for a plot of each case, as SVG")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.seconds = 1 if options.quick else 3
    options.records, options.zones = 100_000, 10_000 if options.quick else 100_000
    return options


def main():
    options = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, scale.end)
    os.sched_setaffinity(0, {CLIENT_CPU})
    with tempfile.TemporaryDirectory(prefix="axfrd-udp-", dir="/var/tmp") as directory:
        bench = Bench(options, pathlib.Path(directory))
        bench.run()
        report(bench, options)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
