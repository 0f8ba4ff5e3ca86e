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

import base64
import contextlib
import hmac
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import generate
import harness
import report
import rounds
import servers
from harness import plural, say, spaced, wait_until
from quiet import Quiet

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
        copies = len(zones) * HERD_SIZE
        wait_until(lambda: sum(map(len, list(self.done.values()))) >= copies, servers.CHANGE_PATIENCE)
        took = [max(self.done[zone]) - begun[zone] for zone in zones]
        return took, max(map(max, self.done.values())) - min(begun.values())


class Bench:
    WAYS = {"write": (), "sendfile": ("sendfile",)}

    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.figures, self.quiet = report.Figures(), Quiet(options.quick)
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
        say("writing zone files")
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
            say(f"{name}: saved state for {plural(len(world.names), 'zone')}")
            prepared.append(servers.SERVERS[name](world, self.options.server_cpus))
        self.save_octets(world)
        for number in range(1, self.options.rounds + 1):
            self.progress = f"round {number} of {self.options.rounds}"
            self.quiet.wait()
            measure_bare()
            for server in list(prepared):
                self.progress = f"round {number} of {self.options.rounds}: {server.name}"
                self.quiet.wait()
                try:
                    with rounds.running(server):
                        server.settle()
                        measure(server, first=number == 1)
                except Exception as error:
                    say(f"{self.progress}: FAILED: {error}")
                    self.failed.append(f"{server.name}: {error}")
                    prepared.remove(server)
        shutil.rmtree(world.directory)

    def save_octets(self, world):
        """What a bare server is to send: what axfrd sends."""
        apart = self.directory / "bare"
        apart.mkdir(exist_ok=True)
        server = servers.Axfrd(world._replace(directory=apart), self.options.server_cpus)
        with rounds.running(server):
            self.octets = self.directory / "octets"
            transfers("--zone", world.noticed, "--save", self.octets)
        shutil.rmtree(server.directory)

    def measure(self, case, column, *arguments, note=""):
        result = self.quiet.undisturbed(lambda: transfers(*arguments))
        seconds, zones = result["seconds"], result["zones"]
        figures = {
            "seconds": seconds, "zones/s": zones / seconds, "MB/s": result["octets"] / seconds / 1e6,
            "first": result["first_octet"], "client": result["cpu"] / seconds,
        }  # fmt: skip
        for figure, value in figures.items():
            self.figures.add(case, column, figure, value)
        say(
            f"{self.progress}: {case}{note}: {seconds:.4f} s, {figures['zones/s']:.0f} zones/s, {figures['MB/s']:.0f}"
            f" MB/s, first octet after {figures['first'] * 1e3:.2f} ms, the client's CPU {figures['client']:.0%}"
        )

    def bare_large(self):
        for way, arguments in self.WAYS.items():
            for case, clients in LARGE_CASES.items():
                if self.wants(case):
                    with Bare(self.octets, arguments, self.options.server_cpus) as bare:
                        clients_of = ("--repeat", clients, "--connections", clients)
                        self.measure(case, way, *bare, *clients_of, note=f" by {way}")
        if self.wants("tsig"):
            octets, secret = self.octets.read_bytes(), base64.b64decode(servers.SECRET)
            begin = time.perf_counter()
            hmac.digest(secret, octets, "sha256")
            self.figures.add("tsig", "hmac", "seconds", time.perf_counter() - begin)

    def bare_small(self):
        for case, arguments in SMALL_CASES.items():
            if self.wants(case):
                with Bare(self.octets, (), self.options.server_cpus) as bare:
                    self.measure(case, "write", *bare, "--repeat", self.options.zones, *arguments, note=" by write")

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
                self.measure(case, server.name, *zone, "--repeat", clients, "--connections", clients)
        if self.wants("tsig"):
            self.measure("tsig", server.name, *zone, *key)
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
        say(f"{self.progress}: memory: {growth / 1024:.0f} KiB for each client")

    def change_round(self, server, zone):
        """Polled over UDP, so that nobody has to send whole zones in vain."""
        with servers.Asker() as asker, contextlib.closing(server.client(server.ways[0])) as client:
            for _ in range(2):  # the first may do what needs to be done only once
                serial = asker.serial(server.world.noticed)
                begin = time.monotonic()
                client.commit(server.world.noticed)
                serial = asker.wait(server.world.noticed, lambda now: now not in (None, serial), pause=rounds.PAUSE)
                served = time.monotonic() - begin
            server.serial = serial
        seconds = served + transfers(*zone)["first_octet"]
        self.figures.add("change", server.name, "seconds", seconds)
        say(f"{self.progress}: change: first octet after {seconds * 1e3:.2f} ms")

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
                self.measure(case, server.name, *names, *arguments)

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
        with rounds.running(server):
            server.enable_all([f"{first}.{int(last) + number}" for number in range(HERD_SIZE)])
            with Herd(names_file) as herd, contextlib.closing(server.client("transaction")) as client:
                for number in range(1, self.options.rounds + 1):
                    self.progress = f"round {number} of {self.options.rounds}: herd"
                    self.quiet.wait()
                    server.settle()
                    self.herd_round(herd, client, names)

    def herd_round(self, herd, client, names):
        for column, zones, pause in (("apart", names[:APART], PAUSE), ("in a row", names, 0)):
            took, total = self.quiet.undisturbed(lambda: herd.changes(client, zones, pause))
            cuts = statistics.quantiles(took, n=100)
            figures = {"p50": cuts[49], "p90": cuts[89], "p99": cuts[98], "worst": max(took), "total": total}
            for figure, value in figures.items():
                self.figures.add("herd", column, figure, value)
            say(f"{self.progress} {column}: " + ", ".join(f"{f} {v * 1e3:.2f} ms" for f, v in figures.items()))


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


