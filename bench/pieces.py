#!/usr/bin/python3
"""Runs the benches of single pieces, which are C++ programs, and reports their figures.

usage: bench/pieces.py turn|answer|publish [OPTION...]
"""

import json
import os
import re
import statistics
import subprocess
import sys

import harness
import report
import servers
from harness import plural, say
from quiet import Quiet

PROGRAMS = servers.BUILD / "bench"
LAST_CPU = max(os.sched_getaffinity(0))


def output_of(program, *arguments, cpu=None):
    """Runs a program; returns its stdout and stderr."""
    on = () if cpu is None else ("taskset", "-c", cpu)
    command = [*map(str, (*on, PROGRAMS / program, *arguments))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{program}: exit {done.returncode}\n{done.stderr}")
    return done.stdout, done.stderr


def once(quiet, program, *arguments, cpu=None):
    """Runs a program once, and returns its output. It takes medians of many turns or rounds itself."""
    quiet.wait()
    return quiet.undisturbed(lambda: output_of(program, *arguments, cpu=cpu), tries=1)


# ---- a worker's turn ----

TURN = """\
Cycles of a packet worker's whole turn without a kernel, over a port made of memory, by bench_turn: beside a bare echo
on the same port, and by the worker's own steps. bench/turn_bench.cc says what each is. Cell by cell, the median of
the runs; a ratio is by echoes.
"""


def turn():
    parser = harness.parser_of("turn", TURN, "one run, and 10 000 zones at most, not 1 000 000")
    options = harness.parse(parser, quick_rounds=1)
    quiet, tables = Quiet(options.quick), []
    for number in range(1, options.rounds + 1):
        say(f"run {number} of {options.rounds}")
        out, _ = once(quiet, "bench_turn", *([10_000] if options.quick else []), cpu=LAST_CPU)
        tables.append(report.read_table(out))
    head, cases = tables[0][0], [row[0] for row in tables[0][1]]
    figures = {
        case: dict(zip(head[1:], map(statistics.median, zip(*(map(float, table[1][at][1:]) for table in tables)))))
        for at, case in enumerate(cases)
    }
    block = report.Block(options)
    block.conditions(f"all on {LAST_CPU}", [report.dpdk()], quiet, f"Medians of {plural(options.rounds, 'run')}.")
    block.table([*head, "NXDOMAIN : hit"], turn_rows(figures))
    block.plot("turn", "Cycles a packet, beside the echo", turn_groups(figures), "")
    return block.publish()


def turn_rows(figures):
    """Compares each NXDOMAIN with the hit in the row above, which is of the same zones."""
    for case, row in figures.items():
        zones = re.search(r"(\d+) zones", case)
        goal = None if not case.startswith("hit") else 2.5 if not zones else 5 if int(zones[1]) == 1_000_000 else None
        cells = [report.cell(value, at_most=goal if name == "ratio" else None) for name, value in row.items()]
        against_hit = ""
        if case.startswith("hit"):
            hit = row["worker"]
        elif case.startswith("NXDOMAIN"):
            against_hit = report.cell(row["worker"] / hit, at_most=2)
        yield [case, *cells, against_hit]


def turn_groups(figures):
    return [(case, [("echo", row["echo"]), ("axfrd's worker", row["worker"])]) for case, row in figures.items()]


# ---- an answer, and a new version of a zone ----

ANSWER = """\
What an answer takes without ports and packets, by bench_answer, in bursts of 32 queries, on one CPU; and what it
takes to make a zone, or a new version of it with one record changed, without a disk, by bench_version.
"""

ANSWERS = {
    "copy_only": "copying the request alone, which is in all others",
    "one_zone_hit": "hit, one zone of 100 000 records",
    "one_zone_hit_with_cookie": "the same with a cookie",
    "one_zone_hit_with_rate_limit": "the same with the rate limit",
    "one_zone_hit_one_name": "hit, one name over and over",
    "one_zone_nxdomain": "NXDOMAIN, one zone of 100 000 records",
    "one_zone_delegation": "delegation, one zone with 10 000 of them",
    "signed_hit": "hit with DO, a signed zone",
    "signed_hit_without_do": "the same without DO",
    "signed_nxdomain": "NXDOMAIN with DO, a signed zone",
    "many_zones_soa": "SOA of 100 000 zones",
    "many_zones_hit": "hit in 100 000 zones",
    "many_zones_nxdomain": "NXDOMAIN in 100 000 zones",
    "refused": "a zone that is not here",
}
VERSIONS = {"change_one_record": "one record changed in a zone of {}", "build": "a zone made of {}"}


def answer():
    parser = harness.parser_of("answer", ANSWER, "3 repetitions of 0.1 s, not 5 of 0.5 s")
    options = harness.parse(parser)
    repetitions, seconds = (3, 0.1) if options.quick else (5, 0.5)
    arguments = (
        "--benchmark_format=json", f"--benchmark_repetitions={repetitions}", f"--benchmark_min_time={seconds}",
        "--benchmark_report_aggregates_only=true",
    )  # fmt: skip
    quiet = Quiet(options.quick)
    answers, sizes = once(quiet, "bench_answer", *arguments, cpu=LAST_CPU)
    versions, _ = once(quiet, "bench_version", *arguments, cpu=LAST_CPU)
    block = report.Block(options)
    block.conditions(
        f"all on {LAST_CPU}", [report.dpdk()], quiet, f"Medians of {repetitions} repetitions of {seconds:g} s."
    )
    answer_tables(block, medians(answers), medians(versions))
    block.paragraph("Heap in octets: " + ", ".join(re.findall(r"^(.+: [\d.]+) octets each$", sizes, re.M)) + ".")
    return block.publish()


def medians(output):
    """Name of a benchmark → its median run."""
    runs = json.loads(output)["benchmarks"]
    return {run["run_name"]: run for run in runs if run["aggregate_name"] == "median"}


def answer_tables(block, answers, versions):
    rows = [
        (ANSWERS.get(name, name.replace("_", " ")), 1e9 / run["items_per_second"], run.get("octets"))
        for name, run in answers.items()
    ]
    block.table(
        ["", "ns a query", "octets of the response"],
        [[what, report.cell(nanoseconds), report.cell(octets)] for what, nanoseconds, octets in rows],
    )
    groups = [(what, [("axfrd", nanoseconds)]) for what, nanoseconds, _ in rows]
    block.plot("answer", "Nanoseconds an answer, without ports", groups, "ns")
    rows = []
    for name, run in versions.items():
        kind, records = name.split("/")
        what = VERSIONS[kind].format(plural(int(records), "name"))
        rows.append((what, run["cpu_time"]))
    block.table(["without a disk", "µs of CPU"], [[what, report.cell(time)] for what, time in rows])
    block.plot("answer-versions", "Microseconds to make or change a zone", [(w, [("axfrd", t)]) for w, t in rows], "µs")


# ---- while zones change ----

PUBLISH = """\
Whether readers notice that zones change, by bench_publish: the turns of a reader that answers 32 queries each from a
zone of 1 000 000 records and 10 000 small ones, without changes, and while new versions are published from the first
CPU as fast as it can.
"""


def publish():
    options = harness.parse(harness.parser_of("publish", PUBLISH, "2 rounds"), quick_rounds=2)
    quiet = Quiet(options.quick)
    out, _ = once(quiet, "bench_publish", options.rounds)
    head, rows = report.read_table(out)
    rate = re.search(r"(\d+) versions a second", out)[1]
    block = report.Block(options)
    block.conditions(
        f"the reader on {LAST_CPU}, the writer on 0", [report.dpdk()], quiet,
        f"Medians of {plural(options.rounds, 'round')}; {harness.spaced(int(rate))} versions a second were published.",
    )  # fmt: skip
    cells = [[name, *(report.cell(float(value)) for value in (idle, busy))] for name, idle, busy, _ in rows]
    ratios = [float(busy) / float(idle) for _, idle, busy, _ in rows]
    goals = [None] * (len(rows) - 1) + [2]  # the goal is for the longest turn, in the last row
    block.table(
        ["a turn within, µs", *head[1:]],
        [[*row, report.cell(ratio, at_most=goal)] for row, ratio, goal in zip(cells, ratios, goals)],
    )
    groups = [(name, [("quiet", float(idle)), ("axfrd publishes", float(busy))]) for name, idle, busy, _ in rows]
    block.plot("publish", "Microseconds within which a reader's turns end", groups, "µs")
    return block.publish()


SECTIONS = {"turn": turn, "answer": answer, "publish": publish}


def main():
    if sys.argv[1:2] == [] or sys.argv[1] not in SECTIONS:
        print(__doc__)
        return 2
    harness.end_on_signals()
    return SECTIONS[sys.argv.pop(1)]()


if __name__ == "__main__":
    sys.exit(main())
