#!/usr/bin/python3
"""How long a change of one record takes in one of many zones and in a large one, and how many changes a second are
possible, beside NSD, Knot, BIND and PowerDNS.

The servers take turns on the same CPUs, with the same zones on the same filesystem, in a network namespace of their
own. Each figure is the median of the rounds; within a round, of the commits. The bench has the first CPU, and the
servers have the others.

Cases:
  small         replace one record in one of the many zones: time until the change is acknowledged, until it is
                answered over UDP, and until NOTIFY reaches a secondary; and the server's CPU time for it. An empty
                request changes nothing, and is sent by the same client over the same socket (a SOA query, or axfrd's
                zone.show). Its time is part of the time to acknowledge, and the table also shows the difference
  large         the same in the large zone
  rate          commits per second over the many zones, by 1 and by 8 clients
"""

import collections
import contextlib
import functools
import itertools
import shutil
import socket
import statistics
import sys
import threading
import time

import asking
import generate
import rounds
from harness import plural, spaced
from rounds import PAUSE

CLIENTS = (1, 8)
# Seconds. A NOTIFY that comes later was not caused by the commit.
NOTIFY_PATIENCE = 3.0
# Seconds without NOTIFY before a commit, and commits. BIND sends a secondary NOTIFY twice a second at most; Knot may
# send it a second after the commit.
NOTIFY_SILENCE, NOTIFIED_COMMITS = 1.2, 3
# So many that work which an earlier commit left to the server does not affect the median.
EMPTY_REQUESTS = 100

# Figure, its head and its scale.
FIGURES = [
    ("acknowledged", "acknowledged", 1e3), ("empty", "empty request", 1e3), ("net", "less that", 1e3),
    ("answered", "answered", 1e3),
    ("notified", "NOTIFY", 1e3), ("cpu", "CPU time", 1e3), ("fdatasync", "fdatasync then", 1e3),
    ("commits", "commits a round", 1),
]  # fmt: skip
PLOTTED = FIGURES[3:5]

# Explanations printed below the tables.
NOTES = {
    "nsd": "NSD reads the zone's whole file again for a change.",
    "knot": "Knot tells secondaries of an UPDATE a second later (no option in 3.2).",
    "pdns": "PowerDNS tells secondaries once a second. Its rows are changed by the bench, as by a provider's"
    " application: that CPU time is not PowerDNS's.",
}


class Notified:
    """The secondary. It answers NOTIFY over UDP and TCP (Knot uses TCP), and notes when each NOTIFY came."""

    def __init__(self):
        self.times = collections.deque()
        self.came = threading.Condition()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((asking.SECONDARY, 53))
        self.tcp = socket.create_server((asking.SECONDARY, 53))
        for listen in (self.listen_udp, self.listen_tcp):
            threading.Thread(target=listen, daemon=True).start()

    def listen_udp(self):
        while True:
            wire, peer = self.udp.recvfrom(4096)
            self.udp.sendto(self.take(wire), peer)

    def listen_tcp(self):
        while True:
            connection, _ = self.tcp.accept()
            with contextlib.suppress(OSError), connection:
                while wire := connection.recv(4096)[2:]:  # a NOTIFY is short enough to come in one piece
                    response = self.take(wire)
                    connection.sendall(len(response).to_bytes(2, "big") + response)

    def take(self, wire):
        """Notes the time; returns the response."""
        with self.came:
            self.times.append(time.monotonic())
            self.came.notify()
        return wire[:2] + b"\xa4\x00\x00\x01" + bytes(6) + wire[12 : asking.after_name(wire, 12) + 4]

    def await_silence(self):
        with self.came:
            while self.came.wait(NOTIFY_SILENCE):
                pass
            self.times.clear()

    def first(self, since, timeout):
        """Returns when the first NOTIFY after `since` came, or None."""
        with self.came:
            self.came.wait_for(lambda: any(at > since for at in self.times), timeout)
            return next((at for at in self.times if at > since), None)


# ---- what is measured ----


def ask_time(client, zone):
    """The median time of a request that changes nothing, in seconds, or None if the client has none."""
    if not hasattr(client, "ask"):
        return None
    times = []
    for _ in range(EMPTY_REQUESTS):
        begin = time.monotonic()
        client.ask(zone)
        times.append(time.monotonic() - begin)
    return statistics.median(times)


