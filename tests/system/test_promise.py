"""The promises of the product's page about Secondary DNS, tested in the order in which a customer meets them.

A domain of a customer is delegated by its parent to our name server. Two providers have a secondary each, NSD and Knot.
The numbers in comments are those of the promises.
"""

import dns.rcode

import ask
import zones
from lab import IPV4, IPV6, wait_until
from peers import Knot, Nsd
from resolver import Resolver

PARENT = "parent.test"
ZONE = f"customer.{PARENT}"
OWN = f"ns.{ZONE}."
NAMES = {"nsd": f"ns1.nsd.{PARENT}.", "knot": f"ns1.knot.{PARENT}."}
TEXT = f"""$TTL 600
@ SOA ns hostmaster 1 7200 3600 1209600 300
@ NS ns
ns A {IPV4}
@ MX 10 mail
mail A 192.0.2.25
www CNAME @
txt TXT "one" "two"
"""


class Customer:
    def __init__(self, axfrd, secondaries):
        self.axfrd, self.secondaries = axfrd, secondaries

    def change(self, *edits):
        """Commits edits, ("set", OWNER, …) or ("unset", OWNER, …); returns the new serial."""
        self.axfrd.ctl("zone", "begin", ZONE)
        for verb, *words in edits:
            self.axfrd.ctl("zone", verb, ZONE, *words)
        return self.axfrd.json("zone", "commit", ZONE)["serial"]

    def ours(self):
        """The records that secondaries must have."""
        with self.axfrd.lab.nsd.connect(IPV4) as sock:
            return zones.transfer(sock, ZONE)

    def wait_until_all_have_it(self):
        def same():
            wanted = sorted(map(str, self.ours()))
            return all(sorted(map(str, each.copy(ZONE))) == wanted for each in self.secondaries)

        serial = self.axfrd.json("zone", "show", ZONE)["serial"]
        for each in self.secondaries:
            each.wait_to_serve(ZONE, serial)
        wait_until(same, "each copy to be the zone")

    def answers(self, name, rdtype):
        """The answers of each secondary."""
        return [ask.records(ask.udp(each.host, name, rdtype, "127.0.0.1").answer) for each in self.secondaries]

    def to_fix(self):
        return [f["text"] for f in self.axfrd.json("secondary", "check", ZONE)["findings"] if not f["sound"]]


def restart(parent, *records):
    parent.set(*records)
    if parent.process:
        parent.stop()
    parent.start()


