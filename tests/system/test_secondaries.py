"""Real secondary servers take the zones through the DPDK port, and hold then exactly what the zone files say."""

import pytest

import zones
from lab import DATA, EVERYONE, IPV4, IPV6
from peers import Bind, Knot, Nsd


@pytest.mark.parametrize("primary", [IPV4, IPV6], ids=["v4", "v6"])
@pytest.mark.parametrize("secondary", [Nsd, Knot, Bind])
def test_a_secondary_holds_the_same_records(new_lab, new_axfrd, zone_file, secondary, primary):
    lab = new_lab("secondary")
    files = [*sorted(DATA.glob("*.zone")), zone_file("example.org", 6000)]
    new_axfrd(lab, zones=files, allow_transfer=EVERYONE)
    peer = secondary(lab.secondary, [zones.name_of(file) for file in files], primary).wait()
    for file in files:
        assert zones.differences(zones.read(file), peer.copy(zones.name_of(file))) == []


def test_three_kinds_of_secondary_at_the_same_time(new_lab, new_axfrd, zone_file):
    lab = new_lab("nsd", "knot", "bind")
    files = [zone_file(f"zone{number}.example", 200) for number in range(20)]
    new_axfrd(lab, zones=files, allow_transfer=EVERYONE)
    names = [zones.name_of(file) for file in files]
    for peer in [Nsd(lab.nsd, names), Knot(lab.knot, names), Bind(lab.bind, names)]:
        peer.wait()
        for file in files:
            assert zones.differences(zones.read(file), peer.copy(zones.name_of(file))) == []
