"""No change is lost: many random changes, while secondaries are stopped, killed, disconnected and started again.

In the end NSD, Knot, BIND and PowerDNS have every zone exactly as axfrd has it, with and without keys, over IPv4 and
IPv6, and the ledger says so. Some changes come from ALIAS records, whose targets change.
"""

import os
import random
import signal
import time

import pytest

import zones
from control import Control
from lab import EVERYONE, IPV4, IPV6, wait_until
from peers import Bind, Knot, Nsd, Pdns
from resolver import Resolver

# Few, because this is part of every run of the tests. The long run has AXFRD_ZONES=200 AXFRD_CHANGES=1000.
ZONES = int(os.environ.get("AXFRD_ZONES", "30"))
CHANGES = int(os.environ.get("AXFRD_CHANGES", "150"))
TARGETS = 5


class Provider:
    """A secondary, and the troubles that it may have."""

    def __init__(self, peer, address, key):
        peer.host.run("sysctl", "-q", "net.ipv6.conf.eth0.keep_addr_on_down=1")
        self.peer, self.address, self.key, self.trouble = peer, address + (f"={key[0]}" if key else ""), key, None

    def make_trouble(self, kind):
        self.trouble = kind
        if kind == "killed":
            self.peer.kill()
        elif kind == "paused":
            self.peer.process.send_signal(signal.SIGSTOP)
        elif kind == "cut off":
            self.peer.host.run("ip", "link", "set", "eth0", "down")

    def end_trouble(self):
        if self.trouble == "killed":
            self.peer.start()
        elif self.trouble == "paused":
            self.peer.process.send_signal(signal.SIGCONT)
        elif self.trouble == "cut off":
            self.peer.host.run("ip", "link", "set", "eth0", "up")
        self.trouble = None


class Customers:
    """All customers, and the changes that they make."""

    def __init__(self, axfrd, names, providers, resolver, seed):
        self.control, self.names, self.providers, self.resolver = Control(axfrd.socket), names, providers, resolver
        self.random, self.enabled = random.Random(seed), set()
        self.move_targets()

    def move_targets(self):
        self.targets = [f"10.0.{number}.{self.random.randrange(250)}" for number in range(TARGETS)]
        self.resolver.set(*(f"t{number} A {address}" for number, address in enumerate(self.targets)))

    def enable(self, name):
        allow = ",".join(provider.address for provider in self.providers)
        ns = f"ns{self.random.randrange(3)}.secondary.example"
        self.control.call("secondary.enable", zone=name, ns=ns, allow=allow)
        self.enabled.add(name)

    def act(self):
        pick, name = self.random, self.random.choice(self.names)
        kind = pick.choices(["edit", "import", "switch", "rollback", "alias", "move"], [68, 8, 8, 4, 8, 4])[0]
        if kind == "edit":
            hosts, ttls = range(20), [60, 300]
            added = [f"e{pick.choice(hosts)} {pick.choice(ttls)} A 192.0.2.{pick.randrange(250)}" for _ in range(3)]
            removed = [f"e{pick.randrange(20)}", f"h{pick.randrange(1, 40):06} A"]
            self.control.edit(name, set=added, unset=removed)
        elif kind == "alias":
            self.control.edit(name, set=[f"alias{pick.randrange(3)} ALIAS t{pick.randrange(TARGETS)}.target.test."])
        elif kind == "move":
            self.move_targets()
        elif kind == "import":
            self.control.call("zone.import", zone=name, text=zones.make(name, pick.randrange(20, 80)))
        elif kind == "rollback":
            steps = self.control.call("zone.history", zone=name)["steps"]
            if steps:
                self.control.call("zone.rollback", zone=name, serial=str(pick.choice(steps)["from"]))
        elif name in self.enabled:
            self.control.call("secondary.disable", zone=name)
            self.enabled.remove(name)
        else:
            self.enable(name)

    def cause_trouble(self):
        provider = self.random.choice(self.providers)
        if provider.trouble:
            provider.end_trouble()
        else:
            provider.make_trouble(self.random.choice(["killed", "paused", "cut off"]))

    def unresolved(self):
        """The entries of ALIAS records that do not have the addresses of their targets yet."""
        lines = [
            line for name in self.names for line in self.control.call("zone.show", zone=name).get("aliases", [])
        ]
        return [line for line in lines if line["addresses"] != [self.targets[int(line["target"][1:].split(".")[0])]]]

    def behind(self):
        return [line for line in self.control.call("secondary.status")["ledger"] if line["behind"] != 0]


@pytest.fixture
def providers(new_lab, new_axfrd, tmp_path):
    lab = new_lab("nsd", "knot", "bind", "pdns", "client", "resolver")
    names = [f"zone{number}.example" for number in range(ZONES)]
    for name in names:
        (tmp_path / f"{name}.zone").write_text(zones.make(name, 40))
    options = {"resolver": lab.resolver.ipv4, "alias_floor": 1, "alias_special": True,
               "alias_changes": 3600, "allow_transfer": EVERYONE}
    axfrd = new_axfrd(lab, zones=sorted(tmp_path.glob("*.zone")), **options)
    axfrd.resolver = Resolver(lab.resolver).start()
    key = ("transfer.key", axfrd.json("key", "generate", "transfer.key")["secret"])
    cases = [(Nsd, lab.nsd, 4, key), (Knot, lab.knot, 6, None), (Bind, lab.bind, 6, key), (Pdns, lab.pdns, 4, None)]
    found = []
    for kind, host, family, its_key in cases:
        peer = kind(host, names, IPV4 if family == 4 else IPV6, its_key)
        found.append(Provider(peer, host.ipv4 if family == 4 else host.ipv6, its_key))
    return axfrd, names, found


def test_every_secondary_has_every_zone_in_the_end(providers):
    axfrd, names, secondaries = providers
    customers = Customers(axfrd, names, secondaries, axfrd.resolver, seed=1)
    for name in names:
        customers.enable(name)
    for provider in secondaries:
        provider.peer.wait()
    for number in range(CHANGES):
        customers.act()
        if number % 10 == 9:
            customers.cause_trouble()
            time.sleep(customers.random.uniform(0, 0.5))
    for provider in secondaries:
        provider.end_trouble()
    for name in names:
        if name not in customers.enabled:
            customers.enable(name)
    wait_until(lambda: not customers.unresolved(), "all ALIAS to follow their targets", pause=0.5)
    try:
        wait_until(lambda: not customers.behind(), "all debts to be paid", pause=0.5)
    except TimeoutError:
        raise AssertionError(customers.behind()) from None

    with Control(axfrd.socket) as control:
        for name in names:
            with axfrd.lab.client.connect(IPV4) as sock:
                ours = zones.transfer(sock, name)
            serial = control.call("zone.show", zone=name)["serial"]
            for provider in secondaries:
                provider.peer.wait_to_serve(name, serial)
                copy = provider.peer.copy(name)
                assert zones.differences(ours, copy) == [], f"{name} at {type(provider.peer).__name__}"
    tcp = axfrd.stats()["tcp"]
    print(f"{tcp['ixfr_finished']} of {tcp['transfers_finished']} transfers were IXFR; {axfrd.stats()['notify']}")