def test_the_promise(new_lab, new_axfrd, tmp_path):
    lab = new_lab("nsd", "knot", "parent")
    addresses = [f"ns1.nsd A {lab.nsd.ipv4}", f"ns1.knot A {lab.knot.ipv4}", "cdn A 198.51.100.1"]
    own = ["customer NS ns.customer", f"ns.customer A {IPV4}"]
    parent = Resolver(lab.parent, PARENT)
    restart(parent, *addresses, *own)
    file = tmp_path / f"{ZONE}.zone"
    file.write_text(TEXT)
    axfrd = new_axfrd(lab, zones=[file], resolver=lab.parent.ipv4, alias_floor=1, alias_special=True,
                      url_address=["203.0.113.80"])

    # Without Secondary DNS, no transfer of the zone is allowed.
    assert axfrd.json("secondary", "show", ZONE)["enabled"] is False
    refused = ask.tcp(lab.nsd, ZONE, "AXFR", IPV4)
    assert refused.rcode() == dns.rcode.REFUSED

    # 1, 4. The customer enters the names and addresses that the providers gave.
    enabled = axfrd.json("secondary", "enable", ZONE, "--ns", NAMES["nsd"], "--ns", NAMES["knot"],
                         "--allow", lab.nsd.ipv4, "--allow", lab.knot.ipv4)
    # 3. For the registrar: the list of name servers before and after.
    assert enabled["ns_before"] == [OWN] and sorted(enabled["ns_after"]) == sorted([OWN, *NAMES.values()])
    assert set(enabled["ns"]) == set(NAMES.values())
    # 8. The addresses from which the providers transfer.
    primary = axfrd.json("secondary", "show", ZONE)["primary"]
    assert sorted(primary["addresses"]) == sorted([IPV4, IPV6]) and primary["port"] == 53
    # 9. Every fault is reported while it lasts: the secondaries do not serve yet, and the parent lacks their names.
    wrong = Customer(axfrd, []).to_fix()
    assert any("does not name" in text and NAMES["nsd"] in text for text in wrong), wrong
    assert any("does not answer" in text for text in wrong), wrong

    # 5. The existing zone is copied.
    customer = Customer(axfrd, [Nsd(lab.nsd, [ZONE]).wait(), Knot(lab.knot, [ZONE]).wait()])
    customer.wait_until_all_have_it()
    restart(parent, *addresses, *own, f"customer NS {NAMES['nsd']}", f"customer NS {NAMES['knot']}")
    wait_until(lambda: customer.to_fix() == [], "nothing to be left to fix")

    # 5. Every change is replicated automatically: added, changed, removed, many at once, imported, rolled back.
    before = axfrd.json("zone", "show", ZONE)["serial"]
    customer.change(("set", "new", "60", "A", "192.0.2.9"))
    customer.wait_until_all_have_it()
    customer.change(("unset", "mail", "A"), ("set", "mail", "A", "192.0.2.26"), ("unset", "txt"))
    customer.wait_until_all_have_it()
    customer.change(*(("set", f"host{i}", "A", "192.0.2.1") for i in range(50)))
    customer.wait_until_all_have_it()
    file.write_text(TEXT.replace("192.0.2.25", "192.0.2.27"))
    axfrd.ctl("zone", "import", file)
    customer.wait_until_all_have_it()
    axfrd.ctl("zone", "rollback", ZONE, before)
    customer.wait_until_all_have_it()
    assert all("two" in str(answer) for answer in customer.answers(f"txt.{ZONE}", "TXT"))
    # None of these changes has removed the names of the secondaries.
    assert all(name in str(customer.answers(ZONE, "NS")) for name in NAMES.values())

    # 5. ALIAS and URL are addresses at the secondaries, and follow their targets.
    customer.change(("set", "@", "ALIAS", f"cdn.{PARENT}."), ("set", "old", "URL", "https://www.example.org/"))

    def at_the_apex(address):
        return lambda: all(answer == [f"{ZONE}. A {address}"] for answer in customer.answers(ZONE, "A"))

    wait_until(at_the_apex("198.51.100.1"), "the target's address")
    wait_until(lambda: all("203.0.113.80" in str(a) for a in customer.answers(f"old.{ZONE}", "A")), "the redirector's")
    names = [f"customer NS {NAMES['nsd']}", f"customer NS {NAMES['knot']}"]
    moved = [*addresses[:2], "cdn A 198.51.100.2"]
    parent.set(*moved, *own, *names)
    wait_until(at_the_apex("198.51.100.2"), "the target's new address")
    customer.wait_until_all_have_it()
    assert not any(record in str(each.copy(ZONE)) for each in customer.secondaries for record in ("ALIAS", "URL"))

    # 6. The settings can be seen and edited: one of the two secondaries is removed, and then gets nothing more.
    shown = axfrd.json("secondary", "show", ZONE)
    assert [each["address"] for each in shown["secondaries"]] == [lab.nsd.ipv4, lab.knot.ipv4]
    edited = axfrd.json("secondary", "edit", ZONE, "--remove-ns", NAMES["knot"], "--remove-allow", lab.knot.ipv4)
    assert sorted(edited["ns_after"]) == sorted([OWN, NAMES["nsd"]])
    knot = customer.secondaries.pop()
    serial = customer.change(("set", "later", "60", "A", "192.0.2.9"))
    customer.wait_until_all_have_it()
    assert ask.tcp(lab.knot, ZONE, "AXFR", IPV4).rcode() == dns.rcode.REFUSED
    assert knot.serial(ZONE) != serial

    # 7, 3. After Secondary DNS is disabled, replication ends, the names are no longer in the zone, and the output says
    # what to change at the registrar.
    disabled = axfrd.json("secondary", "disable", ZONE)
    assert sorted(disabled["ns_before"]) == sorted([OWN, NAMES["nsd"]]) and disabled["ns_after"] == [OWN]
    (answer,) = ask.udp(lab.nsd, ZONE, "NS", IPV4).answer
    assert [str(rdata) for rdata in answer] == [OWN]
    assert ask.tcp(lab.nsd, ZONE, "AXFR", IPV4).rcode() == dns.rcode.REFUSED
    assert any("does not since secondary DNS was disabled" in text for text in customer.to_fix())
