#!/usr/bin/python3
"""How long an operator of very many zones with two secondaries each waits for axfrctl, beside knotc where knotc can do
the same.

axfrctl and the bench have the first CPU, and the servers have the others. Each figure is the median of the rounds. One
secondary of each zone is in step. The address of the other does not answer, so that half of all lines are behind.

Cases:
  status        `secondary status` and its options: time until the whole output and until its first line, and the most
                memory that axfrctl and axfrd take meanwhile. Beside it, `knotc zone-status`
  batch         verbs a second of one client: `axfrctl batch`, with its verbs on standard input; the same verbs over the
                control socket, 500 calls at a time, which shows what axfrd can do for a client that does not wait; one
                process for each verb; and knotc, with its verbs on standard input
  tab           the completion of a zone's name, as the shell asks for it at TAB
"""

import contextlib
import itertools
import os
import pathlib
import re
import shutil
import statistics
import struct
import subprocess
import sys
import time

import asking
import changes
import generate
import rounds
import servers
from harness import plural, say, spaced, wait_until
from replication import Herd

AXFRCTL = servers.BUILD / "axfrctl"
TOGGLED = "127.0.0.5"  # the address that the edits add, and remove again
AT_ONCE = 500

# Option of `secondary status` → the seconds that it may take.
STATUS = {"": 2.0, "--behind": None, "--summary": None, "--json": None}
# Prefix → which names it completes.
TABS = {"": "nothing typed yet", "z00000": "some names", "q": "no name"}
# How long a key may take to show its effect, in seconds.
TAB_LIMIT = 0.05
VERBS_PER_SECOND = 5000


class InStep(Herd):
    """The secondaries at one of the two addresses. They answer NOTIFY, and from then on have its serial."""

    ADDRESSES = ("127.0.0.3",)
    ABSENT = "127.0.0.4"

    def __init__(self):
        super().__init__()
        self.serials = {}  # question → serial; zones without NOTIFY have the serial of their files

    def take(self, number, question, soa):
        self.serials[question] = serial_told(soa)

    def answer(self, identifier, question):
        soa = bytes(2) + struct.pack("!5I", self.serials.get(question, generate.SERIAL), 1, 1, 1, 1)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 6, 1, 3600, len(soa)) + soa
        return identifier + b"\x84\x00\x00\x01\x00\x01" + bytes(4) + question + record


def serial_told(wire):
    """The serial of the SOA record in a NOTIFY. Its names are skipped."""
    at = asking.after_name(wire, 0) + 10
    return struct.unpack_from("!I", wire, asking.after_name(wire, asking.after_name(wire, at)))[0]


# ---- a run of a client ----


def run(command, stdin=None):
    """Seconds until its first line and until its end, and how many lines and octets it printed."""
    begin, first, lines, octets = time.monotonic(), None, 0, 0
    with open(stdin or os.devnull, "rb") as source:
        process = subprocess.Popen([*map(str, command)], stdin=source, stdout=subprocess.PIPE)
    while chunk := os.read(process.stdout.fileno(), 1 << 16):
        lines += chunk.count(b"\n")
        octets += len(chunk)
        if first is None and lines:
            first = time.monotonic() - begin
    process.stdout.close()
    status = process.wait()
    if status not in (0, 3):  # 3: done, but with a finding for scripts
        raise RuntimeError(f"{' '.join(map(str, command))[:80]} ended with {status}")
    return {"seconds": time.monotonic() - begin, "first": first, "lines": lines, "octets": octets}


