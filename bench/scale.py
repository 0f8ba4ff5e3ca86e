#!/usr/bin/python3
"""How axfrd bears many zones and a large one, beside NSD, Knot, BIND and PowerDNS.

All take turns on the same CPUs, with the same zones on the same filesystem, in a network namespace of their own. Each
figure is the median of the rounds; within a round, of the commits. Started is who answers for the last zone, and for
others throughout the list, correctly over UDP, counted from exec; files are in the page cache then. Each server is
killed as a power loss would end it, so that what it counts as done is on disk.

Cases:
  start-small   start with many zones of 12 records each, from saved state; then its memory
  start-large   the same with one large zone
  commit-small  replace one record in one of the many zones: until acknowledged, answered over UDP, and told to a
                secondary; and the server's CPU time for it
  commit-large  the same in the large zone
  rate          commits per second over the many zones, by 1 and by 8 clients
  replicate-small, replicate-large
                replace one record: until a secondary (NSD, the same for all) has transferred it and answers with it
  import        axfrd alone: zone files into an empty store
  million       axfrd alone: import of 1 000 000 zones, and start with them; not part of a run unless named
  fanout        axfrd alone: the many zones with two secondaries each, all owed a NOTIFY at the start, and a change by
                hand amid that; not part of a run unless named
"""

import argparse
import collections
import contextlib
import functools
import itertools
import os
import pathlib
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import generate
import servers

CASES = (
    "replicate-small", "replicate-large", "start-small", "start-large", "commit-small", "commit-large", "rate",
    "import", "million", "fanout",
)  # fmt: skip
ON_REQUEST = ("million", "fanout")
CLIENTS = (1, 8)
MILLION, REPLICATED_ZONES = 1_000_000, 100
# A NOTIFY that has not left by then is none that the commit caused.
NOTIFY_PATIENCE = 3.0
# BIND tells a secondary twice a second at most; Knot may tell a second after the commit.
NOTIFY_SILENCE, NOTIFIED_COMMITS = 1.2, 3
# A slow server makes fewer commits than the others, in this many seconds, but not fewer than these.
COMMITS_PATIENCE, FEWEST_COMMITS = 10.0, 3
# A secondary may take its time after a transfer; changes are this far apart, in seconds.
REPLICATION_PAUSE, REPLICATION_PATIENCE = 1.2, 45.0
# Questions take CPU time from the server that is working on a change.
PAUSE = 0.0005


def say(text):
    print(text, file=sys.stderr, flush=True)


def spaced(number):
    return f"{number:,}".replace(",", " ")


def plural(number, what):
    return f"{spaced(number)} {what}" + ("" if number == 1 else "s")


# ---- what is measured ----


class Figures:
    """By case, column and figure: one value for each round."""

    def __init__(self):
        self.values = collections.defaultdict(list)

    def add(self, case, column, figure, value):
        if value is not None:
            self.values[case, column, figure].append(value)

    def median(self, case, column, figure):
        values = self.values.get((case, column, figure))
        return statistics.median(values) if values else None

    def cell(self, case, column, figure, scale=1.0):
        """Three significant digits; empty if it was not measured."""
        value = self.median(case, column, figure)
        if value is None:
            return ""
        value *= scale
        if value >= 1000 or value == round(value):
            return spaced(round(value))
        return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3}f}"


class Notified:
    """The secondary: answers NOTIFY, over UDP and (Knot's) TCP, and remembers when it came."""

    def __init__(self):
        self.times = collections.deque()
        self.came = threading.Condition()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((servers.SECONDARY, 53))
        self.tcp = socket.create_server((servers.SECONDARY, 53))
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
                while wire := connection.recv(4096)[2:]:  # short as it is, it comes in one piece
                    response = self.take(wire)
                    connection.sendall(len(response).to_bytes(2, "big") + response)

    def take(self, wire):
        """Notes the time; returns the response."""
        with self.came:
            self.times.append(time.monotonic())
            self.came.notify()
        return wire[:2] + b"\xa4\x00\x00\x01" + bytes(6) + wire[12 : servers.after_name(wire, 12) + 4]

    def await_silence(self):
        with self.came:
            while self.came.wait(NOTIFY_SILENCE):
                pass
            self.times.clear()

    def first(self, since, timeout):
        """When the first NOTIFY after `since` came, or None."""
        with self.came:
            self.came.wait_for(lambda: any(at > since for at in self.times), timeout)
            return next((at for at in self.times if at > since), None)


