#!/usr/bin/python3
"""Whether clients and secondaries are served while hostile clients take all TCP sessions that they can get.

Hostile clients try to keep 10 000 connections open, and open up to R new ones a second, from 256 prefixes. Each asks
for a large zone and reads very slowly. At the same time there are good clients, each from a prefix of its own, and
configured secondaries of a zone. Each of these asks for a SOA or a small zone, and tries again when its connection is
refused or closed. Figures:
   served         the share that had the answer within 5 s of their first SYN
   median, 99 %   seconds until then
   RSS            of axfrd: before, at most, and some seconds after the hostile clients have gone
   kernel         the most memory that TCP held in the server's namespace
The hostile clients are one process, so R is the rate that they reached, not the rate that was asked for.
"""

import concurrent.futures
import os
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "bench")]

import generate  # noqa: E402
import harness  # noqa: E402
import hostile  # noqa: E402
import report  # noqa: E402
from harness import plural, say, spaced  # noqa: E402
from lab import IPV4, Axfrd, Lab, wait_until  # noqa: E402
from zones import make  # noqa: E402

CONNECTIONS, PREFIXES = 10_000, 256
RATES = (200, 800, 2000)
PATIENCE = 5
HOSTILE, GOOD, SECONDARIES = "10.66.0.0/16", "10.77.0.0/16", "10.88.0.0/24"
SMALL = "small.example"
HOSTS = 8  # secondaries
ASKERS = 16  # at a time, of either kind


class Watch:
    """Notes the most memory and the most sessions that were seen."""

    def __init__(self, axfrd):
        self.axfrd, self.rss, self.kernel, self.sessions = axfrd, 0, 0, 0

    def look(self):
        self.rss = max(self.rss, self.axfrd.rss() / 1024)
        text = self.axfrd.lab.appliance.run("cat", "/proc/net/sockstat").stdout
        pages = int(text.split("TCP:")[1].split("\n")[0].split("mem ")[1])
        self.kernel = max(self.kernel, pages * os.sysconf("SC_PAGESIZE") / 2**20)
        self.sessions = max(self.sessions, self.axfrd.stats()["tcp"]["sessions"])


def ask_for(lab, source, number):
    with lab.client.inside():
        rdtype = "AXFR" if number % 2 else "SOA"
        return hostile.ask_patiently(IPV4, source, SMALL, rdtype, PATIENCE)[0]


def served(times):
    had = sorted(each for each in times if each is not None)
    return {
        "served, %": 100 * len(had) / len(times),
        "median, s": statistics.median(had) if had else None,
        "99 %, s": had[len(had) * 99 // 100 - 1] if had else None,
    }


def measure(rate, seconds, files, store):
    lab = Lab("client", split=True, direct=True)
    try:
        axfrd = Axfrd(
            lab, zones=files, ports=[], no_port=True, no_huge=False, address=f"{IPV4}/24", store=store,
            allow_transfer=[HOSTILE, GOOD],
        )  # fmt: skip
        axfrd.start()
        hostile.whole_network(lab.client, HOSTILE, GOOD, SECONDARIES)
        allowed = [word for host in range(1, HOSTS + 1) for word in ("--allow", f"10.88.0.{host}")]
        axfrd.ctl("secondary", "enable", SMALL, "--ns", "ns.example.net", *allowed)
        before, watch = axfrd.rss() / 1024, Watch(axfrd)
        networks = [f"10.66.{prefix}.0/24" for prefix in range(PREFIXES)]
        attacker = hostile.spawn(lab.client, IPV4, generate.LARGE, CONNECTIONS, rate, networks)
        full = axfrd.options.get("tcp_max_sessions", 4096) * 6 // 8
        wait_until(lambda: axfrd.stats()["tcp"]["sessions"] >= full, "the hostile sessions", 120)
        begin, begun, numbers = time.monotonic(), hostile.last_line(attacker), 0
        results = {"clients": [], "secondaries": []}
        with concurrent.futures.ThreadPoolExecutor(2 * ASKERS) as pool:
            while time.monotonic() < begin + seconds:
                wishes = [("clients", f"10.77.{(numbers + i) % 250}.1", numbers + i) for i in range(ASKERS)]
                wishes += [("secondaries", f"10.88.0.{1 + (numbers + i) % HOSTS}", numbers + i) for i in range(ASKERS)]
                for (kind, *_), each in zip(wishes, pool.map(lambda wish: ask_for(lab, *wish[1:]), wishes)):
                    results[kind].append(each)
                numbers += ASKERS
                watch.look()
        took, ended = time.monotonic() - begin, hostile.last_line(attacker)
        attacker.kill()
        wait_until(lambda: axfrd.stats()["tcp"]["sessions"] == 0, "the sessions to end", 120)
        time.sleep(3)
        closed = axfrd.stats()["tcp"]["closed"]
        after = axfrd.rss() / 1024
        if axfrd.stop() != 0:
            raise RuntimeError(axfrd.log())
        return {
            "R": (ended["opened"] - begun["opened"]) / took,
            **{(kind, figure): value for kind, times in results.items() for figure, value in served(times).items()},
            "asked": sum(map(len, results.values())),
            "sessions": watch.sessions, "before": before, "most": watch.rss, "after": after, "kernel": watch.kernel,
            "closed": {reason: count for reason, count in closed.items() if count},
        }  # fmt: skip
    finally:
        lab.close()


def publish(options, measured, failed):
    block = report.Block(options)
    block.conditions(
        "whichever is free", [f"Python {sys.version.split()[0]}"], None,
        f"{spaced(CONNECTIONS)} hostile connections from {PREFIXES} prefixes, who ask for a zone of"
        f" {spaced(options.records)} records; {plural(options.seconds, 'second')} for each R.",
    )  # fmt: skip
    cell = report.cell
    rows = []
    for each in measured:
        row = [cell(each["R"]), cell(each["asked"])]
        for kind in ("clients", "secondaries"):
            row.append(cell(each[kind, "served, %"], at_least=99))
            row += [cell(each[kind, figure]) for figure in ("median, s", "99 %, s")]
        rows.append(row)
    head = ["R, connections/s", "asked"]
    for kind in ("clients", "secondaries"):
        head += [f"{kind}: {figure}" for figure in ("served, %", "median, s", "99 %, s")]
    block.table(head, rows)
    names = {"sessions": "sessions", "before": "RSS before, MiB", "most": "at most", "after": "after"}
    names["kernel"] = "kernel, MiB"
    block.table(
        ["R, connections/s", *names.values()],
        [[cell(each["R"]), *(cell(each[name]) for name in names)] for each in measured],
    )
    return block.publish(failed)


def main():
    parser = harness.parser_of("lockout", __doc__, "10 s for each R, not 60")
    options = harness.parse(parser)
    options.seconds = 10 if options.quick else 60
    options.records = 100_000
    harness.end_on_signals()
    measured, failed = [], []
    with tempfile.TemporaryDirectory() as state:
        state = pathlib.Path(state)
        files = [state / f"{generate.LARGE}.zone", state / f"{SMALL}.zone"]
        with open(files[0], "w") as file:
            generate.write_large(file, options.records)
        files[1].write_text(make(SMALL, 500))
        for rate in RATES:
            try:
                measured.append(measure(rate, options.seconds, files, state / f"store-{rate}"))
                say(f"R = {rate}: {measured[-1]}")
            except Exception as error:
                say(f"R = {rate}: FAILED: {error}")
                failed.append(f"R = {rate}: {error}")
        return publish(options, measured, failed)


if __name__ == "__main__":
    sys.exit(main())
