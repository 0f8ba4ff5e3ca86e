"""ALIAS and URL: axfrd resolves the targets by a resolver in the lab, and serves their addresses in its zones."""

import dns.rcode
import dns.tsigkeyring
import dns.update
import pytest

import ask
import peers
import zones
from lab import EVERYONE, IPV4, wait_until
from resolver import Resolver

ZONE = "customer.example"
TEXT = """$TTL 600
@ SOA ns1 hostmaster 1 7200 3600 1209600 300
@ NS ns1
ns1 A 192.0.2.53
@ ALIAS cdn.target.test.
both ALIAS cdn.target.test.
both ALIAS www.target.test.
www CNAME both
"""


@pytest.fixture
def axfrd(new_lab, new_axfrd, tmp_path):
    """The appliance with one zone, whose targets resolve to 10.0.0.1 (cdn) and 10.0.0.2 (www)."""
    lab = new_lab("client", "resolver")
    resolver = Resolver(lab.resolver).set("cdn A 10.0.0.1", "www A 10.0.0.2").start()
    file = tmp_path / f"{ZONE}.zone"
    file.write_text(TEXT)
    options = {"resolver": lab.resolver.ipv4, "alias_floor": 1, "alias_special": True,
               "alias_changes": 3600, "allow_transfer": EVERYONE}
    axfrd = new_axfrd(lab, zones=[file], url_address=["192.0.2.80", "2001:db8::80"], **options)
    axfrd.resolver, axfrd.file = resolver, file
    wait_served(axfrd, ZONE, ["10.0.0.1"])
    wait_served(axfrd, f"both.{ZONE}", ["10.0.0.1", "10.0.0.2"])
    return axfrd


def served(axfrd, name, rdtype="A"):
    answer = ask.udp(axfrd.lab.client, name, rdtype, IPV4).answer
    return sorted(str(rdata) for rrset in answer for rdata in rrset)


def wait_served(axfrd, name, addresses, rdtype="A"):
    wait_until(lambda: served(axfrd, name, rdtype) == addresses, f"{name} {rdtype} to be {addresses}")


def serial(axfrd):
    return axfrd.json("zone", "show", ZONE)["serial"]


def alias(axfrd, owner=f"{ZONE}."):
    """The entry of `zone show` for the first ALIAS or URL of an owner."""
    return next(line for line in axfrd.json("zone", "show", ZONE)["aliases"] if line["owner"] == owner)


def edit(axfrd, *edits):
    axfrd.ctl("zone", "begin", ZONE)
    for words in edits:
        axfrd.ctl("zone", words[0], ZONE, *words[1:])
    return axfrd.json("zone", "commit", ZONE)


def copy(axfrd):
    with axfrd.lab.client.connect(IPV4) as sock:
        return [str(record) for record in zones.transfer(sock, ZONE)]


def test_a_target_that_moves_moves_the_zone(axfrd):
    before = serial(axfrd)
    axfrd.resolver.set("cdn A 10.0.0.7", "cdn AAAA 2001:db8:7::1", "www A 10.0.0.2")
    wait_served(axfrd, ZONE, ["10.0.0.7"])
    wait_served(axfrd, ZONE, ["2001:db8:7::1"], "AAAA")
    assert served(axfrd, f"www.{ZONE}") == ["10.0.0.2", "10.0.0.7", f"both.{ZONE}."], "behind a CNAME, too"
    wait_until(lambda: serial(axfrd) > before, "a new serial")
    transferred = copy(axfrd)
    assert f"{ZONE}. 1 A 10.0.0.7" in transferred and f"both.{ZONE}. 1 A 10.0.0.2" in transferred
    assert not any("ALIAS" in record or "TYPE" in record or "10.0.0.1" in record for record in transferred)
    steps = axfrd.json("zone", "history", ZONE)["steps"]
    assert any(step["removed"] == 2 and step["added"] >= 2 for step in steps), steps
    axfrd.resolver.set("cdn AAAA 2001:db8:7::1", "www A 10.0.0.2")
    wait_served(axfrd, ZONE, [])
    assert served(axfrd, ZONE, "AAAA") == ["2001:db8:7::1"], "no data is an answer"


