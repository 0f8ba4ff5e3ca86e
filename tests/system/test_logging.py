"""A log that is not read blocks nothing: neither transfers nor the control socket nor the end of axfrd."""

import os
import re
import struct
import subprocess
import threading

import dns.message
import pytest
import zones
from lab import BUILD, DATA, EVERYONE, IPV4, Axfrd, wait_until

ZONE = "example.com"
TRANSFERS = 20_000  # each writes a line: more than the pipe and the buffer of axfrd (1 MiB) can hold
AT_ONCE = 100


@pytest.fixture
def pipe():
    """The read end and the write end of a pipe."""
    ends = os.pipe()
    yield ends
    for each in ends:
        os.close(each)


def transfer_often(client, times):
    """Makes transfers over one connection."""
    query = dns.message.make_query(ZONE, "AXFR", flags=0).to_wire()
    with client.connect(IPV4) as sock:
        for _ in range(times // AT_ONCE):
            sock.sendall((struct.pack("!H", len(query)) + query) * AT_ONCE)
            for _ in range(AT_ONCE):
                zones.receive(sock)


def missing_in(log):
    return sum(int(number) for number in re.findall(r"warning: (\d+) lines? (?:is|are) missing here", log))


def test_a_log_pipe_that_nobody_reads_stops_nothing_and_tells_what_is_missing(new_lab, pipe):
    lab = new_lab("client")
    axfrd = Axfrd(lab, zones=[DATA / f"{ZONE}.zone"], allow_transfer=EVERYONE)
    reading, writing = pipe
    command = lab.appliance.command(BUILD / "axfrd", *axfrd.arguments())
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing)
    try:
        wait_until(lambda: '"serving"' in axfrd.ctl("--json", "status", check=False).stdout, "axfrd to serve")
        transfer_often(lab.client, TRANSFERS)
        wait_until(lambda: axfrd.stats()["log"]["dropped"] > 0, "lines to be dropped")
        assert axfrd.stats()["tcp"]["transfers_finished"] == TRANSFERS

        log = bytearray()

        def read():
            while octets := os.read(reading, 65536):
                log.extend(octets)

        threading.Thread(target=read, daemon=True).start()
        wait_until(lambda: missing_in(log.decode()), "the log to say what is missing")
        transfer_often(lab.client, AT_ONCE)
        lines = TRANSFERS + AT_ONCE
        wait_until(lambda: log.count(b"transfer of") + missing_in(log.decode()) == lines, "all lines to be told of")
        assert missing_in(log.decode()) == axfrd.stats()["log"]["dropped"]
    finally:
        process.terminate()
        assert process.wait() == 0


def test_it_ends_though_nobody_reads_its_log(new_lab, pipe):
    lab = new_lab("client")
    axfrd = Axfrd(lab, zones=[DATA / f"{ZONE}.zone"], allow_transfer=EVERYONE)
    command = lab.appliance.command(BUILD / "axfrd", *axfrd.arguments())
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe[1], stderr=pipe[1])
    wait_until(lambda: '"serving"' in axfrd.ctl("--json", "status", check=False).stdout, "axfrd to serve")
    transfer_often(lab.client, 2000)
    axfrd.ctl("stop")
    assert process.wait() == 0


def test_a_transfer_log_that_nobody_reads_stops_nothing(new_lab, new_axfrd, tmp_path):
    fifo = tmp_path / "transfers"
    os.mkfifo(fifo)
    reading = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    lab = new_lab("client")
    axfrd = new_axfrd(lab, zones=[DATA / f"{ZONE}.zone"], allow_transfer=EVERYONE, transfer_log=fifo)
    transfer_often(lab.client, TRANSFERS)
    wait_until(lambda: axfrd.stats()["log"]["transfers_dropped"] > 0, "lines to be dropped")
    os.close(reading)


@pytest.mark.parametrize("words", [("axfrd", "--help"), ("axfrd", "--version"), ("axfrctl", "--help")])
def test_what_a_full_disk_does_not_take_is_no_success(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / words[0], *words[1:]], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode != 0 and "standard output could not be written" in done.stderr
