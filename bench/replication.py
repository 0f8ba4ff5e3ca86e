#!/usr/bin/python3
"""How long it takes from a change to the answer of a secondary, beside NSD, Knot, BIND and PowerDNS as primaries; and
how fast axfrd sends NOTIFY to very many secondaries.

The servers take turns on the same CPUs, with the same zones on the same filesystem, in a network namespace of their
own, with the same secondary (NSD). Each figure is the median of the rounds; within a round, of the changes. The bench
and the secondary have the first CPU, and the servers have the others.

Cases:
  small, large  replace one record: time until the secondary has transferred the change and answers with it. "IXFR sent"
                is when axfrd had sent the transfer, to the millisecond: the rest of the time is the secondary's
  fanout        axfrd alone: very many zones with two secondaries each, to all of which axfrd has to send NOTIFY at the
                start, and a change by hand meanwhile; not with --quick unless named
"""

import contextlib
import os
import select
import shutil
import socket
import statistics
import sys
import threading
import time

import asking
import generate
import rounds
import servers
from harness import plural, say, spaced, wait_until

ZONES = 100  # of which one is replicated
# Seconds between changes, because a secondary may delay the next refresh after a transfer; and seconds for the changes
# of a round.
PAUSE, PATIENCE = 1.2, 45.0

# Figure, its head and its scale.
FIGURES = [
    ("median", "median", 1e3), ("p99", "99th percentile", 1e3), ("sent", "IXFR sent", 1e3),
    ("fdatasync", "fdatasync then", 1e3), ("commits", "changes a round", 1),
]  # fmt: skip

# Explanations printed below the tables.
NOTES = {
    "knot": "Knot tells secondaries of an UPDATE a second later (no option in 3.2).",
    "pdns": "PowerDNS tells secondaries once a second.",
}


class Herd(threading.Thread):
    """Secondaries of very many zones. They answer NOTIFY, but never prove that they have a serial, so axfrd has
    to send each NOTIFY again."""

    ADDRESSES = ("127.0.0.3", "127.0.0.4")

    def __init__(self):
        super().__init__(daemon=True)
        self.seen, self.told, self.changed, self.ended = set(), {}, {}, threading.Event()
        self.first = self.last = None
        self.poll, self.sockets = select.poll(), {}
        for address in self.ADDRESSES:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((address, 53))
            sock.setblocking(False)
            self.sockets[sock.fileno()] = sock
            self.poll.register(sock, select.POLLIN)

    def run(self):
        while not self.ended.is_set():
            for number, _ in self.poll.poll(50):
                self.drain(self.sockets[number], number)
        for sock in self.sockets.values():
            sock.close()

    def drain(self, sock, number):
        with contextlib.suppress(BlockingIOError):
            while True:
                wire, peer = sock.recvfrom(4096)
                question = wire[12 : asking.after_name(wire, 12) + 4]
                if wire[2] >> 3 & 15 == 4:
                    self.take(number, question, wire[12 + len(question) :])
                    sock.sendto(wire[:2] + b"\xa4\x00\x00\x01" + bytes(6) + question, peer)
                else:
                    sock.sendto(self.answer(wire[:2], question), peer)

    def answer(self, identifier, question):
        """The answer to a SOA query, which asks for our serial: REFUSED."""
        return identifier + b"\x84\x05\x00\x01" + bytes(6) + question

    def take(self, number, question, soa):
        now = time.monotonic()
        if (number, question) not in self.seen:
            self.seen.add((number, question))
            self.first, self.last = self.first or now, now
        elif self.told[number, question] != soa:
            self.changed.setdefault(question, now)
        self.told[number, question] = soa

    def end(self):
        self.ended.set()
        self.join()


def replication_times(client, zone, commits):
    """The seconds from the beginning of each commit until the secondary answers with it; and, by serial, the wall-clock
    times at which the commits began."""
    times, begun = [], {}
    with asking.Asker(asking.SECONDARY) as asker:
        serial = asker.serial(zone)
        for _ in rounds.turns(commits, PATIENCE):
            time.sleep(PAUSE)
            began, begin = time.time(), time.monotonic()
            client.commit(zone)
            serial = asker.wait_for_newer(zone, serial, rounds.PAUSE)
            times.append(time.monotonic() - begin)
            begun[serial] = began
    return times, begun


