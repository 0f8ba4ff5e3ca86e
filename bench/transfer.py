#!/usr/bin/python3
"""How fast axfrd transfers zones, beside NSD, Knot, BIND, PowerDNS, and a server that only writes the same octets.

The servers take turns, one worker each, on one CPU; bench/transfer_client.cc has the other. Everything goes over
loopback, in a network namespace of its own. Figures are medians of the rounds. Before a server is measured, each record
and each signature that it sends is checked once.

Cases:
  large-1, large-8, large-64
                one large zone, to so many clients at a time
  tsig          the same to one client, signed by hmac-sha256; and the time of the HMAC alone
  memory        how much axfrd grows for each of 64 clients that have asked for the large zone and do not read. axfrd
                alone, because other servers disconnect such clients, or wait for them
  change        from the beginning of a change of one record in the large zone to the first octet of an AXFR with it
  small-1, small-16
                many zones of 12 records on one connection, with so many requests in flight
  small-each    the same with a connection each, 8 at a time
  herd          axfrd alone: zones of 12 records with 8 secondaries each, which bench/herd.cc simulates. Time from the
                beginning of a commit until all secondaries have the zone; with zones changed one after the other with
                pauses, and without pauses
"""

import base64
import contextlib
import hmac
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time

import asking
import generate
import report
import rounds
import servers
from harness import plural, spaced, wait_until

CLIENT, BARE, HERD = (servers.BUILD / "bench" / name for name in ("transfer_client", "bare_server", "herd"))
LARGE_CASES = {"large-1": 1, "large-8": 8, "large-64": 64}
STALLED = 64
SMALL_CASES = {
    "small-1": ("--per-connection", 1 << 30, "--depth", 1),
    "small-16": ("--per-connection", 1 << 30, "--depth", 16),
    "small-each": ("--connections", 8),
}
HERD_FIRST, HERD_SIZE, HERD_ZONES, APART, PAUSE = "127.0.1.1", 8, 1000, 100, 0.02
# A server that needs more than SLOW seconds for one client is not measured with more clients, and is asked for only
# SLOW_ZONES of the small zones.
SLOW, SLOW_ZONES = 1.0, 100

# Case, its title, figure, scale, whether more is better; targets of the ratios axfrd : bare and axfrd : best peer.
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


def transfers(*arguments):
    """Runs the client; returns its report."""
    command = [CLIENT, *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=asking.PATIENCE)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)


