"""Batches of verbs, which are sent without waiting for replies, and other clients that do so on the control socket."""

import json
import pathlib
import re
import signal
import subprocess
import time

import pytest

from control import Control
from lab import BUILD, wait_until

COUNT = 400


@pytest.fixture
def axfrd(new_lab, new_axfrd, tmp_path):
    axfrd = new_axfrd(new_lab("client"))
    zones = tmp_path / "zones"
    zones.mkdir()
    for name in names():
        (zones / f"{name}.zone").write_text("@ 60 SOA ns.other. h.other. 1 2 3 4 5\n@ 60 NS ns.other.\n")
    axfrd.ctl("zone", "import-dir", zones)
    return axfrd


def names(count=COUNT):
    return [f"z{number:05}.example" for number in range(count)]


def batch_process(axfrd, *options, lines=None, **streams):
    """Starts `axfrctl batch`. Its standard input is a file of these lines, or else a pipe."""
    stdin = subprocess.PIPE
    if lines is not None:
        file = axfrd.lab.appliance.directory / "verbs"
        file.write_text("".join(line + "\n" for line in lines))
        stdin = open(file)
    return subprocess.Popen([BUILD / "axfrctl", "--socket", axfrd.socket, *options, "batch"], stdin=stdin, **streams)


def transaction(zone, record):
    return [f"zone begin {zone}", f"zone set {zone} {record}", f"zone commit {zone}"]


def serials(axfrd):
    return [zone["serial"] for zone in axfrd.json("zone", "list")["zones"]]


def test_each_verb_of_a_batch_sees_what_those_before_have_done(axfrd):
    lines, zones = [], names(50)
    for number, zone in enumerate(zones):
        lines += transaction(zone, f"a 60 A 192.0.2.{number}") + [f"zone show {zone}"]
        lines += transaction(zone, f"b 60 A 192.0.2.{number}") + [f"zone show {zone}"]
        lines += [f"secondary enable {zone} --ns ns.second.example --allow 192.0.2.200"]
        lines += [f"secondary edit {zone} --add-allow 192.0.2.201", f"secondary show {zone}", "zone list --limit 1"]
    done = axfrd.ctl("--json", "batch", input="\n".join(lines) + "\n")
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(lines)
    for zone, at in zip(zones, range(0, len(results), 12), strict=True):
        first, second, shown = results[at + 2], results[at + 6], results[at + 10]
        assert results[at + 3]["serial"] == first["serial"] and results[at + 3]["records"] == 3
        assert results[at + 4]["serial"] == second["old_serial"] == first["serial"]
        assert results[at + 7]["serial"] == second["serial"] and results[at + 7]["records"] == 4
        assert shown["zone"] == f"{zone}." and shown["serial"] == results[at + 9]["serial"]
        assert [s["address"] for s in shown["secondaries"]] == ["192.0.2.200", "192.0.2.201"]
        assert len(results[at + 11]["zones"]) == 1


def test_a_verb_that_fails_amid_a_batch_keeps_none_from_being_done(axfrd):
    lines = []
    for zone in names():
        lines += transaction(zone, "a 60 A 192.0.2.1") + [f"zone commit {zone}"]  # without a `zone begin`
    lines[200:200] = ["no such verb", "zone show 'half"]
    done = axfrd.ctl("batch", input="\n".join(lines) + "\n", check=False)
    assert done.returncode == 2
    told = done.stderr.splitlines()
    assert len(told) == COUNT + 2 and sum("has no open transaction" in line for line in told) == COUNT
    wrong = [number for number, line in enumerate(told) if "line 20" in line]
    assert wrong == [50, 51], "in the order of the lines"
    assert done.stdout.count("1 added") == COUNT
    assert all(serial > 1 for serial in serials(axfrd))
    done = axfrd.ctl("batch", input="zone commit z00001.example\nstatus\n", check=False)
    assert done.returncode == 1 and "serving" in done.stdout


def test_changes_of_one_batch_share_flushes(axfrd):
    def seconds(options):
        lines = [line for zone in names() for line in transaction(zone, f"h{len(options)} 60 A 192.0.2.1")]
        begin = time.monotonic()
        if options:
            axfrd.ctl("batch", input="\n".join(lines) + "\n")
        else:
            with Control(axfrd.socket) as control:
                for zone in names():
                    control.edit(zone, set=["one 60 A 192.0.2.1"])
        return time.monotonic() - begin

    alone, together = seconds(""), seconds("batch")
    assert together < alone, "one that waits for each reply is not faster"


def test_who_waits_for_results_gets_them_before_the_next_line(axfrd):
    with batch_process(axfrd, "--json", stdout=subprocess.PIPE) as batch:
        for zone in names(20):
            batch.stdin.write(f"zone show {zone}\n".encode())
            batch.stdin.flush()
            assert json.loads(batch.stdout.readline())["zone"] == f"{zone}."
        batch.stdin.write(b"key add some.key - --algorithm hmac-sha256\nc2VjcmV0IHRoYXQgaXMgbG9uZyBlbm91Z2g=\nkey list")
        batch.stdin.close()
        assert json.loads(batch.stdout.readline())["key"]["key"] == "some.key."
        assert [key["key"] for key in json.loads(batch.stdout.readline())["keys"]] == ["some.key."]
        assert batch.wait() == 0


