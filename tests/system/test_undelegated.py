"""`secondary disable --when-undelegated`: secondaries stay in step until they are gone from the parent zone and from
caches."""

import json
import time

import dns.rcode
import pytest

import ask
from lab import IPV4, wait_until
from peers import Nsd
from resolver import Resolver

PARENT = "parent.test"
ZONE, OTHER = f"customer.{PARENT}", f"other.{PARENT}"
OWN, SECOND = f"ns.{ZONE}.", f"ns2.{PARENT}."
WAIT = 4
TEXT = f"""$TTL 1
@ SOA ns hostmaster 1 7200 3600 1209600 300
@ NS ns
ns A {IPV4}
"""
DELEGATED = [f"customer NS {OWN}", f"ns.customer A {IPV4}"]


@pytest.fixture
def axfrd(new_lab, new_axfrd, tmp_path):
    """Two zones with one secondary, and a parent zone that delegates one of them to both servers."""
    lab = new_lab("parent", "secondary")
    for zone in (ZONE, OTHER):
        (tmp_path / f"{zone}.zone").write_text(TEXT)
    axfrd = new_axfrd(lab, zones=[tmp_path / f"{zone}.zone" for zone in (ZONE, OTHER)], resolver=lab.parent.ipv4,
                      undelegated_interval=1, undelegated_wait=WAIT, audit_log=lab.appliance.directory / "audit")
    for zone in (ZONE, OTHER):
        axfrd.ctl("secondary", "enable", zone, "--ns", SECOND, "--allow", lab.secondary.ipv4)
    axfrd.parent = Resolver(lab.parent, PARENT)
    delegate(axfrd, SECOND)
    return axfrd


def delegate(axfrd, *servers):
    """Makes the parent delegate to our own server and to these."""
    names = [f"customer NS {server}" for server in servers]
    axfrd.parent.set(f"ns2 A {axfrd.lab.secondary.ipv4}", *DELEGATED, *names)
    if axfrd.parent.process:
        axfrd.parent.stop()
    axfrd.parent.start()


def change(axfrd, owner):
    axfrd.ctl("zone", "begin", ZONE)
    axfrd.ctl("zone", "set", ZONE, owner, "60", "A", "192.0.2.9")
    return axfrd.json("zone", "commit", ZONE)["serial"]


def shown(axfrd, zone=ZONE):
    return axfrd.json("secondary", "show", zone)


def ending(axfrd, zone=ZONE):
    return shown(axfrd, zone)["ending"]


def audit(axfrd):
    return [json.loads(line) for line in (axfrd.lab.appliance.directory / "audit").read_text().splitlines()]


def servers(axfrd):
    """The NS names that axfrd serves."""
    (answer,) = ask.udp(axfrd.lab.secondary, ZONE, "NS", IPV4).answer
    return sorted(str(rdata) for rdata in answer)


def test_secondaries_stay_in_step_until_the_parent_has_forgotten_them(axfrd, tmp_path):
    secondary = Nsd(axfrd.lab.secondary, [ZONE]).wait()
    before = axfrd.json("zone", "show", ZONE)["serial"]
    assert servers(axfrd) == sorted([OWN, SECOND])

    # The names leave the zone at once, the output says what to do, and the secondary gets this change, too.
    told = axfrd.ctl("secondary", "disable", ZONE, "--when-undelegated").stdout
    assert f"ending: waits for the parent zone to drop {SECOND}" in told
    assert f"take out  {SECOND}" in told and "axfrctl secondary show" in told
    assert servers(axfrd) == [OWN]
    secondary.wait_to_serve(ZONE, axfrd.json("zone", "show", ZONE)["serial"])
    since = ending(axfrd)["since"]

    # While the parent names it, changes still reach the secondary, and none of them brings the name back.
    wait_until(lambda: ending(axfrd).get("named") == [SECOND], "the parent's word")
    assert f"the parent zone {PARENT}. names {SECOND}" in axfrd.ctl("secondary", "show", ZONE).stdout
    assert f"ending: waits for the parent zone to drop {SECOND}" in axfrd.ctl("secondary", "list").stdout
    assert "ending in 1 zone" in axfrd.ctl("secondary", "status").stdout
    secondary.wait_to_serve(ZONE, change(axfrd, "one"))
    file = tmp_path / "again.zone"
    file.write_text(TEXT + f"@ NS {SECOND}\ntwo A 192.0.2.9\n")
    imported = axfrd.ctl("zone", "import", file, "--zone", ZONE)
    assert f"the NS name {SECOND} stays out of the zone" in imported.stderr
    axfrd.ctl("zone", "rollback", ZONE, before)
    secondary.wait_to_serve(ZONE, axfrd.json("zone", "show", ZONE)["serial"])
    assert servers(axfrd) == [OWN]

    # A parent that does not answer has not dropped the name. A restart of axfrd does not end the wait.
    axfrd.parent.stop()
    axfrd.kill()
    axfrd.start()
    wait_until(lambda: ending(axfrd)["problem"], "a question that fails")
    time.sleep(WAIT + 1)
    assert ending(axfrd)["state"] == "named" and ending(axfrd)["since"] == since
    assert axfrd.log().count("is not known") == 1, "retries are told once"

    # The parent drops the name, names it again, and drops it for good.
    delegate(axfrd)
    wait_until(lambda: ending(axfrd)["state"] == "dropped", "the names to be dropped")
    delegate(axfrd, SECOND)
    wait_until(lambda: ending(axfrd)["state"] == "named", "the names to be there again")
    secondary.wait_to_serve(ZONE, change(axfrd, "three"))
    delegate(axfrd)
    wait_until(lambda: ending(axfrd)["state"] == "dropped", "the names to be dropped for good")
    begun = ending(axfrd)["dropped_at"]
    last = change(axfrd, "four")
    secondary.wait_to_serve(ZONE, last)
    wait_until(lambda: not shown(axfrd)["enabled"], "the end")
    assert time.time() - begun >= WAIT - 1
    assert "ending" not in shown(axfrd)
    assert axfrd.json("zone", "show", ZONE)["serial"] == last, "nothing changes in the zone by that"
    assert ask.tcp(axfrd.lab.secondary, ZONE, "AXFR", IPV4).rcode() == dns.rcode.REFUSED
    why = f"that waited until the parent zone had dropped {SECOND}"
    wait_until(lambda: why in axfrd.log() and why in audit(axfrd)[-1]["detail"], "the record of it")
    assert audit(axfrd)[-1]["what"].startswith("secondary DNS disabled") and "who" not in audit(axfrd)[-1]
    assert axfrd.stats()["endings"]["ended"] == 1 and axfrd.stats()["endings"]["zones"] == 0


def test_a_zone_that_is_not_delegated_ends_and_enable_takes_it_back(axfrd):
    axfrd.ctl("secondary", "disable", "--all", "--when-undelegated")
    wait_until(lambda: ending(axfrd, OTHER).get("state") == "dropped", "that nobody delegates to it")
    wait_until(lambda: ending(axfrd).get("named") == [SECOND], "the parent's word")
    enabled = axfrd.json("secondary", "enable", ZONE)
    assert sorted(enabled["ns_after"]) == sorted([OWN, SECOND])
    wait_until(lambda: not shown(axfrd, OTHER)["enabled"], "the end of the other")
    assert shown(axfrd)["enabled"] and "ending" not in shown(axfrd)
    assert servers(axfrd) == sorted([OWN, SECOND])
