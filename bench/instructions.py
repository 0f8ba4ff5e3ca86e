#!/usr/bin/python3
"""Instructions that an answer takes in user space, as valgrind counts them: those of axfrd beside NSD's and Knot's.

Every server has the same zone and is asked the same queries, all with EDNS, 32 at a time so that it may take many with
one system call. A figure is the difference between a run of 2N queries and one of N, divided by N, so that start-up
does not count. NSD's and Knot's figures are of the whole process, because Debian's programs have no symbols by which
the query path could be told apart. So they include receiving and sending, except for the kernel's part. For comparison
there are two figures of axfrd:
   axfrd, worker   a packet worker's whole turn: driver (a port made of memory), headers, checksums, answer
   axfrd, core     parses the query, looks it up, writes the response
Unlike nanoseconds, these figures hardly depend on the run or on the load of the machine.

With --compare, it runs the cases of two or more builds of bench_answer instead, and prints ratios to the first build:
what a change costs or saves in the answering core. The copying of the request and the loop are included.
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

import asking  # noqa: E402
import generate  # noqa: E402
import harness  # noqa: E402
import processes  # noqa: E402
import report  # noqa: E402
import servers  # noqa: E402
from harness import spaced  # noqa: E402

BURST = 32  # query_loop takes as many at a time
CALLGRIND = ("valgrind", "--tool=callgrind", "--compress-strings=no")
# The functions whose instructions are counted: in bench_answer, and in query_loop.
ANSWER = "axfrd::bench::(anonymous namespace)::answer*"
PARTS = {
    "core": "axfrd::bench::(anonymous namespace)::answer_burst*",
    "worker": "axfrd::dataplane::Worker::turn()",
}
# OPT, with a payload size of 1232.
EDNS = struct.pack("!BHHIH", 0, 41, 1232, 0, 0)


def query(name, rdtype, number):
    head = struct.pack("!6H", number % 65536, 0, 1, 0, 0, 1)
    return head + asking.wire_name(name) + struct.pack("!HH", rdtype, 1) + EDNS


def cases(records):
    """Name of a case → a function that makes the name to ask for from a random number."""
    hosts = (records - len(generate.head(generate.LARGE)) - 4) // 10
    return {
        "hit": lambda r: f"h{r % hosts * 10:07}.{generate.LARGE}",
        "NXDOMAIN": lambda r: f"x{r % 10**7:07}.{generate.LARGE}",
    }


def counted(files):
    """The sum of the instructions in these outputs of callgrind."""
    return sum(int(re.search(r"^(?:summary|totals): (\d+)", file.read_text(), re.M)[1]) for file in files)


# ---- peers ----


def traced(kind, output):
    """The same kind of server, run under valgrind. Each of its processes writes a file."""

    class Traced(kind):
        def command(self):
            return *CALLGRIND, f"--callgrind-out-file={output}/%p", *super().command()

        def end(self):
            os.kill(self.process.pid, signal.SIGTERM)
            self.process.wait()
            self.stop()

    return Traced


def ask(queries):
    """Sends the queries one burst at a time, and checks that each is answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((asking.ADDRESS, 53))
        sock.settimeout(asking.CHANGE_PATIENCE)
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
            with asking.Asker() as asker:
                asker.wait(generate.LARGE, lambda serial: serial is not None, server, pause=0.5)
            ask(queries)
            server.end()
            return counted(pathlib.Path(output).iterdir())
        finally:
            server.stop()
            subprocess.run(["rm", "-rf", server.directory], check=True)


# ---- ours ----


def ours(part, world, queries):
    """Instructions of query_loop, counted in the functions of `part` only."""
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


def measure_all(options, state):
    """Yields each case with the figure of each entry of MEASURED."""
    world = servers.World(state, state / "files", [generate.LARGE], options.records, None)
    world.files.mkdir()
    with open(world.files / f"{generate.LARGE}.zone", "w") as file:
        generate.write_large(file, options.records)
    for case, name_of in cases(options.records).items():
        draw = random.Random(1)
        queries = [query(name_of(draw.getrandbits(40)), 1, number) for number in range(2 * options.queries)]
        yield case, {name: per_answer(measure, world, queries) for name, measure in MEASURED.items()}


def publish(options, measured):
    block = report.Block(options)
    versions = {"NSD": servers.Nsd.version(), "Knot": servers.Knot.version(), "valgrind": valgrind_version()}
    block.conditions(
        "whichever is free",
        [" ".join(version) for version in versions.items()],
        None,
        f"A zone of {spaced(options.records)} records, N = {spaced(options.queries)}.",
    )
    pairs = [(peer, part, 3 if part == "core" else None) for part in PARTS for peer in ("NSD", "Knot")]
    rows = [
        [case, *(report.cell(round(figure)) for figure in figures.values())]
        + [report.cell(figures[peer] / figures[f"axfrd, {part}"], at_least=goal) for peer, part, goal in pairs]
        for case, figures in measured.items()
    ]
    block.table(["instructions an answer", *MEASURED, *(f"{peer} : {part}" for peer, part, _ in pairs)], rows)
    block.plot("instructions", "Instructions an answer", [(c, list(f.items())) for c, f in measured.items()], "")
    return block.publish()


def valgrind_version():
    return report.output_of("valgrind", "--version").removeprefix("valgrind-")


# ---- two builds ----

UNSIGNED = "one_zone_(hit|hit_one_name|nxdomain|delegation)|many_zones_(soa|hit|nxdomain)|refused"


def per_query(program, case, output):
    """Instructions of a case of bench_answer, divided by the number of its queries."""
    command = (
        *CALLGRIND, f"--toggle-collect={ANSWER}", f"--callgrind-out-file={output}", program,
        f"--benchmark_filter=^{case}$", "--benchmark_min_time=0.1",
    )  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    parsed = re.findall(r"^cfn=axfrd::zones::Query::parse.*\ncalls=(\d+)", output.read_text(), re.M)
    return counted([output]) / sum(map(int, parsed))


def compare(options, state):
    programs = options.compare
    listed = report.output_of(programs[0], "--benchmark_list_tests").splitlines()
    rows = []
    for case in (name for name in listed if re.fullmatch(options.cases, name)):
        harness.say(case)
        figures = [per_query(program, case, state / "callgrind.out") for program in programs]
        ratios = [report.cell(figure / figures[0]) for figure in figures[1:]]
        rows.append([case, *(report.cell(round(figure)) for figure in figures), *ratios])
    names = [str(program) for program in programs]
    print(report.table(["instructions a query", *names, *(f"{name} : the first" for name in names[1:])], rows))
    return 0


# ---- the command line ----


def parse_arguments():
    parser = harness.parser_of(
        "instructions", __doc__, "1 024 queries and a zone of 10 000 records, not 4 096 and 100 000"
    )
    parser.add_argument("--compare", type=pathlib.Path, nargs="+", metavar="BENCH_ANSWER", help="only on stdout")
    parser.add_argument("--cases", default=UNSIGNED, metavar="REGEX", help="of these, not all that are unsigned")
    options = harness.parse(parser)
    options.compare = options.compare and [program.resolve() for program in options.compare]
    options.queries, options.records = (1024, 10_000) if options.quick else (4096, 100_000)
    return options


def main():
    options = parse_arguments()
    harness.end_on_signals()
    with tempfile.TemporaryDirectory() as state:
        if options.compare:
            return compare(options, pathlib.Path(state))
        processes.isolate()
        return publish(options, dict(measure_all(options, pathlib.Path(state))))


if __name__ == "__main__":
    sys.exit(main())
