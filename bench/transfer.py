#!/usr/bin/python3
"""How fast axfrd transfers zones, beside NSD, Knot, BIND, PowerDNS, and a server that only writes the same octets.

All take turns, one worker each, on one CPU; bench/transfer_client.cc has the other. Everything goes over loopback, in a
network namespace of its own. Figures are medians of the rounds. What a server sends is looked at record by record, and
signature by signature, once before it is measured.

Cases:
  large-1, large-8, large-64
                one large zone, to so many clients at a time
  tsig          the same to one client, signed by hmac-sha256; and what the HMAC alone takes
  memory        axfrd alone, for others cut such clients off, or wait for them: how much it grows for each of 64 clients
                that have asked for it and do not read
  change        from the beginning of a change of one record in the large zone to the first octet of an AXFR with it
  small-1, small-16
                many zones of 12 records on one connection, with so many requests on their way
  small-each    the same with a connection each, 8 at a time
  herd          axfrd alone: zones of 12 records with 8 secondaries each, which bench/herd.cc plays: from the beginning
                of a commit until all have the zone, changed one after the other with pauses, and all in a row
"""

import argparse
import base64
import contextlib
import hmac
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import generate
import scale
import servers

CLIENT, BARE, HERD = (servers.BUILD / "bench" / name for name in ("transfer_client", "bare_server", "herd"))
LARGE_CASES = {"large-1": 1, "large-8": 8, "large-64": 64}
STALLED = 64
SMALL_CASES = {
    "small-1": ("--per-connection", 1 << 30, "--depth", 1),
    "small-16": ("--per-connection", 1 << 30, "--depth", 16),
    "small-each": ("--connections", 8),
}
CASES = (*LARGE_CASES, "tsig", "memory", "change", *SMALL_CASES, "herd")
HERD_FIRST, HERD_SIZE, HERD_ZONES, APART, PAUSE = "127.0.1.1", 8, 1000, 100, 0.02
# One that needs so many seconds for one client is not asked by more of them, and not for all small zones.
SLOW, SLOW_ZONES = 1.0, 100


def transfers(*arguments):
    """What the client reports."""
    command = [CLIENT, *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=servers.PATIENCE)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


