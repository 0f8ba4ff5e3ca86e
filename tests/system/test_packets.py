"""Frames that a socket would not send: VLANs, fragments, options, padding, wrong lengths, and garbage."""

import random
import struct

import dns.flags
import dns.message
import dns.rcode
import pytest

import ask
import frames
from frames import Sender
from lab import IPV4, IPV6, unaccounted, wait_until

VERSIONS = pytest.mark.parametrize("version", [4, 6], ids=["v4", "v6"])


@pytest.fixture
def sender(axfrd):
    return Sender(axfrd)


@pytest.fixture
def query():
    return dns.message.make_query("www.example.com", "A", flags=0)


def count(axfrd, verdict, reason):
    return sum(worker[verdict][reason] for worker in axfrd.stats()["workers"])


@VERSIONS
def test_a_plain_query_is_answered_once_and_with_right_checksums(sender, query, version):
    sender.send(sender.packet(version, query.to_wire()))
    datagram = sender.expect_answer(query)
    assert datagram.sum != 0 and datagram.vlan is None
    assert sender.receive(timeout=0.5) is None


@VERSIONS
def test_a_query_in_a_vlan_is_answered_in_that_vlan(sender, query, version):
    sender.send(sender.packet(version, query.to_wire()), vlan=0x2000 | 123)
    assert sender.expect_answer(query).vlan == 0x2000 | 123


@VERSIONS
def test_padding_of_the_frame_is_not_part_of_the_message(sender, query, version):
    for size in range(1, 40):
        sender.send(sender.packet(version, query.to_wire()), padding=bytes(size))
        sender.expect_answer(query)


def test_a_root_query_padded_to_the_minimum_frame_is_refused_politely(sender):
    query = dns.message.make_query(".", "NS", flags=0)
    packet = sender.packet(4, query.to_wire())
    sender.send(packet, padding=bytes(60 - 14 - len(packet)))
    assert dns.message.from_wire(sender.receive().payload).rcode() == dns.rcode.REFUSED


def test_a_query_without_udp_checksum_is_answered_over_ipv4_only(sender, query):
    sender.send(sender.packet(4, query.to_wire(), sum=0))
    assert sender.expect_answer(query).sum != 0
    sender.send(sender.packet(6, query.to_wire(), sum=0))
    assert sender.receive(timeout=0.5) is None


@VERSIONS
def test_a_wrong_udp_checksum_is_dropped(axfrd, sender, query, version):
    sender.send(sender.packet(version, query.to_wire(), sum=0x1234))
    assert sender.receive(timeout=0.5) is None
    assert count(axfrd, "dropped", "bad_udp_checksum") == 1


@VERSIONS
@pytest.mark.parametrize("length", [1, 7, 8 + 500, 0xFFFF])
def test_a_udp_length_that_cannot_be_is_never_answered(sender, query, version, length):
    sender.send(sender.packet(version, query.to_wire(), length=length))
    sender.send(sender.packet(version, query.to_wire()[:11]))
    assert sender.receive(timeout=0.5) is None
    sender.send(sender.packet(version, query.to_wire()))
    sender.expect_answer(query)


def test_ip_options_are_answered_by_the_kernel_path(axfrd, sender, query):
    source, destination = sender.addresses(4)
    datagram = frames.udp(source, destination, query.to_wire())
    sender.send(frames.ipv4(source, destination, datagram, options=b"\1\1\1\0"))
    sender.expect_answer(query)
    assert count(axfrd, "punted", "ip_options") == 1


def test_ipv6_extension_headers_are_answered_by_the_kernel_path(axfrd, sender, query):
    source, destination = sender.addresses(6)
    datagram = frames.udp(source, destination, query.to_wire())
    destination_options = struct.pack("!BBBB4x", frames.UDP, 0, 1, 4)
    sender.send(frames.ipv6(source, destination, destination_options + datagram, next_header=60))
    sender.expect_answer(query)
    assert count(axfrd, "punted", "extension_header") >= 1


