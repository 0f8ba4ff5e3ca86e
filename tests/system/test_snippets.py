"""What `secondary show --format` prints is the configuration of a secondary that works, as its operator pastes it."""

import re

import pytest

from lab import wait_until
from peers import Bind, Knot, Nsd, Pdns

ZONE = "example.org"
KEY = "transfer.key"


class FromSnippet:
    """A peer whose zones and keys are those of the snippet, and nothing else of it."""

    snippet = ""

    def configuration(self, directory, name, text):
        return super().configuration(directory, name, text + self.snippet)


class PastedBind(FromSnippet, Bind):
    software = "bind"


class PastedNsd(FromSnippet, Nsd):
    software = "nsd"


class PastedKnot(FromSnippet, Knot):
    software = "knot"

    def configuration(self, directory, name, text):
        # The sections that the test's own configuration has for a primary are left out: an id must be unique, and
        # what is there is only for zones that are listed.
        return super().configuration(directory, name, text.removesuffix("zone:\n"))


class PastedPdns(Pdns):
    software = "powerdns"

    def start(self):
        self.command(self.host.directory)
        for line in self.snippet.splitlines():
            if line.startswith("pdnsutil"):
                command = line.replace("pdnsutil", f"pdnsutil --config-dir={self.host.directory}", 1)
                self.host.run("sh", "-c", command)
        super().start()


@pytest.mark.parametrize("signed", [False, True], ids=["plain", "signed"])
@pytest.mark.parametrize("kind", [PastedBind, PastedNsd, PastedKnot, PastedPdns])
def test_a_secondary_with_the_pasted_configuration_follows_the_zone(new_lab, new_axfrd, zone_file, kind, signed):
    lab = new_lab("secondary")
    axfrd = new_axfrd(lab, zones=[zone_file(ZONE, 20)])
    host = lab.secondary
    secret = axfrd.json("key", "generate", KEY)["secret"]
    allowed = host.ipv4 + (f"={KEY}" if signed else "")
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns1.secondary.example.", "--allow", allowed)
    shown = axfrd.json("secondary", "show", ZONE)["primary"]
    assert shown["port"] == 53 and len(shown["addresses"]) == 2 and len(shown["notify_sources"]) == 2
    text = axfrd.ctl("secondary", "show", ZONE, "--format", kind.software).stdout
    assert ("SECRET" in text) == signed and KEY + "." in text.replace(f"'{KEY}'", KEY + ".") or not signed
    peer = type(kind.__name__, (kind,), {"snippet": re.sub("SECRET", secret, text)})(host, [])
    peer.names = [ZONE]
    peer.wait()
    axfrd.ctl("zone", "begin", ZONE)
    axfrd.ctl("zone", "set", ZONE, "new", "60", "A", "192.0.2.9")
    serial = axfrd.json("zone", "commit", ZONE)["serial"]
    peer.wait_to_serve(ZONE, serial)
    wait_until(lambda: axfrd.json("secondary", "status", ZONE)["ledger"][0]["in_step"], "the proof")


def test_what_is_missing_is_said(new_lab, new_axfrd, zone_file):
    lab = new_lab("one", "two")
    axfrd = new_axfrd(lab, zones=[zone_file(ZONE, 20)])
    for name in ("a.key", "b.key"):
        axfrd.ctl("key", "generate", name)

    def refused(*arguments):
        done = axfrd.ctl("secondary", "show", ZONE, "--format", *arguments, check=False)
        assert done.returncode != 0 and done.stdout == ""
        return done.stderr

    assert "nobody may transfer the zone yet" in refused("bind")
    axfrd.ctl("secondary", "enable", ZONE, "--ns", "ns1.secondary.example.", "--allow", f"{lab.one.ipv4}=a.key",
              "--allow", f"{lab.two.ipv4}=b.key")
    assert "'djbdns' is none of bind, knot, nsd, powerdns" in refused("djbdns", "--secondary", lab.one.ipv4)
    assert "--secondary ADDRESS" in refused("bind")
    assert "b.key" in axfrd.ctl("secondary", "show", ZONE, "--format", "bind", "--secondary", lab.two.ipv4).stdout
    text = axfrd.ctl("secondary", "show", ZONE).stdout
    assert "our addresses" in text and "NOTIFY from" in text and "a.key. (hmac-sha256)" in text
    assert "is on its way" in axfrd.ctl("notify", "--secondary", lab.one.ipv4).stdout
    assert "is notified of no zone" in axfrd.ctl("notify", "--secondary", "192.0.2.222", check=False).stderr
    assert "state a zone, or --secondary" in axfrd.ctl("notify", check=False).stderr
