#!/usr/bin/python3
"""How axfrd bears many zones and a large one, beside NSD, Knot, BIND and PowerDNS.

All take turns on the same CPUs, with the same zones on the same filesystem, in a network namespace of their own. Each
figure is the median of the rounds; within a round, of the commits. Started is who answers for the last zone, and for
others throughout the list, correctly over UDP, counted from exec; files are in the page cache then, and free memory has
been touched, which some hypervisors hand out slowly at first. Each server is killed as a power loss would end it, so
that what it counts as done is on disk. The bench has the first CPU, and the servers have the others.

usage: scale.py start|commits|replication [OPTION...]

Cases, of start:
  start-small   start with many zones of 12 records each, from saved state; then its memory
  start-large   the same with one large zone
  import        axfrd alone: zone files into an empty store
  million       axfrd alone: import of 1 000 000 zones, and start with them; not with --quick unless named
of commits:
  commit-small  replace one record in one of the many zones: until acknowledged, answered over UDP, and told to a
                secondary; and the server's CPU time for it. An empty request is one that changes nothing, by the same
                client over the same socket (a SOA query, or axfrd's zone.show): it is in what stands beside it
  commit-large  the same in the large zone
  rate          commits per second over the many zones, by 1 and by 8 clients
of replication:
  replicate-small, replicate-large
                replace one record: until a secondary (NSD, the same for all) has transferred it and answers with it.
                IXFR sent is when the transfer to it ended on axfrd's side, to the millisecond: what comes after is the
                secondary's own
  fanout        axfrd alone: the many zones with two secondaries each, all owed a NOTIFY at the start, and a change by
                hand amid that; not with --quick unless named
"""

import collections
import contextlib
import functools
import itertools
import mmap
import os
import pathlib
import select
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time

import generate
import harness
import report
import servers
from harness import plural, say, spaced, wait_until
from quiet import Quiet

SECTIONS = {
    "start": ("start-small", "start-large", "import", "million"),
    "commits": ("commit-small", "commit-large", "rate"),
    "replication": ("replicate-small", "replicate-large", "fanout"),
}
NOT_QUICK = ("million", "fanout")
OF_AXFRD = ("import", "million", "fanout")
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
# So many that the median is of those which no earlier commit's work was in the way of.
EMPTY_REQUESTS = 100
TOUCHED = 1 << 30
# Questions take CPU time from the server that is working on a change.
PAUSE = 0.0005


# ---- what is measured ----


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


def touch_memory():
    """A hypervisor that was given free memory back hands it out again page by page, which takes longer than some
    starts. So it is asked for as much as a server will take before that one is measured."""
    with mmap.mmap(-1, TOUCHED) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, TOUCHED, mmap.PAGESIZE):
            memory[at] = 1


def start_and_memory(server):
    """Seconds, and RSS and PSS once it has settled."""
    touch_memory()
    with running(server) as seconds:
        server.settle()
        return seconds, *server.memory()


def turns(commits, patience=COMMITS_PATIENCE):
    """As many as there are to be commits, or fewer of a slow server."""
    begin = time.monotonic()
    for turn in range(commits):
        if turn >= FEWEST_COMMITS and time.monotonic() - begin > patience:
            return
        yield turn


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
        empty = ask_time(client, server.world.noticed)
        cpu = commit_cpu(server, client, commits)
        return {**times, "empty": empty, "cpu": cpu, "notified": notify_time(server, client, notified)}


def replication_times(client, zone, commits):
    """The seconds from each commit's beginning until the secondary answers with it; and by their serials, when the
    commits began by the wall clock."""
    times, begun = [], {}
    with servers.Asker(servers.SECONDARY) as asker:
        serial = asker.serial(zone)
        for _ in turns(commits, REPLICATION_PATIENCE):
            time.sleep(REPLICATION_PAUSE)
            began, begin = time.time(), time.monotonic()
            client.commit(zone)
            serial = asker.wait(zone, lambda now: now not in (None, serial), pause=PAUSE)
            times.append(time.monotonic() - begin)
            begun[serial] = began
    return times, begun


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


