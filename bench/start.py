#!/usr/bin/python3
"""How long axfrd takes to start with many zones and with a large one, and how much memory, beside NSD, Knot, BIND and
PowerDNS.

The servers take turns on the same CPUs, with the same zones on the same filesystem, in a network namespace of their
own. Each figure is the median of the rounds. The time to start is from exec until the server answers correctly over UDP
for the last zone, and for others throughout the list. Before that, files are in the page cache, and free memory has
been touched, because some hypervisors take it back and return it slowly. The bench has the first CPU, and the servers
have the others.

Cases:
  small         start with many zones of 12 records each, from saved state; then its memory
  large         the same with one large zone
  import        axfrd alone: zone files into an empty store
  million       axfrd alone: import of 1 000 000 zones, and start with them; not with --quick unless named
"""

import contextlib
import mmap
import pathlib
import shutil
import sys

import generate
import harness
import report
import rounds
from harness import plural, say, spaced

MILLION = 1_000_000
GIB = TOUCHED = 1 << 30
REPORTED_ORDER = pathlib.Path("/sys/module/page_reporting/parameters/page_reporting_order")
PDNS = "PowerDNS loads nothing at its start, and reads its SQLite database when it is asked."


@contextlib.contextmanager
def free_memory_kept():
    """Keeps the kernel from reporting free memory to the hypervisor, except for blocks of the largest order. The
    hypervisor takes reported memory back within seconds."""
    if not REPORTED_ORDER.exists():
        yield
        return
    before = REPORTED_ORDER.read_text()
    REPORTED_ORDER.write_text("10")  # the largest order that the kernel accepts
    try:
        yield
    finally:
        REPORTED_ORDER.write_text(before)


def touch_memory():
    """Touches as much memory as a server will take, before the server is measured. A hypervisor that took free memory
    back returns it page by page, which takes longer than some servers take to start."""
    with mmap.mmap(-1, TOUCHED) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        for at in range(0, TOUCHED, mmap.PAGESIZE):
            memory[at] = 1


def start_and_memory(server):
    """The seconds to start; RSS and PSS once the server has settled."""
    touch_memory()
    with rounds.running(server) as seconds:
        server.settle()
        return seconds, *server.memory()


class Start(rounds.Bench):
    CASES, NOT_QUICK, OF_AXFRD = ("small", "large", "import", "million"), ("million",), ("import", "million")

    def run(self):
        with free_memory_kept():
            if self.wants("small", "import"):
                self.run_world("small", self.small_world("small", self.options.zones))
            if self.wants("large", "import"):
                self.run_world("large", self.large_world())
            if self.wants("million"):
                self.run_million(self.small_world("million", self.options.million))

    def run_world(self, case, world):
        all_servers = self.prepare(world, self.options.servers if self.wants(case) else ["axfrd"])
        if self.wants("import"):
            self.each_round(all_servers[:1], lambda server: self.import_round(case, server))
        if self.wants(case):
            self.each_round(all_servers, lambda server: self.start_round(case, server))
        shutil.rmtree(world.directory)

    def run_million(self, world):
        (server,) = self.prepare(world, ["axfrd"])
        say(f"imported in {server.import_seconds:.3f} s")
        self.figures.add("million", "axfrd", "import seconds", server.import_seconds)
        self.each_round([server], lambda one: self.start_round("million", one))
        shutil.rmtree(world.directory)

    def import_round(self, case, server):
        world = server.world
        self.say(f"import of {plural(len(world.names), 'zone')}")
        seconds = self.quiet.undisturbed(lambda: server.import_files(server.enable))
        self.say(f"imported in {seconds:.3f} s")
        self.figures.add("import", case, "seconds", seconds)
        self.figures.add("import", case, "zones/s", len(world.names) / seconds)
        self.figures.add("import", case, "records/s", len(world.names) * world.records / seconds)

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

    # ---- tables ----

    def tables(self, block):
        self.conditions(block)
        self.start_table(block)
        self.import_table(block)
        self.million_table(block)
        if "pdns" in self.options.servers:
            block.paragraph(PDNS)

    def small(self, zones):
        return f"{spaced(zones)} zones of {generate.SMALL_RECORDS} records"

    def large(self):
        return f"one zone of {spaced(self.options.records)} records"

    def start_table(self, block):
        names = self.options.servers
        peers = [name for name in names if name not in ("axfrd", "pdns")]  # PowerDNS loads no zones
        kinds = [("small", self.small(self.options.zones), "zone", 1 / 10), ("large", self.large(), "record", 1 / 5)]
        rows = []
        for case, what, unit, goal in kinds:
            own, best = self.figures.median(case, "axfrd", "seconds"), self.figures.best(case, peers, "seconds")
            started = [self.figures.cell(case, name, "seconds") for name in names]
            rows.append([f"{what}: started, s", *started, report.cell(report.ratio(own, best), at_most=goal)])
            rows += self.memory_rows(case, unit)
        block.table(["", *names, "axfrd : best that loads zones"], [row for row in rows if any(row[1:])])
        groups = [(what, self.figures.bars(case, names, "seconds")) for case, what, *_ in kinds]
        block.plot("start", "Seconds to start", groups, "s")

    def memory_rows(self, case, unit):
        names = self.options.servers
        for kind in ("rss", "pss"):
            yield [f"{kind.upper()}, MB", *(self.figures.cell(case, name, kind, 1e-6) for name in names), ""]
            goals = {"axfrd": 150} if (kind, unit) == ("rss", "record") else {}
            cells = [self.figures.cell(case, name, f"{kind} per {unit}", at_most=goals.get(name)) for name in names]
            yield [f"{kind.upper()} per {unit}, octets", *cells, ""]

    def import_table(self, block):
        rows = [
            [what, *(self.figures.cell("import", case, figure) for figure in ("seconds", "zones/s", "records/s"))]
            for case, what in (("small", self.small(self.options.zones)), ("large", self.large()))
        ]
        block.table(["axfrd imports", "s", "zones/s", "records/s"], [row for row in rows if row[1]])

    def million_table(self, block):
        def cell(figure, unit=1.0, **target):
            return self.figures.cell("million", "axfrd", figure, unit, **target)

        row = [self.small(self.options.million), cell("import seconds"), cell("seconds")]
        row += [cell("rss", 1 / GIB, at_most=2.5), cell("pss", 1 / GIB), cell("pss per zone")]
        head = ["axfrd alone", "import (once), s", "start, s", "RSS, GiB", "PSS, GiB", "PSS per zone, octets"]
        block.table(head, [row])


def main():
    parser = rounds.parser_of(Start, "start", __doc__)
    parser.add_argument("--million", type=harness.count, default=MILLION, help="zones of the case million (1 000 000)")
    return rounds.main(Start, parser)


if __name__ == "__main__":
    sys.exit(main())