def in_status(pid, field):
    """A field of /proc/PID/status (proc(5)), in octets; 0 if the process has ended."""
    with contextlib.suppress(OSError):
        found = re.search(rf"^{field}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
        return int(found[1]) * 1024 if found else 0
    return 0


def memory_of(command, server):
    """The most memory that the client had, and the server meanwhile. It is not timed, because sampling takes time."""
    pathlib.Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # resets VmHWM
    process = subprocess.Popen([*map(str, command)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    most = 0
    while process.poll() is None:
        most = max(most, in_status(process.pid, "VmHWM"))
        time.sleep(0.002)
    return most, in_status(server.process.pid, "VmHWM")


def lines_into(file, lines):
    file.write_text("".join(line + "\n" for line in lines))
    return file


class Operate(rounds.Bench):
    CASES = ("status", "batch", "tab")

    @property
    def verbs(self):
        return 2_000 if self.options.quick else 20_000

    @property
    def processes(self):
        """How many processes run, one verb each. They are few, because a process takes long."""
        return 50 if self.options.quick else 200

    def run(self):
        world = self.small_world("operate", self.options.zones)
        self.input = self.directory / "verbs"
        herd = InStep()
        herd.start()
        try:
            self.each_round(self.prepare(world, self.options.servers), self.round)
        finally:
            herd.end()
        shutil.rmtree(world.directory)

    def prepare(self, world, names):
        prepared = super().prepare(world, names)
        for server in prepared:
            if isinstance(server, servers.Axfrd):
                say(f"axfrd: two secondaries for {plural(len(world.names), 'zone')}")
                with rounds.running(server):
                    server.enable_all([*InStep.ADDRESSES, InStep.ABSENT])
                    self.await_secondaries(server)
        return prepared

    def await_secondaries(self, server):
        """Waits until the secondaries that answer have been proven to have every serial, and the proofs are stored."""
        with contextlib.closing(changes.Control(server.directory / "control.sock")) as control:

            def in_step():
                time.sleep(0.5)
                hosts = control.call("secondary.status", summary="yes")["hosts"]
                behind = {host["secondary"].split("@")[0]: host["behind"] for host in hosts}
                return all(behind.get(address) == 0 for address in InStep.ADDRESSES)

            wait_until(in_step, 10 * asking.CHANGE_PATIENCE)
        server.settle()

    def round(self, server):
        with rounds.running(server):
            if isinstance(server, servers.Axfrd):
                self.await_secondaries(server)
                self.axfrd_round(server)
            else:
                server.settle()
                self.knot_round(server)

    def axfrd_round(self, server):
        ctl = [AXFRCTL, "--socket", server.directory / "control.sock"]
        if self.wants("status"):
            for option in STATUS:
                self.status_run("axfrctl", option, [*ctl, "secondary", "status", *option.split()], server)
        if self.wants("tab"):
            for prefix in TABS:
                self.tab_run(prefix, [*ctl, "completion", "zones", prefix])
        if self.wants("batch"):
            self.axfrd_batches(server, ctl)

    def knot_round(self, server):
        ctl = ["knotc", "-s", server.directory / "knot.sock"]
        if self.wants("status"):
            self.status_run("knotc", "", [*ctl, "zone-status"], server)
        if self.wants("batch"):
            several = server.world.names[: self.verbs // 4]
            self.batch("knotc: zone-begin, zone-unset, zone-set, zone-commit", server, 4 * len(several), lambda: run(
                ctl, lines_into(self.input, itertools.chain.from_iterable(
                    self.transaction(zone, "zone-") for zone in several
                ))
            ))  # fmt: skip

    # ---- status ----

    def status_run(self, program, option, command, server):
        before = in_status(server.process.pid, "VmRSS")
        figures = self.quiet.undisturbed(lambda: run(command))
        client, most = memory_of(command, server)
        for figure, value in {**figures, "client": client, "before": before, "most": most}.items():
            self.figures.add("status", (program, option), figure, value)
        self.say(
            f"status {option}: {figures['seconds']:.3f} s, the first of {plural(figures['lines'], 'line')} after"
            f" {figures['first']:.3f} s; {client / 1e6:.0f} MB, the server {most / 1e6:.0f} MB"
        )

    # ---- TAB ----

    def tab_run(self, prefix, command):
        def median():
            times = [run(command) for _ in range(11)]
            return statistics.median(each["seconds"] for each in times), times[0]["lines"]

        seconds, names = self.quiet.undisturbed(median)
        self.figures.add("tab", prefix, "seconds", seconds)
        self.figures.add("tab", prefix, "names", names)
        self.say(f"TAB behind '{prefix}': {seconds * 1e3:.1f} ms, {plural(names, 'name')}")

    # ---- batches ----

    def batch(self, what, server, verbs, measure):
        """Verbs a second, and the server's CPU time for each."""

        def measured():
            cpu, result = server.cpu(), measure()
            return verbs / result["seconds"], (server.cpu() - cpu) / verbs

        self.note_disk("batch", what)
        rate, cpu = self.quiet.undisturbed(measured)
        self.figures.add("batch", what, "rate", rate)
        self.figures.add("batch", what, "cpu", cpu)
        self.say(f"{what}: {rate:.0f} verbs/s, {cpu * 1e6:.0f} µs of the server's CPU each")

    def axfrd_batches(self, server, ctl):
        names, verbs = server.world.names, min(self.verbs, len(server.world.names))
        edited, several = names[: verbs // 2], names[: verbs // 4]
        edits = [(zone, option) for option in ("add-allow", "remove-allow") for zone in edited]

        def batch(lines):
            return lambda: run([*ctl, "batch"], lines_into(self.input, lines()))

        def calls():
            begin = time.monotonic()
            with contextlib.closing(changes.Control(server.directory / "control.sock")) as control:
                for at in range(0, len(edits), AT_ONCE):
                    control.calls([
                        ("secondary.edit", {"zone": zone, option: TOGGLED}) for zone, option in edits[at : at + AT_ONCE]
                    ])
            return {"seconds": time.monotonic() - begin}

        def processes():
            begin = time.monotonic()
            for zone in names[: self.processes]:
                run([*ctl, "zone", "show", zone])
            return {"seconds": time.monotonic() - begin}

        self.batch("axfrctl batch: secondary edit", server, len(edits), batch(
            lambda: (f"secondary edit {zone} --{option} {TOGGLED}" for zone, option in edits)
        ))  # fmt: skip
        self.batch("axfrctl batch: zone begin, unset, set, commit", server, 4 * len(several), batch(
            lambda: itertools.chain.from_iterable(self.transaction(zone, "zone ") for zone in several)
        ))  # fmt: skip
        self.batch("axfrctl batch: zone show", server, verbs, batch(
            lambda: (f"zone show {zone}" for zone in names[:verbs])
        ))  # fmt: skip
        self.batch(f"control socket, {AT_ONCE} calls at a time: secondary edit", server, len(edits), calls)
        self.batch("axfrctl, a process each: zone show", server, min(self.processes, len(names)), processes)

    def transaction(self, zone, verb):
        """The verbs of a transaction, for axfrctl or for knotc. The host gets an address that it never had."""
        host, address = f"{generate.HOST}.{zone}.", changes.new_address()
        yield f"{verb}begin {zone}."
        yield f"{verb}unset {zone}. {host} A"
        yield f"{verb}set {zone}. {host} 3600 A {address}"
        yield f"{verb}commit {zone}."

    # ---- tables ----

    def tables(self, block):
        self.conditions(block, f"{spaced(self.verbs)} verbs a batch, {self.processes} where each has a process.")
        self.status_table(block)
        self.batch_table(block)
        self.tab_table(block)

    def status_table(self, block):
        what = f"{spaced(self.options.zones)} zones × 2 secondaries"
        rows = []
        runs = [(("axfrctl", option), f"secondary status {option}".strip(), goal) for option, goal in STATUS.items()]
        for column, words, goal in [*runs, (("knotc", ""), "zone-status, of the same zones", None)]:

            def cell(figure, scale=1.0, column=column, **target):
                return self.figures.cell("status", column, figure, scale, **target)

            row = [f"{column[0]} {words}", cell("seconds", at_most=goal), cell("first"), cell("lines")]
            row += [cell("octets", 1e-6), *(cell(figure, 1e-6) for figure in ("client", "before", "most"))]
            rows.append(row)
        head = [what, "whole, s", "first line, s", "lines", "MB", "client's memory at most, MB"]
        block.table([*head, "server's before, MB", "and at most, MB"], [row for row in rows if any(row[1:])])

    def batch_table(self, block):
        columns = list(dict.fromkeys(column for case, column, _ in self.figures.values if case == "batch"))
        rows = []
        for column in columns:
            goal = VERBS_PER_SECOND if column.startswith("axfrctl batch") else None
            row = [column, self.figures.cell("batch", column, "rate", at_least=goal)]
            row += [self.figures.cell("batch", column, figure, 1e6 if figure == "cpu" else 1e3)
                    for figure in ("cpu", "fdatasync")]  # fmt: skip
            rows.append(row)
        block.table(["one client", "verbs/s", "server's CPU a verb, µs", "fdatasync then, ms"], rows)

    def tab_table(self, block):
        rows = [
            [f"{what}: `{prefix}`" if prefix else what, self.figures.cell("tab", prefix, "names"),
             self.figures.cell("tab", prefix, "seconds", 1e3, at_most=TAB_LIMIT * 1e3)]
            for prefix, what in TABS.items()
        ]  # fmt: skip
        block.table(["TAB behind a zone's name", "names", "ms"], rows)


def main():
    parser = rounds.parser_of(Operate, "operate", __doc__)
    parser.set_defaults(servers=["axfrd", "knot"])
    return rounds.main(Operate, parser)


if __name__ == "__main__":
    sys.exit(main())