def test_secondaries_get_the_addresses(axfrd):
    secondary = peers.Nsd(axfrd.lab.client, [ZONE]).wait()
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns9.example.net", "--allow", axfrd.lab.client.ipv4)
    axfrd.resolver.set("cdn A 10.0.0.8", "www A 10.0.0.2")
    wait_served(axfrd, ZONE, ["10.0.0.8"])
    wait_until(lambda: secondary.serial(ZONE) == serial(axfrd), "NSD to have the new serial")
    assert zones.differences(copy(axfrd), [str(record) for record in secondary.copy(ZONE)]) == []


def test_an_unmoved_target_leaves_the_zone_alone(axfrd):
    before, lookups = serial(axfrd), axfrd.stats()["alias"]["lookups"]
    wait_until(lambda: axfrd.stats()["alias"]["lookups"] >= lookups + 12, "more lookups")
    assert serial(axfrd) == before


def test_a_failing_target_keeps_its_addresses(axfrd):
    axfrd.resolver.set("www A 10.0.0.2")  # cdn is now NXDOMAIN
    wait_until(lambda: alias(axfrd)["state"] == "failing", "the failure to show")
    assert "NXDOMAIN" in alias(axfrd)["error"]
    axfrd.logs("NXDOMAIN")
    axfrd.resolver.stop()
    wait_until(lambda: axfrd.stats()["alias"]["failing_lookups"] == 4, "both targets to fail")
    assert served(axfrd, ZONE) == ["10.0.0.1"] and served(axfrd, f"both.{ZONE}") == ["10.0.0.1", "10.0.0.2"]
    assert axfrd.stats()["alias"]["alarms"] == 4
    shown = axfrd.ctl("zone", "show", ZONE).stdout
    assert "failing" in shown and "cdn.target.test." in shown and "10.0.0.1" in shown

    before = serial(axfrd)
    axfrd.stop()
    axfrd.start()
    assert served(axfrd, ZONE) == ["10.0.0.1"], "a restart forgets nothing"
    assert serial(axfrd) == before
    axfrd.resolver.set("cdn A 10.0.0.9", "www A 10.0.0.2").start()
    wait_until(lambda: served(axfrd, ZONE) == ["10.0.0.9"], "the recovery")
    wait_until(lambda: alias(axfrd)["state"] == "ok", "all to be well")


def test_a_target_that_never_resolved_is_left_out(axfrd):
    edit(axfrd, ["set", "lost", "ALIAS", "lost.target.test."])
    wait_until(lambda: alias(axfrd, f"lost.{ZONE}.")["error"], "the failure to show")
    assert alias(axfrd, f"lost.{ZONE}.")["state"] == "never resolved"
    assert served(axfrd, f"lost.{ZONE}") == []


def test_export_and_import_leave_the_addresses_alone(axfrd, tmp_path):
    before = serial(axfrd)
    exported = axfrd.ctl("zone", "export", ZONE).stdout
    assert "ALIAS\tcdn.target.test." in exported and "10.0.0." not in exported
    file = tmp_path / "copy"
    for text in (exported, TEXT):
        file.write_text(text)
        assert "unchanged" in axfrd.ctl("zone", "import", file, "--zone", ZONE).stdout
    assert serial(axfrd) == before and served(axfrd, ZONE) == ["10.0.0.1"]
    file.write_text(TEXT.replace("ns1 A 192.0.2.53", "ns1 A 192.0.2.54"))
    assert "1 removed, 1 added" in axfrd.ctl("zone", "import", file, "--zone", ZONE).stdout
    assert served(axfrd, ZONE) == ["10.0.0.1"]
    file.write_text(TEXT + "@ A 192.0.2.1\n")
    done = axfrd.ctl("zone", "import", file, "--zone", ZONE, check=False)
    assert done.returncode != 0 and "copy:9: customer.example. has an ALIAS or URL" in done.stderr


