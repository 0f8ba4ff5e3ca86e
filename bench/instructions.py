#!/usr/bin/python3
"""Instructions that an answer takes in user space, as valgrind counts them: ours beside NSD's and Knot's.

usage: scripts/bench instructions [--quick]
   --quick   1 024 queries and a zone of 10 000 records, not 4 096 and 100 000

Every server has the same zone and is asked the same queries, all with EDNS, 32 at a time so that it may take many with
one system call. A figure is the difference between a run of 2N queries and one of N, by N, so that start-up drops out.
NSD's and Knot's are of the whole process, because Debian's programs have no symbols to tell the query path from the
rest by: what they do to receive and send is in them, but for the kernel's part. So two of ours stand beside them:
   axfrd, worker   a packet worker's whole turn: driver (a port made of memory), headers, checksums, answer
   axfrd, core     parses the query, looks it up, writes the response
"""

import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench")]

import generate  # noqa: E402
import servers  # noqa: E402

BURST = 32  # that query_loop takes, too
CALLGRIND = ("valgrind", "--tool=callgrind", "--compress-strings=no")
# The functions of query_loop that count.
PARTS = {
    "core": "axfrd::bench::(anonymous namespace)::answer*",
    "worker": "axfrd::dataplane::Worker::turn()",
}
# OPT, with a payload size of 1232.
EDNS = struct.pack("!BHHIH", 0, 41, 1232, 0, 0)


def query(name, rdtype, number):
    head = struct.pack("!6H", number % 65536, 0, 1, 0, 0, 1)
    return head + servers.wire_name(name) + struct.pack("!HH", rdtype, 1) + EDNS


def cases(records):
    """Names of cases, each with a function that makes the name to ask for of a random number."""
    hosts = (records - len(generate.head(generate.LARGE)) - 4) // 10
    return {
        "hit": lambda r: f"h{r % hosts * 10:07}.{generate.LARGE}",
        "NXDOMAIN": lambda r: f"x{r % 10**7:07}.{generate.LARGE}",
    }


def counted(files):
    """Instructions in the outputs of callgrind."""
    return sum(int(re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)[1]) for file in files)


# ---- peers ----


def traced(kind, output):
    """The same server under valgrind. Each of its processes writes a file."""

    class Traced(kind):
        def command(self):
            return *CALLGRIND, f"--callgrind-out-file={output}/%p", *super().command()

        def end(self):
            os.kill(self.process.pid, signal.SIGTERM)
            self.process.wait()
            self.stop()

    return Traced


def ask(queries):
    """Keeps the server busy with a burst at a time, and checks that each is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((servers.ADDRESS, 53))
        sock.settimeout(servers.CHANGE_PATIENCE)
        for begin in range(0, len(queries), BURST):
            burst = queries[begin : begin + BURST]
            for each in burst:
                sock.send(each)
            if {sock.recv(4096)[:2] for _ in burst} != {each[:2] for each in burst}:
                raise RuntimeError("an answer to another question")


def peer(kind, world, queries):
    """Instructions of all its processes, from start to end."""
    with tempfile.TemporaryDirectory(dir=world.directory) as output:
        server = traced(kind, output)(world, {0, 1})
        try:
            server.start()
            with servers.Asker() as asker:
                asker.wait(generate.LARGE, lambda serial: serial is not None, server, pause=0.5)
            ask(queries)
            server.end()
            return counted(pathlib.Path(output).iterdir())
        finally:
            server.stop()
            subprocess.run(["rm", "-rf", server.directory], check=True)


# ---- ours ----


def ours(part, world, queries):
    """Instructions of query_loop, in what is asked for alone."""
    file, output = world.directory / "queries", world.directory / "callgrind.out"
    file.write_bytes(b"".join(struct.pack("!H", len(each)) + each for each in queries))
    only = f"--toggle-collect={PARTS[part]}"
    zone = world.files / f"{generate.LARGE}.zone"
    loop = (servers.BUILD / "bench" / "query_loop", part, file, str(len(queries)), zone)
    command = (*CALLGRIND, only, f"--callgrind-out-file={output}", *loop)
    subprocess.run(command, check=True, capture_output=True)
    return counted([output])


MEASURED = {
    "axfrd, core": lambda *what: ours("core", *what),
    "axfrd, worker": lambda *what: ours("worker", *what),
    "NSD": lambda *what: peer(servers.Nsd, *what),
    "Knot": lambda *what: peer(servers.Knot, *what),
}


def per_answer(measure, world, queries):
    half = len(queries) // 2
    return (measure(world, queries) - measure(world, queries[:half])) / half


def main(arguments):
    if arguments and arguments != ["--quick"]:
        print(__doc__)
        return 0 if arguments[0] in ("-h", "--help") else 2
    count, records = (1024, 10_000) if arguments else (4096, 100_000)
    servers.isolate()
    with tempfile.TemporaryDirectory() as state:
        world = servers.World(pathlib.Path(state), pathlib.Path(state, "files"), [generate.LARGE], records, None)
        world.files.mkdir()
        with open(world.files / f"{generate.LARGE}.zone", "w") as file:
            generate.write_large(file, records)
        versions = f"NSD {servers.Nsd.version()}, Knot {servers.Knot.version()}"
        print(f"{versions}, a zone of {records} records, N = {count}.\n")
        print("| instructions an answer | " + " | ".join(MEASURED) + " | NSD : worker | Knot : worker |")
        print("|---|" + "---:|" * (len(MEASURED) + 2))
        for case, name_of in cases(records).items():
            draw = random.Random(1)
            queries = [query(name_of(draw.getrandbits(40)), 1, number) for number in range(2 * count)]
            figures = [per_answer(measure, world, queries) for measure in MEASURED.values()]
            _, worker, nsd, knot = figures
            row = [case, *(f"{figure:.0f}" for figure in figures), f"{nsd / worker:.1f}", f"{knot / worker:.1f}"]
            print("| " + " | ".join(row) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
