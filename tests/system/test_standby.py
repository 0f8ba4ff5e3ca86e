"""A standby that loads backups, sends nothing until it is promoted, and then is the primary of BIND, NSD and Knot."""

import socket
import time
import types

import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update
import pytest

import ask
import zones
from lab import EVERYONE, IPV4, Axfrd, wait_until
from peers import Bind, Knot, Nsd
from resolver import Resolver

SECONDARIES = {"bind": Bind, "nsd": Nsd, "knot": Knot}


class Sniffer:
    """Captures the DNS requests that reach a host over UDP."""

    def __init__(self, host):
        with host.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
        self.socket.setblocking(False)

    def requests(self, *senders):
        """The requests from these addresses since the last call, as pairs of sender and opcode."""
        found = []
        while True:
            try:
                packet = self.socket.recv(65535)
            except BlockingIOError:
                return found
            udp = packet[(packet[0] & 15) * 4 :]
            sender = socket.inet_ntoa(packet[12:16])
            is_request = packet[9] == socket.IPPROTO_UDP and udp[2:4] == b"\x00\x35" and udp[10] & 0x80 == 0
            if is_request and sender in senders:
                found.append((sender, udp[10] >> 3 & 15))


def axfrd_at(host, **options):
    """Another axfrd, on the kernel's sockets of a host."""
    plain = {"ports": None, "no_port": True, "address": None, "no_huge": False, "zones_dir": None}
    return Axfrd(types.SimpleNamespace(appliance=host), **{**plain, **options})


def change(axfrd, zone, name):
    axfrd.ctl("zone", "begin", zone)
    axfrd.ctl("zone", "set", zone, name, "60", "A", "192.0.2.9")
    axfrd.ctl("zone", "commit", zone)


def has(host, name, server="127.0.0.1"):
    return bool(ask.udp(host, name, "A", server).answer)


def wait_until_all_have(hosts, name, there=True):
    for host in hosts:
        wait_until(lambda host=host: has(host, name) == there, f"{name} to be {'there' if there else 'gone'}")


def serial_of(axfrd, zone):
    return axfrd.json("zone", "show", zone)["serial"]


def refused(axfrd, *arguments):
    done = axfrd.ctl(*arguments, check=False)
    return done.returncode == 1 and "axfrctl promote" in done.stderr


