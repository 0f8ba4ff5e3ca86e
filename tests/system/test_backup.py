"""Backups of the store while axfrd runs, and axfrds that start from them; providers, whose changes zones follow."""

import os
import subprocess
import threading
import time

import pytest

import ask
from lab import BUILD, EVERYONE, IPV4, wait_until
from peers import Bind, Knot, Nsd


def serial_of(axfrd, zone):
    (row,) = [row for row in axfrd.json("zone", "list")["zones"] if row["zone"] == zone]
    return row["serial"]


def test_an_appliance_made_of_a_backup_is_above_what_it_knows_of(new_lab, new_axfrd, zone_file):
    axfrd = new_axfrd(new_lab("client"), zones=[zone_file("example.org", 2000)], allow_transfer=EVERYONE)
    axfrd.ctl("key", "generate", "k.example")
    before = serial_of(axfrd, "example.org.")
    copy = axfrd.directory / "copy"
    assert f"copied to {copy}" in axfrd.ctl("backup", copy).stdout
    assert axfrd.ctl("backup", copy, check=False).returncode != 0, "what is there is not overwritten"
    axfrd.ctl("zone", "remove", "example.org")
    assert axfrd.stop() == 0
    axfrd.options.update(store=axfrd.directory / "restored", restore=copy, zones_dir=None)
    axfrd.start()
    assert serial_of(axfrd, "example.org.") > before
    assert [key["key"] for key in axfrd.json("key", "list")["keys"]] == ["k.example."]
    axfrd.logs("recovery: 1 zones have new serials")
    raised = serial_of(axfrd, "example.org.")
    assert axfrd.stop() == 0
    axfrd.options["restore"] = None
    axfrd.start()
    assert serial_of(axfrd, "example.org.") == raised, "once"


def change(axfrd, number):
    """Makes one change; returns the seconds that it took."""
    begun = time.monotonic()
    axfrd.ctl("batch", input=f"zone begin example.org\nzone set example.org h{number} 60 TXT '{'x' * 200}'\n"
                             "zone commit example.org\n")
    return time.monotonic() - begun


def stuck_by(file):
    """The environment of an axfrd whose backups make no progress while the file exists."""
    return os.environ | {"LD_PRELOAD": str(BUILD / "tests" / "system" / "stuck.so"), "STUCK_BACKUP": str(file)}


def test_a_disk_that_takes_nothing_of_a_backup_holds_no_change_up(new_lab, new_axfrd, zone_file, tmp_path):
    """The redo log is so small that a checkpoint is due after every few changes, while the database is being copied."""
    axfrd = new_axfrd(new_lab("client"), zones=[zone_file("example.org", 2000)], redo_log=64)
    assert axfrd.stop() == 0
    stuck, copy = tmp_path / "stuck", axfrd.directory / "copy"
    stuck.touch()
    axfrd.start(env=stuck_by(stuck))
    said = []
    backup = threading.Thread(target=lambda: said.append(axfrd.ctl("backup", copy, check=False)))
    backup.start()
    wait_until(lambda: copy.with_name("copy.unfinished").is_dir(), "the backup to begin")
    assert max(change(axfrd, number) for number in range(60)) < 5
    second = axfrd.ctl("backup", axfrd.directory / "other", check=False)
    assert second.returncode == 1 and f"a backup is under way, to {copy}" in second.stderr
    assert not copy.exists() and said == []
    stuck.unlink()
    backup.join()
    assert said[0].returncode == 0 and (copy / "data.mdb").exists()
    assert not copy.with_name("copy.unfinished").exists()
    axfrd.ctl("backup", axfrd.directory / "other")


def test_a_stop_does_not_wait_for_a_disk_that_takes_nothing(new_lab, new_axfrd, zone_file, tmp_path):
    axfrd = new_axfrd(new_lab("client"), zones=[zone_file("example.org", 2000)])
    assert axfrd.stop() == 0
    stuck, copy = tmp_path / "stuck", axfrd.directory / "copy"
    stuck.touch()
    axfrd.start(env=stuck_by(stuck))
    backup = threading.Thread(target=lambda: axfrd.ctl("backup", copy, check=False))
    backup.start()
    wait_until(lambda: copy.with_name("copy.unfinished").is_dir(), "the backup to begin")
    change(axfrd, 1)
    assert axfrd.stop() == 0
    backup.join()
    axfrd.options.update(store=axfrd.directory / "restored", restore=copy.with_name("copy.unfinished"), zones_dir=None)
    with pytest.raises(RuntimeError, match="--restore: "):
        axfrd.start()


