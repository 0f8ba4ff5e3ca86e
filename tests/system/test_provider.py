"""A provider with many zones gives all of them two secondaries in bulk, and changes them in bulk."""

import os
import time

import pytest

import zones
from control import Control
from lab import EVERYONE, IPV4, PATIENCE, wait_until
from peers import Knot, Nsd

# Few, because this is part of every run of the tests. AXFRD_ZONES=10000 is the size of a provider.
ZONES = int(os.environ.get("AXFRD_ZONES", "500"))


@pytest.fixture
def day(new_lab, new_axfrd, tmp_path):
    lab = new_lab("nsd", "knot", "client")
    names = [f"zone{number}.example" for number in range(ZONES)]
    for name in names:
        (tmp_path / f"{name}.zone").write_text(zones.make(name, 12))
    axfrd = new_axfrd(lab, zones_dir=tmp_path, allow_transfer=EVERYONE)
    return axfrd, names, [Nsd(lab.nsd, names), Knot(lab.knot, names)]


def test_all_zones_are_enabled_and_changed_in_bulk_and_all_copies_follow(day):
    axfrd, names, peers = day
    control = Control(axfrd.socket)

    def settled():
        return all(line["behind"] == 0 for line in control.call("secondary.status")["ledger"])

    def wait_for_all(what, since):
        wait_until(settled, what, timeout=PATIENCE + ZONES // 20, pause=0.2)
        print(f"{what}: {time.monotonic() - since:.1f} s")

    addresses = ",".join(peer.host.ipv4 for peer in peers)
    control.call("provider.set", provider="both", ns="ns1.both.example,ns2.both.example", allow=addresses)
    begin = time.monotonic()
    for name in names:
        control.call("secondary.enable", zone=name, provider="both")
    wait_for_all(f"{ZONES} zones have two secondaries", begin)
    begin = time.monotonic()
    for name in names:
        control.edit(name, set=["new 60 A 192.0.2.9"])
    wait_for_all(f"{ZONES} changes are at both", begin)

    assert len(control.call("secondary.list")["zones"]) == ZONES
    for name in names:
        with axfrd.lab.client.connect(IPV4) as sock:
            ours = zones.transfer(sock, name)
        serial = control.call("zone.show", zone=name)["serial"]
        for peer in peers:
            peer.wait_to_serve(name, serial)
            assert zones.differences(ours, peer.copy(name)) == [], f"{name} at {type(peer).__name__}"