@pytest.mark.parametrize("policy", ["increment", "unixtime"])
def test_secondaries_come_in_step_with_a_standby_that_was_promoted(new_lab, new_axfrd, zone_file, policy):
    """The standby runs on a host of its own, and takes over the primary's address."""
    lab = new_lab(*SECONDARIES, "spare")
    hosts = [getattr(lab, name) for name in SECONDARIES]
    primary = new_axfrd(lab, zones=[zone_file("example.org", 20), zone_file("keep.example", 5)],
                        allow_transfer=EVERYONE)
    peers = [kind(getattr(lab, name), ["example.org", "keep.example"]) for name, kind in SECONDARIES.items()]
    allowed = [word for host in hosts for word in ("--allow", host.ipv4)]
    for zone in peers[0].names:
        primary.ctl("zone", "config", zone, "--serial", policy)
        primary.ctl("secondary", "enable", zone, "--ns", "ns1.secondary.example.", *allowed)
    primary.ctl("zone", "config", "keep.example", "--serial", "keep")
    secret = primary.json("key", "generate", "admin")["secret"]
    primary.ctl("key", "grant", "admin", "example.org")
    for peer in peers:
        peer.wait()

    # The standby starts from a backup, and then loads a later one.
    primary.ctl("backup", primary.directory / "first")
    standby = axfrd_at(lab.spare, standby=True, restore=primary.directory / "first", notify_source=IPV4,
                       allow_transfer=EVERYONE).start()
    standby.logs("standby: nobody is notified")
    change(primary, "example.org", "kept")
    wait_until_all_have(hosts, "kept.example.org")
    assert not has(lab.spare, "kept.example.org")
    time.sleep(2)  # the serials of secondaries are stored once a second
    primary.ctl("backup", primary.directory / "second")
    assert "1 changed" in standby.ctl("standby", "load", primary.directory / "second").stdout
    assert has(lab.spare, "kept.example.org")
    assert "already so" in standby.ctl("standby", "load", primary.directory / "second").stdout
    ledger = standby.json("secondary", "status", "example.org")["ledger"]
    assert all(line["has_serial"] for line in ledger), "what the primary knew"
    assert {line["state"] for line in ledger} <= {"a standby notifies nobody", "up to date"}
    at_backup = serial_of(standby, "example.org")
    assert at_backup == serial_of(primary, "example.org")

    # Changes that the secondaries have, but no backup.
    for number in range(3):
        change(primary, "example.org", f"lost{number}")
    wait_until_all_have(hosts, "lost2.example.org")
    primary.kill()
    sniffers = [Sniffer(host) for host in hosts]
    lab.spare.run("ip", "address", "add", f"{IPV4}/24", "dev", "eth0")
    for host in hosts:
        host.run("ip", "neigh", "flush", "all")

    # Killed and started again, it is still a standby: it serves, but it refuses changes and sends no requests.
    standby.kill()
    standby.options["restore"] = None
    standby.start()
    status = standby.json("status")
    assert status["role"] == "standby" and status["backup_time"] > 0
    assert "TAKES NO CHANGES" in standby.ctl("status").stdout
    assert has(hosts[0], "kept.example.org", IPV4) and not has(hosts[0], "lost0.example.org", IPV4)
    with hosts[0].connect(IPV4) as sock:
        assert zones.transfer(sock, "example.org")
    for verb in (["zone", "begin", "example.org"], ["zone", "remove", "example.org", "--yes"],
                 ["notify", "example.org"], ["zone", "import", zone_file("new.example", 3)],
                 ["key", "generate", "other"], ["zone", "import-dir", standby.directory],
                 ["secondary", "disable", "example.org"],
                 ["secondary", "edit", "example.org", "--add-ns", "ns9.example."]):
        assert refused(standby, *verb), verb
    update = dns.update.UpdateMessage("example.org", keyring=dns.tsigkeyring.from_text({"admin": secret}))
    update.add("updated", 60, "A", "192.0.2.9")
    with hosts[0].inside():
        assert dns.query.udp(update, IPV4, timeout=10).rcode() == dns.rcode.REFUSED
    assert serial_of(standby, "example.org") == at_backup
    notify = standby.stats()["notify"]
    assert [notify[counter] for counter in ("sent", "by_tcp", "soa_queries")] == [0, 0, 0]
    for sniffer in sniffers:
        assert sniffer.requests(IPV4, lab.spare.ipv4) == []
    wait_until_all_have(hosts, "lost2.example.org")

    # After the promotion, its serials are newer than those of the secondaries, which no backup has. Nobody has to help.
    promoted = standby.ctl("promote")
    assert promoted.returncode == 3, "a zone is left to the operator"
    assert "1 zones have new serials" in promoted.stdout and "keep.example.: left with serial" in promoted.stdout
    wait_until_all_have(hosts, "lost0.example.org", False)
    wait_until_all_have(hosts, "kept.example.org")
    wait_until(lambda: all(line["in_step"] for line in standby.json("secondary", "status", "example.org")["ledger"]),
               "all to be in step")
    change(standby, "example.org", "new")
    wait_until_all_have(hosts, "new.example.org")
    for peer in peers:
        peer.wait_to_serve("example.org", serial_of(standby, "example.org"))
    assert any(opcode == 4 for sniffer in sniffers for sender, opcode in sniffer.requests(IPV4)), "NOTIFY"
    again = standby.ctl("promote")
    assert again.returncode == 0 and "already so" in again.stdout

    # The promotion survives a kill. Proofs are stored once a second.
    wait_until(lambda: all(line["in_step"] for line in standby.json("secondary", "status", "example.org")["ledger"]),
               "all to be in step")
    time.sleep(3)
    last = serial_of(standby, "example.org")
    standby.kill()
    standby.options["standby"] = False
    standby.start()
    assert standby.json("status")["role"] == "primary"
    assert serial_of(standby, "example.org") == last and "recovery:" not in standby.log()
    change(standby, "example.org", "later")
    wait_until_all_have(hosts, "later.example.org")
    assert standby.stop() == 0


