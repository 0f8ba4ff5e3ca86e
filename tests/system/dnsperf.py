"""Runs dnsperf in a host of the lab, and reads its counts."""

import re

import zones


class Result:
    """Counts of one run: sent, completed, lost, rate (answers a second), and codes (RCODE name -> answers)."""

    def __init__(self, text):
        def number(what):
            return float(re.search(rf"{what}:\s+([\d.]+)", text)[1])

        self.sent, self.completed = int(number("Queries sent")), int(number("Queries completed"))
        self.lost, self.rate = int(number("Queries lost")), number("Queries per second")
        self.codes = {name: int(count) for name, count in re.findall(r"([A-Z]+) (\d+) \(", text)}


def command(host, files, address, seconds, *options):
    queries = host.directory / "queries"
    queries.write_text(zones.queries(files))
    return "dnsperf", "-s", address, "-d", queries, "-l", seconds, "-t", 2, *options


def run(host, files, address, seconds, rate):
    return Result(host.run(*command(host, files, address, seconds, "-Q", rate)).stdout)