@pytest.fixture
def small_disk(tmp_path):
    """The directory of a small file system. It is mounted before axfrd starts, which has its own mount namespace."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_backup_that_its_disk_has_no_room_for_is_refused_and_leaves_nothing(
    small_disk, new_lab, new_axfrd, zone_file
):
    axfrd = new_axfrd(new_lab("client"), zones=[zone_file("example.org", 20000)])
    for number in range(2):
        refused = axfrd.ctl("backup", small_disk / "copy", check=False)
        assert refused.returncode == 1 and "No space left on device" in refused.stderr
        assert list(small_disk.iterdir()) == []
        assert change(axfrd, number) < 5


def test_zones_follow_a_provider_that_changes(new_lab, new_axfrd, zone_file):
    lab = new_lab("one", "two")
    axfrd = new_axfrd(lab, zones=[zone_file(f"zone{i}.example", 10) for i in range(5)])
    old = ["--ns", "ns1.p.test", "--allow", lab.one.ipv4]
    new = ["--ns", "ns2.p.test", "--allow", lab.two.ipv4]
    axfrd.ctl("provider", "set", "p", *old)
    for i in range(4):
        axfrd.ctl("secondary", "enable", f"zone{i}.example", "--provider", "p")
    assert "4 zones follow" in axfrd.ctl("provider", "set", "p", *new, "--dry-run").stdout
    assert axfrd.json("secondary", "show", "zone0.example")["ns"] == ["ns1.p.test."]
    assert "4 zones follow" in axfrd.ctl("provider", "set", "p", *new).stdout
    shown = axfrd.json("secondary", "show", "zone0.example")
    assert shown["providers"] == ["p"] and shown["ns"] == ["ns2.p.test."]
    assert [s["address"] for s in shown["secondaries"]] == [lab.two.ipv4]
    servers = ask.records(ask.udp(lab.one, "zone0.example", "NS", IPV4).answer)
    assert any("ns2.p.test." in each for each in servers) and not any("ns1.p.test." in each for each in servers)
    refused = axfrd.ctl("provider", "remove", "p", check=False)
    assert refused.returncode != 0 and "used by 4 zones" in refused.stderr


SECONDARIES = {"bind": Bind, "nsd": Nsd, "knot": Knot}


@pytest.mark.parametrize("changes", [1, 3])
def test_secondaries_that_are_ahead_of_a_restored_store_come_back_in_step_by_themselves(
    new_lab, new_axfrd, zone_file, changes
):
    """Serials that were used between the backup and the loss of the store are used again, for other content."""
    lab = new_lab(*SECONDARIES)
    hosts = {name: getattr(lab, name) for name in SECONDARIES}
    axfrd = new_axfrd(lab, zones=[zone_file("example.org", 20)])
    axfrd.ctl("zone", "config", "example.org", "--serial", "increment")
    peers = [kind(hosts[name], ["example.org"]) for name, kind in SECONDARIES.items()]
    allowed = [word for host in hosts.values() for word in ("--allow", host.ipv4)]
    axfrd.ctl("secondary", "enable", "example.org", "--ns", "ns1.secondary.example.", *allowed)
    for peer in peers:
        peer.wait()

    def change(name):
        axfrd.ctl("zone", "begin", "example.org")
        axfrd.ctl("zone", "set", "example.org", name, "60", "A", "192.0.2.9")
        axfrd.ctl("zone", "commit", "example.org")

    def wait_until_all_have(name, there):
        for host in hosts.values():
            wait_until(lambda host=host: bool(ask.udp(host, f"{name}.example.org", "A", "127.0.0.1").answer) == there,
                       f"{name} to be {'there' if there else 'gone'}")

    change("kept")
    wait_until_all_have("kept", True)
    axfrd.ctl("backup", axfrd.directory / "copy")
    for number in range(changes):
        change(f"lost{number}")
    wait_until_all_have(f"lost{changes - 1}", True)
    assert axfrd.stop() == 0
    axfrd.options.update(store=axfrd.directory / "restored", restore=axfrd.directory / "copy", zones_dir=None)
    axfrd.start()
    wait_until_all_have("lost0", False)
    wait_until(lambda: all(line["in_step"] for line in axfrd.json("secondary", "status", "example.org")["ledger"]),
               "all to be in step")
    wait_until_all_have("kept", True)
    change("new")
    wait_until_all_have("new", True)
    wait_until_all_have("lost0", False)
