"""Transfers: which clients may have a zone, what they get, and what many or slow clients cost."""

import contextlib
import selectors
import socket
import struct
import time

import dns.flags
import dns.message
import dns.rcode
import pytest

import ask
import provider_zones
import zones
from control import Control
from lab import DATA, EVERYONE, IPV4, IPV6, PATIENCE

ADDRESSES = pytest.mark.parametrize("address", [IPV4, IPV6], ids=["v4", "v6"])
SAMPLES = sorted(DATA.glob("*.zone"))


@ADDRESSES
@pytest.mark.parametrize("file", SAMPLES, ids=zones.name_of)
def test_a_transfer_is_the_zone_file(client, file, address):
    with client.connect(address) as sock:
        assert zones.differences(zones.read(file), zones.transfer(sock, zones.name_of(file))) == []


CUSTOMER = """$TTL 3600
@ SOA ns1.provider.com. hostmaster.provider.com. 1 3600 600 86400 300
@ NS ns1.provider.com.
@ NS ns2.provider.com.
@ A 192.0.2.1
www A 192.0.2.1
@ MX 10 mail
mail A 192.0.2.2
"""


@pytest.mark.sanitized
def test_a_customers_zone_is_transferred_again_and_again_and_holds_up_nobody(new_lab, new_axfrd, tmp_path):
    file = tmp_path / "customer.com.zone"
    file.write_text(CUSTOMER)
    client = new_axfrd(new_lab("client"), zones=[file], allow_transfer=EVERYONE).lab.client
    expected = zones.read(file)
    with client.connect(IPV4) as beside:
        for _ in range(10):
            with client.connect(IPV4) as sock:
                zones.send(sock, dns.message.make_query("customer.com", "AXFR", flags=0).to_wire())
                zones.send(beside, dns.message.make_query("customer.com", "SOA", flags=0).to_wire())
                soa = dns.message.from_wire(zones.receive(beside)).answer[0]
                assert soa[0].mname.to_text() == "ns1.provider.com."
            with client.connect(IPV4) as sock:
                assert zones.differences(expected, zones.transfer(sock, "customer.com")) == []


@pytest.mark.sanitized
def test_zones_that_name_their_provider_are_transferred_and_changed(new_lab, new_axfrd, tmp_path):
    """Covers each relation of SOA and NS names to the apex, by AXFR, and by IXFR after a transaction."""
    texts = provider_zones.all_zones()
    many = provider_zones.MANY_LABELS
    texts[many] = provider_zones.zone(many, "ns1.provider.org.", "hostmaster.b.org.")
    axfrd = new_axfrd(new_lab("client"), allow_transfer=EVERYONE)
    client = axfrd.lab.client
    with Control(axfrd.socket) as control:
        for name, text in texts.items():
            control.call("zone.import", zone=name, text=text)
            expected = zones.parse(text, name)
            with client.connect(IPV4) as sock:
                assert zones.differences(expected, zones.transfer(sock, name)) == [], name
        for name, text in texts.items():
            names = list(provider_zones.related(name).values())
            added = [f"@ 60 MX {number} {each}" for number, each in enumerate(names)]
            # The names in the SOA change, and with them the octets of each message that begins with it.
            soa = f"@ 60 SOA {names[number_of(name) % len(names)]} {names[0]} 5 2 3 4 5"
            control.edit(name, set=[*added, soa])
            expected = zones.parse(control.call("zone.export", zone=name)["text"], name)
            before = zones.parse(text, name)
            with client.connect(IPV4) as sock:
                assert zones.differences(expected, zones.transfer(sock, name)) == [], name
                assert zones.differences(expected, zones.follow(sock, name, before)) == [], name


def number_of(name):
    return sum(name.encode())


@pytest.mark.parametrize("tool", ["dig", "kdig"])
def test_dig_and_kdig_transfer_a_zone(client, tool):
    output = client.run(tool, f"@{IPV4}", "+noall", "+answer", "example.com", "AXFR").stdout
    lines = [line for line in output.splitlines() if line and line[0] != ";"]
    assert len(lines) == len(zones.read(DATA / "example.com.zone")) + 1


def test_the_first_message_holds_data_and_no_message_is_wasted(new_lab, new_axfrd, zone_file):
    lab = new_lab("client")
    file = zone_file("example.org", 6000)
    new_axfrd(lab, zones=[file], allow_transfer=EVERYONE)
    messages = []
    with lab.client.connect(IPV4) as sock:
        zones.transfer(sock, "example.org", on_message=messages.append)
    counts = [struct.unpack_from("!H", message, 6)[0] for message in messages]
    assert counts[0] > 10
    assert max(map(len, messages)) <= 16384
    # Pages are kept between half full and full, so that a change stays cheap.
    assert len(messages) <= 2 + sum(map(len, messages)) / 2000
    assert all(message[:2] == messages[0][:2] for message in messages)
    assert all(struct.unpack_from("!H", message, 2)[0] == 0x8400 for message in messages)


