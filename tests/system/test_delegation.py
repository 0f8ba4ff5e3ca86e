"""`secondary check`: it asks the parent, the secondaries and a resolver, and says what the operator must correct."""

import pytest

from lab import EVERYONE, IPV4, wait_until
from peers import Nsd
from resolver import Resolver

PARENT = "parent.test"
ZONE = f"customer.{PARENT}"
OWN, SECOND = f"ns.{ZONE}.", f"ns2.{PARENT}."
DS = "customer DS 12345 13 2 " + "AB" * 32


@pytest.fixture
def axfrd(new_lab, new_axfrd, tmp_path):
    """A zone with one secondary, and its parent zone, whose server is also the resolver."""
    lab = new_lab("parent", "secondary")
    file = tmp_path / f"{ZONE}.zone"
    file.write_text(f"$TTL 600\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A {IPV4}\n")
    axfrd = new_axfrd(lab, zones=[file], resolver=lab.parent.ipv4, allow_transfer=EVERYONE)
    axfrd.ctl("secondary", "enable", ZONE, "--ns", SECOND, "--allow", lab.secondary.ipv4)
    axfrd.parent = Resolver(lab.parent, PARENT)
    return axfrd


def check(axfrd, *delegation):
    """The findings to correct if the parent zone has these records and the address of the second server."""
    axfrd.parent.set(f"ns2 A {axfrd.lab.secondary.ipv4}", *delegation)
    if axfrd.parent.process:
        axfrd.parent.stop()
    axfrd.parent.start()
    report = axfrd.json("secondary", "check", ZONE)
    mend = [f"{finding['about']}: {finding['text']}" for finding in report["findings"] if not finding["sound"]]
    assert report["sound"] == (not mend)
    return mend


def test_what_is_missing_at_the_registrar_and_at_the_secondary_is_said_in_words(axfrd):
    own, second = f"customer NS {OWN}", f"customer NS {SECOND}"
    glue = f"ns.customer A {IPV4}"
    nobody, unserved = check(axfrd)
    assert "does not delegate" in nobody and f"enter {OWN}, {SECOND}" in nobody
    assert f"{SECOND} at {axfrd.lab.secondary.ipv4} port 53 does not answer" in unserved

    secondary = Nsd(axfrd.lab.secondary, [ZONE]).wait()
    (missing,) = check(axfrd, own, glue)
    assert f"does not name {SECOND}; at the registrar, add it" in missing
    assert check(axfrd, own, second, glue) == []
    shown = axfrd.ctl("secondary", "check", ZONE).stdout
    assert "good  server" in shown and shown.splitlines()[-1] == "4 of 4 good"

    (ds,) = check(axfrd, own, second, glue, DS)
    assert ds.startswith("DS: ") and "not signed" in ds
    (strange,) = check(axfrd, own, second, glue, "customer NS old")
    assert f"names old.{PARENT}., which the zone does not; at the registrar, remove it" in strange
    secondary.kill()
    (silent,) = check(axfrd, own, second, glue)
    assert "does not answer" in silent


def test_after_disable_the_parent_is_to_forget_the_secondaries(axfrd):
    axfrd.ctl("secondary", "disable", ZONE)
    (left,) = check(axfrd, f"customer NS {OWN}", f"customer NS {SECOND}", f"ns.customer A {IPV4}")
    assert f"names {SECOND}, which the zone does not since secondary DNS was disabled" in left


def test_a_secondary_that_is_behind_is_named_with_its_serial(axfrd):
    Nsd(axfrd.lab.secondary, [ZONE]).wait()
    wait_until(lambda: axfrd.json("secondary", "status", ZONE)["ledger"][0]["behind"] == 0, "the proof")
    axfrd.ctl("secondary", "edit", ZONE, "--allow", "192.0.2.99")  # the secondary gets no NOTIFY from now on
    axfrd.ctl("zone", "begin", ZONE)
    axfrd.ctl("zone", "set", ZONE, "new", "60", "A", "192.0.2.9")
    serial = axfrd.json("zone", "commit", ZONE)["serial"]
    (behind,) = check(axfrd, f"customer NS {OWN}", f"customer NS {SECOND}", f"ns.customer A {IPV4}")
    assert "which is behind ours, " + str(serial) in behind


# A server that answers every query with one SOA record without data.
EMPTY_SOA = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("0.0.0.0", 53))
while True:
    query, peer = sock.recvfrom(4096)
    question = query[12 : query.index(0, 12) + 5]
    counts, soa = bytes([0, 1, 0, 1, 0, 0, 0, 0]), bytes([0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 60, 0, 0])
    sock.sendto(query[:2] + bytes([0x84, 0]) + counts + question + soa, peer)
"""


def test_a_secondary_whose_soa_has_no_data_is_told_and_harms_nobody(axfrd):
    axfrd.lab.secondary.spawn("/usr/bin/python3", "-c", EMPTY_SOA)
    (wrong,) = check(axfrd, f"customer NS {OWN}", f"customer NS {SECOND}", f"ns.customer A {IPV4}")
    assert f"{SECOND} at {axfrd.lab.secondary.ipv4} port 53 has no authority for the zone" in wrong
    assert axfrd.json("zone", "list")