def commit_times(server, client, commits):
    """The median times until a commit is acknowledged and answered, in seconds; and the number of commits."""
    zone, acknowledged, answered = server.world.noticed, [], []
    with asking.Asker() as asker:
        serial = asker.serial(zone)
        for _ in rounds.turns(commits):
            begin = time.monotonic()
            client.commit(zone)
            acknowledged.append(time.monotonic() - begin)
            serial = asker.wait_for_newer(zone, serial, PAUSE)
            answered.append(time.monotonic() - begin)
    return {
        "acknowledged": statistics.median(acknowledged), "answered": statistics.median(answered),
        "commits": len(answered),
    }  # fmt: skip


def commit_cpu(server, client, commits):
    """The server's CPU time for each commit, in seconds. The server is asked rarely meanwhile, because answers take CPU
    time, too."""
    zone, before, done = server.world.noticed, server.cpu(), 0
    with asking.Asker() as asker:
        serial = asker.serial(zone)
        for _ in rounds.turns(commits):
            client.commit(zone)
            serial = asker.wait_for_newer(zone, serial, 0.01)
            done += 1
    server.settle()
    return (server.cpu() - before) / done


def notify_time(server, client, notified):
    """The median time until NOTIFY reaches the secondary, in seconds, or None. There is a pause before each commit,
    because servers limit the rate of NOTIFY."""
    times = []
    for _ in range(NOTIFIED_COMMITS):
        notified.await_silence()
        begin = time.monotonic()
        client.commit(server.world.noticed)
        told = notified.first(begin, NOTIFY_PATIENCE)
        if told is None:
            return None
        times.append(told - begin)
    return statistics.median(times)


def measure_commits(server, way, commits, notified):
    with contextlib.closing(server.client(way)) as client:
        commit_cpu(server, client, 1)  # some work is done at the first change only
        times = commit_times(server, client, commits)
        server.settle()
        empty = ask_time(client, server.world.noticed)
        net = None if empty is None else times["acknowledged"] - empty
        cpu = commit_cpu(server, client, commits)
        return {**times, "empty": empty, "net": net, "cpu": cpu, "notified": notify_time(server, client, notified)}


def commit_until(deadline, server, way, zones, failures):
    """Commits to one zone after the other until the deadline; returns the number of commits."""
    done = 0
    with asking.Asker() as asker, contextlib.closing(server.client(way)) as client:
        try:
            for zone in itertools.cycle(zones):
                if time.monotonic() >= deadline:
                    return done
                before = None if server.acknowledges_served else asker.serial(zone)
                client.commit(zone)
                if before is not None:
                    asker.wait_for_newer(zone, before, PAUSE)
                done += 1
        except Exception as error:  # raised again by the main thread
            failures.append(error)