def test_a_standby_looks_up_no_alias_and_imports_no_directory_before_it_is_promoted(new_lab, new_axfrd, tmp_path):
    lab = new_lab("client", "resolver")
    resolver = Resolver(lab.resolver).set("www A 10.0.0.1").start()
    file = tmp_path / "customer.example.zone"
    records = ["@ SOA ns1 host 1 7200 3600 1209600 300", "@ NS ns1", "ns1 A 192.0.2.53", "@ ALIAS www.target.test."]
    file.write_text("\n".join(["$TTL 60", *records, ""]))
    options = {"resolver": lab.resolver.ipv4, "alias_floor": 1, "alias_special": True, "alias_changes": 3600}
    axfrd = new_axfrd(lab, zones=[file], **options)

    def served():
        answer = ask.udp(lab.client, "customer.example", "A", IPV4).answer
        return sorted(str(rdata) for rrset in answer for rdata in rrset)

    wait_until(lambda: served() == ["10.0.0.1"], "the target's address to be served")
    axfrd.ctl("backup", axfrd.directory / "copy")
    assert axfrd.stop() == 0
    resolver.set("www A 10.0.0.2")
    (axfrd.zones / "other.example.zone").write_text(file.read_text())
    axfrd.options.update(store=axfrd.directory / "standby", restore=axfrd.directory / "copy", standby=True)
    axfrd.start()
    assert axfrd.json("status")["zones"] == 1
    axfrd.logs("--zones-dir is left alone")
    serial = serial_of(axfrd, "customer.example")
    sniffer = Sniffer(lab.resolver)
    wait_until(lambda: axfrd.json("status")["uptime_seconds"] >= 4, "some seconds to pass")
    assert sniffer.requests(IPV4) == [] and axfrd.stats()["alias"]["lookups"] == 0
    assert served() == ["10.0.0.1"]
    axfrd.ctl("promote")
    wait_until(lambda: served() == ["10.0.0.2"], "the new address to be served")
    assert serial_of(axfrd, "customer.example") > serial
    assert axfrd.stats()["alias"]["lookups"] > 0


def test_a_backup_takes_the_place_of_no_changes_and_a_bad_one_of_nothing(new_lab, new_axfrd, zone_file):
    axfrd = new_axfrd(new_lab("client"), zones=[zone_file("example.org", 300)])
    axfrd.ctl("backup", axfrd.directory / "copy")
    assert "no standby" in axfrd.ctl("standby", "load", axfrd.directory / "copy", check=False).stderr
    change(axfrd, "example.org", "mine")
    assert axfrd.stop() == 0
    axfrd.options.update(standby=True, zones_dir=None)
    axfrd.start()
    assert "another --store" in axfrd.ctl("standby", "load", axfrd.directory / "copy", check=False).stderr
    assert has(axfrd.lab.client, "mine.example.org", IPV4)
    assert axfrd.stop() == 0

    axfrd.options.update(store=axfrd.directory / "fed")
    axfrd.start()
    axfrd.ctl("standby", "load", axfrd.directory / "copy")
    half = axfrd.directory / "half"
    half.mkdir()
    octets = (axfrd.directory / "copy" / "data.mdb").read_bytes()
    (half / "data.mdb").write_bytes(octets[: len(octets) // 2])
    done = axfrd.ctl("standby", "load", half, check=False)
    assert done.returncode == 1 and "damaged" in done.stderr, done.stderr
    assert axfrd.json("status")["zones"] == 1

    # If its configuration still has `standby`, it is a standby again after a start. `status` warns of that before.
    axfrd.ctl("promote")
    assert "take standby out" in axfrd.ctl("status").stdout
    change(axfrd, "example.org", "after")
    axfrd.kill()
    axfrd.start()
    assert refused(axfrd, "zone", "begin", "example.org")
    assert has(axfrd.lab.client, "after.example.org", IPV4), "and loses nothing"
    assert "another --store" in axfrd.ctl("standby", "load", axfrd.directory / "copy", check=False).stderr