def test_edits_leave_the_addresses_to_the_alias(axfrd):
    axfrd.ctl("zone", "begin", ZONE)
    done = axfrd.ctl("zone", "set", ZONE, "@", "A", "192.0.2.1", check=False)
    assert done.returncode != 0 and "the addresses there are those of the target" in done.stderr
    done = axfrd.ctl("zone", "unset", ZONE, "both", "A", check=False)
    assert done.returncode == 1 and "nothing to remove" in done.stderr
    axfrd.ctl("zone", "abort", ZONE)
    changed = edit(axfrd, ["unset", "@", "ALIAS"], ["set", "new", "60", "TXT", "x"])
    assert changed["removed"] == 2 and changed["added"] == 1, "the ALIAS and its address, in the same commit"
    assert served(axfrd, ZONE) == [] and served(axfrd, f"both.{ZONE}") == ["10.0.0.1", "10.0.0.2"]
    axfrd.resolver.set("cdn A 10.0.0.3", "www A 10.0.0.2")
    wait_served(axfrd, f"both.{ZONE}", ["10.0.0.2", "10.0.0.3"])
    axfrd.ctl("zone", "rollback", ZONE, str(changed["serial"]))
    assert served(axfrd, f"both.{ZONE}") == ["10.0.0.2", "10.0.0.3"], "a rollback does not bring old addresses back"


def test_a_rollback_brings_back_what_aliases_there_were(axfrd):
    before = serial(axfrd)
    edit(axfrd, ["unset", "@", "ALIAS"], ["set", "other", "60", "ALIAS", "www.target.test."])
    wait_served(axfrd, f"other.{ZONE}", ["10.0.0.2"])
    axfrd.kill()
    axfrd.start()
    axfrd.ctl("zone", "rollback", ZONE, str(before))
    assert served(axfrd, ZONE) == ["10.0.0.1"] and served(axfrd, f"other.{ZONE}") == []
    exported = axfrd.ctl("zone", "export", ZONE).stdout
    assert "ALIAS\tcdn.target.test." in exported and "other" not in exported
    axfrd.resolver.set("cdn A 10.0.0.9")
    wait_served(axfrd, ZONE, ["10.0.0.9"])


def test_updates_leave_the_addresses_to_the_alias(axfrd):
    secret = axfrd.json("key", "generate", "admin")["secret"]
    axfrd.ctl("key", "grant", "admin", ZONE)
    keyring = dns.tsigkeyring.from_text({"admin.": secret})

    def send(change):
        update = dns.update.UpdateMessage(ZONE, keyring=keyring)
        change(update)
        return ask.udp_message(axfrd.lab.client, update, IPV4).rcode()

    before = serial(axfrd)
    assert send(lambda update: update.add("both", 60, "A", "192.0.2.1")) == dns.rcode.REFUSED
    assert send(lambda update: update.delete("both", "A")) == dns.rcode.NOERROR
    assert serial(axfrd) == before and served(axfrd, f"both.{ZONE}") == ["10.0.0.1", "10.0.0.2"]
    assert send(lambda update: update.delete("both")) == dns.rcode.NOERROR
    assert served(axfrd, f"both.{ZONE}") == [], "a name goes with its ALIAS"


def test_a_url_has_the_addresses_of_the_redirector(axfrd):
    edit(axfrd, ["set", "old", "URL", '"https://example.org/"'])
    assert served(axfrd, f"old.{ZONE}") == ["192.0.2.80"]
    assert served(axfrd, f"old.{ZONE}", "AAAA") == ["2001:db8::80"]
    assert f"old.{ZONE}. 600 A 192.0.2.80" in copy(axfrd)
    axfrd.stop()
    axfrd.options["url_address"] = ["192.0.2.81"]
    axfrd.start()
    wait_served(axfrd, f"old.{ZONE}", ["192.0.2.81"])
    wait_served(axfrd, f"old.{ZONE}", [], "AAAA")
    axfrd.stop()
    axfrd.options["url_address"] = []
    axfrd.start()
    edit(axfrd, ["set", "new", "A", "10.0.0.99"])
    assert served(axfrd, f"old.{ZONE}") == ["192.0.2.81"], "what is published stays when the option is forgotten"
    assert "kept: --url-address is not set" in axfrd.ctl("zone", "show", ZONE).stdout