class Replication(rounds.Bench):
    CASES, NOT_QUICK, OF_AXFRD = ("small", "large", "fanout"), ("fanout",), ("fanout",)

    @property
    def changes(self):
        """Changes in a round. They are few, because there is a pause before each."""
        return self.options.commits // 2

    def run(self):
        if self.wants("small"):
            self.run_world("small", self.small_world("replicate", ZONES))
        if self.wants("large"):
            self.run_world("large", self.large_world())
        if self.wants("fanout"):
            self.run_fanout(self.small_world("fanout", self.options.zones))

    def run_world(self, case, world):
        all_servers = self.prepare(world, self.options.servers)
        for server in all_servers:
            if isinstance(server, servers.Axfrd):
                server.transfer_log = server.directory / "transfers"
        self.each_round(all_servers, lambda server: self.replicate_round(case, server))
        self.add_percentiles(case)
        shutil.rmtree(world.directory)

    def replicate_round(self, case, server):
        for way in server.ways:
            with rounds.running(server), self.secondary(server.world):
                server.settle()
                self.note_disk(case, (server.name, way))
                with contextlib.closing(server.client(way)) as client:
                    times, begun = self.quiet.undisturbed(
                        lambda: replication_times(client, server.world.noticed, self.changes)
                    )
                rounds.note_serial(server)
            self.add(case, server, way, times, begun)

    def add(self, case, server, way, times, begun):
        figures = {"median": statistics.median(times), "commits": len(times)}
        if isinstance(server, servers.Axfrd):
            sent = server.transfers()
            figures["sent"] = statistics.median(sent[serial] - began for serial, began in begun.items())
        for figure, value in figures.items():
            self.figures.add(case, (server.name, way), figure, value)
        for value in times:
            self.figures.add(case, (server.name, way), "all", value)
        self.say(f"{way}: at the secondary after {figures['median'] * 1e3:.1f} ms, at worst {max(times) * 1e3:.1f}")

    def add_percentiles(self, case):
        """Adds percentiles of all rounds together. One round has too few changes for a percentile."""
        for column in self.columns():
            times = sorted(self.figures.values.get((case, column, "all"), ()))
            if times:
                self.figures.add(case, column, "p99", times[(len(times) - 1) * 99 // 100])

    @contextlib.contextmanager
    def secondary(self, world):
        """Runs the secondary; yields it when it has a copy of the zone."""
        secondary = servers.Secondary(world, os.sched_getaffinity(0))
        try:
            secondary.start()
            with asking.Asker(asking.SECONDARY) as asker:
                asker.wait(world.noticed, lambda serial: serial is not None, secondary, pause=0.05)
            yield secondary
        finally:
            secondary.stop()
            shutil.rmtree(secondary.directory)

    # ---- NOTIFY to very many ----

    def run_fanout(self, world):
        (server,) = self.prepare(world, ["axfrd"])
        with rounds.running(server):
            say("secondary DNS for all")
            server.enable_all(Herd.ADDRESSES)
        self.each_round([server], self.fanout_round)
        shutil.rmtree(world.directory)

    def fanout_round(self, server):
        """axfrd is killed before any secondary has proven that it has a serial. So it must send NOTIFY to all when it
        starts again."""
        herd, zones = Herd(), server.world.names
        herd.start()
        try:
            with rounds.running(server):
                wait_until(lambda: herd.seen, asking.CHANGE_PATIENCE)
                time.sleep(0.15)  # axfrd sends a secondary another NOTIFY for a zone after 100 ms at the earliest
                _, question = min(herd.seen)
                zone = next(name for name in zones if question.startswith(asking.wire_name(name)))
                with contextlib.closing(server.client("transaction")) as client:
                    begin = time.monotonic()
                    client.commit(zone)
                    committed = time.monotonic()
                wait_until(
                    lambda: herd.changed and len(herd.seen) == len(zones) * len(Herd.ADDRESSES),
                    asking.CHANGE_PATIENCE,
                )
                during = min(herd.changed.values()) < herd.last
        finally:
            herd.end()
        seconds = herd.last - herd.first
        self.say(f"NOTIFY of {plural(len(herd.seen), 'debt')} in {seconds:.3f} s")
        self.figures.add("fanout", "axfrd", "seconds", seconds)
        self.figures.add("fanout", "axfrd", "rate", len(herd.seen) / seconds)
        if during:
            self.figures.add("fanout", "axfrd", "commit", committed - begin)
            self.figures.add("fanout", "axfrd", "by hand", min(herd.changed.values()) - begin)

    # ---- tables ----

    def tables(self, block):
        self.conditions(
            block,
            f"{self.changes} changes a round, of a slow server as many as {PATIENCE:g} s hold, at least"
            f" {rounds.FEWEST_COMMITS}; percentiles are of all rounds' changes together.",
        )
        self.replicate_table(block, "small", f"a zone of {generate.SMALL_RECORDS} records", 1)
        self.replicate_table(block, "large", f"a zone of {spaced(self.options.records)} records", 1 / 5)
        self.fanout_table(block)
        block.paragraph(" ".join(NOTES[name] for name in self.options.servers if name in NOTES))

    def replicate_table(self, block, case, what, goal):
        rows = [
            [": ".join(column), *self.cells(case, column, FIGURES), self.against_best(case, column, "median", goal)]
            for column in self.columns()
        ]
        heads = [head for _, head, _ in FIGURES]
        title = f"from a change in {what} to the secondary's answer"
        block.table([f"{title}, ms", *heads, "median, axfrd : best peer"], rows)
        groups = [("median", self.figures.bars(case, self.columns(), "median", 1e3))]
        block.plot(f"replication-{case}", title[0].upper() + title[1:], groups, "ms")

    def fanout_table(self, block):
        def cell(figure, unit=1.0, **target):
            return self.figures.cell("fanout", "axfrd", figure, unit, **target)

        row = [f"{spaced(self.options.zones)} zones × {len(Herd.ADDRESSES)} secondaries", cell("seconds", at_most=10)]
        row += [cell("rate"), cell("commit", 1e3), cell("by hand", 1e3)]
        head = ["axfrd alone, all owed at once", "first to last NOTIFY, s", "NOTIFY/s"]
        block.table([*head, "amid that, a commit by hand, ms", "and to its NOTIFY, ms"], [row])


def main():
    return rounds.main(Replication, rounds.parser_of(Replication, "replication", __doc__))


if __name__ == "__main__":
    sys.exit(main())
