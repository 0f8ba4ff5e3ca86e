"""Names in RDATA compare without case (RFC 4034 section 6.2): one record in axfrd is one at every secondary."""

import random

import pytest

import ask
import zones
from control import Control
from lab import EVERYONE, IPV4, wait_until
from peers import Bind, Knot, Nsd
from test_ixfr import notify
from test_update import make_key, nsupdate

ZONE = "example.com"
APEX = "$TTL 3600\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.53\n"
TWICE = "mx MX 10 mail.example.\nmx MX 10 Mail.Example.\nc CNAME host.example.\nC CNAME HOST.example.\n"


def many_hosts(count):
    """Records that make the zone larger than its differences, so that IXFR is used."""
    return "".join(f"h{i} A 192.0.2.{i % 250}\n" for i in range(count))


@pytest.fixture
def zone(tmp_path):
    file = tmp_path / f"{ZONE}.zone"
    file.write_text(APEX + TWICE + many_hosts(300))
    return file


def served(axfrd, host):
    with host.connect(IPV4) as sock:
        return zones.transfer(sock, ZONE)


def mx(axfrd):
    return ask.records(ask.udp(axfrd.lab.client, f"mx.{ZONE}", "MX", IPV4).answer)


def test_two_records_that_differ_in_case_are_one_and_an_update_in_any_case_means_it(new_lab, new_axfrd, zone):
    axfrd = new_axfrd(new_lab("client"), zones=[zone], allow_transfer=EVERYONE)
    assert mx(axfrd) == [f"mx.{ZONE}. MX 10 mail.example."]
    answer = ask.udp(axfrd.lab.client, f"c.{ZONE}", "CNAME", IPV4).answer
    assert ask.records(answer) == [f"c.{ZONE}. CNAME host.example."]
    secret = make_key(axfrd, "admin")
    axfrd.ctl("key", "grant", "admin", ZONE)
    kept = f"prereq yxrrset mx.{ZONE}. MX 10 MAIL.Example.\nupdate add mx.{ZONE}. 3600 MX 10 mAIL.EXAMPLE."
    output, agreed = nsupdate(axfrd, secret, kept)
    assert agreed, output
    assert mx(axfrd) == [f"mx.{ZONE}. MX 10 mail.example."], "case as first stored is kept"
    assert not axfrd.json("zone", "import", zone)["changed"]
    output, agreed = nsupdate(axfrd, secret, f"update delete mx.{ZONE}. MX 10 MAIL.EXAMPLE.")
    assert agreed, output
    assert mx(axfrd) == []


class Recaser:
    """Makes random changes of a few records, with names in random case.

    Names in HTTPS compare with their case (RFC 4034 section 6.2, RFC 3597 section 6). NSD changes them to lower case,
    so that it would have one record where axfrd, Knot and BIND have two. So NSD gets no HTTPS."""

    def __init__(self, axfrd, seed, https):
        self.control, self.random, self.https = Control(axfrd.socket), random.Random(seed), https

    def case(self, text):
        return "".join(self.random.choice((c.lower(), c.upper())) for c in text)

    def record(self):
        pick = self.random
        target = self.case(f"target{pick.randrange(4)}.Example.")
        data = pick.choice((f"MX 10 {target}", f"SRV 1 2 3 {target}", f"PTR {target}",
                            f"NAPTR 1 1 U SIP !A!b! {target}",
                            f"RP {target} {target}", f"AFSDB 1 {target}", f"KX 1 {target}",
                            f"{'HTTPS' if self.https else 'RT'} 1 {target}"))  # fmt: skip
        return f"{self.case('owner')}{pick.randrange(5)}", data

    def change(self):
        added, removed = [self.record() for _ in range(4)], [self.record() for _ in range(4)]
        return self.control.edit(ZONE, set=[f"{owner} 3600 {data}" for owner, data in added],
                                 unset=[f"{owner} {data}" for owner, data in removed])  # fmt: skip


@pytest.mark.parametrize("secondary", [Nsd, Knot, Bind])
def test_a_secondary_that_follows_by_ixfr_has_what_we_have(new_lab, new_axfrd, zone, secondary):
    lab = new_lab("secondary", "client")
    axfrd = new_axfrd(lab, zones=[zone], allow_transfer=EVERYONE)
    peer, recaser = secondary(lab.secondary, [ZONE]).wait(), Recaser(axfrd, seed=3, https=secondary is not Nsd)

    def follow(serial):
        def told():
            if peer.serial(ZONE) == serial:
                return True
            notify(axfrd, lab.secondary, ZONE)

        wait_until(told, f"{secondary.__name__} to have serial {serial}", pause=0.3)
        assert zones.differences(served(axfrd, lab.client), peer.copy(ZONE)) == []

    control = Control(axfrd.socket)
    # If axfrd kept these as two records, removing one would remove the only record that a secondary has.
    follow(control.edit(ZONE, set=["mx 3600 MX 10 MAIL.example."], unset=["mx MX 10 Mail.EXAMPLE."])["serial"])
    follow(control.edit(ZONE, set=["mx 3600 MX 20 mail.example."])["serial"])
    follow(control.edit(ZONE, unset=["mx MX 10 Mail.EXAMPLE."])["serial"])
    serial = None
    for _ in range(12):
        changed = recaser.change()
        if changed["changed"]:
            serial = changed["serial"]
            follow(serial)
    assert serial is not None
    tcp = axfrd.stats()["tcp"]
    assert tcp["ixfr_finished"] >= 8, "the secondary was led by differences"