class Bare:
    """Runs bare_server, which only writes the octets of a file, in place of a server."""

    def __init__(self, octets, way, cpus):
        self.octets = octets
        arguments = [BARE, "53", octets, *way]
        self.process = subprocess.Popen(arguments, preexec_fn=lambda: os.sched_setaffinity(0, cpus))

    def __enter__(self):
        time.sleep(0.1)  # enough time to listen: bare_server does nothing else first
        return ("--zone", generate.LARGE, "--octets", self.octets.stat().st_size)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Herd:
    """The secondaries. `done`: zone → the times at which they had its new version."""

    def __init__(self, names):
        self.done, self.ready = {}, threading.Event()
        self.process = subprocess.Popen(
            [HERD, asking.ADDRESS, names, HERD_FIRST, str(HERD_SIZE)],
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
        if not self.ready.wait(asking.CHANGE_PATIENCE):
            raise TimeoutError("the secondaries have no copies")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def changes(self, client, zones, pause):
        """Changes the zones. Returns the seconds until all secondaries have the change, of each zone and in all."""
        self.done, begun = {}, {}
        for zone in zones:
            begun[zone] = time.monotonic()
            client.commit(zone)
            time.sleep(pause)
        copies = len(zones) * HERD_SIZE
        wait_until(lambda: sum(map(len, list(self.done.values()))) >= copies, asking.CHANGE_PATIENCE)
        took = [max(self.done[zone]) - begun[zone] for zone in zones]
        return took, max(map(max, self.done.values())) - min(begun.values())


class Transfer(rounds.Bench):
    CASES = (*LARGE_CASES, "tsig", "memory", "change", *SMALL_CASES, "herd")
    OF_AXFRD = ("memory", "herd")
    ZONES, QUICK = 10_000, 5
    WAYS = {"write": (), "sendfile": ("sendfile",)}

    def __init__(self, options, directory):
        super().__init__(options, directory)
        self.verified, self.slow, self.given_up = set(), set(), set()

    def run(self):
        if self.wants(*LARGE_CASES, "tsig", "memory", "change"):
            self.run_world(self.large_world(), self.large_round, self.bare_large)
        if self.wants(*SMALL_CASES):
            small = self.small_world("small", self.options.zones)
            self.list = self.directory / "names"
            self.list.write_text("\n".join(small.names))
            self.run_world(small, self.small_round, self.bare_small)
        if self.wants("herd"):
            self.run_herd()

    def run_world(self, world, measure, measure_bare):
        all_servers = self.prepare(world, self.options.servers)
        self.save_octets(world)
        self.each_round(all_servers, lambda server: self.round(server, measure), measure_bare)
        shutil.rmtree(world.directory)

    def round(self, server, measure):
        with rounds.running(server):
            server.settle()
            measure(server)

    def save_octets(self, world):
        """Saves the octets that axfrd sends, for the bare server to send."""
        apart = self.directory / "bare"
        apart.mkdir(exist_ok=True)
        server = servers.Axfrd(world._replace(directory=apart), self.options.server_cpus)
        with rounds.running(server):
            self.octets = self.directory / "octets"
            transfers("--zone", world.noticed, "--save", self.octets)
        shutil.rmtree(server.directory)

    def measure(self, case, column, *arguments, note=""):
        """A case that fails for a column is reported, and left out from then on."""
        if (case, column) in self.given_up:
            return
        try:
            result = self.quiet.undisturbed(lambda: transfers(*arguments))
        except RuntimeError as error:
            self.say(f"{case}{note}: FAILED: {error}")
            self.failed.append(f"{column}, {case}: {error}")
            self.given_up.add((case, column))
            return
        seconds, zones = result["seconds"], result["zones"]
        figures = {
            "seconds": seconds, "zones/s": zones / seconds, "MB/s": result["octets"] / seconds / 1e6,
            "first": result["first_octet"], "client": result["cpu"] / seconds,
        }  # fmt: skip
        for figure, value in figures.items():
            self.figures.add(case, column, figure, value)
        self.say(
            f"{case}{note}: {seconds:.4f} s, {figures['zones/s']:.0f} zones/s, {figures['MB/s']:.0f}"
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

    def large_round(self, server):
        zone, key = ("--zone", generate.LARGE), ("--key", f"{servers.KEY}:{servers.SECRET}")
        self.verify(server, *zone, *key)
        for case, clients in LARGE_CASES.items():
            if self.wants(case) and (clients == 1 or (server.name, server.world.records) not in self.slow):
                self.measure(case, server.name, *zone, "--repeat", clients, "--connections", clients)
        if self.wants("tsig"):
            self.measure("tsig", server.name, *zone, *key)
        if self.wants("memory") and server.name == "axfrd":
            self.memory_round(server, zone)
        if self.wants("change"):
            self.change_round(server, zone)

    def verify(self, server, *arguments):
        """Checks once each record that the server sends, and notes whether the server is slow."""
        kind = (server.name, server.world.records)
        if kind in self.verified:
            return
        seen = transfers(*arguments, "--verify")
        if seen["records"] != seen["zones"] * server.world.records:
            raise RuntimeError(f"{seen['records']} records came of {plural(seen['zones'], 'zone')}")
        self.verified.add(kind)
        if seen["seconds"] > SLOW:
            self.slow.add(kind)

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
        self.say(f"memory: {growth / 1024:.0f} KiB for each client")

    def change_round(self, server, zone):
        """Polls over UDP for the new serial, so that the server does not have to send whole zones in vain."""
        with asking.Asker() as asker, contextlib.closing(server.client(server.ways[0])) as client:
            for _ in range(2):  # the first change may include work that is done only once
                begin = time.monotonic()
                client.commit(server.world.noticed)
                server.serial = asker.wait_for_newer(server.world.noticed, server.serial, rounds.PAUSE)
                served = time.monotonic() - begin
        seconds = served + transfers(*zone)["first_octet"]
        self.figures.add("change", server.name, "seconds", seconds)
        self.say(f"change: first octet after {seconds * 1e3:.2f} ms")

    def small_round(self, server):
        some = self.directory / "some"
        some.write_text("\n".join(server.world.names[:SLOW_ZONES]))
        self.verify(server, "--zones", some, "--per-connection", SLOW_ZONES)
        names = ("--zones", some if (server.name, server.world.records) in self.slow else self.list)
        for case, arguments in SMALL_CASES.items():
            if self.wants(case):
                self.measure(case, server.name, *names, *arguments)

    def run_herd(self):
        world = self.small_world("herd", HERD_ZONES)
        (server,) = self.prepare(world, ["axfrd"])
        names_file = self.directory / "herd-names"
        names_file.write_text("\n".join(world.names))
        first, last = HERD_FIRST.rsplit(".", 1)
        with rounds.running(server):
            server.enable_all([f"{first}.{int(last) + number}" for number in range(HERD_SIZE)])
            with Herd(names_file) as herd, contextlib.closing(server.client("transaction")) as client:
                for number in range(1, self.options.rounds + 1):
                    self.progress = f"round {number} of {self.options.rounds}: herd"
                    self.quiet.wait()
                    server.settle()
                    self.herd_round(herd, client, world.names)

    def herd_round(self, herd, client, names):
        for column, zones, pause in (("apart", names[:APART], PAUSE), ("in a row", names, 0)):
            took, total = self.quiet.undisturbed(lambda: herd.changes(client, zones, pause))
            cuts = statistics.quantiles(took, n=100)
            figures = {"p50": cuts[49], "p90": cuts[89], "p99": cuts[98], "worst": max(took), "total": total}
            for figure, value in figures.items():
                self.figures.add("herd", column, figure, value)
            self.say(f"{column}: " + ", ".join(f"{f} {v * 1e3:.2f} ms" for f, v in figures.items()))

    # ---- tables ----

    def tables(self, block):
        self.conditions(block, "Targets in brackets.")
        records = self.options.records
        large = (*LARGE_CASES, "tsig", "change", "memory")
        self.peer_table(block, "large", f"one zone of {spaced(records)} records", large, "MB/s")
        small = f"{spaced(self.options.zones)} zones of {generate.SMALL_RECORDS} records"
        self.peer_table(block, "small", small, SMALL_CASES, "zones/s")
        if hmac_seconds := self.figures.cell("tsig", "hmac", "seconds", 1e3):
            block.paragraph(f"HMAC-SHA256 alone over the octets of the large zone: {hmac_seconds} ms.")
        for zone_records, told in (
            (records, "Too slow for more than one client"),
            (generate.SMALL_RECORDS, f"Too slow for all small zones, and asked for {SLOW_ZONES}"),
        ):
            if slow := [name for name, of in self.slow if of == zone_records]:
                block.paragraph(f"{told}: {', '.join(sorted(slow))}.")
        self.herd_table(block)

    def peer_table(self, block, name, title, cases, figure):
        head = ["bare write", "bare sendfile", *self.options.servers, "axfrd : bare", "times as fast as the best peer"]
        entries = [entry for entry in ROWS if entry[0] in cases and self.wants(entry[0])]
        block.table([title, *head], [self.row(*entry) for entry in entries])
        groups = [
            (what.rsplit(", ", 1)[0], self.figures.bars(case, [*self.WAYS, *self.options.servers], figure))
            for case, what, *_ in entries if case in (*LARGE_CASES, "tsig", *SMALL_CASES)
        ]  # fmt: skip
        block.plot(f"transfer-{name}", f"Transfers of {title}", groups, figure)

    def row(self, case, what, figure, unit, more, bare_target, peer_target):
        figures, names = self.figures, self.options.servers
        ours, bare = figures.median(case, "axfrd", figure), figures.median(case, "write", figure)
        best = figures.best(case, [name for name in names if name != "axfrd"], figure, more)
        against_peer = report.ratio(ours, best) if more else report.ratio(best, ours)
        return [
            what,
            *(figures.cell(case, column, figure, unit) for column in (*self.WAYS, *names)),
            report.cell(report.ratio(ours, bare), **{"at_least" if more else "at_most": bare_target}),
            report.cell(against_peer, at_least=peer_target),
        ]

    def herd_table(self, block):
        heads = ("p50", "p90", "p99", "worst", "total")
        columns = {"apart": plural(APART, "zone"), "in a row": plural(HERD_ZONES, "zone")}
        rows = [
            [f"{zones} changed {column}", *(self.figures.cell("herd", column, head, 1e3) for head in heads)]
            for column, zones in columns.items()
        ]
        title = f"from a commit until {HERD_SIZE} secondaries have it"
        block.table([f"axfrd: {title}, ms", *heads], rows)
        groups = [
            (head, [
                (f"axfrd: {column}", report.scaled(self.figures.median("herd", column, head), 1e3))
                for column in columns
            ]) for head in ("p50", "p99")
        ]  # fmt: skip
        block.plot("transfer-herd", title.capitalize(), groups, "ms")


if __name__ == "__main__":
    sys.exit(rounds.main(Transfer, rounds.parser_of(Transfer, "transfer", __doc__)))
