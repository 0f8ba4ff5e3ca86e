"""Disks that are full, broken or read-only: a clear error, what is served stays, and nothing acknowledged is lost."""

import os
import subprocess

import dns.rcode
import pytest

import ask
import zones
from control import Control
from lab import BUILD, Axfrd

ADDRESS = "127.0.0.1"


@pytest.fixture
def appliance(new_lab):
    """axfrd on kernel sockets, not started."""
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


@pytest.mark.parametrize("write", range(5, 20))
def test_a_write_that_fails_loses_nothing_and_shows_nothing(appliance, write):
    shim = {"LD_PRELOAD": str(BUILD / "tests" / "system" / "fault.so"), "FAULT": f"{write}:error"}
    appliance.start(env=dict(os.environ) | shim)
    text, done, failed = zones.make("small.example", 12), [], []
    with Control(appliance.socket) as control:
        for number in range(8):
            try:
                control.call("zone.import", zone=f"zone{number}.example", text=text.replace("small", f"zone{number}"))
                done.append(number)
            except RuntimeError as error:
                failed.append(number)
                assert "cannot write" in str(error) or "takes no changes since a write failed" in str(error)
    assert failed
    for restarts in range(2):
        answered = {number for number in range(8) if rcode(appliance, f"zone{number}.example") == dns.rcode.NOERROR}
        # One that failed at the very last write may be there after all when the disk is read again.
        assert answered == set(done) or (restarts == 1 and answered == {*done, failed[0]})
        appliance.kill()
        appliance.start()


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