class Herd(threading.Thread):
    """Secondaries of very many zones: they answer NOTIFY, and never prove anything, so that all stays owed."""

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
                question = wire[12 : servers.after_name(wire, 12) + 4]
                if wire[2] >> 3 & 15 == 4:
                    self.take(number, question, wire[12 + len(question) :])
                    sock.sendto(wire[:2] + b"\xa4\x00\x00\x01" + bytes(6) + question, peer)
                else:  # whether we have the serial
                    sock.sendto(wire[:2] + b"\x84\x05\x00\x01" + bytes(6) + question, peer)

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


def fdatasync_time(directory, writes=50):
    """The median time of writing 4 KiB in place, durably: no commit that waits for the disk can be faster."""
    file, block = directory / "fdatasync", os.urandom(4096)
    fd = os.open(file, os.O_CREAT | os.O_RDWR)
    try:
        os.pwrite(fd, bytes(64 * len(block)), 0)
        os.fsync(fd)
        return statistics.median(timed_write(fd, block, number % 64) for number in range(writes))
    finally:
        os.close(fd)
        file.unlink()


def timed_write(fd, block, at):
    begin = time.monotonic()
    os.pwrite(fd, block, at * len(block))
    os.fdatasync(fd)
    return time.monotonic() - begin


def probes(names):
    """Zones throughout the list; the last is one."""
    return list(dict.fromkeys(names[len(names) * part // 8 - 1] for part in range(1, 9)))


def start(server):
    """Starts it; the seconds from exec to the first correct answers."""
    begin = time.monotonic()
    server.start()
    with servers.Asker() as asker:
        found = {
            name: asker.wait(name, lambda serial: serial is not None, server, pause=0.002)
            for name in reversed(probes(server.world.names))
        }
    seconds = time.monotonic() - begin
    if found[server.world.noticed] != server.serial:
        raise RuntimeError(f"started with serial {found[server.world.noticed]}, but {server.serial} was served before")
    return seconds


@contextlib.contextmanager
def running(server):
    try:
        yield start(server)
    finally:
        server.stop()


def turns(commits, patience=COMMITS_PATIENCE):
    """As many as there are to be commits, or fewer of a slow server."""
    begin = time.monotonic()
    for turn in range(commits):
        if turn >= FEWEST_COMMITS and time.monotonic() - begin > patience:
            return
        yield turn


def commit_times(server, client, commits):
    """The median times to be acknowledged and answered, in seconds; and of how many commits."""
    zone, acknowledged, answered = server.world.noticed, [], []
    with servers.Asker() as asker:
        serial = asker.serial(zone)
        for _ in turns(commits):
            begin = time.monotonic()
            client.commit(zone)
            acknowledged.append(time.monotonic() - begin)
            serial = asker.wait(zone, lambda now: now not in (None, serial), pause=PAUSE)
            answered.append(time.monotonic() - begin)
    return {
        "acknowledged": statistics.median(acknowledged), "answered": statistics.median(answered),
        "commits": len(answered),
    }  # fmt: skip


def commit_cpu(server, client, commits):
    """The server's CPU time for each commit, in seconds. It is asked rarely meanwhile, because answers cost too."""
    zone, before, done = server.world.noticed, server.cpu(), 0
    with servers.Asker() as asker:
        serial = asker.serial(zone)
        for _ in turns(commits):
            client.commit(zone)
            serial = asker.wait(zone, lambda now: now not in (None, serial), pause=0.01)
            done += 1
    server.settle()
    return (server.cpu() - before) / done


def notify_time(server, client, notified):
    """The median time until the secondary is told, in seconds, or None. Commits are apart, because servers limit the
    rate at which they tell."""
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
        commit_cpu(server, client, 1)  # what is done at the first change only
        times = commit_times(server, client, commits)
        server.settle()
        cpu = commit_cpu(server, client, commits)
        return {**times, "cpu": cpu, "notified": notify_time(server, client, notified)}


def replication_times(client, zone, commits):
    """The seconds from each commit's beginning until the secondary answers with it."""
    times = []
    with servers.Asker(servers.SECONDARY) as asker:
        serial = asker.serial(zone)
        for _ in turns(commits, REPLICATION_PATIENCE):
            time.sleep(REPLICATION_PAUSE)
            begin = time.monotonic()
            client.commit(zone)
            serial = asker.wait(zone, lambda now: now not in (None, serial), pause=PAUSE)
            times.append(time.monotonic() - begin)
    return times


def commit_until(deadline, server, way, zones, failures):
    """Commits to one zone after the other until the deadline; how many."""
    done = 0
    with servers.Asker() as asker, contextlib.closing(server.client(way)) as client:
        try:
            for zone in itertools.cycle(zones):
                if time.monotonic() >= deadline:
                    return done
                before = None if server.acknowledges_served else asker.serial(zone)
                client.commit(zone)
                if before is not None:
                    asker.wait(zone, lambda now: now not in (None, before), pause=PAUSE)
                done += 1
        except Exception as error:  # told by the main thread
            failures.append(error)


def commit_rate(server, way, clients, seconds):
    """Commits per second, by clients that work on zones of their own; and the CPUs that server and bench take."""
    names, counts, failures = server.world.names, [], []
    cpu, own_cpu, begin = server.cpu(), time.process_time(), time.monotonic()

    def work(own):
        counts.append(commit_until(begin + seconds, server, way, own, failures))

    # Daemons: none of them keeps a run alive that was told to end.
    threads = [threading.Thread(target=work, args=(names[own::clients],), daemon=True) for own in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    elapsed = time.monotonic() - begin
    return sum(counts) / elapsed, (server.cpu() - cpu) / elapsed, (time.process_time() - own_cpu) / elapsed


# ---- the run ----


def wait_until(condition):
    deadline = time.monotonic() + servers.CHANGE_PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it takes too long")
        time.sleep(0.005)


class Bench:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.figures = Figures()
        self.failed = []

    @functools.cached_property
    def notified(self):
        return Notified()

    def wants(self, *cases):
        return any(case in self.options.cases for case in cases)

    def run(self):
        # First, while nobody else has the secondary's address.
        if self.wants("replicate-small"):
            self.run_replicate("replicate-small", self.small_world("replicate", REPLICATED_ZONES))
        if self.wants("replicate-large"):
            self.run_replicate("replicate-large", self.large_world())
        small, large = [("start-small", "commit-small", "rate"), ("start-large", "commit-large")]
        if self.wants(*small, "import"):
            self.run_world(self.small_world("small", self.options.zones), *small)
        if self.wants(*large, "import"):
            self.run_world(self.large_world(), *large)
        if self.wants("million"):
            self.run_million(self.small_world("million", self.options.million))
        if self.wants("fanout"):
            self.run_fanout(self.small_world("fanout", self.options.zones))

    def small_world(self, name, zones):
        say(f"writing {spaced(zones)} zone files")
        files = self.make(name)
        generate.write_small(files, zones)
        names = list(generate.small_names(zones))
        return servers.World(files.parent, files, names, generate.SMALL_RECORDS, names[-1])

    def large_world(self):
        records = self.options.records
        say(f"writing a zone of {spaced(records)} records")
        files = self.make("large")
        with open(files / f"{generate.LARGE}.zone", "w") as output:
            generate.write_large(output, records)
        return servers.World(files.parent, files, [generate.LARGE], records, generate.LARGE)

    def make(self, name):
        files = self.directory / name / "zones"
        files.mkdir(parents=True)
        return files

    def run_world(self, world, start_case, commit_case, rate_case=None):
        compared = [case for case in (start_case, commit_case, rate_case) if case and self.wants(case)]
        all_servers = self.prepare(world, self.options.servers if compared else ["axfrd"])
        if self.wants("import"):
            self.each_round(all_servers[:1], self.import_round)
        if self.wants(start_case):
            self.each_round(all_servers, lambda server: self.start_round(start_case, server))
        if compared and compared != [start_case]:
            self.each_round(all_servers, lambda server: self.change_round(commit_case, rate_case, server))
        shutil.rmtree(world.directory)

    def prepare(self, world, names):
        prepared = []
        for name in names:
            say(f"{name}: saved state for {plural(len(world.names), 'zone')}")
            prepared.append(servers.SERVERS[name](world, self.options.server_cpus))
        return prepared

    def each_round(self, all_servers, measure):
        """All servers take turns. One that fails is reported, and left out from then on."""
        for number in range(1, self.options.rounds + 1):
            for server in list(all_servers):
                self.figures.add("disk", "", "fdatasync", fdatasync_time(self.directory))
                self.progress = f"round {number} of {self.options.rounds}: {server.name}"
                try:
                    measure(server)
                except Exception as error:
                    say(f"{self.progress}: FAILED: {error}")
                    self.failed.append(f"{server.name}: {error}")
                    all_servers = [other for other in all_servers if other is not server]
                finally:
                    server.stop()

    def say(self, text):
        say(f"{self.progress}: {text}")

    def start_round(self, case, server):
        self.say(f"start with {plural(len(server.world.names), 'zone')}")
        with running(server) as seconds:
            self.figures.add(case, server.name, "seconds", seconds)
            server.settle()
            rss, pss = server.memory()
            self.say(f"started in {seconds:.3f} s, PSS {pss / 1e6:.0f} MB")
            self.figures.add(case, server.name, "rss", rss)
            self.figures.add(case, server.name, "pss", pss)
            self.figures.add(case, server.name, "per", pss / len(server.world.names))
            self.figures.add(case, server.name, "per record", pss / (server.world.records * len(server.world.names)))

    def change_round(self, commit_case, rate_case, server):
        self.say("start, to change zones")
        with running(server):
            server.settle()
            for way in server.ways:
                if self.wants(commit_case):
                    self.commit_round(commit_case, server, way)
                if rate_case and self.wants(rate_case):
                    self.rate_round(rate_case, server, way)
            with servers.Asker() as asker:
                server.serial = asker.serial(server.world.noticed)

    def commit_round(self, case, server, way):
        self.figures.add(case, (server.name, way), "fdatasync", fdatasync_time(self.directory))
        figures = measure_commits(server, way, self.options.commits, self.notified)
        for figure, value in figures.items():
            self.figures.add(case, (server.name, way), figure, value)
        commits = plural(figures.pop("commits"), "commit")
        times = ", ".join(f"{figure} {value * 1e3:.2f} ms" for figure, value in figures.items() if value is not None)
        self.say(f"{way}, {commits}: {times}")

    def run_replicate(self, case, world):
        all_servers = self.prepare(world, self.options.servers)
        self.each_round(all_servers, lambda server: self.replicate_round(case, server))
        shutil.rmtree(world.directory)

    def replicate_round(self, case, server):
        for way in server.ways:
            with running(server), self.secondary(server.world):
                server.settle()
                self.figures.add(case, (server.name, way), "fdatasync", fdatasync_time(self.directory))
                with contextlib.closing(server.client(way)) as client:
                    times = replication_times(client, server.world.noticed, self.options.commits)
                with servers.Asker() as asker:
                    server.serial = asker.serial(server.world.noticed)
            self.figures.add(case, (server.name, way), "median", statistics.median(times))
            self.figures.add(case, (server.name, way), "worst", max(times))
            self.figures.add(case, (server.name, way), "commits", len(times))
            median, worst = statistics.median(times) * 1e3, max(times) * 1e3
            self.say(f"{way}: at the secondary after {median:.1f} ms, at worst {worst:.1f}")

    @contextlib.contextmanager
    def secondary(self, world):
        """With a copy of the zone."""
        secondary = servers.Secondary(world, os.sched_getaffinity(0))
        try:
            secondary.start()
            with servers.Asker(servers.SECONDARY) as asker:
                asker.wait(world.noticed, lambda serial: serial is not None, secondary, pause=0.05)
            yield secondary
        finally:
            secondary.stop()
            shutil.rmtree(secondary.directory)

    def rate_round(self, case, server, way):
        self.figures.add(case, (server.name, way), "fdatasync", fdatasync_time(self.directory))
        for clients in CLIENTS:
            rate, cpu, own_cpu = commit_rate(server, way, clients, self.options.seconds)
            self.figures.add(case, (server.name, way), clients, rate)
            self.figures.add(case, (server.name, way), ("cpu", clients), cpu)
            self.figures.add(case, (server.name, way), ("own cpu", clients), own_cpu)
            self.say(f"{way}, {plural(clients, 'client')}: {rate:.0f} commits/s, CPU {cpu:.0%}, ours {own_cpu:.0%}")

    def import_round(self, server):
        world = server.world
        self.say(f"import of {plural(len(world.names), 'zone')}")
        seconds = server.import_files()
        self.say(f"imported in {seconds:.3f} s")
        key = "large" if world.names == [generate.LARGE] else "small"
        self.figures.add("import", key, "seconds", seconds)
        self.figures.add("import", key, "zones/s", len(world.names) / seconds)
        self.figures.add("import", key, "records/s", len(world.names) * world.records / seconds)

    def run_million(self, world):
        (server,) = self.prepare(world, ["axfrd"])
        say(f"imported in {server.import_seconds:.3f} s")
        self.figures.add("million", "axfrd", "import seconds", server.import_seconds)
        self.each_round([server], lambda one: self.start_round("million", one))
        shutil.rmtree(world.directory)


    def run_fanout(self, world):
        (server,) = self.prepare(world, ["axfrd"])
        with running(server):
            say("secondary DNS for all")
            server.enable_all(Herd.ADDRESSES)
        self.each_round([server], self.fanout_round)
        shutil.rmtree(world.directory)

    def fanout_round(self, server):
        """It is killed before anybody has proven anything, so that it owes everything when it starts again."""
        herd, zones = Herd(), server.world.names
        herd.start()
        try:
            with running(server):
                wait_until(lambda: herd.seen)
                time.sleep(0.15)  # what was just told is told again 100 ms later at the earliest
                _, question = min(herd.seen)
                zone = next(name for name in zones if question.startswith(servers.wire_name(name)))
                with contextlib.closing(server.client("transaction")) as client:
                    begin = time.monotonic()
                    client.commit(zone)
                    committed = time.monotonic()
                wait_until(lambda: herd.changed and len(herd.seen) == len(zones) * len(Herd.ADDRESSES))
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


# ---- the tables ----

# Figure, its head and its scale. The disk's own speed changes from minute to minute, and is measured before each.
COMMIT_FIGURES = [
    ("acknowledged", "acknowledged", 1e3), ("answered", "answered", 1e3), ("notified", "NOTIFY", 1e3),
    ("cpu", "CPU time", 1e3), ("fdatasync", "fdatasync then", 1e3), ("commits", "commits a round", 1),
]  # fmt: skip


def table(head, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    if not any(any(row[1:]) for row in rows):
        return ""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def start_table(figures, options):
    names, zones, records = options.servers, options.zones, options.records
    kinds = [
        ("start-small", f"{spaced(zones)} zones of {generate.SMALL_RECORDS} records", "per", "zone"),
        ("start-large", f"one zone of {spaced(records)} records", "per record", "record"),
    ]
    rows = []
    for case, what, per, unit in kinds:
        rows += [
            [f"{what}: started, s", *(figures.cell(case, name, "seconds") for name in names)],
            ["RSS, MB", *(figures.cell(case, name, "rss", 1e-6) for name in names)],
            ["PSS, MB", *(figures.cell(case, name, "pss", 1e-6) for name in names)],
            [f"PSS per {unit}, octets", *(figures.cell(case, name, per) for name in names)],
        ]
    return table(["", *names], [row for row in rows if any(row[1:])])


def columns(options):
    return [(name, way) for name in options.servers for way in servers.SERVERS[name].ways]


def commit_table(figures, options, case, what):
    rows = [
        [f"{name}: {way}"]
        + [figures.cell(case, (name, way), figure, scale) for figure, _, scale in COMMIT_FIGURES]
        for name, way in columns(options)
    ]
    return table([f"one record in {what}, ms", *(head for _, head, _ in COMMIT_FIGURES)], rows)


def replicate_table(figures, options, case, what):
    heads = [
        ("median", "median", 1e3), ("worst", "worst of a round", 1e3), ("fdatasync", "fdatasync then", 1e3),
        ("commits", "commits a round", 1),
    ]  # fmt: skip
    rows = [
        [f"{name}: {way}"] + [figures.cell(case, (name, way), figure, scale) for figure, _, scale in heads]
        for name, way in columns(options)
    ]
    return table([f"from a change in {what} to the secondary's answer, ms", *(head for _, head, _ in heads)], rows)


def rate_table(figures, options):
    most = CLIENTS[-1]
    rows = [
        [f"{name}: {way}"]
        + [figures.cell("rate", (name, way), clients) for clients in CLIENTS]
        + [figures.cell("rate", (name, way), (whose, most), 100) for whose in ("cpu", "own cpu")]
        + [figures.cell("rate", (name, way), "fdatasync", 1e3)]
        for name, way in columns(options)
    ]
    what = f"commits per second over {spaced(options.zones)} zones"
    head = [what, *(plural(clients, "client") for clients in CLIENTS)]
    return table([*head, "server's CPU, %", "bench's, %", "fdatasync then, ms"], rows)


def import_table(figures, options):
    rows = [
        [what, *(figures.cell("import", key, figure) for figure in ("seconds", "zones/s", "records/s"))]
        for key, what in (
            ("small", f"{spaced(options.zones)} zones of {generate.SMALL_RECORDS} records"),
            ("large", f"one zone of {spaced(options.records)} records"),
        )
    ]
    return table(["axfrd imports", "s", "zones/s", "records/s"], [row for row in rows if row[1]])


def million_table(figures, options):
    def cell(figure, scale=1.0):
        return figures.cell("million", "axfrd", figure, scale)

    row = [f"{spaced(options.million)} zones of {generate.SMALL_RECORDS} records", cell("import seconds")]
    row += [cell("seconds"), cell("rss", 1e-6), cell("pss", 1e-6), cell("per")]
    return table(["axfrd alone", "import (once), s", "start, s", "RSS, MB", "PSS, MB", "PSS per zone, octets"], [row])


def fanout_table(figures, options):
    cells = [("seconds", 1), ("rate", 1), ("commit", 1e3), ("by hand", 1e3)]
    row = [f"{spaced(options.zones)} zones × {len(Herd.ADDRESSES)} secondaries"]
    row += [figures.cell("fanout", "axfrd", figure, scale) for figure, scale in cells]
    head = ["axfrd alone, all owed at once", "first to last NOTIFY, s", "NOTIFY/s", "amid that, a commit by hand, ms"]
    return table([*head, "and to its NOTIFY, ms"], [row])


def first_of(file, key):
    lines = pathlib.Path(file).read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "unknown CPU")


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=servers.ROOT).stdout.strip()


def conditions(figures, options, directory):
    commit = output_of("git", "rev-parse", "--short", "HEAD")
    if output_of("git", "status", "--porcelain", "--untracked-files=no"):
        commit += " with changes"
    cpus = ",".join(map(str, sorted(options.server_cpus)))
    ours = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    filesystem = output_of("findmnt", "-no", "FSTYPE", "-T", str(directory))
    versions = ", ".join(f"{name} {servers.SERVERS[name].version()}" for name in options.servers)
    return (
        f"{time.strftime('%Y-%m-%d')}, commit {commit}. {first_of('/proc/cpuinfo', 'model name')}, {os.cpu_count()}"
        f" CPUs: servers on {cpus}, the bench on {ours}. Linux {os.uname().release}, {filesystem}. {versions}."
        f" Medians of {plural(options.rounds, 'round')}; for each time {options.commits} commits a round, of a slow"
        f" server as many as {COMMITS_PATIENCE:g} s hold, but {FEWEST_COMMITS}; {NOTIFIED_COMMITS} for NOTIFY;"
        f" {options.seconds:g} s for each rate; load of the machine before it {options.load:.2f}.\n\n"
        f"4 KiB written in place and synced (fdatasync): {figures.cell('disk', '', 'fdatasync', 1e3)} ms.\n"
    )


# What a reader of the tables would wonder about.
NOTES = {
    "nsd": "NSD reads the zone's whole file again for a change.",
    "knot": "Knot tells secondaries of an UPDATE a second later (no option in 3.2).",
    "pdns": "PowerDNS loads nothing at its start, reads its SQLite database when asked, and tells secondaries once a"
    " second. The rows are changed by the bench, as by a provider's application: that CPU time is not PowerDNS's.",
}


def notes(options):
    return "".join(f"{NOTES[name]}\n" for name in options.servers if name in NOTES)


def report(bench, options, directory):
    figures = bench.figures
    small = f"one of {spaced(options.zones)} zones of {generate.SMALL_RECORDS} records"
    parts = [
        conditions(figures, options, directory),
        start_table(figures, options),
        commit_table(figures, options, "commit-small", small),
        commit_table(figures, options, "commit-large", f"a zone of {spaced(options.records)} records"),
        replicate_table(figures, options, "replicate-small", f"a zone of {generate.SMALL_RECORDS} records"),
        replicate_table(figures, options, "replicate-large", f"a zone of {spaced(options.records)} records"),
        rate_table(figures, options),
        import_table(figures, options),
        million_table(figures, options),
        fanout_table(figures, options),
        notes(options),
        *(f"Failed: {reason}\n" for reason in bench.failed),
    ]
    print("\n".join(part for part in parts if part))


# ---- the command line ----


def count(text):
    """A number of things: at least one, and spaces or underscores may group its digits."""
    number = int(text.replace(" ", "").replace("_", ""))
    if number < 1:
        raise ValueError
    return number


def listed(choices):
    def parse(text):
        items = text.split(",")
        for item in items:
            if item not in choices:
                raise argparse.ArgumentTypeError(f"'{item}' is none of {', '.join(choices)}")
        return [choice for choice in choices if choice in items]

    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the size; 3 rounds of fewer commits")
    parser.add_argument("--zones", type=count, help="how many small zones (100 000)")
    parser.add_argument("--records", type=count, help="records of the large zone (1 000 000)")
    parser.add_argument("--million", type=count, default=MILLION, help="zones of the case million (1 000 000)")
    names = list(servers.SERVERS)
    parser.add_argument("--servers", type=listed(names), default=names, metavar="SERVER,...", help=", ".join(names))
    parser.add_argument(
        "--cases", type=listed(CASES), default=[case for case in CASES if case not in ON_REQUEST], metavar="CASE,...",
        help="some of the cases above",
    )  # fmt: skip
    parser.add_argument("--rounds", type=count, help="rounds, if neither 5 nor 3")
    parser.add_argument("--directory", default="/var/tmp", help="where zones and stores are made (%(default)s)")
    return parser.parse_args()


def take_cpus():
    """The first CPU is for us, the others for the servers; where there is but one, all share it."""
    first, *others = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {first})
    return set(others or [first])


def settle_options(options):
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.zones = options.zones or (10_000 if options.quick else 100_000)
    options.records = options.records or (100_000 if options.quick else 1_000_000)
    options.commits, options.seconds = (5, 2.0) if options.quick else (20, 5.0)
    if "axfrd" not in options.servers:
        options.cases = [case for case in options.cases if case not in ("import", "million", "fanout")]
    if set(options.cases) <= {"import", "million", "fanout"}:
        options.servers = ["axfrd"]
    options.load = os.getloadavg()[0]
    options.server_cpus = take_cpus()


def end(signal_number, _):
    signal.signal(signal_number, signal.SIG_IGN)
    sys.exit(128 + signal_number)


def main():
    options = parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    settle_options(options)
    servers.isolate()
    # A short name: the path of a Unix socket is limited to 107 octets.
    with tempfile.TemporaryDirectory(prefix="axfrd-scale-", dir=options.directory) as name:
        directory = pathlib.Path(name)
        bench = Bench(options, directory)
        bench.run()
        report(bench, options, directory)
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
