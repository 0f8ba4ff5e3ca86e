#!/usr/bin/python3
"""Throughput of the kernel's TCP through each door of a port: a plain interface, an interface with the split door
(XDP), and the tap beside a port that takes everything (af_packet), or vhost-net in place of the tap where this kernel
has it.

The doors take turns on one veth without offloads, each time in a lab of its own. The server's TCP is on CPU 0. The
client is on CPU 1, and so is the packet worker, if there is one. Medians of:
   iperf3    from the server to the client, for 2 s: the most that TCP can do there
   AXFR      of one large zone, from connect() to its last octet, by a client that only reads
"""

import json
import os
import pathlib
import socket
import struct
import sys
import tempfile
import time

import dns.message

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "bench")]

import generate  # noqa: E402
import harness  # noqa: E402
import report  # noqa: E402
from harness import plural, say, spaced  # noqa: E402
from lab import EVERYONE, IPV4, SPLIT, Axfrd, Lab, wait_until  # noqa: E402
from quiet import Quiet  # noqa: E402

SERVER_CPU, CLIENT_CPU = 0, 1
IPERF_SECONDS = 2
IPERF_PORT = 5201

CPUS = {"worker_cpus": CLIENT_CPU, "control_cpus": SERVER_CPU}
DOORS = {
    "interface": (True, {"ports": [], "no_port": True, "no_huge": False, "address": f"{IPV4}/24"}),
    "split door": (True, {**SPLIT, **CPUS}),
    "af_packet and tap": (False, CPUS),
}
if os.path.exists("/dev/vhost-net"):
    DOORS["af_packet and vhost-net"] = (False, {**CPUS, "vhost_net": True})


def on(cpu, *command):
    return ["taskset", "-c", cpu, *command]


def iperf(lab):
    """Gbit/s of iperf3, from the server to the client."""
    server = lab.client.spawn(*on(CLIENT_CPU, "iperf3", "-s", "-1", "-p", IPERF_PORT))
    wait_until(lambda: f":{IPERF_PORT}" in lab.client.run("ss", "-Hltn").stdout, "iperf3 to listen")
    command = on(SERVER_CPU, "iperf3", "-J", "-c", lab.client.ipv4, "-B", IPV4, "-p", IPERF_PORT, "-t", IPERF_SECONDS)
    result = json.loads(lab.appliance.run(*command).stdout)
    server.wait()
    return result["end"]["sum_received"]["bits_per_second"] / 1e9


def transfer(lab):
    """Seconds and octets of one AXFR."""
    request = dns.message.make_query(generate.LARGE, "AXFR", flags=0).to_wire()
    buffer = memoryview(bytearray(1 << 20))
    begin = time.perf_counter()
    with lab.client.connect(IPV4) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(struct.pack("!H", len(request)) + request)
        # A transfer ends with the numbers of its SOA record.
        end = struct.pack("!5I", generate.SERIAL, 7200, 3600, 1209600, 300)
        octets, tail = 0, b""
        while tail != end:
            size = sock.recv_into(buffer)
            if size == 0:
                raise EOFError("the transfer broke off")
            octets += size
            tail = (tail + buffer[max(0, size - len(end)) : size])[-len(end) :]
        return time.perf_counter() - begin, octets


def pair(lab):
    """Gbit/s of iperf3; seconds and Gbit/s of a transfer."""
    gbits = iperf(lab)
    seconds, octets = transfer(lab)
    return {"iperf3": gbits, "seconds": seconds, "AXFR": octets * 8 / seconds / 1e9}


def measure(door, zone, store, quiet):
    split, options = DOORS[door]
    quiet.wait()
    lab = Lab("client", split=split, direct=True)
    try:
        axfrd = Axfrd(lab, zones=[zone], allow_transfer=EVERYONE, store=store, **options)
        cpus = {SERVER_CPU} if "no_port" in options else {SERVER_CPU, CLIENT_CPU}
        axfrd.start(preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        transfer(lab)
        figures = quiet.undisturbed(lambda: pair(lab))
        if axfrd.stop() != 0:
            raise RuntimeError(axfrd.log())
        return figures
    finally:
        lab.close()


def measure_all(options, state, figures, quiet, failed):
    zone = state / f"{generate.LARGE}.zone"
    with open(zone, "w") as file:
        generate.write_large(file, options.records)
    for number in range(1, options.rounds + 1):
        for door in DOORS:
            progress = f"round {number} of {options.rounds}: {door}"
            try:
                measured = measure(door, zone, state / "store", quiet)
            except Exception as error:
                say(f"{progress}: FAILED: {error}")
                failed.append(f"{progress}: {error}")
                continue
            say(f"{progress}: " + ", ".join(f"{figure} {value:.3g}" for figure, value in measured.items()))
            for figure, value in measured.items():
                figures.add(door, "", figure, value)


def publish(options, figures, quiet, failed):
    block = report.Block(options)
    block.conditions(
        f"the server's TCP on {SERVER_CPU}, the client and the packet worker on {CLIENT_CPU}", [report.dpdk()], quiet,
        f"A zone of {spaced(options.records)} records; medians of {plural(options.rounds, 'round')}, iperf3 for"
        f" {IPERF_SECONDS} s each.",
    )  # fmt: skip
    rows = []
    for door in DOORS:
        ratio = report.ratio(figures.median(door, "", "AXFR"), figures.median(door, "", "iperf3"))
        row = [figures.cell(door, "", figure) for figure in ("iperf3", "seconds", "AXFR")]
        rows.append([door, *row, report.cell(ratio, at_least=0.9)])
    block.table(["door", "iperf3, Gbit/s", "AXFR, s", "AXFR, Gbit/s", "AXFR : iperf3"], rows)
    labels = {"iperf3": "iperf3", "AXFR": "axfrd: AXFR"}
    groups = [
        (door, [(label, figures.median(door, "", figure)) for figure, label in labels.items()]) for door in DOORS
    ]
    block.plot("doors", "A transfer through each door", groups, "Gbit/s")
    return block.publish(failed)


def main():
    parser = harness.parser_of("doors", __doc__, "3 rounds and a zone of 100 000 records, not 7 and 1 000 000")
    options = harness.parse(parser, quick_rounds=3, full_rounds=7)
    options.records = 100_000 if options.quick else 1_000_000
    harness.end_on_signals()
    os.sched_setaffinity(0, {CLIENT_CPU})
    figures, quiet, failed = report.Figures(), Quiet(options.quick), []
    with tempfile.TemporaryDirectory() as state:
        measure_all(options, pathlib.Path(state), figures, quiet, failed)
        return publish(options, figures, quiet, failed)


if __name__ == "__main__":
    sys.exit(main())