def test_a_batch_that_is_killed_has_done_its_first_lines(axfrd):
    lines = [line for zone in names() for line in transaction(zone, "a 60 A 192.0.2.1")]
    with batch_process(axfrd, lines=lines, stdout=subprocess.DEVNULL) as batch:
        wait_until(lambda: serials(axfrd)[5] > 1, "some changes")
        batch.send_signal(signal.SIGKILL)
    last = None
    while last != (last := serials(axfrd)):  # until the verbs that were sent are done
        time.sleep(0.2)
    changed = [serial > 1 for serial in last]
    assert changed == sorted(changed, reverse=True) and changed[5]
    assert "serving" in axfrd.ctl("status").stdout


def test_axfrd_that_is_killed_leaves_what_was_acknowledged_and_the_rest_is_told(axfrd):
    lines = [line for zone in names() for line in transaction(zone, "a 60 A 192.0.2.1")]
    with batch_process(axfrd, "--json", lines=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as batch:
        results = [batch.stdout.readline() for _ in range(30)]
        axfrd.kill()
        results += batch.stdout.readlines()
        said = batch.stderr.read().decode()
        status = batch.wait()
    acknowledged = sum(b'"added":1' in line for line in results)
    if status != 0:  # if it is 0, the batch ended before the kill
        assert status == 2
        told = re.search(r"what line (\d+)( to line \d+)? asked for may have been done or not", said)
        assert told and int(told[1]) == len(results) + 1, said
    axfrd.start()
    assert sum(serial > 1 for serial in serials(axfrd)) >= acknowledged >= 10


def test_a_client_that_does_not_read_holds_up_nobody_and_costs_little(axfrd):
    with Control(axfrd.socket) as lazy:
        axfrd.ctl("zone", "list")  # allocates what the first call allocates
        before, sent = axfrd.rss(), 0
        request = b'{"jsonrpc":"2.0","id":1,"method":"zone.show","params":{"zone":"z%05d.example"}}\n'
        lazy.socket.setblocking(False)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            try:
                sent += lazy.socket.send(b"".join(request % (at % COUNT) for at in range(1000)))
            except BlockingIOError:
                time.sleep(0.05)
        begin = time.monotonic()
        assert "serving" in axfrd.ctl("status").stdout
        assert time.monotonic() - begin < 1
        assert axfrd.rss() - before < 8 << 10, sent


def test_a_busy_client_leaves_others_their_turns(axfrd):
    lines = [line for _ in range(20) for zone in names() for line in transaction(zone, "a 60 A 192.0.2.1")]
    with batch_process(axfrd, lines=lines, stdout=subprocess.DEVNULL) as batch, Control(axfrd.socket) as control:
        worst, number = 0, 0
        while batch.poll() is None:
            begin, number = time.monotonic(), number + 1
            control.call("zone.config", zone="z00000.example", serial=["unixtime", "increment"][number % 2])
            worst = max(worst, time.monotonic() - begin)
    assert batch.returncode == 0 and number > 10
    assert worst < 0.5


def peak_of(pid):
    """The most memory that a process had, in octets; 0 if it has ended."""
    found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def test_a_long_list_is_printed_while_it_comes_and_costs_little(axfrd, tmp_path):
    listed = tmp_path / "names"
    listed.write_text("\n".join(names()))
    addresses = [word for n in range(1, 51) for word in ("--allow", f"192.0.2.{n}")]
    axfrd.ctl("secondary", "enable", "--zones-from", listed, "--ns", "ns.second.example", *addresses)
    base = [BUILD / "axfrctl", "--socket", axfrd.socket]
    for options in ([], ["--json"], ["--behind"]):
        command = [*base, "secondary", "status", *options]
        printed, most = b"", 0
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            while chunk := process.stdout.read1(1 << 16):
                printed += chunk
                most = max(most, peak_of(process.pid))
        assert process.returncode == (3 if options == ["--behind"] else 0)
        assert 0 < most < 20 << 20, "of some 10 MB of lines"
        if options == ["--json"]:
            assert len(json.loads(printed)["ledger"]) == 50 * COUNT
        else:
            rows = [line for line in printed.splitlines() if b"192.0.2." in line and line.startswith(b"z")]
            assert len(rows) >= 50 * COUNT
    summary = axfrd.json("secondary", "status", "--summary")["hosts"]
    assert [host["zones"] for host in summary] == [COUNT] * 50
    one = axfrd.json("secondary", "status", "--secondary", "192.0.2.7")["ledger"]
    assert len(one) == COUNT and {line["secondary"] for line in one} == {"192.0.2.7@53"}
