"""Makes and reads frames octet by octet, also such as a socket would never send."""

import contextlib
import ipaddress
import socket
import struct
import time
import typing

import dns.message
import dns.rcode

import lab

ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_VLAN = 0x0800, 0x86DD, 0x8100
UDP = 17

# The source port of frames that are sent here, to which the answers come. No socket of the host listens on it.
PORT = 4000

# From <linux/if_packet.h>. The kernel removes a VLAN tag from the frame and reports it as auxiliary data.
SOL_PACKET, PACKET_AUXDATA = 263, 8
AUXDATA = struct.Struct("=IIIHHHH")
TP_STATUS_VLAN_VALID = 0x10


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2]))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return ipaddress.ip_address(text).packed


def pseudo_header(source, destination, length, protocol=UDP):
    return source + destination + struct.pack("!II", length, protocol)


def udp(source, destination, payload, source_port=PORT, destination_port=53, length=None, sum=None):
    """A UDP datagram between two addresses; length and sum (the checksum) are right unless given."""
    header = struct.pack("!HHHH", source_port, destination_port, length or 8 + len(payload), 0)
    if sum is None:
        sum = checksum(pseudo_header(address(source), address(destination), 8 + len(payload)) + header + payload)
        sum = sum or 0xFFFF
    return header[:6] + struct.pack("!H", sum) + payload


def ipv4(source, destination, payload, options=b"", protocol=UDP, id=1, fragment=0):
    """fragment: the flags and offset field."""
    header = struct.pack(
        "!BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), id, fragment, 64, protocol, 0
    )
    header += address(source) + address(destination) + options
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def ipv6(source, destination, payload, next_header=UDP):
    header = struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64)
    return header + address(source) + address(destination) + payload


def ethernet(source, destination, payload, ethertype=None, vlan=None):
    if ethertype is None:
        ethertype = ETHERTYPE_IPV6 if payload[0] >> 4 == 6 else ETHERTYPE_IPV4
    tag = struct.pack("!HH", ETHERTYPE_VLAN, vlan) if vlan is not None else b""
    return destination + source + tag + struct.pack("!H", ethertype) + payload


class Datagram(typing.NamedTuple):
    """A UDP datagram as it was received, with the VLAN it was received in (or None)."""

    vlan: int | None
    source: str
    destination: str
    source_port: int
    destination_port: int
    payload: bytes
    sum: int


def parse(frame, vlan):
    """The Datagram in a frame, or None if the frame has no UDP datagram. Wrong lengths and checksums are errors."""
    ethertype, packet = struct.unpack_from("!H", frame, 12)[0], frame[14:]
    if ethertype == ETHERTYPE_IPV4:
        header_length, total = (packet[0] & 15) * 4, struct.unpack_from("!H", packet, 2)[0]
        if packet[9] != UDP or struct.unpack_from("!H", packet, 6)[0] & 0x3FFF:
            return None
        assert checksum(packet[:header_length]) == 0, "IPv4 header checksum"
        source, destination, datagram = packet[12:16], packet[16:20], packet[header_length:total]
    elif ethertype == ETHERTYPE_IPV6:
        if packet[6] != UDP:
            return None
        source, destination = packet[8:24], packet[24:40]
        datagram = packet[40 : 40 + struct.unpack_from("!H", packet, 4)[0]]
    else:
        return None
    source_port, destination_port, length, sum = struct.unpack_from("!HHHH", datagram)
    assert length == len(datagram), "UDP length and IP length differ"
    if sum:
        assert checksum(pseudo_header(source, destination, length) + datagram) == 0, "UDP checksum"
    text = [str(ipaddress.ip_address(each)) for each in (source, destination)]
    return Datagram(vlan, *text, source_port, destination_port, datagram[8:], sum)


class Wire:
    """A raw socket on a host's veth, which sends and receives whole frames."""

    def __init__(self, host, device="eth0"):
        with host.inside():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
            self.socket.bind((device, 0))
        self.socket.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.mac = host.mac(device)

    def send(self, frame):
        # A real NIC pads a frame that is shorter than Ethernet's minimum. A veth does not.
        self.socket.send(frame)

    def receive(self, port, timeout=lab.PATIENCE):
        """The next datagram to that UDP port, or None."""
        deadline = time.monotonic() + timeout
        while (left := deadline - time.monotonic()) > 0:
            self.socket.settimeout(left)
            with contextlib.suppress(TimeoutError):
                frame, ancillary, _, source = self.socket.recvmsg(65536, 256)
                if source[2] == socket.PACKET_OUTGOING:
                    continue
                datagram = parse(frame, vlan_of(ancillary))
                if datagram and datagram.destination_port == port:
                    return datagram
        return None


def vlan_of(ancillary):
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, _ = AUXDATA.unpack(data[: AUXDATA.size])
            return tci if status & TP_STATUS_VLAN_VALID else None
    return None


class Sender:
    """Exchanges raw frames between a host of the lab and the appliance."""

    def __init__(self, axfrd):
        self.host = axfrd.lab.client
        self.wire = Wire(self.host)
        self.appliance = axfrd.lab.appliance.mac("axp0")

    def addresses(self, version):
        return (self.host.ipv4, lab.IPV4) if version == 4 else (self.host.ipv6, lab.IPV6)

    def packet(self, version, payload, **options):
        source, destination = self.addresses(version)
        datagram = udp(source, destination, payload, **options)
        return (ipv4 if version == 4 else ipv6)(source, destination, datagram)

    def send(self, packet, vlan=None, padding=b""):
        self.wire.send(ethernet(self.wire.mac, self.appliance, packet, vlan=vlan) + padding)

    def receive(self, timeout=lab.PATIENCE):
        return self.wire.receive(PORT, timeout)

    def expect_answer(self, query):
        datagram = self.receive()
        assert datagram, "no answer"
        answer = dns.message.from_wire(datagram.payload)
        assert answer.id == query.id and answer.rcode() == dns.rcode.NOERROR and len(answer.answer[0]) == 2
        return datagram