class Bare:
    """bare_server with the octets of a file, instead of a server."""

    def __init__(self, octets, way, cpus):
        self.octets = octets
        arguments = [BARE, "53", octets, *way]
        self.process = subprocess.Popen(arguments, preexec_fn=lambda: os.sched_setaffinity(0, cpus))

    def __enter__(self):
        time.sleep(0.1)  # it has nothing to do before it listens
        return ("--zone", generate.LARGE, "--octets", self.octets.stat().st_size)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Herd:
    """The secondaries. `done`: for each zone the times at which they had it anew."""

    def __init__(self, names):
        self.done, self.ready = {}, threading.Event()
        self.process = subprocess.Popen(
            [HERD, servers.ADDRESS, names, HERD_FIRST, str(HERD_SIZE)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            if line == "ready\n":
                self.ready.set()
                continue
            _, done, zone = line.split()
            self.done.setdefault(zone.rstrip("."), []).append(float(done))

    def __enter__(self):
        if not self.ready.wait(servers.CHANGE_PATIENCE):
            raise TimeoutError("the secondaries have no copies")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def changes(self, client, zones, pause):
        """The seconds that it takes until all secondaries have the change, for each zone; and for all together."""
        self.done, begun = {}, {}
        for zone in zones:
            begun[zone] = time.monotonic()
            client.commit(zone)
            time.sleep(pause)
        scale.wait_until(lambda: sum(len(times) for times in list(self.done.values())) >= len(zones) * HERD_SIZE)
        took = [max(self.done[zone]) - begun[zone] for zone in zones]
        return took, max(map(max, self.done.values())) - min(begun.values())


class Bench:
    WAYS = {"write": (), "sendfile": ("sendfile",)}

    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.figures = scale.Figures()
        self.failed, self.slow = [], set()

    def run(self):
        if self.wants(*LARGE_CASES, "tsig", "memory", "change"):
            self.run_world(self.world("large", self.write_large), self.large_round, self.bare_large)
        if self.wants(*SMALL_CASES):
            small = self.world("small", self.write_small)
            self.list = self.directory / "names"
            self.list.write_text("\n".join(small.names))
            self.run_world(small, self.small_round, self.bare_small)
        if self.wants("herd"):
            self.run_herd()

    def wants(self, *cases):
        return any(case in self.options.cases for case in cases)

    def world(self, name, write):
        scale.say("writing zone files")
        files = self.directory / name / "zones"
        files.mkdir(parents=True)
        names, records = write(files)
        return servers.World(files.parent, files, names, records, names[-1])

    def write_large(self, files):
        with open(files / f"{generate.LARGE}.zone", "w") as output:
            generate.write_large(output, self.options.records)
        return [generate.LARGE], self.options.records

    def write_small(self, files):
        generate.write_small(files, self.options.zones)
        return list(generate.small_names(self.options.zones)), generate.SMALL_RECORDS

    def run_world(self, world, measure, measure_bare):
        prepared = []
        for name in self.options.servers:
            scale.say(f"{name}: saved state for {scale.plural(len(world.names), 'zone')}")
            prepared.append(servers.SERVERS[name](world, self.options.server_cpus))
        self.save_octets(world)
        for number in range(1, self.options.rounds + 1):
            self.progress = f"round {number} of {self.options.rounds}"
            measure_bare()
            for server in list(prepared):
                self.progress = f"round {number} of {self.options.rounds}: {server.name}"
                try:
                    with scale.running(server):
                        server.settle()
                        measure(server, first=number == 1)
                except Exception as error:
                    scale.say(f"{self.progress}: FAILED: {error}")
                    self.failed.append(f"{server.name}: {error}")
                    prepared.remove(server)
        shutil.rmtree(world.directory)

    def save_octets(self, world):
        """What a bare server is to send: what axfrd sends."""
        apart = self.directory / "bare"
        apart.mkdir(exist_ok=True)
        server = servers.Axfrd(world._replace(directory=apart), self.options.server_cpus)
        with scale.running(server):
            self.octets = self.directory / "octets"
            transfers("--zone", world.noticed, "--save", self.octets)
        shutil.rmtree(server.directory)

    def add(self, case, column, result, note=""):
        seconds, zones = result["seconds"], result["zones"]
        figures = {
            "seconds": seconds, "zones/s": zones / seconds, "MB/s": result["octets"] / seconds / 1e6,
            "first": result["first_octet"], "client": result["cpu"] / seconds,
        }  # fmt: skip
        for figure, value in figures.items():
            self.figures.add(case, column, figure, value)
        scale.say(
            f"{self.progress}: {case}{note}: {seconds:.4f} s, {figures['zones/s']:.0f} zones/s, {figures['MB/s']:.0f}"
            f" MB/s, first octet after {figures['first'] * 1e3:.2f} ms, the client's CPU {figures['client']:.0%}"
        )

    def bare_large(self):
        for way, arguments in self.WAYS.items():
            for case, clients in LARGE_CASES.items():
                if self.wants(case):
                    with Bare(self.octets, arguments, self.options.server_cpus) as bare:
                        result = transfers(*bare, "--repeat", clients, "--connections", clients)
                    self.add(case, way, result, f" by {way}")
        if self.wants("tsig"):
            octets, secret = self.octets.read_bytes(), base64.b64decode(servers.SECRET)
            begin = time.perf_counter()
            hmac.digest(secret, octets, "sha256")
            self.figures.add("tsig", "hmac", "seconds", time.perf_counter() - begin)

    def bare_small(self):
        for case, arguments in SMALL_CASES.items():
            if self.wants(case):
                with Bare(self.octets, (), self.options.server_cpus) as bare:
                    result = transfers(*bare, "--repeat", self.options.zones, *arguments)
                self.add(case, "write", result, " by write")

    def large_round(self, server, first):
        zone, key = ("--zone", generate.LARGE), ("--key", f"{servers.KEY}:{servers.SECRET}")
        if first:
            seen = transfers(*zone, *key, "--verify")
            if seen["records"] != self.options.records:
                raise RuntimeError(f"{seen['records']} records came")
            if seen["seconds"] > SLOW:
                self.slow.add(server.name)
        for case, clients in LARGE_CASES.items():
            if self.wants(case) and (clients == 1 or server.name not in self.slow):
                self.add(case, server.name, transfers(*zone, "--repeat", clients, "--connections", clients))
        if self.wants("tsig"):
            self.add("tsig", server.name, transfers(*zone, *key))
        if self.wants("memory") and server.name == "axfrd":
            self.memory_round(server, zone)
        if self.wants("change"):
            self.change_round(server, zone)

    def memory_round(self, server, zone):
        before, _ = server.memory()
        arguments = [CLIENT, *zone, "--repeat", STALLED, "--connections", STALLED, "--stall"]
        with subprocess.Popen(
            list(map(str, arguments)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as client:
            client.stdout.readline()
            server.settle()
            after, _ = server.memory()
            client.stdin.close()
        growth = (after - before) / STALLED
        self.figures.add("memory", server.name, "RSS", growth)
        scale.say(f"{self.progress}: memory: {growth / 1024:.0f} KiB for each client")

    def change_round(self, server, zone):
        """Polled over UDP, so that nobody has to send whole zones in vain."""
        with servers.Asker() as asker, contextlib.closing(server.client(server.ways[0])) as client:
            for _ in range(2):  # the first may do what needs to be done only once
                serial = asker.serial(server.world.noticed)
                begin = time.monotonic()
                client.commit(server.world.noticed)
                serial = asker.wait(server.world.noticed, lambda now: now not in (None, serial), pause=scale.PAUSE)
                served = time.monotonic() - begin
            server.serial = serial
        seconds = served + transfers(*zone)["first_octet"]
        self.figures.add("change", server.name, "seconds", seconds)
        scale.say(f"{self.progress}: change: first octet after {seconds * 1e3:.2f} ms")

    def small_round(self, server, first):
        names = ("--zones", self.list)
        if first:
            some = self.directory / "some"
            some.write_text("\n".join(server.world.names[:SLOW_ZONES]))
            seen = transfers("--zones", some, "--per-connection", SLOW_ZONES, "--verify")
            if seen["records"] != seen["zones"] * generate.SMALL_RECORDS:
                raise RuntimeError(f"{seen['records']} records came of {seen['zones']} zones")
            if seen["seconds"] > SLOW:
                self.slow.add((server.name, "small"))
        if (server.name, "small") in self.slow:
            names = ("--zones", self.directory / "some")
        for case, arguments in SMALL_CASES.items():
            if self.wants(case):
                self.add(case, server.name, transfers(*names, *arguments))


    def run_herd(self):
        files = self.directory / "herd" / "zones"
        files.mkdir(parents=True)
        generate.write_small(files, HERD_ZONES)
        names = list(generate.small_names(HERD_ZONES))
        server = servers.Axfrd(
            servers.World(files.parent, files, names, generate.SMALL_RECORDS, names[-1]), self.options.server_cpus
        )
        names_file = self.directory / "herd-names"
        names_file.write_text("\n".join(names))
        first, last = HERD_FIRST.rsplit(".", 1)
        with scale.running(server):
            server.enable_all([f"{first}.{int(last) + number}" for number in range(HERD_SIZE)])
            with Herd(names_file) as herd, contextlib.closing(server.client("transaction")) as client:
                for number in range(1, self.options.rounds + 1):
                    self.progress = f"round {number} of {self.options.rounds}: herd"
                    server.settle()
                    self.herd_round(herd, client, names)

    def herd_round(self, herd, client, names):
        for column, zones, pause in (("apart", names[:APART], PAUSE), ("in a row", names, 0)):
            took, total = herd.changes(client, zones, pause)
            cuts = statistics.quantiles(took, n=100)
            figures = {"p50": cuts[49], "p90": cuts[89], "p99": cuts[98], "worst": max(took), "total": total}
            for figure, value in figures.items():
                self.figures.add("herd", column, figure, value)
            scale.say(f"{self.progress} {column}: " + ", ".join(f"{f} {v * 1e3:.2f} ms" for f, v in figures.items()))


# ---- the table ----

# Case, what it is, figure, its scale and unit, whether more is better; targets: axfrd : bare, and axfrd : best peer.
ROWS = [
    ("large-1", "one client, s", "seconds", 1, False, 1.5, 12),
    ("large-8", "8 clients, MB/s in all", "MB/s", 1, True, 0.8, 10),
    ("large-64", "64 clients, MB/s in all", "MB/s", 1, True, 0.8, 10),
    ("tsig", "one client, TSIG, s", "seconds", 1, False, None, 8),
    ("change", "first octet after a change, ms", "seconds", 1e3, False, None, 20),
    ("memory", f"RSS for each of {STALLED} clients that do not read, KiB", "RSS", 1 / 1024, False, None, None),
    ("small-1", "one connection, depth 1, zones/s", "zones/s", 1, True, None, None),
    ("small-16", "one connection, depth 16, zones/s", "zones/s", 1, True, None, 2.5),
    ("small-each", "a connection each, 8 at a time, zones/s", "zones/s", 1, True, None, 1.3),
]  # fmt: skip


def ratio_cell(value, target, at_most=False):
    if value is None:
        return ""
    text = f"{value:.2f}" if value < 10 else f"{value:.0f}"
    return text if target is None else f"{text} ({'≤' if at_most else '≥'} {target:g})"


def row(figures, options, case, what, figure, unit, more, bare_target, peer_target):
    def median(column):
        return figures.median(case, column, figure)

    ours, bare = median("axfrd"), median("write")
    theirs = [median(name) for name in options.servers if name != "axfrd" and median(name) is not None]
    best = (max if more else min)(theirs) if theirs else None
    against_bare = ours / bare if ours and bare else None
    against_peer = (ours / best if more else best / ours) if ours and ours > 0 and best and figure != "RSS" else None
    cells = [figures.cell(case, column, figure, unit) for column in ("write", "sendfile", *options.servers)]
    return [
        what, *cells, ratio_cell(against_bare, bare_target, at_most=not more), ratio_cell(against_peer, peer_target)
    ]  # fmt: skip


def tables(figures, options):
    head = ["bare write", "bare sendfile", *options.servers, "axfrd : bare", "axfrd : best peer"]
    titles = {
        f"one zone of {scale.spaced(options.records)} records": [*LARGE_CASES, "tsig", "change", "memory"],
        f"{scale.spaced(options.zones)} zones of {generate.SMALL_RECORDS} records": list(SMALL_CASES),
    }
    for title, cases in titles.items():
        rows = [row(figures, options, *entry) for entry in ROWS if entry[0] in cases and entry[0] in options.cases]
        if rows:
            yield scale.table([title, *head], rows)


def herd_table(figures):
    heads = ("p50", "p90", "p99", "worst", "total")
    rows = [
        [f"{scale.plural(zones, 'zone')} changed {column}"]
        + [figures.cell("herd", column, head, 1e3) for head in heads]
        for column, zones in (("apart", APART), ("in a row", HERD_ZONES))
    ]
    return scale.table([f"axfrd: from a commit until {HERD_SIZE} secondaries have it, ms", *heads], rows)


def conditions(figures, options):
    commit = scale.output_of("git", "rev-parse", "--short", "HEAD")
    if scale.output_of("git", "status", "--porcelain", "--untracked-files=no"):
        commit += " with changes"
    cpus = ",".join(map(str, sorted(options.server_cpus)))
    ours = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    versions = ", ".join(f"{name} {servers.SERVERS[name].version()}" for name in options.servers)
    text = (
        f"{time.strftime('%Y-%m-%d')}, commit {commit}. {scale.first_of('/proc/cpuinfo', 'model name')},"
        f" {os.cpu_count()} CPUs: servers on {cpus}, the client on {ours}. Linux {os.uname().release}. {versions}."
        f" Medians of {scale.plural(options.rounds, 'round')}; targets in brackets; load of the machine before it"
        f" {options.load:.2f}.\n"
    )
    if hmac_seconds := figures.cell("tsig", "hmac", "seconds", 1e3):
        text += f"\nHMAC-SHA256 alone over the same octets: {hmac_seconds} ms.\n"
    return text


def report(bench, options):
    parts = [conditions(bench.figures, options), *tables(bench.figures, options), herd_table(bench.figures)]
    slow = [name for name in bench.slow if isinstance(name, str)]
    if slow:
        parts.append(f"Too slow for more than one client: {', '.join(slow)}.\n")
    parts += [f"Failed: {reason}\n" for reason in bench.failed]
    print("\n".join(part for part in parts if part))


# ---- the command line ----


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench transfer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a fifth of the size, 3 rounds")
    parser.add_argument("--zones", type=scale.count, help="how many small zones (10 000)")
    parser.add_argument("--records", type=scale.count, help="records of the large zone (1 000 000)")
    names = list(servers.SERVERS)
    parser.add_argument(
        "--servers", type=scale.listed(names), default=names, metavar="SERVER,...", help=", ".join(names)
    )
    parser.add_argument(
        "--cases", type=scale.listed(CASES), default=list(CASES), metavar="CASE,...", help="some of the cases above"
    )
    parser.add_argument("--rounds", type=scale.count, help="rounds, if neither 5 nor 3")
    parser.add_argument("--directory", default="/var/tmp", help="where zones and stores are made (%(default)s)")
    options = parser.parse_args()
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.zones = options.zones or (2000 if options.quick else 10_000)
    options.records = options.records or (200_000 if options.quick else 1_000_000)
    return options


def main():
    options = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, scale.end)
    options.load = os.getloadavg()[0]
    options.server_cpus = scale.take_cpus()
    servers.isolate()
    with tempfile.TemporaryDirectory(prefix="axfrd-transfer-", dir=options.directory) as name:
        bench = Bench(options, pathlib.Path(name))
        bench.run()
        report(bench, options)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
