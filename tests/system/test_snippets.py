"""The output of `secondary show --format` is a working configuration of a secondary when its operator pastes it."""

import pathlib
import re
import sqlite3
import subprocess

import pytest

from lab import wait_until
from peers import Bind, Knot, Nsd, Pdns

ZONE = "example.org"
KEY = "transfer.key"


class FromSnippet:
    """Mixed into a peer: its zones and keys are those of the snippet; the rest of its configuration is the test's."""

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
        # The empty zone section is removed, because the snippet has one. The remote and the ACL of the test's own
        # configuration stay. They have no effect, because the snippet's zone names a remote and an ACL of its own.
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


# Names with characters that are special in a shell, in quotation marks, in comments, and in format strings.
ODD_NAMES = ['a\\034b', 'a\\092b', 'a\\032b', 'a\\059b', "it\\039s`id`", 'a{b}', 'a\\046b', '\\064', 'a%sb', 'a\\000b',
             '\\229', '-x', '*', 'a/b', 'a#b', '$x', '\\040x\\041', '\\092', 'a\\010b']
CHECKERS = {"bind": ["named-checkconf", "-p"], "knot": ["knotc", "-c"], "nsd": ["nsd-checkconf", "-v"]}


def fold(name):
    """The labels of a name in presentation format. Servers escape the same name in different ways."""
    octets = re.sub(r"\\(\d{3}|.)", lambda m: chr(int(m[1]) + 256) if m[1].isdigit() else chr(ord(m[1]) + 256), name)
    return [[ord(c) % 256 for c in label] for label in octets.rstrip(".").split(".")]


def names_read_from(software, file, directory):
    """The names of the zone and of the key as the server itself read them."""
    if software == "knot":
        directory.mkdir()
        database = directory / "knot"
        for command in ["conf-init", "conf-import", "conf-export"]:
            text = subprocess.run(["knotc", "-C", database, command, *([] if command == "conf-init" else [file])],
                                  capture_output=True, text=True)
            assert text.returncode == 0, text
        text = file.read_text()
        return [re.search(pattern, text)[1].replace('\\"', '"') for pattern in (r'domain: "(.*)"', r'- id: "(.*)"')]
    shown = subprocess.run([*CHECKERS[software], file], capture_output=True, text=True)
    assert shown.returncode == 0, shown
    zone, key = {"bind": (r'zone "(.*)" \{', r'key "(.*)" \{'),
                 "nsd": (r'zone:\n\tname: "(.*)"', r'key:\n\tname: "(.*)"')}[software]
    return [re.search(pattern, shown.stdout)[1] for pattern in (zone, key)]


def test_each_server_reads_an_odd_name_as_what_it_is(new_lab, new_axfrd, tmp_path):
    lab = new_lab("secondary")
    axfrd = new_axfrd(lab)
    for number, label in enumerate(ODD_NAMES):
        zone, key = f"{label}.example.", f"{label}.key."
        file = tmp_path / f"{number}.zone"
        file.write_text("$TTL 60\n@ SOA ns.example.net. a.example.net. 1 2 3 4 5\n@ NS ns.example.net.\n")
        axfrd.ctl("zone", "import", file, "--zone", zone)
        secret = axfrd.json("key", "generate", "--", key)["secret"]
        axfrd.ctl("secondary", "enable", "--ns", "ns1.secondary.example.", "--allow", lab.secondary.ipv4, "--key", key,
                  "--", zone)
        for software in CHECKERS:
            text = axfrd.ctl("secondary", "show", "--format", software, "--", zone).stdout.replace("SECRET", secret)
            file = tmp_path / f"{number}.{software}"
            file.write_text(text)
            if software == "knot":
                checked = subprocess.run(["knotc", "-c", file, "conf-check"], capture_output=True, text=True)
                assert checked.returncode == 0, (text, checked)
            read = names_read_from(software, file, tmp_path / str(number))
            assert [fold(name) for name in read] == [fold(zone), fold(key)], text


def test_powerdns_gets_an_odd_name_through_a_shell(new_lab, new_axfrd, tmp_path):
    lab = new_lab("secondary")
    axfrd = new_axfrd(lab)
    schema = pathlib.Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql").read_text()
    for number, label in enumerate(ODD_NAMES):
        zone, key = f"{label}.example.", f"{label}.key."
        directory = tmp_path / str(number)
        directory.mkdir()
        rows = sqlite3.connect(directory / "zones.db")
        rows.executescript(schema)
        (directory / "pdns.conf").write_text(f"launch=gsqlite3\ngsqlite3-database={directory}/zones.db\n")
        file = directory / "a.zone"
        file.write_text("$TTL 60\n@ SOA ns.example.net. a.example.net. 1 2 3 4 5\n@ NS ns.example.net.\n")
        axfrd.ctl("zone", "import", file, "--zone", zone)
        secret = axfrd.json("key", "generate", "--", key)["secret"]
        axfrd.ctl("secondary", "enable", "--ns", "ns1.secondary.example.", "--allow", lab.secondary.ipv4, "--key", key,
                  "--", zone)
        text = axfrd.ctl("secondary", "show", "--format", "powerdns", "--", zone).stdout.replace("SECRET", secret)
        for line in text.splitlines():
            done = subprocess.run(["sh", "-c", line.replace("pdnsutil", f"pdnsutil --config-dir={directory}", 1)],
                                  capture_output=True, text=True)
            assert done.returncode == 0, (line, done)
        (name,), = rows.execute("SELECT name FROM domains")
        ((known, _, _),) = rows.execute("SELECT name, algorithm, secret FROM tsigkeys")
        assert fold(name) == fold(zone) and fold(known) == fold(key), text
        rows.close()
