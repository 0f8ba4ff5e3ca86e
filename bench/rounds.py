"""Shared by the benches that start servers, change zones and transfer zones: the zones, the rounds in which all servers
take turns, and the speed of the disk. Servers are killed, as by a power loss, so a change counts as done only when it
is on disk."""

import contextlib
import os
import pathlib
import statistics
import tempfile
import time

import asking
import generate
import harness
import processes
import report
import servers
from harness import plural, say, spaced
from quiet import Quiet

# Seconds between two queries for a serial. Answers take CPU time from the server that is working on a change.
PAUSE = 0.0005
# A round of commits ends after this many seconds, so that a slow server makes fewer, but at least FEWEST_COMMITS.
COMMITS_PATIENCE, FEWEST_COMMITS = 10.0, 3


# ---- servers ----


def probes(names):
    """Some zones from throughout the list, the last one included."""
    return list(dict.fromkeys(names[len(names) * part // 8 - 1] for part in range(1, 9)))


def start(server):
    """Starts the server; returns the seconds from exec to the first correct answers."""
    begin = time.monotonic()
    server.start()
    with asking.Asker() as asker:
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


def note_serial(server):
    """Notes the serial that the server must have at its next start. The server settles first, because NSD answers from
    its old processes for a while after a reload."""
    server.settle()
    with asking.Asker() as asker:
        server.serial = asker.serial(server.world.noticed)


# ---- commits ----


def turns(commits, patience=COMMITS_PATIENCE):
    """Yields `commits` times, or less often for a slow server."""
    begin = time.monotonic()
    for turn in range(commits):
        if turn >= FEWEST_COMMITS and time.monotonic() - begin > patience:
            return
        yield turn


def fdatasync_time(directory, writes=50):
    """The median time of a durable write of 4 KiB in place. No commit that waits for the disk can be faster."""
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


# ---- a bench ----


class Bench:
    """The base of each section's bench: run() measures, and tables(block) reports."""

    # The cases that --cases may name; those that --quick leaves out; those without peers.
    CASES, NOT_QUICK, OF_AXFRD = (), (), ()
    # The number of small zones, the records of the large zone, and the divisor of both with --quick.
    ZONES, RECORDS, QUICK = 100_000, 1_000_000, 10

    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.figures, self.quiet = report.Figures(), Quiet(options.quick)
        self.failed, self.progress = [], ""

    def wants(self, *cases):
        return any(case in self.options.cases for case in cases)

    def say(self, text):
        say(f"{self.progress}: {text}")

    # ---- worlds ----

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

    # ---- rounds ----

    def prepare(self, world, names):
        prepared = []
        for name in names:
            say(f"{name}: saved state for {plural(len(world.names), 'zone')}")
            prepared.append(servers.SERVERS[name](world, self.options.server_cpus))
        return prepared

    def each_round(self, all_servers, measure, begin=None):
        """Calls measure() for each server in each round, and begin(), if given, when a round begins. A server that
        fails is reported, and left out from then on."""
        for number in range(1, self.options.rounds + 1):
            if begin:
                self.quiet.wait()
                self.progress = f"round {number} of {self.options.rounds}"
                begin()
            for server in list(all_servers):
                self.quiet.wait()
                self.progress = f"round {number} of {self.options.rounds}: {server.name}"
                try:
                    measure(server)
                except Exception as error:
                    self.say(f"FAILED: {error}")
                    self.failed.append(f"{server.name}: {error}")
                    all_servers = [other for other in all_servers if other is not server]
                finally:
                    server.stop()

    def note_disk(self, case, column):
        """Measures the speed of the disk. It changes from minute to minute, so this runs beside what depends on it."""
        self.figures.add(case, column, "fdatasync", fdatasync_time(self.directory))

    # ---- tables ----

    def columns(self):
        """A column for each way of each server to change a zone."""
        return [(name, way) for name in self.options.servers for way in servers.SERVERS[name].ways]

    def against_best(self, case, column, figure, goal):
        """axfrd's figure divided by the least one of its peers; an empty cell for a peer."""
        if column[0] != "axfrd":
            return ""
        peers = [column for column in self.columns() if column[0] != "axfrd"]
        ratio = report.ratio(self.figures.median(case, column, figure), self.figures.best(case, peers, figure))
        return report.cell(ratio, at_most=goal)

    def cells(self, case, column, entries, targets=()):
        """The cells of `entries`, each (figure, its head, its scale). `targets` has upper limits by figure."""
        targets = dict(targets)
        return [
            self.figures.cell(case, column, figure, unit, at_most=targets.get(figure)) for figure, _, unit in entries
        ]

    def conditions(self, block, more=""):
        filesystem = report.output_of("findmnt", "-no", "FSTYPE", "-T", str(self.directory))
        versions = [f"{name} {servers.SERVERS[name].version()}" for name in self.options.servers]
        block.conditions(
            f"servers on {harness.cpu_list(self.options.server_cpus)},"
            f" the bench on {harness.cpu_list(os.sched_getaffinity(0))}",
            [filesystem, *versions],
            self.quiet,
            f"Medians of {plural(self.options.rounds, 'round')}. {more}".strip(),
        )


# ---- the command line ----


def add_servers(parser):
    """Adds the options that say which servers take part, and in which directory they work."""
    names = list(servers.SERVERS)
    parser.add_argument(
        "--servers", type=harness.listed(names), default=names, metavar="SERVER,...", help=", ".join(names)
    )
    parser.add_argument("--directory", default="/var/tmp", help="where zones and stores are made (%(default)s)")


def parser_of(kind, section, text):
    parser = harness.parser_of(section, text, f"1/{kind.QUICK} of the size; 3 rounds, of fewer commits if any")
    parser.add_argument("--zones", type=harness.count, help=f"how many small zones ({spaced(kind.ZONES)})")
    parser.add_argument("--records", type=harness.count, help=f"records of the large zone ({spaced(kind.RECORDS)})")
    parser.add_argument(
        "--cases", type=harness.listed(kind.CASES), metavar="CASE,...", help=f"of {', '.join(kind.CASES)}"
    )
    add_servers(parser)
    return parser


def settle_options(kind, options):
    size = kind.QUICK if options.quick else 1
    options.zones = options.zones or kind.ZONES // size
    options.records = options.records or kind.RECORDS // size
    options.commits = 5 if options.quick else 20
    options.cases = options.cases or [case for case in kind.CASES if not (options.quick and case in kind.NOT_QUICK)]
    if "axfrd" not in options.servers:
        options.cases = [case for case in options.cases if case not in kind.OF_AXFRD]
    if set(options.cases) <= set(kind.OF_AXFRD):
        options.servers = ["axfrd"]
    options.server_cpus = harness.take_cpus()
    return options


def main(kind, parser):
    """Runs a bench of `kind`, and returns the status to exit with."""
    options = settle_options(kind, harness.parse(parser, quick_rounds=3))
    harness.end_on_signals()
    processes.isolate()
    # The name is short, because the path of a Unix socket is limited to 107 octets.
    with tempfile.TemporaryDirectory(prefix="axfrd-bench-", dir=options.directory) as name:
        bench = kind(options, pathlib.Path(name))
        bench.run()
        block = report.Block(options)
        bench.tables(block)
        return block.publish(bench.failed)