def commit_rate(server, way, clients, seconds):
    """Commits per second of clients that each have their own zones, and the CPUs that the server and the bench take."""
    names, counts, failures = server.world.names, [], []
    cpu, own_cpu, begin = server.cpu(), time.process_time(), time.monotonic()

    def work(own):
        counts.append(commit_until(begin + seconds, server, way, own, failures))

    # Daemon threads, so that the process can end while they work.
    threads = [threading.Thread(target=work, args=(names[own::clients],), daemon=True) for own in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    elapsed = time.monotonic() - begin
    return sum(counts) / elapsed, (server.cpu() - cpu) / elapsed, (time.process_time() - own_cpu) / elapsed


class Commits(rounds.Bench):
    CASES = ("small", "large", "rate")

    @functools.cached_property
    def notified(self):
        return Notified()

    @property
    def rate_seconds(self):
        return 2.0 if self.options.quick else 5.0

    def run(self):
        if self.wants("small", "rate"):
            self.run_world(self.small_world("small", self.options.zones), "small", "rate")
        if self.wants("large"):
            self.run_world(self.large_world(), "large")

    def run_world(self, world, *cases):
        all_servers = self.prepare(world, self.options.servers)
        self.each_round(all_servers, lambda server: self.change_round(server, cases))
        shutil.rmtree(world.directory)

    def change_round(self, server, cases):
        self.say("start, to change zones")
        with rounds.running(server):
            server.settle()
            for way in server.ways:
                for case in cases:
                    if self.wants(case):
                        self.note_disk(case, (server.name, way))
                        (self.rate_round if case == "rate" else self.commit_round)(case, server, way)
            rounds.note_serial(server)

    def commit_round(self, case, server, way):
        figures = self.quiet.undisturbed(lambda: measure_commits(server, way, self.options.commits, self.notified))
        for figure, value in figures.items():
            self.figures.add(case, (server.name, way), figure, value)
        commits = plural(figures.pop("commits"), "commit")
        times = ", ".join(f"{figure} {value * 1e3:.2f} ms" for figure, value in figures.items() if value is not None)
        self.say(f"{way}, {commits}: {times}")

    def rate_round(self, case, server, way):
        for clients in CLIENTS:
            rate, cpu, own_cpu = self.quiet.undisturbed(lambda: commit_rate(server, way, clients, self.rate_seconds))
            self.figures.add(case, (server.name, way), clients, rate)
            self.figures.add(case, (server.name, way), ("cpu", clients), cpu)
            self.figures.add(case, (server.name, way), ("own cpu", clients), own_cpu)
            self.say(f"{way}, {plural(clients, 'client')}: {rate:.0f} commits/s, CPU {cpu:.0%}, ours {own_cpu:.0%}")

    # ---- tables ----

    def tables(self, block):
        self.conditions(
            block,
            f"For each time {self.options.commits} commits a round, of a slow server as many as"
            f" {rounds.COMMITS_PATIENCE:g} s hold, at least {rounds.FEWEST_COMMITS}; {NOTIFIED_COMMITS} for NOTIFY;"
            f" {self.rate_seconds:g} s for each rate.",
        )
        small = f"one of {spaced(self.options.zones)} zones of {generate.SMALL_RECORDS} records"
        self.commit_table(block, "small", small)
        self.commit_table(block, "large", f"a zone of {spaced(self.options.records)} records")
        self.rate_table(block)
        block.paragraph(" ".join(NOTES[name] for name in self.options.servers if name in NOTES))

    def commit_table(self, block, case, what):
        goal = 1 / 4 if case == "large" else None
        rows = [
            [": ".join(column), *self.cells(case, column, FIGURES, self.targets(case, column)),
             self.against_best(case, column, "answered", goal)]
            for column in self.columns()
        ]  # fmt: skip
        heads = [head for _, head, _ in FIGURES]
        block.table([f"one record in {what}, ms", *heads, "answered, axfrd : best peer"], rows)
        groups = [(head, self.figures.bars(case, self.columns(), figure, unit)) for figure, head, unit in PLOTTED]
        block.plot(f"commits-{case}", f"A change of one record in {what}", groups, "ms")

    def targets(self, case, column):
        """Upper limits for axfrd's commits, in ms."""
        answered = self.figures.median(case, column, "answered")
        if column[0] != "axfrd" or answered is None:
            return {}
        if case == "small":
            return {"net": 0.1 + self.figures.median(case, column, "fdatasync") * 1e3}
        return {"cpu": 2.0, "notified": answered * 1e3 + 2}

    def rate_table(self, block):
        most = CLIENTS[-1]
        entries = [(clients, plural(clients, "client"), 1) for clients in CLIENTS]
        entries += [(("cpu", most), "server's CPU, %", 100), (("own cpu", most), "bench's, %", 100)]
        entries += [("fdatasync", "fdatasync then, ms", 1e3)]
        what = f"commits per second over {spaced(self.options.zones)} zones"
        rows = [[": ".join(column), *self.cells("rate", column, entries)] for column in self.columns()]
        block.table([what, *(head for _, head, _ in entries)], rows)
        groups = [(head, self.figures.bars("rate", self.columns(), clients)) for clients, head, _ in entries[:2]]
        block.plot("commits-rate", what.capitalize(), groups, "/s")


def main():
    return rounds.main(Commits, rounds.parser_of(Commits, "commits", __doc__))


if __name__ == "__main__":
    sys.exit(main())