def row(figures, options, case, what, figure, unit, more, bare_target, peer_target):
    peers = [name for name in options.servers if name != "axfrd"]
    ours, bare = figures.median(case, "axfrd", figure), figures.median(case, "write", figure)
    best = figures.best(case, peers, figure, more)
    against_peer = report.ratio(ours, best) if more else report.ratio(best, ours)
    return [
        what,
        *(figures.cell(case, column, figure, unit) for column in ("write", "sendfile", *options.servers)),
        report.cell(report.ratio(ours, bare), **{"at_least" if more else "at_most": bare_target}),
        report.cell(against_peer, at_least=peer_target),
    ]


def peer_tables(block, figures, options):
    head = ["bare write", "bare sendfile", *options.servers, "axfrd : bare", "times as fast as the best peer"]
    bare = ["write", "sendfile"]
    for name, title, cases, figure in (
        ("large", f"one zone of {spaced(options.records)} records", [*LARGE_CASES, "tsig", "change", "memory"], "MB/s"),
        ("small", f"{spaced(options.zones)} zones of {generate.SMALL_RECORDS} records", list(SMALL_CASES), "zones/s"),
    ):
        entries = [entry for entry in ROWS if entry[0] in cases and entry[0] in options.cases]
        block.table([title, *head], [row(figures, options, *entry) for entry in entries])
        groups = [
            (what.rsplit(", ", 1)[0], figures.bars(case, [*bare, *options.servers], figure))
            for case, what, *_ in entries if case in (*LARGE_CASES, "tsig", *SMALL_CASES)
        ]  # fmt: skip
        block.plot(f"transfer-{name}", f"Transfers of {title}", groups, figure)


def herd_table(block, figures):
    heads = ("p50", "p90", "p99", "worst", "total")
    columns = {"apart": plural(APART, "zone"), "in a row": plural(HERD_ZONES, "zone")}
    rows = [
        [f"{zones} changed {column}", *(figures.cell("herd", column, head, 1e3) for head in heads)]
        for column, zones in columns.items()
    ]
    title = f"from a commit until {HERD_SIZE} secondaries have it"
    block.table([f"axfrd: {title}, ms", *heads], rows)
    groups = [(head, [(f"axfrd: {column}", report.scaled(figures.median("herd", column, head), 1e3))
                      for column in columns]) for head in ("p50", "p99")]  # fmt: skip
    block.plot("transfer-herd", title.capitalize(), groups, "ms")


def publish(bench, options):
    block, figures = report.Block(options), bench.figures
    block.conditions(
        f"servers on {harness.cpu_list(options.server_cpus)},"
        f" the client on {harness.cpu_list(os.sched_getaffinity(0))}",
        [f"{name} {servers.SERVERS[name].version()}" for name in options.servers],
        bench.quiet,
        f"Medians of {plural(options.rounds, 'round')}; targets in brackets.",
    )
    peer_tables(block, figures, options)
    if hmac_seconds := figures.cell("tsig", "hmac", "seconds", 1e3):
        block.paragraph(f"HMAC-SHA256 alone over the octets of the large zone: {hmac_seconds} ms.")
    if slow := [name for name in bench.slow if isinstance(name, str)]:
        block.paragraph(f"Too slow for more than one client: {', '.join(slow)}.")
    if slow := [item[0] for item in bench.slow if isinstance(item, tuple)]:
        block.paragraph(f"Too slow for all small zones, and asked for {SLOW_ZONES}: {', '.join(slow)}.")
    herd_table(block, figures)
    return block.publish(bench.failed)


# ---- the command line ----


def parse_arguments():
    parser = harness.parser_of("transfer", __doc__, "a fifth of the size, 3 rounds")
    parser.add_argument("--zones", type=harness.count, help="how many small zones (10 000)")
    parser.add_argument("--records", type=harness.count, help="records of the large zone (1 000 000)")
    parser.add_argument(
        "--cases", type=harness.listed(CASES), default=list(CASES), metavar="CASE,...", help="some of the cases above"
    )
    rounds.add_servers(parser)
    options = harness.parse(parser, quick_rounds=3)
    options.zones = options.zones or (2000 if options.quick else 10_000)
    options.records = options.records or (200_000 if options.quick else 1_000_000)
    return options


def main():
    options = parse_arguments()
    harness.end_on_signals()
    options.server_cpus = harness.take_cpus()
    servers.isolate()
    with tempfile.TemporaryDirectory(prefix="axfrd-transfer-", dir=options.directory) as name:
        bench = Bench(options, pathlib.Path(name))
        bench.run()
        return publish(bench, options)


if __name__ == "__main__":
    sys.exit(main())
