"""Disks that are full, broken or read-only: there is a clear error, axfrd continues to serve, and no acknowledged
change is lost."""

import contextlib
import os
import pathlib
import subprocess
import time
import zlib

import dns.rcode
import pytest

import ask
import zones
from control import Control
from lab import BUILD, Axfrd, wait_until

ADDRESS = "127.0.0.1"


@pytest.fixture
def appliance(new_lab):
    """An axfrd on kernel sockets, which is not started yet."""
    lab = new_lab("client")
    lab.appliance.run("ip", "link", "set", "lo", "up")
    options = {"port": None, "address": [ADDRESS + "/8"], "no_huge": None, "zones_dir": None}
    axfrd = Axfrd(lab, **options, no_port=True, redo_log=64, allow_transfer=["127.0.0.0/8"])
    yield axfrd
    if axfrd.running():
        axfrd.stop()


@pytest.fixture
def small_disk(appliance):
    store = appliance.options["store"]
    os.makedirs(store, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", store], check=True)
    yield store
    if appliance.running():
        appliance.kill()
    subprocess.run(["umount", "-l", store], check=True)


def served(axfrd, name):
    return ask.records(ask.udp(axfrd.lab.appliance, name, "TXT", ADDRESS).answer)


def rcode(axfrd, zone):
    return ask.udp(axfrd.lab.appliance, zone, "SOA", ADDRESS).rcode()


def serial(axfrd, zone):
    return ask.udp(axfrd.lab.appliance, zone, "SOA", ADDRESS).answer[0][0].serial


def test_a_full_disk_refuses_changes_and_keeps_what_there_is(appliance, small_disk):
    appliance.start()
    with Control(appliance.socket) as control:
        control.call("zone.import", zone="small.example", text=zones.make("small.example", 12))
        stored, refusal = [], None
        for number in range(200):
            name = f"zone{number}.example"
            try:
                control.call("zone.import", zone=name, text=zones.make(name, 400))
            except RuntimeError as error:
                refusal = str(error)
                break
            stored.append(name)
        assert refusal is not None and "its disk is full" in refusal and len(stored) > 2
        assert serial(appliance, stored[-1]) > 0
        control.call("zone.remove", zone=stored.pop())
        control.call("zone.remove", zone=stored.pop())
        control.edit("small.example", set=['after 60 TXT "room again"'])
    appliance.kill()
    appliance.start()
    assert served(appliance, "after.small.example") == ['after.small.example. TXT "room again"']
    for name in stored:
        assert serial(appliance, name) > 0


def status(axfrd):
    return axfrd.json("status")["store"]


def writable(axfrd):
    return axfrd.stats()["store"]["writable"]


def test_a_full_disk_at_the_start_serves_what_there_is_and_takes_changes_when_it_can(appliance, small_disk):
    appliance.start()
    with Control(appliance.socket) as control:
        for number in range(5):
            control.call("zone.import", zone=f"zone{number}.example", text=zones.make(f"zone{number}.example", 30))
    appliance.kill()  # all of it is only in the redo log
    filler = os.path.join(small_disk, "filler")
    with open(filler, "wb") as file:
        with contextlib.suppress(OSError):
            while True:
                file.write(bytes(65536))
                file.flush()
    appliance.start()
    for number in range(5):
        assert serial(appliance, f"zone{number}.example") > 0
    with Control(appliance.socket) as control:
        with pytest.raises(RuntimeError, match=f"its disk is full: .* on the file system at {small_disk}"):
            control.edit("zone0.example", set=['after 60 TXT "no room"'])
        control.call("zone.abort", zone="zone0.example")
    assert not writable(appliance)
    assert f"its disk is full: 0 KiB are left on the file system at {small_disk}" in status(appliance)["trouble"]
    assert appliance.log().count("changes are refused") == 1, "told once"
    assert "TAKES NO CHANGES" in appliance.ctl("status").stdout
    os.unlink(filler)
    wait_until(lambda: writable(appliance), "changes to be taken again")
    assert status(appliance)["trouble"] is None
    with Control(appliance.socket) as control:
        control.edit("zone0.example", set=['after 60 TXT "room again"'])
    appliance.kill()
    appliance.start()
    assert served(appliance, "after.zone0.example") == ['after.zone0.example. TXT "room again"']


@pytest.mark.parametrize("write", range(10, 30))
def test_a_write_that_fails_loses_nothing_and_shows_nothing(appliance, write):
    shim = {"LD_PRELOAD": str(BUILD / "tests" / "system" / "fault.so"), "FAULT": f"{write}:error"}
    appliance.start(env=dict(os.environ) | shim)
    text, done, failed = zones.make("small.example", 12), [], []
    with Control(appliance.socket) as control:
        for number in range(12):
            try:
                control.call("zone.import", zone=f"zone{number}.example", text=text.replace("small", f"zone{number}"))
                done.append(number)
            except RuntimeError as error:
                failed.append(number)
                assert "Input/output error" in str(error)
        # Changes are accepted again without help.
        wait_until(lambda: writable(appliance), "changes to be taken again")
        control.call("zone.import", zone="zone12.example", text=text.replace("small", "zone12"))
        done.append(12)
    appliance.logs("Input/output error")
    for restart in (False, True):
        answered = {number for number in range(13) if rcode(appliance, f"zone{number}.example") == dns.rcode.NOERROR}
        assert answered == set(done), f"failed: {failed}, after a restart: {restart}"
        appliance.kill()
        appliance.start()


def flip_a_bit_of_a_record(store, number):
    """Flips a bit in the length of a record of the redo log. Records are counted from 0. All must be in one file."""
    for name in ("redo.0", "redo.1"):
        file = store / name
        content = bytearray(file.read_bytes())
        places = [at for at in range(512, len(content), 512) if content[at : at + 4] == b"AxRd"]
        if len(places) > number + 1:
            content[places[number] + 6] ^= 1
            file.write_bytes(content)
            return
    raise AssertionError("no such record")


def test_acknowledged_changes_that_are_lost_are_told_and_recover_raises_serials(appliance):
    store = pathlib.Path(appliance.options["store"])
    appliance.start()
    with Control(appliance.socket) as control:
        for zone in ("counted.example", "kept.example"):
            control.call("zone.import", zone=zone, text=zones.make(zone, 12))
        control.call("zone.config", zone="counted.example", serial="increment")
        control.call("zone.config", zone="kept.example", serial="keep")
        time.sleep(1.5)  # a checkpoint
        told = [control.edit("counted.example", set=[f'n{number} 60 TXT "x"'])["serial"] for number in range(4)]
    appliance.kill()
    flip_a_bit_of_a_record(store, 1)
    with pytest.raises(RuntimeError, match=r"acknowledged changes are lost: .*redo\.[01] at octet .*--recover") as stop:
        appliance.start()
    assert f"counted.example. serial {told[-1]}" in str(stop.value)
    appliance.options["recover"] = True
    appliance.start()
    log = appliance.log()
    assert serial(appliance, "counted.example") > told[-1], "no secondary has a newer one"
    assert "zone kept.example." in log and "keeps its own serials" in log
    assert list(store.glob("redo.*.lost-*"))
    assert ask.udp(appliance.lab.appliance, "n0.counted.example", "TXT", ADDRESS).answer
    assert not ask.udp(appliance.lab.appliance, "n1.counted.example", "TXT", ADDRESS).answer
    appliance.stop()
    del appliance.options["recover"]
    before = len(list(store.iterdir()))
    appliance.start()
    assert serial(appliance, "counted.example") > told[-1]
    assert len(list(store.iterdir())) == before


def test_a_store_of_a_later_axfrd_is_refused_with_one_sentence(appliance):
    appliance.start()
    appliance.stop()
    file = pathlib.Path(appliance.options["store"], "data.mdb")
    content = file.read_bytes()

    def written(numbers):
        return numbers + b" %d" % zlib.crc32(numbers)

    ours = written(b"7 7")
    later = next(text for text in map(written, (b"8 8", b"9 8", b"9 9", b"8 9")) if len(text) == len(ours))
    assert ours in content
    file.write_bytes(content.replace(ours, later))
    before = {each.name: each.read_bytes() for each in file.parent.iterdir()}
    with pytest.raises(RuntimeError, match="axfrd ended with 1:") as stop:
        appliance.start()
    assert f"has format {later[:1].decode()}" in str(stop.value) and "this axfrd has format 7" in str(stop.value)
    assert "damaged" not in str(stop.value)
    assert {each.name: each.read_bytes() for each in file.parent.iterdir()} == before


def test_a_read_only_disk_stops_the_start_with_a_sentence(appliance, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(RuntimeError, match="Read-only file system"):
        appliance.start()


def test_a_torn_store_file_stops_the_start_with_a_sentence(appliance):
    appliance.start()
    with Control(appliance.socket) as control:
        control.call("zone.import", zone="large.example", text=zones.make("large.example", 3000))
    appliance.kill()
    file = os.path.join(appliance.options["store"], "data.mdb")
    os.truncate(file, os.path.getsize(file) // 2)
    with pytest.raises(RuntimeError, match="shorter than its content"):
        appliance.start()


def odd_store(appliance, what):
    """Makes a store as another release of axfrd leaves it (odd_store.cc). Returns the output."""
    return appliance.lab.appliance.run(
        BUILD / "tests" / "system" / "odd_store", what, appliance.options["store"]
    ).stdout


def test_records_that_are_refused_today_are_served_told_of_and_listed(appliance):
    """An earlier release accepted these records. A strict secondary cannot transfer the zone."""
    lab = appliance.lab
    refused = odd_store(appliance, "refused").splitlines()
    assert len(refused) == 4
    appliance.start()
    log = appliance.log()
    assert "zone refused.example. holds what secondaries refuse, and may not be transferred" in log
    assert "axfrctl zone check refused.example. lists all" in log
    listed = appliance.ctl("zone", "check", "--all", check=False).stdout
    assert [sentence for sentence in refused if sentence not in listed] == []
    with Control(appliance.socket) as control:
        control.call("zone.import", zone="good.example", text=zones.make("good.example", 12))
        (found,) = (row for row in control.call("zone.check", all="")["zones"] if row["refused"] or row["faults"])
        assert found["zone"] == "refused.example." and sorted(found["refused"]) == sorted(refused)
        control.edit("refused.example", set=["new 60 A 192.0.2.2"])
        for owner in ("ds DS", "loc LOC", "caa CAA"):
            control.edit("refused.example", unset=[owner])
    appliance.kill()
    appliance.start()
    with Control(appliance.socket) as control:
        (left,) = control.call("zone.check", zone="refused.example")["zones"]
        assert left["refused"] == [sentence for sentence in refused if " SSHFP:" in sentence]
    assert ask.udp(lab.appliance, "sshfp.refused.example", "SSHFP", ADDRESS).answer, "it is served as it is"


def test_what_a_later_axfrd_has_stored_is_served_and_not_edited(appliance):
    odd_store(appliance, "later")
    appliance.start()
    zone, key, provider = "zone later.example.", "key later.key.", "provider later"
    assert serial(appliance, "later.example") == 1
    for what in (zone, key, provider, "the value of the cookie secrets"):
        appliance.logs(f"{what} holds settings of a later axfrd")
    refused = {
        zone: [
            ("zone", "config", "later.example", "--serial", "keep"),
            ("zone", "rollback", "later.example", "1"),
            ("secondary", "enable", "later.example", "--ns", "ns.other.test", "--allow", "192.0.2.9"),
        ],
        key: [("key", "grant", "later.key", "later.example")],
        provider: [("provider", "set", "later", "--ns", "ns.other.test", "--allow", "192.0.2.9")],
    }
    for what, requests in refused.items():
        for request in requests:
            done = appliance.ctl(*request, check=False)
            assert done.returncode != 0, request
            if "rollback" not in request:  # rollback is refused for another reason, too
                assert f"{what} holds settings of a later axfrd" in done.stdout + done.stderr, request
    with Control(appliance.socket) as control:
        with pytest.raises(RuntimeError, match="holds settings of a later axfrd"):
            control.call("cookie.add", secret="000102030405060708090a0b0c0d0e0f")
        with pytest.raises(RuntimeError, match="holds settings of a later axfrd"):
            control.edit("later.example", set=["new 60 A 192.0.2.2"])
        with pytest.raises(RuntimeError, match="holds settings of a later axfrd"):
            control.call("zone.import", zone="later.example", text=zones.make("later.example", 12))
    appliance.kill()
    appliance.start()
    assert appliance.log().count("holds settings of a later axfrd") == 4, "nothing of it was lost"
    for group, what in (("zone", "later.example"), ("key", "later.key"), ("provider", "later")):
        appliance.ctl(group, "remove", what)
    with Control(appliance.socket) as control:
        control.call("zone.import", zone="later.example", text=zones.make("later.example", 12))
        control.edit("later.example", set=["new 60 A 192.0.2.2"])


def test_last_serials_of_removed_zones_are_kept_for_a_year_and_while_there_is_a_file(appliance, tmp_path):
    odd_store(appliance, "removed")
    (tmp_path / "filed.example.zone").write_text(zones.make("filed.example", 12))
    appliance.options["zones_dir"] = tmp_path
    appliance.start()
    # The committer forgets them first of all, but axfrd may report that it is ready before that.
    forgotten = "the last serials of 1 removed zones are forgotten, that of old.example. first"
    wait_until(lambda: forgotten in appliance.log(), "the oldest one to be forgotten")
    appliance.logs("filed.example. was removed, with serial 100")
    with Control(appliance.socket) as control:
        for zone, expected in (("old.example", 1), ("new.example", 101), ("filed.example", 101)):
            imported = control.call("zone.import", zone=zone, text=zones.make(zone, 12))
            assert imported["serial"] == expected, zone
