"""Changes reach secondaries by IXFR, and secondaries then have exactly the zone that axfrd serves."""

import copy
import random

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rdatatype
import dns.xfr
import dns.zone
import pytest

import ask
import zones
from control import Control
from lab import EVERYONE, IPV4, PATIENCE, wait_until
from peers import Bind, Knot, Nsd

ZONE = "example.org"


class Editor:
    """Makes random changes with few names and values, so that records are added and removed repeatedly."""

    def __init__(self, axfrd, seed):
        self.control, self.random = Control(axfrd.socket), random.Random(seed)

    def change(self, edits=5):
        pick = self.random
        added = [f"e{pick.randrange(30)} {pick.choice([60, 300])} A 192.0.2.{pick.randrange(6)}" for _ in range(edits)]
        added += [f'text{pick.randrange(9)} 60 TXT "{pick.randrange(4)}"', f"@ 60 MX 10 mail{pick.randrange(3)}"]
        removed = [f"e{pick.randrange(30)} A", f"h{pick.randrange(1, 200):06}", f"text{pick.randrange(9)}"]
        return self.control.edit(ZONE, set=added, unset=removed)

    def text(self):
        return self.control.call("zone.export", zone=ZONE)["text"]


@pytest.fixture
def axfrd(new_lab, new_axfrd, zone_file):
    return new_axfrd(new_lab("client"), zones=[zone_file(ZONE, 1000)], allow_transfer=EVERYONE)


def pull(host, zone):
    """Refreshes dnspython's copy: by AXFR if it is empty, otherwise by IXFR."""
    with host.inside():
        dns.query.inbound_xfr(IPV4, zone)
    return zone


def ixfr(host, serial):
    """The records of the response to one IXFR request over TCP."""
    query = dns.message.make_query(ZONE, "IXFR", flags=0)
    query.authority.append(dns.rrset.from_text(ZONE + ".", 0, "IN", "SOA", f". . {serial} 0 0 0 0"))
    with host.connect(IPV4) as sock:
        zones.send(sock, query.to_wire())
        return dns.message.from_wire(zones.receive(sock), one_rr_per_rrset=True, xfr=True).answer


def records(zone):
    return sorted(zones.Record.of(*each) for each in zone.iterate_rdatas())


@pytest.mark.sanitized
def test_from_any_serial_dnspython_comes_to_our_zone(axfrd):
    client, editor = axfrd.lab.client, Editor(axfrd, seed=1)
    copies = [pull(client, dns.zone.Zone(ZONE, relativize=False))]
    for _ in range(25):
        editor.change()
        copies.append(pull(client, copy.deepcopy(copies[-1])))
    for old in copies[:-1]:
        pull(client, old)
    ours = zones.parse(editor.text(), ZONE)
    for each in copies:
        assert zones.differences(ours, records(each)) == []
    assert axfrd.stats()["tcp"]["ixfr_finished"] == 25 + 25


def notify(axfrd, host, zone=ZONE):
    """Sends a NOTIFY to a secondary in axfrd's place, whose own NOTIFY comes later."""
    query = dns.message.make_query(zone, "SOA", flags=dns.flags.AA)
    query.set_opcode(dns.opcode.NOTIFY)
    with axfrd.lab.appliance.inside():
        dns.query.udp(query, host.ipv4, source=IPV4, timeout=PATIENCE)


@pytest.mark.parametrize("secondary", [Nsd, Knot, Bind])
def test_a_secondary_follows_every_change_by_ixfr(new_lab, new_axfrd, zone_file, secondary):
    lab = new_lab("secondary")
    axfrd = new_axfrd(lab, zones=[zone_file(ZONE, 1000)], allow_transfer=EVERYONE)
    peer, editor = secondary(lab.secondary, [ZONE]).wait(), Editor(axfrd, seed=2)
    for round in range(8):
        for _ in range(1 + round % 3):  # several changes are condensed into one difference
            changed = editor.change()

        def told():
            if peer.serial(ZONE) == changed["serial"]:
                return True
            notify(axfrd, lab.secondary)

        wait_until(told, f"{secondary.__name__} to have serial {changed['serial']}", pause=0.3)
        assert zones.differences(zones.parse(editor.text(), ZONE), peer.copy(ZONE)) == []
    tcp = axfrd.stats()["tcp"]
    assert tcp["ixfr_finished"] == 8
    assert tcp["transfers_finished"] == 9, "one AXFR, at first"


def test_a_serial_that_history_does_not_know_gets_the_whole_zone(axfrd):
    Editor(axfrd, seed=3).change()
    answer = ixfr(axfrd.lab.client, 0)
    assert answer[0].rdtype == dns.rdatatype.SOA and answer[1].rdtype != dns.rdatatype.SOA


def test_who_is_up_to_date_or_ahead_gets_the_soa_alone(axfrd):
    serial = Editor(axfrd, seed=4).change()["serial"]
    for theirs in [serial, serial + 1000]:
        answer = ixfr(axfrd.lab.client, theirs)
        assert [rrset.rdtype for rrset in answer] == [dns.rdatatype.SOA] and answer[0][0].serial == serial


def test_ixfr_over_udp_is_answered_by_the_packet_path_with_the_soa(axfrd):
    serial = Editor(axfrd, seed=5).change()["serial"]
    query = dns.message.make_query(ZONE, "IXFR", flags=0)
    query.authority.append(dns.rrset.from_text(ZONE + ".", 0, "IN", "SOA", ". . 1 0 0 0 0"))
    answered = axfrd.stats()["workers"][0]["answered"]
    response = ask.udp_message(axfrd.lab.client, query, IPV4)
    assert [rrset[0].serial for rrset in response.answer] == [serial]
    assert axfrd.stats()["workers"][0]["answered"] == answered + 1


def test_an_imported_file_is_a_difference_and_not_a_new_history(axfrd, tmp_path):
    client = axfrd.lab.client
    copied = pull(client, dns.zone.Zone(ZONE, relativize=False))
    file = tmp_path / f"{ZONE}.zone"
    file.write_text(zones.make(ZONE, 1000) + "new A 192.0.2.1\n")
    output = axfrd.ctl("zone", "import", file).stdout
    assert "0 removed, 1 added" in output
    old = copied.get_soa().serial
    assert [rrset.rdtype for rrset in ixfr(client, old)].count(dns.rdatatype.SOA) == 4
    pull(client, copied)
    assert zones.differences(zones.parse(Editor(axfrd, 6).text(), ZONE), records(copied)) == []


def test_history_survives_a_kill(axfrd):
    client, editor = axfrd.lab.client, Editor(axfrd, seed=7)
    copied = pull(client, dns.zone.Zone(ZONE, relativize=False))
    for _ in range(5):
        editor.change()
    axfrd.kill()
    axfrd.start()
    pull(client, copied)
    assert zones.differences(zones.parse(Editor(axfrd, 8).text(), ZONE), records(copied)) == []
    assert axfrd.stats()["tcp"]["ixfr_finished"] == 1