def test_transfers_and_queries_share_one_connection(client):
    with client.connect(IPV4) as sock:
        for file in SAMPLES * 3:
            assert zones.differences(zones.read(file), zones.transfer(sock, zones.name_of(file))) == []
            zones.send(sock, dns.message.make_query("www.example.com", "A").to_wire())
            assert len(dns.message.from_wire(zones.receive(sock)).answer[0]) == 2


def test_a_transfer_without_permission_is_refused(new_lab, new_axfrd):
    lab = new_lab("friend", "stranger")
    new_axfrd(lab, zones=SAMPLES, allow_transfer=[lab.friend.ipv4, "2001:db8::101/128"])
    for address in (IPV4, IPV6):
        assert ask.tcp(lab.stranger, "example.com", "AXFR", address).rcode() == dns.rcode.REFUSED
        with lab.friend.connect(address) as sock:
            assert zones.transfer(sock, "example.com")
        assert ask.tcp(lab.stranger, "www.example.com", "A", address).answer


def test_nobody_may_transfer_unless_told(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=SAMPLES)
    assert ask.tcp(lab.client, "example.com", "AXFR", IPV4).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("name", ["example.org", "com", "www.example.com", "sub.example.com"])
def test_a_transfer_of_what_is_no_zone_of_ours_is_notauth(client, name):
    assert ask.tcp(client, name, "AXFR", IPV4).rcode() == dns.rcode.NOTAUTH


class Transfer:
    """An AXFR on a socket that is read only by read(). Records are counted and not kept."""

    def __init__(self, host, name, lazy):
        self.records, self.finished, self.lazy, self.pending = 0, False, lazy, b""
        with host.inside():
            self.socket = socket.socket()
        if lazy:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(30)
        self.socket.connect((IPV4, 53))
        zones.send(self.socket, dns.message.make_query(name, "AXFR", flags=0).to_wire())

    def read(self, expected):
        data = self.socket.recv(262144)
        if not data:
            raise EOFError(f"closed after {self.records} of {expected} records")
        self.pending += data
        while len(self.pending) >= 2 and len(self.pending) >= 2 + (size := struct.unpack("!H", self.pending[:2])[0]):
            flags, _, count = struct.unpack_from("!HHH", self.pending, 4)
            assert flags == 0x8400, f"flags {flags:#x}"
            self.records += count
            self.pending = self.pending[2 + size :]
        self.finished = self.records == expected


@pytest.mark.sanitized
def test_200_transfers_at_once_some_of_which_stop_reading(new_lab, new_axfrd, zone_file):
    lab = new_lab("client")
    file = zone_file("example.org", 30000)
    expected = len(zones.read(file)) + 1
    # The lazy clients read nothing until the others have finished, which may take long, so the idle timeout is long.
    axfrd = new_axfrd(
        lab, zones=[file], allow_transfer=EVERYONE, tcp_max_sessions=300, tcp_max_per_client=300, tcp_idle_timeout=600
    )
    with lab.client.connect(IPV4) as sock:
        zones.transfer(sock, "example.org")
    before = axfrd.rss()

    with contextlib.ExitStack() as stack:
        transfers = [Transfer(lab.client, "example.org", lazy=number % 4 == 0) for number in range(200)]
        for each in transfers:
            stack.enter_context(each.socket)
        selector = stack.enter_context(selectors.DefaultSelector())
        eager = [each for each in transfers if not each.lazy]
        for each in eager:
            selector.register(each.socket, selectors.EVENT_READ, each)
        begin, asked = time.monotonic(), 0
        while not all(each.finished for each in eager):
            finished = sum(each.finished for each in eager)
            assert time.monotonic() < begin + 2 * PATIENCE, f"{finished} of {len(eager)} finished"
            for key, _ in selector.select(1):
                key.data.read(expected)
                if key.data.finished:
                    selector.unregister(key.fileobj)
            if time.monotonic() > begin + asked * 0.1:
                assert ask.udp(lab.client, "example.org", "SOA", IPV4).answer
                asked += 1
        assert all(each.records == expected for each in eager)
        # If each session had a copy of the zone, they would take 200 MiB in all.
        assert axfrd.rss() - before < 64 * 1024

        # The lazy clients get the rest when they read again.
        for each in transfers:
            while not each.finished:
                each.read(expected)
    assert ask.tcp(lab.client, "example.org", "SOA", IPV4).answer
