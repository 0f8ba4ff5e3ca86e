#!/usr/bin/python3
"""What the kernel's TCP gives through each door of a port: an interface as it is, one with the split door (XDP), and
the tap beside a port that takes everything (af_packet).

usage: scripts/bench doors [--quick]
   --quick   3 rounds and a zone of 100 000 records, not 7 and 1 000 000

The doors take turns on one veth without offloads. The server's TCP is on CPU 0; the client is on CPU 1, and so is the
packet worker, if there is one. Medians of:
   iperf3    from the server to the client, for 2 s: what TCP can do there
   AXFR      of one large zone, from connect() to its last octet, by a client that only reads
"""

import json
import os
import pathlib
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import dns.message

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(ROOT / "bench")]

import generate  # noqa: E402
from lab import EVERYONE, IPV4, SPLIT, Axfrd, Lab, wait_until  # noqa: E402

SERVER_CPU, CLIENT_CPU = 0, 1
IPERF_SECONDS = 2
IPERF_PORT = 5201

CPUS = {"worker_cpus": CLIENT_CPU, "control_cpus": SERVER_CPU}
DOORS = {
    "interface": (True, {"ports": [], "no_port": True, "no_huge": False, "address": f"{IPV4}/24"}),
    "split door": (True, {**SPLIT, **CPUS}),
    "af_packet and tap": (False, CPUS),
}


def on(cpu, *command):
    return ["taskset", "-c", cpu, *command]


def iperf(lab):
    """Gbit/s."""
    server = lab.client.spawn(*on(CLIENT_CPU, "iperf3", "-s", "-1", "-p", IPERF_PORT))
    wait_until(lambda: f":{IPERF_PORT}" in lab.client.run("ss", "-Hltn").stdout, "iperf3 to listen")
    command = on(SERVER_CPU, "iperf3", "-J", "-c", lab.client.ipv4, "-B", IPV4, "-p", IPERF_PORT, "-t", IPERF_SECONDS)
    result = json.loads(lab.appliance.run(*command).stdout)
    server.wait()
    return result["end"]["sum_received"]["bits_per_second"] / 1e9


def transfer(lab):
    """Seconds, and octets."""
    request = dns.message.make_query(generate.LARGE, "AXFR", flags=0).to_wire()
    buffer = memoryview(bytearray(1 << 20))
    begin = time.perf_counter()
    with lab.client.connect(IPV4) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(struct.pack("!H", len(request)) + request)
        # The numbers of the SOA record, with which a transfer ends.
        end = struct.pack("!5I", generate.SERIAL, 7200, 3600, 1209600, 300)
        octets, tail = 0, b""
        while tail != end:
            size = sock.recv_into(buffer)
            if size == 0:
                raise EOFError("the transfer broke off")
            octets += size
            tail = (tail + buffer[max(0, size - len(end)) : size])[-len(end) :]
        return time.perf_counter() - begin, octets


def measure(door, rounds, zone, store):
    split, options = DOORS[door]
    lab = Lab("client", split=split, direct=True)
    try:
        axfrd = Axfrd(lab, zones=[zone], allow_transfer=EVERYONE, store=store, **options)
        cpus = {SERVER_CPU} if "no_port" in options else {SERVER_CPU, CLIENT_CPU}
        axfrd.start(preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        transfer(lab)
        figures = []
        for _ in range(rounds):
            seconds, octets = transfer(lab)
            figures.append((iperf(lab), seconds, octets * 8 / seconds / 1e9))
        if axfrd.stop() != 0:
            raise RuntimeError(axfrd.log())
        return [statistics.median(column) for column in zip(*figures)]
    finally:
        lab.close()


def main(arguments):
    if arguments and arguments != ["--quick"]:
        print(__doc__)
        return 0 if arguments[0] in ("-h", "--help") else 2
    rounds, records = (3, 100_000) if arguments else (7, 1_000_000)
    os.sched_setaffinity(0, {CLIENT_CPU})
    with tempfile.TemporaryDirectory() as state:
        zone = pathlib.Path(state, f"{generate.LARGE}.zone")
        with open(zone, "w") as file:
            generator = [sys.executable, ROOT / "bench" / "generate.py", "large", str(records)]
            subprocess.run(generator, stdout=file, check=True)
        print(f"A zone of {records} records; medians of {rounds} rounds.\n")
        print("| door | iperf3, Gbit/s | AXFR, s | AXFR, Gbit/s |\n|---|---:|---:|---:|")
        for door in DOORS:
            gbits, seconds, rate = measure(door, rounds, zone, pathlib.Path(state, "store"))
            print(f"| {door} | {gbits:.2f} | {seconds:.3f} | {rate:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
