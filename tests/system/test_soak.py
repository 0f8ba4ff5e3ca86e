"""Buffers of packets that the packet path passes on are returned. The tests pass on ten times as many as there are."""

import itertools
import socket
import struct

import dns.message
import dns.opcode
import dns.tsigkeyring
import dns.update
import pytest

import ask
import frames
from lab import AF_XDP, DATA, IPV4, IPV6, SPLIT, af_packet, unaccounted, wait_until

TIMES = 10
BATCH = 5000
DOORS = {
    "split": SPLIT,
    "af_xdp": {"ports": [AF_XDP]},
    "af_packet": {"ports": [af_packet()]},
}


def messages():
    """Each kind of DNS message that is left to the kernel's sockets, unsigned or signed with an unknown key."""
    notify = dns.message.make_query("example.com", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    update = dns.update.UpdateMessage("example.com")
    update.add("new", 300, "A", "192.0.2.77")
    signed = dns.message.make_query("www.example.com", "A")
    signed.use_tsig(dns.tsigkeyring.from_text({"nobody.": "c2VjcmV0"}))
    return [message.to_wire() for message in (notify, update, signed)]


def icmp(version, sender):
    echo = struct.pack("!BBHHH", 8 if version == 4 else 128, 0, 0, 1, 1) + b"x" * 32
    source, destination = sender.addresses(version)
    if version == 4:
        echo = echo[:2] + struct.pack("!H", frames.checksum(echo)) + echo[4:]
        return frames.ipv4(source, destination, echo, protocol=socket.IPPROTO_ICMP)
    pseudo = frames.pseudo_header(frames.address(source), frames.address(destination), len(echo), 58)
    echo = echo[:2] + struct.pack("!H", frames.checksum(pseudo + echo)) + echo[4:]
    return frames.ipv6(source, destination, echo, next_header=58)


def tcp(flags, sender):
    """A segment to a port without a listener. Its checksum is wrong, so that the kernel does not answer."""
    source, destination = sender.addresses(4)
    segment = struct.pack("!HHIIBBHHH", 4000, 81, 1, 1, 0x50, flags, 512, 0, 0)
    return frames.ipv4(source, destination, segment, protocol=6)


def arp(sender):
    who = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + sender.wire.mac + frames.address(sender.host.ipv4)
    return who + b"\0" * 6 + frames.address(IPV4) + b"\0" * 18


def for_the_kernel(sender):
    """Frames of each class that a port which takes everything punts to the kernel."""
    dns_frames = [sender.packet(4, wire) for wire in messages()]
    packets = [
        *dns_frames,
        icmp(4, sender),
        icmp(6, sender),
        *[tcp(flags, sender) for flags in (2, 16, 16, 16, 16)],
        *[sender.packet(version, b"x" * 64, destination_port=5353) for version in (4, 6)],
        frames.ipv4(*sender.addresses(4), b"x" * 64, fragment=0x2000),
        frames.ipv4(*sender.addresses(4), frames.udp(*sender.addresses(4), b"x" * 12), options=b"\x01" * 4),
        frames.ipv6(*sender.addresses(6), b"\x11\0\1\4\0\0\0\0" + b"x" * 20, next_header=60),
        frames.ipv4(*sender.addresses(4), b"x" * 64, protocol=132),
    ]
    made = [frames.ethernet(sender.wire.mac, sender.appliance, packet) for packet in packets]
    made.append(frames.ethernet(sender.wire.mac, b"\xff" * 6, arp(sender), ethertype=0x0806))
    made.append(frames.ethernet(sender.wire.mac, sender.appliance, b"x" * 60, ethertype=0x88B5))
    return made


def for_the_sockets(sender):
    packets = [sender.packet(version, wire) for wire in messages() for version in (4, 6)]
    return [frames.ethernet(sender.wire.mac, sender.appliance, packet) for packet in packets]


def punted(axfrd):
    return sum(sum(worker["punted"].values()) for worker in axfrd.stats()["workers"])


@pytest.mark.parametrize("no_huge", [False, True], ids=["huge", "no-huge"])
@pytest.mark.parametrize("door", DOORS)
def test_buffers_come_back_from_whoever_got_them(new_lab, new_axfrd, door, no_huge):
    lab = new_lab("client", split=door == "split")
    axfrd = new_axfrd(lab, zones=[DATA / "example.com.zone"], no_huge=no_huge, **DOORS[door])
    sender = frames.Sender(axfrd)
    wanted = TIMES * axfrd.stats()["buffers"]["all"]
    stream = itertools.cycle((for_the_sockets if door == "split" else for_the_kernel)(sender))

    def soaked():
        before = punted(axfrd)
        for frame in itertools.islice(stream, BATCH):
            sender.wire.send(frame)
        assert (now := punted(axfrd)) > before, "nothing is received any more"
        return now >= wanted

    wait_until(soaked, f"{wanted} punts", timeout=120, pause=0)
    for address in IPV4, IPV6:
        assert len(ask.udp(lab.client, "www.example.com", "A", address).answer[0]) == 2
    stats = axfrd.stats()
    assert all(unaccounted(worker) == 0 for worker in stats["workers"])
    assert stats["ports"][0]["lost_buffers"] == 0
    # Each thread keeps some buffers in its cache.
    assert stats["buffers"]["in_use"] < stats["buffers"]["all"] / 2
