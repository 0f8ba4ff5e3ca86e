"""Reports of benches: figures and their medians, tables with targets, the conditions, and a plot under each table."""

import collections
import os
import pathlib
import statistics
import subprocess
import textwrap
import time

import harness
import plot
import record
from harness import spaced

# ---- figures ----


class Figures:
    """The values of each round, by case, column and figure."""

    def __init__(self):
        self.values = collections.defaultdict(list)

    def add(self, case, column, figure, value):
        if value is not None:
            self.values[case, column, figure].append(value)

    def median(self, case, column, figure):
        values = self.values.get((case, column, figure))
        return statistics.median(values) if values else None

    def cell(self, case, column, figure, scale=1.0, **target):
        """The cell of a table; empty if the figure was not measured."""
        return cell(scaled(self.median(case, column, figure), scale), **target)

    def best(self, case, columns, figure, more=False):
        """The best median of some columns. `more`: more is better, otherwise less is."""
        medians = [self.median(case, column, figure) for column in columns]
        return (max if more else min)((value for value in medians if value is not None), default=None)

    def bars(self, case, columns, figure, scale=1.0):
        """The bars of a plot: the name and the median of each column."""
        names = [column if isinstance(column, str) else ": ".join(column) for column in columns]
        return [(name, scaled(self.median(case, column, figure), scale)) for name, column in zip(names, columns)]


def scaled(value, scale):
    return None if value is None else value * scale


def ratio(value, other):
    return None if value is None or not other else value / other


# ---- cells and tables ----


def shown(value):
    """The value with three significant digits."""
    if value >= 1000 or value == round(value):
        return spaced(round(value))
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3}f}"


def cell(value, at_most=None, at_least=None):
    """The value, and its target in brackets."""
    if value is None:
        return ""
    sign, target = ("≥", at_least) if at_most is None else ("≤", at_most)
    if target is None:
        return shown(value)
    return f"{shown(value)} ({sign} {spaced(round(target)) if target >= 1000 else f'{target:.3g}'})"


def table(head, rows):
    """A Markdown table; empty if no cell beside the first column has a value."""
    rows = [[str(text) for text in row] for row in rows]
    if not any(any(row[1:]) for row in rows):
        return ""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def read_table(text):
    """The cells of a table that a program printed: the head, and the rows."""
    lines = [line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")]
    head, *rows = ([text.strip() for text in line.strip("|").split("|")] for line in lines)
    return head, rows


# ---- where it was measured ----


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, cwd=harness.ROOT).stdout.strip()


def commit():
    """The commit, and whether files are changed. Results do not count: other sections may just have been recorded."""
    name = output_of("git", "rev-parse", "--short", "HEAD")
    changed = output_of("git", "diff", "--name-only", "HEAD", "--", ".", ":!bench/RESULTS.md", ":!bench/plots")
    return name + (" with changes" if changed else "")


def cpu_model():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown CPU")


def dpdk():
    return "DPDK " + output_of("pkg-config", "--modversion", "libdpdk")


# ---- the block ----


class Block:
    """The text in RESULTS.md between the markers of a section."""

    def __init__(self, options, name=None):
        self.options, self.name, self.parts = options, name or options.section, []

    def add(self, text):
        if text:
            self.parts.append(text.strip("\n"))

    def paragraph(self, text):
        self.add(textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False))

    def conditions(self, cpus, versions, quiet, more):
        """`cpus`: what runs on which CPU; `versions`: of all programs that took part; `quiet`: None if other load does
        not matter; `more`: rounds and seconds."""
        words = " ".join(["sudo scripts/bench", self.options.section, *harness.command()])
        self.paragraph(
            f"`{words}`, {time.strftime('%Y-%m-%d')}, commit {commit()}. {cpu_model()}, {os.cpu_count()} CPUs: {cpus}."
            f" Linux {os.uname().release}, {', '.join(versions)}. {more}"
            + (f" {quiet.told()}" if quiet else "")
        )

    def table(self, head, rows):
        self.add(table(head, rows))

    def plot(self, name, title, groups, unit):
        """Adds a plot of groups of bars, each a name and (label, value) pairs, if the block is recorded."""
        chart = plot.bars(title, groups, unit)
        if chart and self.options.record:
            file = self.options.output.parent / "plots" / f"{name}.svg"
            file.parent.mkdir(exist_ok=True)
            file.write_text(chart)
            self.add(f"![{title}](plots/{name}.svg)")

    def publish(self, failed=()):
        for reason in failed:
            self.add(f"Failed: {reason}")
        text = "\n\n".join(self.parts)
        print(text, flush=True)
        if self.options.record:
            record.put(self.options.output, self.name, text)
        return 1 if failed else 0