class Bench:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.figures, self.quiet = report.Figures(), Quiet(options.quick)
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
                self.quiet.wait()
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
        seconds, rss, pss = self.quiet.undisturbed(lambda: start_and_memory(server))
        self.say(f"started in {seconds:.3f} s, PSS {pss / 1e6:.0f} MB")
        figures = {"seconds": seconds, "rss": rss, "pss": pss}
        for kind, octets in (("rss", rss), ("pss", pss)):
            figures[f"{kind} per zone"] = octets / len(server.world.names)
            figures[f"{kind} per record"] = octets / (server.world.records * len(server.world.names))
        for figure, value in figures.items():
            self.figures.add(case, server.name, figure, value)

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
        figures = self.quiet.undisturbed(lambda: measure_commits(server, way, self.options.commits, self.notified))
        for figure, value in figures.items():
            self.figures.add(case, (server.name, way), figure, value)
        commits = plural(figures.pop("commits"), "commit")
        times = ", ".join(f"{figure} {value * 1e3:.2f} ms" for figure, value in figures.items() if value is not None)
        self.say(f"{way}, {commits}: {times}")

    def run_replicate(self, case, world):
        all_servers = self.prepare(world, self.options.servers)
        for server in all_servers:
            if isinstance(server, servers.Axfrd):
                server.transfer_log = server.directory / "transfers"
        self.each_round(all_servers, lambda server: self.replicate_round(case, server))
        shutil.rmtree(world.directory)

    def replicate_round(self, case, server):
        for way in server.ways:
            with running(server), self.secondary(server.world):
                server.settle()
                self.figures.add(case, (server.name, way), "fdatasync", fdatasync_time(self.directory))
                with contextlib.closing(server.client(way)) as client:
                    times, begun = self.quiet.undisturbed(
                        lambda: replication_times(client, server.world.noticed, self.options.commits)
                    )
                with servers.Asker() as asker:
                    server.serial = asker.serial(server.world.noticed)
            figures = {"median": statistics.median(times), "worst": max(times), "commits": len(times)}
            if isinstance(server, servers.Axfrd):
                sent = server.transfers()
                figures["sent"] = statistics.median(sent[serial] - began for serial, began in begun.items())
            for figure, value in figures.items():
                self.figures.add(case, (server.name, way), figure, value)
            median, worst = figures["median"] * 1e3, figures["worst"] * 1e3
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
            rate, cpu, own_cpu = self.quiet.undisturbed(
                lambda: commit_rate(server, way, clients, self.options.seconds)
            )
            self.figures.add(case, (server.name, way), clients, rate)
            self.figures.add(case, (server.name, way), ("cpu", clients), cpu)
            self.figures.add(case, (server.name, way), ("own cpu", clients), own_cpu)
            self.say(f"{way}, {plural(clients, 'client')}: {rate:.0f} commits/s, CPU {cpu:.0%}, ours {own_cpu:.0%}")

    def import_round(self, server):
        world = server.world
        self.say(f"import of {plural(len(world.names), 'zone')}")
        seconds = self.quiet.undisturbed(lambda: server.import_files(server.enable))
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
                wait_until(lambda: herd.seen, servers.CHANGE_PATIENCE)
                time.sleep(0.15)  # what was just told is told again 100 ms later at the earliest
                _, question = min(herd.seen)
                zone = next(name for name in zones if question.startswith(servers.wire_name(name)))
                with contextlib.closing(server.client("transaction")) as client:
                    begin = time.monotonic()
                    client.commit(zone)
                    committed = time.monotonic()
                wait_until(
                    lambda: herd.changed and len(herd.seen) == len(zones) * len(Herd.ADDRESSES),
                    servers.CHANGE_PATIENCE,
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


# ---- the tables ----

# Figure, its head and its scale. The disk's own speed changes from minute to minute, and is measured before each.
COMMIT_FIGURES = [
    ("acknowledged", "acknowledged", 1e3), ("empty", "empty request", 1e3), ("answered", "answered", 1e3),
    ("notified", "NOTIFY", 1e3), ("cpu", "CPU time", 1e3), ("fdatasync", "fdatasync then", 1e3),
    ("commits", "commits a round", 1),
]  # fmt: skip
REPLICATE_FIGURES = [
    ("median", "median", 1e3), ("worst", "worst of a round", 1e3), ("sent", "IXFR sent", 1e3),
    ("fdatasync", "fdatasync then", 1e3), ("commits", "commits a round", 1),
]  # fmt: skip
GIB = 1 << 30


def start_table(block, figures, options):
    names = options.servers
    peers = [name for name in names if name not in ("axfrd", "pdns")]  # which loads nothing
    kinds = [
        ("start-small", f"{spaced(options.zones)} zones of {generate.SMALL_RECORDS} records", "zone", 1 / 10),
        ("start-large", f"one zone of {spaced(options.records)} records", "record", 1 / 5),
    ]
    rows = []
    for case, what, unit, goal in kinds:
        ratio = report.ratio(figures.median(case, "axfrd", "seconds"), figures.best(case, peers, "seconds"))
        started = [figures.cell(case, name, "seconds") for name in names]
        rows.append([f"{what}: started, s", *started, report.cell(ratio, at_most=goal)])
        rows += memory_rows(figures, case, names, unit)
    block.table(["", *names, "axfrd : best that loads zones"], [row for row in rows if any(row[1:])])
    groups = [(what, figures.bars(case, names, "seconds")) for case, what, *_ in kinds]
    block.plot("scale-start", "Seconds to start", groups, "s")


def memory_rows(figures, case, names, unit):
    for kind in ("rss", "pss"):
        yield [f"{kind.upper()}, MB", *(figures.cell(case, name, kind, 1e-6) for name in names), ""]
        goals = {"axfrd": 150} if (kind, unit) == ("rss", "record") else {}
        cells = [figures.cell(case, name, f"{kind} per {unit}", at_most=goals.get(name)) for name in names]
        yield [f"{kind.upper()} per {unit}, octets", *cells, ""]


def columns(options):
    return [(name, way) for name in options.servers for way in servers.SERVERS[name].ways]


def against_best(figures, case, column, figure, options, goal):
    """A cell for axfrd: by what a peer needs that needs least."""
    if column[0] != "axfrd":
        return ""
    peers = [column for column in columns(options) if column[0] != "axfrd"]
    ratio = report.ratio(figures.median(case, column, figure), figures.best(case, peers, figure))
    return report.cell(ratio, at_most=goal)


def commit_targets(figures, case, column):
    """What axfrd's commits are to stay within, ms."""
    if column[0] != "axfrd" or figures.median(case, column, "answered") is None:
        return {}
    if case == "commit-small":
        return {"acknowledged": 0.1 + figures.median(case, column, "fdatasync") * 1e3}
    return {"cpu": 2.0, "notified": figures.median(case, column, "answered") * 1e3 + 2}


def commit_table(block, figures, options, case, what):
    goal = 1 / 4 if case == "commit-large" else None
    rows = []
    for column in columns(options):
        targets = commit_targets(figures, case, column)
        row = [figures.cell(case, column, figure, unit, at_most=targets.get(figure))
               for figure, _, unit in COMMIT_FIGURES]  # fmt: skip
        row += [against_best(figures, case, column, "answered", options, goal)]
        rows.append([": ".join(column), *row])
    heads = [head for _, head, _ in COMMIT_FIGURES]
    block.table([f"one record in {what}, ms", *heads, "answered, axfrd : best peer"], rows)
    plot_times(block, f"scale-{case}", f"A change of one record in {what}", figures, case, options, COMMIT_FIGURES[2:4])


def plot_times(block, name, title, figures, case, options, entries):
    groups = [(head, figures.bars(case, columns(options), figure, unit)) for figure, head, unit in entries]
    block.plot(name, title, groups, "ms")


def replicate_table(block, figures, options, case, what, goal):
    rows = [
        [": ".join(column)]
        + [figures.cell(case, column, figure, unit) for figure, _, unit in REPLICATE_FIGURES]
        + [against_best(figures, case, column, "median", options, goal)]
        for column in columns(options)
    ]
    title = f"from a change in {what} to the secondary's answer"
    heads = [head for _, head, _ in REPLICATE_FIGURES]
    block.table([f"{title}, ms", *heads, "median, axfrd : best peer"], rows)
    title = title[0].upper() + title[1:]
    plot_times(block, f"scale-{case}", title, figures, case, options, REPLICATE_FIGURES[:1])


def rate_table(block, figures, options):
    most = CLIENTS[-1]
    rows = [
        [": ".join(column)]
        + [figures.cell("rate", column, clients) for clients in CLIENTS]
        + [figures.cell("rate", column, (whose, most), 100) for whose in ("cpu", "own cpu")]
        + [figures.cell("rate", column, "fdatasync", 1e3)]
        for column in columns(options)
    ]
    what = f"commits per second over {spaced(options.zones)} zones"
    head = [what, *(plural(clients, "client") for clients in CLIENTS)]
    block.table([*head, "server's CPU, %", "bench's, %", "fdatasync then, ms"], rows)
    groups = [(plural(clients, "client"), figures.bars("rate", columns(options), clients)) for clients in CLIENTS]
    block.plot("scale-rate", what.capitalize(), groups, "/s")


def import_table(block, figures, options):
    rows = [
        [what, *(figures.cell("import", key, figure) for figure in ("seconds", "zones/s", "records/s"))]
        for key, what in (
            ("small", f"{spaced(options.zones)} zones of {generate.SMALL_RECORDS} records"),
            ("large", f"one zone of {spaced(options.records)} records"),
        )
    ]
    block.table(["axfrd imports", "s", "zones/s", "records/s"], [row for row in rows if row[1]])


def million_table(block, figures, options):
    def cell(figure, unit=1.0, **target):
        return figures.cell("million", "axfrd", figure, unit, **target)

    row = [f"{spaced(options.million)} zones of {generate.SMALL_RECORDS} records", cell("import seconds")]
    row += [cell("seconds"), cell("rss", 1 / GIB, at_most=2.5), cell("pss", 1 / GIB), cell("pss per zone")]
    block.table(
        ["axfrd alone", "import (once), s", "start, s", "RSS, GiB", "PSS, GiB", "PSS per zone, octets"], [row]
    )


def fanout_table(block, figures, options):
    def cell(figure, unit=1.0, **target):
        return figures.cell("fanout", "axfrd", figure, unit, **target)

    row = [f"{spaced(options.zones)} zones × {len(Herd.ADDRESSES)} secondaries", cell("seconds", at_most=10)]
    row += [cell("rate"), cell("commit", 1e3), cell("by hand", 1e3)]
    head = ["axfrd alone, all owed at once", "first to last NOTIFY, s", "NOTIFY/s", "amid that, a commit by hand, ms"]
    block.table([*head, "and to its NOTIFY, ms"], [row])


# What a reader of the tables would wonder about.
NOTES = {
    "nsd": "NSD reads the zone's whole file again for a change.",
    "knot": "Knot tells secondaries of an UPDATE a second later (no option in 3.2).",
    "pdns": "PowerDNS loads nothing at its start, reads its SQLite database when asked, and tells secondaries once a"
    " second. The rows are changed by the bench, as by a provider's application: that CPU time is not PowerDNS's.",
}


def conditions(block, bench, options):
    filesystem = report.output_of("findmnt", "-no", "FSTYPE", "-T", str(bench.directory))
    versions = [f"{name} {servers.SERVERS[name].version()}" for name in options.servers]
    block.conditions(
        f"servers on {harness.cpu_list(options.server_cpus)},"
        f" the bench on {harness.cpu_list(os.sched_getaffinity(0))}",
        [filesystem, *versions],
        bench.quiet,
        f"Medians of {plural(options.rounds, 'round')}; for each time {options.commits} commits a round, of a slow"
        f" server as many as {COMMITS_PATIENCE:g} s hold, at least {FEWEST_COMMITS}; {NOTIFIED_COMMITS} for NOTIFY;"
        f" {options.seconds:g} s for each rate. 4 KiB written in place and synced (fdatasync) took"
        f" {bench.figures.cell('disk', '', 'fdatasync', 1e3)} ms.",
    )


def publish(bench, options):
    block, figures = report.Block(options), bench.figures
    conditions(block, bench, options)
    small, large = f"a zone of {generate.SMALL_RECORDS} records", f"a zone of {spaced(options.records)} records"
    start_table(block, figures, options)
    commit_table(block, figures, options, "commit-small", f"one of {spaced(options.zones)} zones")
    commit_table(block, figures, options, "commit-large", large)
    replicate_table(block, figures, options, "replicate-small", small, 1)
    replicate_table(block, figures, options, "replicate-large", large, 1 / 5)
    rate_table(block, figures, options)
    import_table(block, figures, options)
    million_table(block, figures, options)
    fanout_table(block, figures, options)
    block.paragraph(" ".join(NOTES[name] for name in options.servers if name in NOTES))
    return block.publish(bench.failed)


# ---- the command line ----


def parse_arguments():
    section = sys.argv.pop(1)
    cases = SECTIONS[section]
    parser = harness.parser_of(section, __doc__, "a tenth of the size; 3 rounds of fewer commits")
    parser.add_argument("--zones", type=harness.count, help="how many small zones (100 000)")
    parser.add_argument("--records", type=harness.count, help="records of the large zone (1 000 000)")
    parser.add_argument("--million", type=harness.count, default=MILLION, help="zones of the case million (1 000 000)")
    names = list(servers.SERVERS)
    parser.add_argument(
        "--servers", type=harness.listed(names), default=names, metavar="SERVER,...", help=", ".join(names)
    )
    parser.add_argument("--cases", type=harness.listed(cases), metavar="CASE,...", help=f"of {', '.join(cases)}")
    parser.add_argument("--directory", default="/var/tmp", help="where zones and stores are made (%(default)s)")
    return settle_options(harness.parse(parser, quick_rounds=3))


def settle_options(options):
    options.zones = options.zones or (10_000 if options.quick else 100_000)
    options.records = options.records or (100_000 if options.quick else 1_000_000)
    options.commits, options.seconds = (5, 2.0) if options.quick else (20, 5.0)
    every = SECTIONS[options.section]
    options.cases = options.cases or [case for case in every if not (options.quick and case in NOT_QUICK)]
    if "axfrd" not in options.servers:
        options.cases = [case for case in options.cases if case not in OF_AXFRD]
    if set(options.cases) <= set(OF_AXFRD):
        options.servers = ["axfrd"]
    options.server_cpus = harness.take_cpus()
    return options


def main():
    if sys.argv[1:2] == [] or sys.argv[1] not in SECTIONS:
        print(__doc__)
        return 2
    options = parse_arguments()
    harness.end_on_signals()
    servers.isolate()
    # A short name: the path of a Unix socket is limited to 107 octets.
    with tempfile.TemporaryDirectory(prefix="axfrd-scale-", dir=options.directory) as name:
        bench = Bench(options, pathlib.Path(name))
        bench.run()
        return publish(bench, options)


if __name__ == "__main__":
    sys.exit(main())
