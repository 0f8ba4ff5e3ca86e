#!/usr/bin/python3
"""How long a page of the console waits for what it shows, with very many zones of which 20 secondaries have nothing.

Each figure is the median of many requests of one client, which keeps its connection to axfrd's Unix socket, so that no
browser and no TLS is in it. No peer has such pages.

Cases:
  pages         the first page; who is behind (the home page); a part of the list of zones; a search that finds, and one
                that finds nothing and so looks at all names; a part of a zone's records
  answers       DNS answers over UDP by the kernel's socket, one after the other, without and with 50 open pages. Each
                of these has a stream of events, and asks every five seconds who is behind. That socket is served by the
                thread that gathers what pages show; packet workers share nothing with either
"""

import concurrent.futures
import contextlib
import http.client
import json
import shutil
import socket
import sys
import threading
import time

import asking
import rounds
from changes import Control
from harness import say, spaced

SECONDARIES = [f"127.0.1.{number}" for number in range(1, 21)]  # nobody is there
PAGES = 50
API = "/api/axfrd/v1/"

# What is asked for → the target, and how many milliseconds that may take.
TARGETS = {
    "the first page": ("/", None),
    "who is behind": (f"{API}console/replication", 200),
    "50 zones": (f"{API}console/zones?limit=50", 100),
    "a search that finds": (f"{API}console/zones?limit=50&search=z0000", 100),
    "a search that finds nothing": (f"{API}console/zones?limit=50&search=nowhere", 100),
    "the zones behind": (f"{API}console/zones?limit=50&behind=yes", 100),
    "100 RRsets of a zone": (f"{API}zone.records?limit=100&zone=", None),
}


class Client(http.client.HTTPConnection):
    """Of axfrd's Unix socket."""

    def __init__(self, path, token):
        super().__init__("localhost")
        self.path, self.fields = str(path), {"Accept-Encoding": "gzip"}
        ours = {"Content-Type": "application/json", "Origin": "http://localhost"}
        self.request("POST", f"{API}console/session", json.dumps({"token": token}), ours)
        answer = self.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"cannot sign in: {answer.status} {answer.read()[:200]!r}")
        answer.read()
        self.fields["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def get(self, target):
        """The octets of the answer."""
        self.request("GET", target, headers=self.fields)
        answer = self.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{target}: {answer.status} {body[:200]!r}")
        return body


class Console(rounds.Bench):
    CASES = OF_AXFRD = ("pages", "answers")

    @property
    def requests(self):
        return 51 if self.options.quick else 501

    @property
    def questions(self):
        return 5_000 if self.options.quick else 50_000

    def run(self):
        world = self.small_world("console", self.options.zones)
        self.each_round(self.prepare(world, ["axfrd"]), self.round)
        shutil.rmtree(world.directory)

    def prepare(self, world, names):
        prepared = super().prepare(world, names)
        for server in prepared:
            say(f"axfrd: {len(SECONDARIES)} secondaries for {spaced(len(world.names))} zones")
            with rounds.running(server):
                server.enable_all(SECONDARIES)
        return prepared

    def round(self, server):
        path = server.directory / "http.sock"
        server.start("--console", "--http", path)
        with asking.Asker() as asker:
            asker.wait(server.world.names[-1], lambda serial: serial is not None, server, pause=0.002)
        with contextlib.closing(Control(server.directory / "control.sock")) as control:
            if self.has_token(control):
                control.call("token.remove", token="bench")
            token = control.call("token.add", token="bench", role="reader")["secret"]
        client = Client(path, token)
        if self.wants("pages"):
            self.pages(client, server)
        if self.wants("answers"):
            self.answers(path, token)

    @staticmethod
    def has_token(control):
        return any(each["token"] == "bench" for each in control.call("token.list")["tokens"])

    def pages(self, client, server):
        behind = json.loads(client.get(TARGETS["who is behind"][0]))["behind_pairs"]
        self.figures.add("pages", "behind", "pairs", behind)
        for what, (target, _) in TARGETS.items():
            whole = target + (server.world.names[0] if target.endswith("zone=") else "")
            octets = len(client.get(whole))

            def median(whole=whole):
                return asking_times(lambda: client.get(whole), self.requests)

            seconds, worst = self.quiet.undisturbed(median)
            for figure, value in (("seconds", seconds), ("worst", worst), ("octets", octets)):
                self.figures.add("pages", what, figure, value)
            self.say(f"{what}: {seconds * 1e3:.2f} ms, 99 in 100 within {worst * 1e3:.2f} ms, {octets} octets")

    def answers(self, path, token):
        def measure():
            with asking.Asker() as asker:
                return asking_times(lambda: asker.serial("z000000.test"), self.questions)

        self.note_answers("no page", self.quiet.undisturbed(measure))
        stop = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(PAGES) as pool:
            for number in range(PAGES):
                pool.submit(open_page, path, token, stop, 5 * number / PAGES)
            try:
                time.sleep(5)
                self.note_answers(f"{PAGES} pages", measure())
            finally:
                stop.set()

    def note_answers(self, column, times):
        for figure, value in zip(("seconds", "worst"), times):
            self.figures.add("answers", column, figure, value)
        self.say(f"{column}: an answer after {times[0] * 1e6:.0f} µs, 99 in 100 within {times[1] * 1e6:.0f} µs")

    # ---- tables ----

    def tables(self, block):
        self.conditions(block, f"{self.requests} requests each, {spaced(self.questions)} questions.")
        pairs = self.figures.median("pages", "behind", "pairs")
        rows = [
            [what, self.figures.cell("pages", what, "seconds", 1e3, at_most=limit),
             self.figures.cell("pages", what, "worst", 1e3), self.figures.cell("pages", what, "octets", 1e-3)]
            for what, (_, limit) in TARGETS.items()
        ]  # fmt: skip
        behind = f", {spaced(round(pairs))} pairs of zone and secondary behind" if pairs else ""
        block.table([f"{spaced(self.options.zones)} zones{behind}", "ms", "99 in 100 within, ms", "kB"], rows)
        rows = [
            [column, self.figures.cell("answers", column, "seconds", 1e6),
             self.figures.cell("answers", column, "worst", 1e6)]
            for column in ("no page", f"{PAGES} pages")
        ]  # fmt: skip
        block.table(["DNS answers over UDP, open pages", "median, µs", "99 in 100 within, µs"], rows)


def open_page(path, token, stop, pause):
    """What an open page of the console asks for: a stream of events, and every five seconds who is behind."""
    with contextlib.suppress(OSError):
        stream, client = Client(path, token), Client(path, token)
        stream.request("GET", f"{API}events", headers=stream.fields)
        stream.getresponse()
        while not stop.wait(pause):
            client.get(TARGETS["who is behind"][0])
            pause = 5
        stream.close()


def asking_times(ask, count):
    """The median of the times that it takes, and the time within which 99 in 100 come."""
    times = []
    for _ in range(count):
        begin = time.monotonic()
        ask()
        times.append(time.monotonic() - begin)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


def main():
    parser = rounds.parser_of(Console, "console", __doc__)
    parser.set_defaults(servers=["axfrd"])
    return rounds.main(Console, parser)


if __name__ == "__main__":
    sys.exit(main())