def test_fragments_are_answered_by_the_kernel_path(axfrd_on_af_xdp, query):
    sender = Sender(axfrd_on_af_xdp)
    source, destination = sender.addresses(4)
    datagram = frames.udp(source, destination, query.to_wire())
    sender.send(frames.ipv4(source, destination, datagram[:16], fragment=0x2000))
    sender.send(frames.ipv4(source, destination, datagram[16:], fragment=2))
    sender.expect_answer(query)
    assert count(axfrd_on_af_xdp, "punted", "fragment") == 2


@pytest.mark.parametrize("address", [IPV4, IPV6], ids=["v4", "v6"])
@pytest.mark.parametrize("size", [500, 1399, 1400, 1452, 1453, 1472, 1473, 2000, 4000, 9000])
def test_queries_of_any_size_are_answered(axfrd_on_af_xdp, size, address):
    query = dns.message.make_query("www.example.com", "A", flags=0, use_edns=0, request_payload=65535, pad=size)
    assert len(query.to_wire()) == size
    assert len(ask.udp_message(axfrd_on_af_xdp.lab.client, query, address).answer[0]) == 2


def test_other_ports_and_other_addresses_are_not_answered(client, sender, query):
    sender.send(sender.packet(4, query.to_wire(), destination_port=54))
    datagram = frames.udp(client.ipv4, "192.0.2.54", query.to_wire())
    sender.send(frames.ipv4(client.ipv4, "192.0.2.54", datagram))
    assert sender.receive(timeout=0.5) is None


def test_answers_are_not_answered(sender, query):
    query.flags |= dns.flags.QR
    sender.send(sender.packet(4, query.to_wire()))
    assert sender.receive(timeout=0.5) is None


def garbage(sender, pick):
    """A malformed frame: a good query with some octets changed, removed or added, or only noise."""
    version = pick.choice([4, 6])
    query = dns.message.make_query("www.example.com", "A", use_edns=pick.choice([None, 0]))
    packet = sender.packet(version, query.to_wire(), sum=pick.choice([None, 0, 0x1234]))
    frame = bytearray(frames.ethernet(sender.wire.mac, sender.appliance, packet, vlan=pick.choice([None, None, 5])))
    match pick.randrange(5):
        case 0:
            for _ in range(pick.randrange(1, 8)):
                frame[pick.randrange(12, len(frame))] = pick.randrange(256)
        case 1:
            frame = frame[: pick.randrange(14, len(frame))]
        case 2:
            frame += pick.randbytes(pick.randrange(1, 1500 - len(frame)))
        case 3:
            frame = frame[:12] + pick.randbytes(pick.randrange(2, 1400))
        case 4:
            # The headers stay correct, so that the DNS message is parsed.
            noise = bytearray(query.to_wire())
            for _ in range(pick.randrange(1, 8)):
                noise[pick.randrange(len(noise))] = pick.randrange(256)
            frame = frames.ethernet(sender.wire.mac, sender.appliance, sender.packet(version, bytes(noise)))
    return bytes(frame)


@pytest.mark.sanitized
def test_garbage_is_survived_and_every_packet_accounted_for(axfrd, client, sender, query):
    pick = random.Random(20240101)
    for number in range(20000):
        sender.wire.send(garbage(sender, pick))
    assert len(ask.udp_message(client, query, IPV4).answer[0]) == 2
    assert len(ask.tcp(client, "www.example.com", "A", IPV4).answer[0]) == 2
    wait_until(lambda: all(unaccounted(worker) == 0 for worker in axfrd.stats()["workers"]), "counters that add up")
    workers = axfrd.stats()["workers"]
    assert sum(worker["rx"] for worker in workers) > 10000
    assert all(sum(worker["punted"].values()) and sum(worker["dropped"].values()) for worker in workers)
